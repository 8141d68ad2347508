"""A catalog of n models that all differ, in several environments, and the same objects as a Helm chart.

Every model has resources, replicas, arguments and an address of its own; a third are LLMs on a GPU; an entry has some
15 lines, as catalogs of real teams do. One model in a hundred has a standing finding (no maxReplicas), of two it is
waived. With `everything` an environment has what a large one has: the shipped policies, budgets, node pools, what a GPU
is, a lock, Argo CD. The output is the same on every run and machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from bench.timing import ROOT

NAMESPACES: Final = 10
VERSION: Final = "v0.19.0"
# The policies that bench/rego has, too.
FIVE: Final = ("gpu-whole", "maxreplicas-set", "memory-limit", "no-latest-image", "storage-scheme")
# What the shipped policies are told, where they ask for something.
_PARAMS: Final = {
    "gpu-count": "{counts: [1, 2, 4, 8], maximum: 8}",
    "gpu-type": "{resources: [nvidia.com/gpu]}",
    "licence-allowed": "{unknown: allow}",
    "memory-request-share": "{percent: 30}",
    "storage-origin": "{origins: ['hf://org', 's3://models']}",
    "storage-scheme": "{schemes: [hf, https, s3]}",
}
_EVERYTHING: Final = """\
gitops: {engine: argocd, repoURL: "https://example.com/org/models.git", targetRevision: main}
guards: {maxRemovals: 3, maxRestartingAccelerators: 8}
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: l4}}
budgets:
  all: {accelerator: l4, limit: 100000}
  platform: {owner: ml-platform, cpu: 1M, memory: 4Pi}
