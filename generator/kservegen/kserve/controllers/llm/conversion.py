"""An LLM service or its configuration as it was written in, the spec of v1alpha2 that the controller reads out.

Source: pkg/apis/serving/v1alpha1/llm_inference_service_conversion.go; both kinds are stored with their defaults, and
those of v1alpha1 have other names where a pool is described.
"""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_OLD: Final = "serving.kserve.io/v1alpha1"
_STORED: Final = "serving.kserve.io/v1alpha2"
_CRITICALITY: Final = "criticality"
_MODEL_CRITICALITY: Final = "internal.serving.kserve.io/model-criticality"
_LORA_CRITICALITIES: Final = "internal.serving.kserve.io/lora-criticalities"  # JSON: by the adapter's place
_POOL: Final = ("router", "scheduler", "pool", "spec")
# What is said of an endpoint picker where nothing is: by the schema, or by the conversion (the Inference Extension's
# apix/v1alpha2/inferencepool_conversion.go), before a preset is asked.
_PICKER: Final[JsonObject] = {"kind": "Service", "failureMode": "FailClose"}


def upgraded_spec(doc: JsonObject) -> JsonObject:
    """Return an object's spec in the words of v1alpha2."""
    spec = mapping(doc.get("spec"))
    pool = value_at(spec, _POOL)
    if text(doc.get("apiVersion")) != _OLD or not isinstance(pool, dict):
        return spec
    return put_at(spec, _POOL, _upgraded_pool(pool))


def upgraded_document(doc: JsonObject) -> JsonObject:
    """Return an object of v1alpha1 as it is stored, in v1alpha2: what that has no field for stands in annotations."""
    spec = upgraded_spec(doc)
    model = mapping(spec.get("model"))
    adapters = sequence(mapping(model.get("lora")).get("adapters"))
    said = {str(i): word for i, item in enumerate(adapters) if (word := text(mapping(item).get(_CRITICALITY)))}
    kept: JsonObject = {}
    if text(model.get(_CRITICALITY)):
        kept[_MODEL_CRITICALITY] = model[_CRITICALITY]
    if said:
        kept[_LORA_CRITICALITIES] = json.dumps(said, separators=(",", ":"))
    if isinstance(spec.get("model"), dict):
        spec = {**spec, "model": {key: value for key, value in model.items() if key != _CRITICALITY}}
    if said:
        plain = [{k: v for k, v in mapping(item).items() if k != _CRITICALITY} for item in adapters]
        spec = put_at(spec, ("model", "lora", "adapters"), list(plain))
    metadata = mapping(doc.get("metadata"))
    if kept:
        metadata = {**metadata, "annotations": {**mapping(metadata.get("annotations")), **kept}}
    return {**doc, "apiVersion": _STORED, "metadata": metadata, "spec": spec}


def put_at(root: JsonObject, path: Path, value: JsonValue) -> JsonObject:
    """Return a copy of a map with another value at a path; all that the path does not lead through is shared."""
    key, rest = path[0], path[1:]
    if rest:
        value = put_at(mapping(root.get(str(key))), rest, value)
    return {**root, str(key): value}


def _upgraded_pool(pool: JsonObject) -> JsonObject:
    named = {"targetPortNumber", "extensionRef", "selector"}
    new: JsonObject = {key: value for key, value in pool.items() if key not in named}
    if pool.get("targetPortNumber") is not None:
        new["targetPorts"] = [{"number": pool["targetPortNumber"]}]
    if "selector" in pool:
        new["selector"] = {"matchLabels": mapping(pool["selector"])}
    if isinstance(reference := pool.get("extensionRef"), dict):
        picker = {**_PICKER, **{key: value for key, value in reference.items() if key != "portNumber"}}
        if reference.get("portNumber") is not None:
            picker["port"] = {"number": reference["portNumber"]}
        new["endpointPickerRef"] = picker
    return new
