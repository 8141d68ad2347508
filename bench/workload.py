"""A catalog of n models in three environments, and the same objects as a Helm chart, for measuring side by side.

Half of the models are predictive (sklearn, xgboost), half generative (huggingface with a GPU); an entry has about 15
lines, as catalogs of real teams do. The output is the same on every run and machine.
"""

from __future__ import annotations

import json
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "prod")
NAMESPACES = 10
VERSION = "v0.19.0"


def write_catalog(root: Path, models: int) -> None:
    """Write models.yaml and environments/ below `root`."""
    (root / "environments").mkdir(parents=True, exist_ok=True)
    lines = ["version: 1", "defaults: {owner: ml-platform}", "models:"]
    for index in range(models):
        lines += _entry(index)
    (root / "models.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    for environment in ENVIRONMENTS:
        (root / "environments" / f"{environment}.yaml").write_text(_environment(environment, models), "utf-8")


def name(index: int) -> str:
    """Return the name of a model."""
    return f"model-{index:05d}"


def _entry(index: int) -> list[str]:
    head = [
        f"  {name(index)}:",
        f"    namespace: team-{index % NAMESPACES}",
        f"    labels: {{app: {name(index)}, team: team-{index % NAMESPACES}}}",
        "    minReplicas: 1",
        "    maxReplicas: 3",
    ]
    if index % 2:
        return [
            *head,
            "    modelFormat: huggingface",
            f"    storageUri: hf://org/{name(index)}",
            "    args:",
            f"      - --model_name={name(index)}",
            "      - --max-model-len=8192",
            "    env:",
            '      - {name: HF_HUB_OFFLINE, value: "0"}',
            "    resources:",
            '      requests: {cpu: "4", memory: 24Gi, nvidia.com/gpu: "1"}',
            '      limits: {cpu: "8", memory: 32Gi, nvidia.com/gpu: "1"}',
        ]
    return [
        *head,
        f"    modelFormat: {'sklearn' if index % 4 else 'xgboost'}",
        f"    storageUri: s3://models/team-{index % NAMESPACES}/{name(index)}",
        "    serviceAccountName: models",
        "    env:",
        "      - {name: LOG_LEVEL, value: info}",
        '      - {name: WORKERS, value: "2"}',
        "    resources:",
        "      requests: {cpu: 500m, memory: 1Gi}",
        '      limits: {cpu: "1", memory: 2Gi}',
    ]


def _environment(environment: str, models: int) -> str:
    namespaces = ", ".join(f"team-{i}: {{}}" for i in range(NAMESPACES))
    lines = [
        "version: 1",
        f"cluster: {{name: {environment}, server: https://{environment}.internal:6443}}",
        f"kserve: {{version: {VERSION}, deploymentMode: Standard}}",
        "prerequisites: [cert-manager]",
        f"namespaces: {{{namespaces}}}",
        "gitops: {engine: none}",
        "models:",
    ]
    lines += [f"  {key}: {{minReplicas: {count}}}" for key, count in overrides(environment, models).items()]
    return "\n".join(lines if lines[-1] != "models:" else lines[:-1]) + "\n"


def overrides(environment: str, models: int) -> dict[str, int]:
    """Every tenth model has more replicas in prod, every twentieth in staging."""
    step = {"prod": 10, "staging": 20}.get(environment)
    return {name(i): 2 for i in range(0, models, step)} if step else {}


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
    maxReplicas: {{ $model.maxReplicas }}
    {{- with $model.serviceAccountName }}
    serviceAccountName: {{ . }}
    {{- end }}
    model:
      modelFormat:
        name: {{ $model.modelFormat }}
      storageUri: {{ $model.storageUri | quote }}
      {{- with $model.args }}
      args: {{- toYaml . | nindent 8 }}
      {{- end }}
      env: {{- toYaml $model.env | nindent 8 }}
      resources: {{- toYaml $model.resources | nindent 8 }}
{{- end }}
"""


def write_chart(root: Path, models: int) -> None:
    """Write the same models as a Helm chart with one values file per environment."""
    (root / "templates").mkdir(parents=True, exist_ok=True)
    (root / "Chart.yaml").write_text("apiVersion: v2\nname: models\nversion: 0.1.0\n", "utf-8")
    (root / "templates" / "models.yaml").write_text(_TEMPLATE, "utf-8")
    lines = ["models:"]
    for index in range(models):
        lines += _entry(index)
    (root / "values.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    for environment in ENVIRONMENTS:
        values = {"models": {key: {"minReplicas": n} for key, n in overrides(environment, models).items()}}
        (root / f"values-{environment}.yaml").write_text(json.dumps(values), "utf-8")
