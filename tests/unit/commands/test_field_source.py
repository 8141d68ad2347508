"""`explain MODEL`: each value is told with the layer and the line that it stands in, whatever brought it there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.project import Project

from kservegen.commands.explain import explain_entry
from kservegen.core.jsontypes import JsonValue
from kservegen.core.repository import Repository
from kservegen.evaluate.project import open_project

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "models.yaml": """\
version: 1
shared:
  defaults: {namespace: common, labels: {tier: shared-tier}}
  profiles:
    big:
      resources: {limits: {memory: 8Gi}}
      env: [{name: SHARED, value: shared-env}]
models:
  plain: {modelFormat: sklearn, storageUri: "s3://bucket/plain"}
  here: {modelFormat: sklearn, storageUri: "s3://bucket/here", namespace: ads}
""",
    "models/ads.yaml": """\
version: 1
defaults:
  namespace: elsewhere
  annotations: {note: ads-default}
profiles:
  big:
    env: [{name: OWN, value: own-env}]
  gpu:
    accelerator: {type: l4}
models:
  ads/chat:
    profile: [big, gpu]
    modelFormat: huggingface
    storageUri: hf://org/chat
    image: kserve/huggingfaceserver:v0.15.0
    env: [{name: ENTRY, value: entry-env}]
  llm:
    kind: LLMInferenceService
    model: hf://org/llm
    worker: {accelerator: {type: l4}}
""",
    "environments/defaults.yaml": """\
version: 1
cluster: {name: dev}
kserve: {version: v0.19.0, deploymentMode: Standard}
namespaces: {ads: {}, common: {}, elsewhere: {}}
gitops: {engine: none}
accelerators:
  l4:
    resource: nvidia.com/gpu
    nodeSelector: {gpu: L4-label}
    tolerations:
      - {key: other, operator: Exists}
      - key: nvidia.com/gpu
        operator: Exists
""",
    "environments/bases/europe.yaml": """\
version: 1
uriPrefixes: {"s3://bucket/": "s3://mirror/"}
models: {ads/chat: {maxReplicas: 7}}
""",
    "environments/dev.yaml": """\
version: 1
extends: [europe]
images:
  - name: kserve/huggingfaceserver
    newName: registry.example.com/hf
models:
  ads/chat:
    env: [{name: OVER, value: over-env}]
""",
    "environments/dev.lock.yaml": f"version: 1\nmodels:\n  hf://org/chat:\n    revision: {'a' * 40}\n",
}
ADS, DEFAULTS, EUROPE, DEV = (name for name in FILES if name not in {"models.yaml", "environments/dev.lock.yaml"})


class Source(NamedTuple):
    """Where a value stands."""

    layer: str
    file: str
    line: int


SOURCES = {
    "ads/chat": {
        "metadata.name": Source("key", ADS, 11),
        "metadata.namespace": Source("key", ADS, 11),
        "metadata.annotations.note": Source("defaults", ADS, 4),
        'metadata.annotations["serving.kserve.io/deploymentMode"]': Source("environment", DEFAULTS, 3),
        "metadata.labels.tier": Source("shared defaults", "models.yaml", 3),
        "spec.predictor.maxReplicas": Source(EUROPE, EUROPE, 3),
        "spec.predictor.model.env[0].value": Source("shared profile big", "models.yaml", 7),
        "spec.predictor.model.env[1].value": Source("profile big", ADS, 7),
        "spec.predictor.model.env[2].value": Source("ads/chat", ADS, 16),
        "spec.predictor.model.env[3].value": Source(DEV, DEV, 8),
        "spec.predictor.model.image": Source("images", DEV, 5),
        "spec.predictor.model.modelFormat.name": Source("ads/chat", ADS, 13),
        "spec.predictor.model.resources.limits.memory": Source("shared profile big", "models.yaml", 6),
        'spec.predictor.model.resources.limits["nvidia.com/gpu"]': Source("profile gpu", ADS, 9),
        "spec.predictor.model.storageUri": Source("lock", "environments/dev.lock.yaml", 4),
        "spec.predictor.nodeSelector.gpu": Source("accelerator l4", DEFAULTS, 9),
        "spec.predictor.tolerations[0].key": Source("accelerator l4", DEFAULTS, 11),
        "spec.predictor.tolerations[1].operator": Source("accelerator l4", DEFAULTS, 13),
    },
    "plain": {
        "metadata.namespace": Source("shared defaults", "models.yaml", 3),
        "spec.predictor.model.storageUri": Source("uriPrefixes", EUROPE, 2),
        "apiVersion": Source("kservegen", "models.yaml", 9),
    },
    "here": {"metadata.namespace": Source("here", "models.yaml", 10)},
    "llm": {
        "metadata.namespace": Source("defaults", ADS, 3),
        "kind": Source("llm", ADS, 18),
        "spec.model.name": Source("key", ADS, 17),
        "spec.model.uri": Source("llm", ADS, 19),
        "spec.worker.nodeSelector.gpu": Source("accelerator l4", DEFAULTS, 9),
    },
}


def _explained(root: Path, environment: str, key: str) -> dict[str, tuple[JsonValue, Source]]:
    project = open_project(Repository.find(root, search_parents=False))
    fields = explain_entry(project, environment, key).fields
    return {f.path: (f.value, Source(f.layer, f.location.file, f.location.line)) for f in fields}


@pytest.mark.parametrize("key", SOURCES)
def test_each_value_stands_where_it_is_told(key: str, tmp_path: Path) -> None:
    """A key, a layer of the merge, what the environment brings, and the lock."""
    project = Project(tmp_path)
    for name, text in FILES.items():
        project.write(name, text)
    found = _explained(tmp_path, "dev", key)
    assert {path: found[path][1] for path in SOURCES[key]} == SOURCES[key]


# What a word stands for, and is not written as: `router: true`, a map of arguments, a count that is not said.
_STANDS_FOR = ("spec.router.", "spec.template.containers[0].args[")


@pytest.mark.parametrize(
    ("key", "environment"), [("qwen-model", "dev"), ("sklearn-iris", "prod"), ("chat", "staging"), ("chat", "prod")]
)
def test_the_line_holds_the_value(key: str, environment: str) -> None:
    """In this repository's own catalog."""
    project = open_project(Repository.find(ROOT, search_parents=False))
    fields = explain_entry(project, environment, key).fields
    for field in fields:
        if field.layer == "kservegen" or field.path.startswith(_STANDS_FOR):
            continue
        line = (ROOT / field.location.file).read_text("utf-8").splitlines()[field.location.line - 1]
        assert str(field.value).lower() in line.lower(), field
