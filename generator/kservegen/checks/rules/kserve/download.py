"""Nothing can be fetched from the model's URI.

KServe's controller looks at the scheme only. The pods are created, and their init container, or the mount of the claim
or image, fails for ever. A text without a scheme, such as s3:/bucket, is taken for a local path.

Fix: Write the URI in the form of its scheme.
Bad:
    model: {modelFormat: {name: huggingface}, storageUri: hf://owner/model/main}
Good:
    model: {modelFormat: {name: huggingface}, storageUri: 'hf://owner/model:main'}
Upstream: kserve rules, section 8; kserve rules, section 12; python/storage/kserve_storage/kserve_storage.py
"""

from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._downloads import Failure, download_failure
from kservegen.checks.rules.kserve._settings import deployment_mode
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.storage_uris import is_claimed, service_error
from kservegen.kserve.workloads import SERVING_CONTAINER, PodSpecAt

_MODELS: Final = ("model", "art")
_MANY: Final = frozenset({"containers", "storageUris"})
_IMAGE: Final = "oci://"
_VARIABLE: Final = "STORAGE_URI"
_CACHES: Final = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})


@rule(
    Stage.RUN,
    "InferenceService",
    "LLMInferenceService",
    "LocalModelCache",
    "LocalModelNamespaceCache",
    scope=Scope.ENVIRONMENT,
)
def check(resource: Resource, context: Context) -> Problems:
    if resource.kind == "InferenceService":
        if deployment_mode(resource, context) != "ModelMesh":
            for path, role, component in _doubtful(resource):
                yield from _component(path, role, component, context)
    elif resource.kind in _CACHES:
        uri = mapping(resource.doc.get("spec")).get("sourceModelUri")
        yield from _uri(("spec", "sourceModelUri"), uri, context)
    else:
        yield from _llm(mapping(resource.doc.get("spec")), context)


@cached_by_object
def _doubtful(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List the components of a service of which there may be something to say, wherever it is."""
    return tuple(
        at
        for at in components_of(resource)
        if not _MANY.isdisjoint(at.spec) or any(map(_is_doubtful, (mapping(at.spec.get(field)) for field in _MODELS)))
    )


def _is_doubtful(model: JsonObject) -> bool:
    uri = text(model.get("storageUri"))
    return uri.startswith(_IMAGE) or download_failure(uri) is not None


def _component(path: Path, role: str, component: JsonObject, context: Context) -> Problems:
    for field in _MODELS:
        if field in component:
            yield from _uri((*path, field, "storageUri"), mapping(component[field]).get("storageUri"), context)
    if "containers" in component:
        yield from _variables(path, role, component, context)
    if "storageUris" in component:
        yield from _several((*path, "storageUris"), component, context)


def _variables(path: Path, role: str, component: JsonObject, context: Context) -> Problems:
    """Look at STORAGE_URI of the container that a model is fetched for."""
    for index, container in enumerate(map(mapping, sequence(component.get("containers")))):
        if container.get("name") == SERVING_CONTAINER if role == "predictor" else index == 0:
            for number, variable in enumerate(map(mapping, sequence(container.get("env")))):
                if variable.get("name") == _VARIABLE:
                    place = (*path, "containers", index, "env", number, "value")
                    yield from _uri(place, variable.get("value"), context)


def _several(path: Path, component: JsonObject, context: Context) -> Problems:
    uris = [text(mapping(item).get("uri")) for item in sequence(component.get("storageUris"))]
    capabilities = context.release.capabilities
    by_uri = capabilities.modelcars_by_uri
    has_image = any(uri.startswith("oci") for uri in uris)
    for index, uri in enumerate(uris):
        place = (*path, index, "uri")
        if has_image and not by_uri and not uris[0].startswith("oci"):
            if uri.startswith("oci"):
                message = f"{uri} goes to what downloads, which cannot read it: the first entry decides"
                yield _finding(place, uri, Failure(message, "Serve images in services of their own."))
        elif has_image and not by_uri:
            message = f"{uri} is passed over: with an oci:// entry first KServe provides none of them"
            yield _finding(place, uri, Failure(message, "Write one image as storageUri."))
        elif has_image and not capabilities.native_oci and not uri.startswith("oci"):
            message = f"{uri} is passed over: beside an oci:// entry KServe fetches no other"
            yield _finding(place, uri, Failure(message, "Keep images and other URIs in services of their own."))
        elif uri.startswith("pvc://") and uri.removeprefix("pvc://").rstrip("/").count("/"):
            message = f"storageUris drop the path within a claim: all of {uri.split('/')[2]} is mounted"
            hint = "Use storageUri, or expect the model at its path below mountPath."
            yield _finding(place, uri, Failure(message, hint, certain=False))
        else:
            yield from _uri(place, uri, context)
            yield from _refused_elsewhere(place, uri, context)


def _refused_elsewhere(path: Path, uri: str, context: Context) -> Problems:
    """Look at the scheme, which the controller does for storageUri alone."""
    reason = service_error(uri, context.release.capabilities.service_schemes) if uri else None
    if reason and not is_claimed(uri, of_kind(context, "ClusterStorageContainer")):
        yield _finding(path, uri, Failure(reason, hint=""))


def _llm(spec: JsonObject, context: Context) -> Problems:
    if mapping(spec.get("storageInitializer")).get("enabled") is False:
        return
    model = mapping(spec.get("model"))
    uri = model.get("uri")
    if isinstance(uri, str) and "://" in uri:  # the controller itself refuses another
        yield from _uri(("spec", "model", "uri"), uri, context)
    lora = mapping(model.get("lora") if context.release.capabilities.lora_adapters else None)
    for index, adapter in enumerate(sequence(lora.get("adapters"))):
        uri = mapping(adapter).get("uri")
        if isinstance(uri, str) and "://" in uri:
            yield from _uri(("spec", "model", "lora", "adapters", index, "uri"), uri, context)


def _uri(path: Path, uri: JsonValue, context: Context) -> Problems:
    if not isinstance(uri, str):
        return
    found = download_failure(uri)
    if found is None and not context.platform.modelcar and uri.startswith(_IMAGE):
        found = Failure("images as models are switched off (enableModelcar)", "Switch them on, or use another scheme.")
    # What a storage container of one's own fetches, and how, is its own affair.
    if found is not None and not is_claimed(uri, of_kind(context, "ClusterStorageContainer")):
        yield _finding(path, uri, found)


def _finding(path: Path, uri: str, found: Failure) -> Problem:
    return Problem(path, found.message, seen=uri, hint=found.hint, severity=None if found.certain else Severity.WARNING)
