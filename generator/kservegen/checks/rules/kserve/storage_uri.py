"""The model's URI is not one that KServe's controller takes for this kind.

Every kind has its own list, and no webhook looks at it: the object is admitted and never gets a workload. An
LLMInferenceService knows pvc, oci, hf and s3 only (oci where the chart's enableModelcar is on), its LoRA adapters hf,
s3 and pvc.

Fix: Use a scheme of the list, in lower case, or declare a ClusterStorageContainer that handles yours.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: ftp://host/model}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://bucket/model}}
Upstream: ISVC-C01; ISVC-C02; LLM-C04; LLM-C05; LLM-C06; LLM-C07; LLM-C08; controller v1beta1
inferenceservice/utils/utils.go
"""

from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.storage_uris import (
    LORA_SCHEMES,
    is_claimed,
    llm_error,
    service_error,
)
from kservegen.kserve.workloads import FRAMEWORKS

_FIELDS: Final = frozenset({"model", "art", *FRAMEWORKS})
# The name of a repository on the Hub, as people copy it from there.
_REPOSITORY: Final = lazy_pattern(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@rule(Stage.DEPLOYMENT, "InferenceService", "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    if resource.kind == "InferenceService":
        for path, model in _addressed(resource):
            yield from _service(path, model, context)
    else:
        schemes = context.release.capabilities.llm_schemes
        usable = (scheme for scheme in schemes if context.platform.modelcar or not scheme.startswith("oci"))
        adapters = context.release.capabilities.lora_adapters
        yield from _llm(mapping(resource.doc.get("spec")), tuple(usable), adapters=adapters)


@cached_by_object
def _addressed(resource: Resource) -> tuple[tuple[Path, JsonObject], ...]:
    """List the models of a service that say where they are."""
    models = (
        ((*at.path, field), mapping(at.spec[field]))
        for at in components_of(resource)
        for field in at.spec
        if field in _FIELDS
    )
    return tuple((path, model) for path, model in models if text(model.get("storageUri")))


def _service(path: Path, model: JsonObject, context: Context) -> Problems:
    uri = text(model.get("storageUri"))
    schemes = context.release.capabilities.service_schemes
    reason = service_error(uri, schemes)
    if reason and not is_claimed(uri, of_kind(context, "ClusterStorageContainer")):
        yield _finding((*path, "storageUri"), uri, reason, ", ".join(schemes))
    if path[-1] != "art" and mapping(model.get("storage")).get("path"):
        message = "storageUri and storage.path are both set, and the controller takes one"
        hint = "Keep storageUri, or storage with its path."
        yield Problem((*path, "storage", "path"), message, hint=hint, at_key=True)


def _llm(spec: JsonObject, schemes: tuple[str, ...], *, adapters: bool) -> Problems:
    if mapping(spec.get("storageInitializer")).get("enabled") is False:
        yield from _adapters_without_initializer(spec) if adapters else ()
        return
    model = mapping(spec.get("model"))
    yield from _llm_uri(("spec", "model", "uri"), model.get("uri"), schemes)
    for index, adapter in enumerate(_adapters(model) if adapters else ()):
        path = ("spec", "model", "lora", "adapters", index, "uri")
        yield from _llm_uri(path, mapping(adapter).get("uri"), LORA_SCHEMES)


def _llm_uri(path: Path, uri: JsonValue, schemes: tuple[str, ...]) -> Problems:
    if isinstance(uri, str) and "{{" not in uri and (reason := llm_error(uri, schemes)):
        yield _finding(path, uri, reason, ", ".join(f"{scheme}://" for scheme in schemes))


def _adapters(model: JsonObject) -> list[JsonValue]:
    return sequence(mapping(model.get("lora")).get("adapters"))


def _adapters_without_initializer(spec: JsonObject) -> Problems:
    if _adapters(mapping(spec.get("model"))):
        message = "LoRA adapters need the storage initializer, which is switched off"
        hint = "Remove storageInitializer.enabled: false, or the adapters."
        yield Problem(("spec", "model", "lora", "adapters"), message, hint=hint, at_key=True)


def _finding(path: Path, uri: str, reason: str, allowed: str) -> Problem:
    # A scheme that nothing handles is one cause, whichever models use it; what else is wrong is wrong with one URI.
    cause = reason if f"{uri.partition('://')[0]}://" in reason else ""
    is_repository = "hf://" in allowed and _REPOSITORY.fullmatch(uri) is not None
    hint = f"Write hf://{uri}, if it is a repository of the Hugging Face Hub." if is_repository else ""
    return Problem(path, f"the controller refuses {uri!r}: {reason}", seen=uri, allowed=allowed, hint=hint, cause=cause)
