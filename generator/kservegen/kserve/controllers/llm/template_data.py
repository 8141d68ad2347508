"""What KServe fills the templates of presets and services from: the stored service in, Go's values out.

Source: config_merge.go ReplaceVariables; pkg/apis/serving/v1alpha2/llm_inference_service_types.go for names and types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import parse_quantity
from kservegen.formats.gotemplate.functions import CallError, TemplateFunction
from kservegen.formats.gotemplate.values import NO_FIELD, GoNil, GoPointer, GoStruct, GoValue, UntoldError, pointed_to
from kservegen.kserve.controllers.made import text_map
from kservegen.kserve.derived import child_name

# Go's fields by type: the name in JSON, and what stands there. `*` is a pointer; a type that has no fields here is
# handed on whole to functions, which is all that presets do with it: nothing is known of its fields.
_TYPES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "LLMInferenceServiceSpec": {
        "Model": ("model", "LLMModelSpec"),
        "Prefill": ("prefill", "*WorkloadSpec"),
        "Router": ("router", "*RouterSpec"),
        "BaseRefs": ("baseRefs", "list"),
        "StorageInitializer": ("storageInitializer", "*StorageInitializerSpec"),
        "Tracing": ("tracing", "*TracingSpec"),
    },
    "WorkloadSpec": {
        "Labels": ("labels", "texts"),
        "Annotations": ("annotations", "texts"),
        "Replicas": ("replicas", "*plain"),
        "Scaling": ("scaling", "*ScalingSpec"),
        "Parallelism": ("parallelism", "*ParallelismSpec"),
        "Template": ("template", "*PodSpec"),
        "Worker": ("worker", "*PodSpec"),
        "KVCacheOffloading": ("kvCacheOffloading", "*KVCacheOffloadingSpec"),
    },
    "LLMModelSpec": {"URI": ("uri", "text"), "Name": ("name", "*plain"), "LoRA": ("lora", "*LoRASpec")},
    "ParallelismSpec": {
        "Tensor": ("tensor", "*plain"),
        "Pipeline": ("pipeline", "*plain"),
        "Data": ("data", "*plain"),
        "DataLocal": ("dataLocal", "*plain"),
        "DataRPCPort": ("dataRPCPort", "*plain"),
        "Expert": ("expert", "switch"),
    },
    "RouterSpec": {
        "Route": ("route", "*GatewayRoutesSpec"),
        "Gateway": ("gateway", "*GatewaySpec"),
        "Ingress": ("ingress", "*IngressSpec"),
        "Scheduler": ("scheduler", "*SchedulerSpec"),
    },
    "LoRASpec": {"Adapters": ("adapters", "list")},
    "LoRAAdapter": {"Name": ("name", "*plain"), "URI": ("uri", "text")},
}
# Embedded: its fields are those of the type that holds it.
_EMBEDDED: Final = {"LLMInferenceServiceSpec": "WorkloadSpec"}
# Fields of the service itself that the cluster fills in, or that no template has needed yet.
_UNTOLD: Final = frozenset(
    """
    APIVersion CreationTimestamp DeletionGracePeriodSeconds DeletionTimestamp Finalizers GenerateName Generation
    LLMInferenceService ManagedFields OwnerReferences ResourceVersion SelfLink Status TypeMeta UID
    """.split()
)
_PACKAGE: Final = "v1alpha2."
_GRACE: Final = 60
_SETTLING: Final = 5


def service_values(
    metadata: JsonObject, spec: JsonObject, settings: Mapping[str, GoValue]
) -> tuple[GoStruct, Mapping[str, TemplateFunction]]:
    """Return what templates are filled from, and KServe's functions; `settings` are the fields of GlobalConfig."""
    own: dict[str, GoValue] = {
        "Name": text(metadata.get("name")),
        "Namespace": text(metadata.get("namespace")),
        "Labels": text_map(mapping(metadata.get("labels"))),
        "Annotations": text_map(mapping(metadata.get("annotations"))),
    }
    fields: dict[str, GoValue] = {
        **own,
        "ObjectMeta": _record("v1.ObjectMeta", own),
        "Spec": _struct("LLMInferenceServiceSpec", spec),
        "GlobalConfig": _record("llmisvc.templateGlobalConfig", settings),
        "Kind": "LLMInferenceService",
    }
    name = "struct { *v1alpha2.LLMInferenceService; GlobalConfig llmisvc.templateGlobalConfig }"
    return _record(name, fields), _FUNCTIONS


