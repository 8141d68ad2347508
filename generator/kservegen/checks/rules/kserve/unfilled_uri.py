"""The place of a model holds a placeholder that nothing fills in.

Neither KServe nor Argo CD nor Flux as kservegen writes it fills in `${BUCKET}`: the storage initializer asks for a
bucket of that name. Kubernetes expands `$(BUCKET)` in the storage initializer's arguments from that container's own
variables, not from those of the model's container. The spec of an LLM service is a Go template, a storageUri is not.
Manifests by themselves may still go through a tool that fills them in, so this is a warning there, as it is for a path.

Fix: Write the place out; what differs by environment is an override of the model in environments/.
Bad:
    storageUri: s3://${BUCKET}/iris
Good:
    storageUri: s3://models/iris
Upstream: pkg/webhook/admission/pod/storage_initializer_injector.go; python/storage/kserve_storage/kserve_storage.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.patterns import lazy_pattern

_PLACEHOLDER: Final = lazy_pattern(
    r"\$\{[^{}]*\}|\$\((?P<variable>[^()]*)\)|\{\{.*?\}\}|<[A-Za-z][^<>]*>|(?P<bare>\$[A-Za-z_]\w*)", re.ASCII
)
_LLM: Final = "LLMInferenceService"
# Of these the host of an LLM service's URL has none: Go does not read it.
_NO_HOST: Final = ("{", "<")


@rule(
    Stage.RUN,
    "InferenceService",
    _LLM,
    "TrainedModel",
    "LocalModelCache",
    "LocalModelNamespaceCache",
    scope=Scope.ENVIRONMENT,
)
def check(resource: Resource, context: Context) -> Problems:
    for path, uri in _unfilled(resource):
        host = uri.partition("://")[2].partition("/")[0]
        for found in _PLACEHOLDER.finditer(uri):
            mark, in_host = found[0], found[0] in host
            if found["bare"] is not None and not in_host:
                continue
            if resource.kind == _LLM and (
                mark.startswith("{{") or (in_host and any(sign in mark for sign in _NO_HOST))
            ):
                continue
            if found["variable"] is not None and _expands(found["variable"], context):
                continue
            weight = None if in_host and context.environment else Severity.WARNING
            yield Problem(path, f"nothing fills in {mark}: the model is looked for at {uri}", mark, severity=weight)
            break


@cached_by_object
def _unfilled(resource: Resource) -> tuple[tuple[Path, str], ...]:
    """List the places of models in which something is to be filled in."""
    written = ((path, text(value)) for path, value in _uris(resource))
    return tuple((path, uri) for path, uri in written if _PLACEHOLDER.search(uri))


def _uris(resource: Resource) -> Iterator[tuple[Path, JsonValue]]:
    """Give the places that models come from, with their paths."""
    if resource.kind == "InferenceService":
        for path, _, component in components_of(resource):
            yield (*path, "model", "storageUri"), mapping(component.get("model")).get("storageUri")
            for index, entry in enumerate(sequence(component.get("storageUris"))):
                yield (*path, "storageUris", index, "uri"), mapping(entry).get("uri")
        return
    for path in (("spec", "model", "uri"), ("spec", "model", "storageUri"), ("spec", "sourceModelUri")):
        yield path, value_at(resource.doc, path)
    adapters: Path = ("spec", "model", "lora", "adapters")
    for index, adapter in enumerate(sequence(value_at(resource.doc, adapters))):
        yield (*adapters, index, "uri"), mapping(adapter).get("uri")


def _expands(variable: str, context: Context) -> bool:
    """Whether a storage container has a variable, or takes its variables from elsewhere."""
    for storage in of_kind(context, "ClusterStorageContainer"):
        container = mapping(mapping(storage.doc.get("spec")).get("container"))
        names = {mapping(item).get("name") for item in sequence(container.get("env"))}
        if variable in names or container.get("envFrom"):
            return True
    return False
