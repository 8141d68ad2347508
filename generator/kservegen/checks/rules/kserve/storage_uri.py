"""A service in; findings out where its controller refuses the place its model is stored at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._uris import (
    LLM_SCHEMES,
    LORA_SCHEMES,
    is_claimed,
    llm_error,
    service_error,
    service_schemes,
)
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource
from kservegen.kserve.workloads import FRAMEWORKS

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/storage-uri",
    title="The model's URI is not one that KServe's controller takes for this kind",
    why="Every kind has its own list, and no webhook looks at it: the object is admitted and never gets a workload. "
    "An LLMInferenceService knows pvc, oci, hf and s3 only (oci where the chart's enableModelcar is on), its LoRA "
    "adapters hf, s3 and pvc.",
    fix="Use a scheme of the list, in lower case, or declare a ClusterStorageContainer that handles yours.",
    bad="predictor: {model: {modelFormat: {name: sklearn}, storageUri: ftp://host/model}}",
    good="predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://bucket/model}}",
    upstream=(
        "ISVC-C01",
        "ISVC-C02",
        "LLM-C04",
        "LLM-C05",
        "LLM-C06",
        "LLM-C07",
        "LLM-C08",
        "controller v1beta1 inferenceservice/utils/utils.go",
    ),
)

_FIELDS: Final = frozenset({"model", "art", *FRAMEWORKS})


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if resource.kind == "InferenceService":
        for path, _, component in components_of(resource):
            for field, model in component.items():
                if field in _FIELDS and isinstance(model, dict):
                    yield from _service((*path, field), model, context)
    else:
        yield from _llm(mapping(resource.doc.get("spec")), modelcar=context.platform.modelcar)


def _service(path: Path, model: JsonObject, context: Context) -> Iterator[Finding]:
    uri = model.get("storageUri")
    if not isinstance(uri, str) or not uri:
        return
    schemes = service_schemes(context.kserve_version)
    reason = service_error(uri, schemes)
    if reason and not is_claimed(uri, of_kind(context, "ClusterStorageContainer")):
        yield _finding((*path, "storageUri"), uri, reason, ", ".join(schemes))
    if path[-1] != "art" and mapping(model.get("storage")).get("path"):
        yield Finding(
            rule=META.id,
            path=(*path, "storage", "path"),
            message="storageUri and storage.path are both set, and the controller takes one",
            hint="Keep storageUri, or storage with its path.",
            at_key=True,
        )


def _llm(spec: JsonObject, *, modelcar: bool) -> Iterator[Finding]:
    if mapping(spec.get("storageInitializer")).get("enabled") is False:
        yield from _adapters_without_initializer(spec)
        return
    model = mapping(spec.get("model"))
    schemes = LLM_SCHEMES if modelcar else tuple(scheme for scheme in LLM_SCHEMES if scheme != "oci")
    yield from _llm_uri(("spec", "model", "uri"), model.get("uri"), schemes)
    for index, adapter in enumerate(_adapters(model)):
        path = ("spec", "model", "lora", "adapters", index, "uri")
        yield from _llm_uri(path, mapping(adapter).get("uri"), LORA_SCHEMES)


def _llm_uri(path: Path, uri: JsonValue, schemes: tuple[str, ...]) -> Iterator[Finding]:
    if isinstance(uri, str) and "{{" not in uri and (reason := llm_error(uri, schemes)):
        yield _finding(path, uri, reason, ", ".join(f"{scheme}://" for scheme in schemes))


def _adapters(model: JsonObject) -> list[JsonValue]:
    return sequence(mapping(model.get("lora")).get("adapters"))


def _adapters_without_initializer(spec: JsonObject) -> Iterator[Finding]:
    if _adapters(mapping(spec.get("model"))):
        yield Finding(
            rule=META.id,
            path=("spec", "model", "lora", "adapters"),
            message="LoRA adapters need the storage initializer, which is switched off",
            hint="Remove storageInitializer.enabled: false, or the adapters.",
            at_key=True,
        )


def _finding(path: Path, uri: str, reason: str, allowed: str) -> Finding:
    message = f"the controller refuses {uri!r}: {reason}"
    return Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=uri, allowed=allowed)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "LLMInferenceService"}))