def _record(name: str, fields: Mapping[str, GoValue]) -> GoStruct:
    def read(field: str) -> GoValue:
        if field in _UNTOLD and field not in fields:
            raise UntoldError(f"no file tells .{field}")
        return fields.get(field, NO_FIELD)

    return GoStruct(name, read)


def _struct(kind: str, value: JsonObject) -> GoStruct:
    def read(field: str) -> GoValue:
        if kind not in _TYPES:
            raise UntoldError(f"{field} of {_PACKAGE}{kind} is not known here")
        known = _TYPES[kind].get(field) or _TYPES.get(_EMBEDDED.get(kind, ""), {}).get(field)
        return NO_FIELD if known is None else _field(value.get(known[0]), known[1])

    return GoStruct(_PACKAGE + kind, read, raw=value)


def _field(value: JsonValue, kind: str) -> GoValue:
    if kind.startswith("*"):
        kind = kind[1:]
        if value is None:
            return GoNil(f"*{_PACKAGE}{kind}")
        if kind == "plain":
            return GoPointer(value) if isinstance(value, str | int | float) else None
        return _struct(kind, mapping(value))
    if kind == "text":
        return text(value)
    if kind == "switch":
        return value is True
    if kind == "texts":
        return text_map(mapping(value))
    if kind == "list":
        return [_struct("LoRAAdapter", mapping(item)) for item in sequence(value)]
    return _struct(kind, mapping(value))


def _child_name(arguments: Sequence[GoValue]) -> GoValue:
    parent, ending = map(pointed_to, _counted(arguments, 2))
    if isinstance(parent, str) and isinstance(ending, str):
        return child_name(parent, ending)
    raise CallError("wrong type of argument; expected string")


def _counted(arguments: Sequence[GoValue], number: int) -> Sequence[GoValue]:
    if len(arguments) != number:
        raise CallError(f"wrong number of args: want {number} got {len(arguments)}")
    return arguments


def _raw(value: GoValue) -> JsonObject | None:
    raw = value.raw if isinstance(value, GoStruct) else None
    return raw if isinstance(raw, dict) else None


def _shutdown_timeout(arguments: Sequence[GoValue]) -> GoValue:
    """Return the seconds that a server has between the end of the preStop hook and the end of the grace period."""
    pod, stop = _counted(arguments, 2)
    stated = integer(mapping(_raw(pod)).get("terminationGracePeriodSeconds"))
    grace = _GRACE if stated is None else stated
    if not isinstance(stop, int):
        raise CallError("wrong type of argument; expected int")
    return max(0, grace - stop - min(_SETTLING, grace))


def _kv_transfer_config(arguments: Sequence[GoValue]) -> GoValue:
    """Return the flag with its JSON, quoted for the shell and escaped for the JSON that it is put into."""
    (spec,) = _counted(arguments, 1)
    offloading = _raw(spec)
    if offloading is None:
        return ""
    amount = parse_quantity(str(offloading.get("cpu", "0")))
    extra: JsonObject = {
        "spec_name": "TieringOffloadingSpec",
        "cpu_bytes_to_use": int(amount.value) if amount is not None else 0,
    }
    if policy := text(offloading.get("evictionPolicy")):
        extra["eviction_policy"] = policy
    tiers: list[JsonValue] = [
        {"type": "fs", "root_dir": f"/mnt/kv-cache-{index}"}
        for index, tier in enumerate(sequence(offloading.get("secondary")))
        if mapping(tier).get("fileSystem") is not None
    ]
    if tiers:
        extra["secondary_tiers"] = tiers
    config: JsonObject = {"kv_connector": "OffloadingConnector", "kv_role": "kv_both"}
    config["kv_connector_extra_config"] = extra
    return f"--kv-transfer-config {json.dumps(chr(39) + json.dumps(config) + chr(39))[1:-1]}"


_FUNCTIONS: Final[Mapping[str, TemplateFunction]] = {
    "ChildName": _child_name,
    "shutdownTimeout": _shutdown_timeout,
    "kvTransferConfig": _kv_transfer_config,
}
