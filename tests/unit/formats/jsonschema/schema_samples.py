"""Documents and the packaged schemas, for the tests of this folder."""

from __future__ import annotations

import copy
from pathlib import Path

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.jsontypes import Path as DocumentPath
from kservegen.formats.jsonschema.store import SchemaStore

REPOSITORY = Path(__file__).resolve().parents[4]
SCHEMAS = REPOSITORY / "schemas"
STORE = SchemaStore([SCHEMAS])
VERSIONS = ("v0.17.0", "v0.18.1", "v0.19.0", "v0.20.0", "v0.21.0")

INFERENCE_SERVICE: JsonObject = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "qwen", "namespace": "models", "annotations": {"a": "b"}},
    "spec": {
        "predictor": {
            "minReplicas": 1,
            "logger": {"mode": "all"},
            "model": {
                "modelFormat": {"name": "huggingface"},
                "storageUri": "hf://Qwen/Qwen2.5-0.5B-Instruct",
                "args": ["--backend=huggingface"],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                "ports": [{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP"}],
                "resources": {"limits": {"cpu": 2, "memory": "6Gi", "nvidia.com/gpu": "1"}},
            },
        }
    },
}
LLM_SERVICE: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha2",
    "kind": "LLMInferenceService",
    "metadata": {"name": "llama", "namespace": "models"},
    "spec": {
        "model": {"uri": "hf://a/b"},
        "scaling": {"maxReplicas": 2, "wva": {"variantCost": "5", "hpa": {}}},
        "router": {"gateway": {"refs": [{"name": "public", "sectionName": "http"}]}},
    },
}
SERVING_RUNTIME: JsonObject = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ServingRuntime",
    "metadata": {"name": "own"},
    "spec": {
        "supportedModelFormats": [{"name": "own", "priority": 1}],
        "containers": [{"name": "kserve-container", "image": "own:1", "args": ["--port=8080"]}],
    },
}


def changed(document: JsonObject, path: DocumentPath, value: JsonValue) -> JsonObject:
    """Copy a document with another value at a path."""
    out = copy.deepcopy(document)
    place = _below(out, path[:-1])
    if isinstance(place, dict):
        place[str(path[-1])] = value
    elif isinstance(place, list) and isinstance(path[-1], int):
        place[path[-1]] = value
    return out


def without(document: JsonObject, path: DocumentPath) -> JsonObject:
    """Copy a document without the field at a path."""
    out = copy.deepcopy(document)
    place = _below(out, path[:-1])
    assert isinstance(place, dict)
    del place[str(path[-1])]
    return out


def _below(place: JsonValue, path: DocumentPath) -> JsonValue:
    for part in path:
        if isinstance(place, dict):
            place = place[str(part)]
        elif isinstance(place, list) and isinstance(part, int):
            place = place[part]
    return place