nodePools:
"""
_CONFIG: Final = (
    "{architecture: Qwen2ForCausalLM, torch_dtype: bfloat16, hidden_size: %d, num_hidden_layers: %d, "
    "num_attention_heads: 14, num_key_value_heads: 2, intermediate_size: 4864, vocab_size: 151936, "
    "max_position_embeddings: 32768, tie_word_embeddings: true}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """So many models in so many environments, of which `standing` have a finding, under policies.

    `standing` is a hundredth of the models where it is None. Policies beyond those that are shipped are copies.
    """

    models: int
    environments: int = 3
    standing: int | None = None
    policies: int = len(FIVE)
    everything: bool = False
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        more = (f"prod-{number}" for number in range(2, self.environments))
        object.__setattr__(self, "names", tuple(islice(("dev", "staging", "prod", *more), self.environments)))

    @property
    def found(self) -> int:
        """How many models have a standing finding."""
        return max(self.models // 100, 1) if self.standing is None else self.standing

    def write_catalog(self, root: Path) -> None:
        """Write models.yaml, environments/ and, where copies are bound, policies/ below `root`."""
        (root / "environments").mkdir(parents=True, exist_ok=True)
        lines = ["version: 1", "defaults: {owner: ml-platform}", *self._entries()]
        (root / "models.yaml").write_text("\n".join(lines) + "\n", "utf-8")
        for environment in self.names:
            (root / "environments" / f"{environment}.yaml").write_text(self._environment(root, environment), "utf-8")
            if self.everything:
                (root / "environments" / f"{environment}.lock.yaml").write_text(self._lock(), "utf-8")

    def write_chart(self, root: Path) -> None:
        """Write the same models as a Helm chart with one values file per environment."""
        (root / "templates").mkdir(parents=True, exist_ok=True)
        (root / "Chart.yaml").write_text("apiVersion: v2\nname: models\nversion: 0.1.0\n", "utf-8")
        (root / "templates" / "models.yaml").write_text(_TEMPLATE, "utf-8")
        (root / "values.yaml").write_text("\n".join(self._entries()) + "\n", "utf-8")
        for environment in self.names:
            values = {"models": {key: {"minReplicas": n} for key, n in self._overrides(environment).items()}}
            (root / f"values-{environment}.yaml").write_text(json.dumps(values), "utf-8")

    def _entries(self) -> Iterator[str]:
        yield "models:"
        found = self.found
        for index in range(self.models):
            # Those with a finding lie all over the catalog.
            yield from _entry(index, bounded=index * found // self.models == (index + 1) * found // self.models)

    def _overrides(self, environment: str) -> dict[str, int]:
        """Every tenth model has more replicas in production, every twentieth in staging."""
        step = {"dev": 0, "staging": 20}.get(environment, 10)
        return {name(index): 2 for index in range(0, self.models, step)} if step else {}

    def _environment(self, root: Path, environment: str) -> str:
        namespaces = ", ".join(f"team-{index}: {{labels: {{owner: ml-platform}}}}" for index in range(NAMESPACES))
        lines = [
            "version: 1",
            f"cluster: {{name: {environment}, server: https://{environment}.internal:6443}}",
            f"kserve: {{version: {VERSION}, deploymentMode: Standard}}",
            "prerequisites: [cert-manager]",
            f"namespaces: {{{namespaces}}}",
        ]
        lines += self._rest() if self.everything else ["gitops: {engine: none}"]
        bound = list(self._bound(root))
        if bound:
            lines += ["policies:", "  bindings:", *bound]
        if "maxreplicas-set" in self._policies() and self.found > 1:
            standing = [
                i for i in range(self.models) if i * self.found // self.models < (i + 1) * self.found // self.models
            ]
            words = "rule: policy/maxreplicas-set, reason: measured, owner: ml-platform, expires: 2099-12-31"
            lines += ["waivers:", *(f"  w{index}: {{{words}, model: {name(index)}}}" for index in standing[:2])]
        overrides = self._overrides(environment)
        lines += ["models:"] if overrides else []
        lines += [f"  {key}: {{minReplicas: {count}}}" for key, count in overrides.items()]
        return "\n".join(lines) + "\n"

    def _policies(self) -> list[str]:
        """List the policies that are bound: five first, then all that are shipped, then copies."""
        shipped = sorted(path.stem for path in (ROOT / "policies").glob("*.yaml"))
        named = [*FIVE, *(policy for policy in shipped if policy not in FIVE)]
        copies = (f"{policy}-{number}" for number in range(2, 10) for policy in named)
        return list(islice((*named, *copies), self.policies))

    def _bound(self, root: Path) -> Iterator[str]:
        for policy in self._policies():
            source, _, copy = policy.rpartition("-")
            if copy.isdigit():
                (root / "policies").mkdir(exist_ok=True)
                text = (ROOT / "policies" / f"{source}.yaml").read_text("utf-8")
                text = text.replace(f"  name: {source}\n", f"  name: {policy}\n", 1)
                (root / "policies" / f"{policy}.yaml").write_text(text, "utf-8")
            params = _PARAMS.get(source if copy.isdigit() else policy)
            yield f"    {policy}: {{actions: [Audit]{f', params: {params}' if params else ''}}}"

    def _rest(self) -> Iterator[str]:
        yield _EVERYTHING.rstrip("\n")
        nodes = max(self.models // 10, 2)
        for index in range(8):
            cpu, memory = 15 + 16 * (index % 4), 58 + 64 * (index % 4)
            device = f", accelerators: {1 << index % 4}}}, accelerator: l4, taints: []" if index % 2 else "}"
            words = f"nodes: {{min: 0, max: {nodes}}}, allocatable: {{cpu: {cpu}, memory: {memory}Gi{device}"
            yield f"  pool-{index}: {{{words}}}"

    def _lock(self) -> str:
        lines = ["version: 1", "models:"]
        for index in range(2, self.models, 3):
            lines.append(f"  {_uri(index)}:")
            lines.append(f"    revision: a{index:039x}")
            lines.append(f"    license: {'mit' if index % 2 else 'apache-2.0'}")
            lines.append(f"    config: {_CONFIG % (896, 20 + index % 9)}")
        return "\n".join(lines) + "\n"


def name(index: int) -> str:
    """Return the name of a model."""
    return f"model-{index:05d}"


def _uri(index: int) -> str:
    return f"hf://org/{name(index)}" if index % 3 == 2 else f"s3://models/team-{index % NAMESPACES}/{name(index)}"


def _entry(index: int, *, bounded: bool) -> Iterator[str]:
    team, least = f"team-{index % NAMESPACES}", 1 + index % 2
    memory = 2_001 + 2 * (index * 7 % 3_001)  # odd: 4096Mi would be rendered as 4Gi, which Helm leaves
    yield f"  {name(index)}:"
    yield f"    namespace: {team}"
    yield f"    labels: {{app: {name(index)}, team: {team}}}"
    yield f"    minReplicas: {least}"
    if bounded:
        yield f"    maxReplicas: {least + 1 + index % 3}"
    yield f"    storageUri: {_uri(index)}"
    if index % 3 == 2:
        cpu, memory, device = f"{4_001 + 2 * (index % 499)}m", memory + 14_000, ', nvidia.com/gpu: "1"'
        yield "    modelFormat: huggingface"
        yield "    nodeSelector: {gpu: l4}"
        yield "    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]"
        yield f"    args: [--model_name={name(index)}, --max-model-len={1_024 + 8 * (index % 509)}, --dtype=bfloat16]"
        yield '    env: [{name: HF_HUB_OFFLINE, value: "0"}]'
    else:
        cpu, device = f"{201 + 2 * (index * 13 % 901)}m", ""
        yield f"    modelFormat: {'sklearn' if index % 3 else 'xgboost'}"
        yield "    serviceAccountName: default"
        yield f"    args: [--workers={1 + index % 5}, --max_asyncio_workers={4 + index % 61}]"
        yield f'    env: [{{name: LOG_LEVEL, value: info}}, {{name: SHARD, value: "{index}"}}]'
    yield "    resources:"
    yield f"      requests: {{cpu: {cpu}, memory: {memory}Mi{device}}}"
    yield f"      limits: {{cpu: {cpu}, memory: {memory + 500}Mi{device}}}"


_TEMPLATE = """{{- range $name, $model := .Values.models }}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {{ $name }}
  namespace: {{ $model.namespace }}
  annotations:
    serving.kserve.io/deploymentMode: Standard
  labels: {{- toYaml $model.labels | nindent 4 }}
spec:
  predictor:
    minReplicas: {{ $model.minReplicas }}
    {{- with $model.maxReplicas }}
    maxReplicas: {{ . }}
    {{- end }}
    {{- with $model.nodeSelector }}
    nodeSelector: {{- toYaml . | nindent 6 }}
    tolerations: {{- toYaml $model.tolerations | nindent 6 }}
    {{- end }}
    {{- with $model.serviceAccountName }}
    serviceAccountName: {{ . }}
    {{- end }}
    model:
      modelFormat:
        name: {{ $model.modelFormat }}
      storageUri: {{ $model.storageUri | quote }}
      args: {{- toYaml $model.args | nindent 8 }}
      env: {{- toYaml $model.env | nindent 8 }}
      resources: {{- toYaml $model.resources | nindent 8 }}
{{- end }}
"""
