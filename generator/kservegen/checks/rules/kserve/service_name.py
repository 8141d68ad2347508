"""The name is not one that KServe's webhook takes.

KServe builds DNS labels out of the names of services and graphs, so it is stricter than the API server: no dot, no
digit in front. A TrainedModel's name has no dot either.

Fix: Start with a letter and use lower-case letters, digits and '-' only.
Bad:
    kind: InferenceService
    metadata: {name: 2nd.model}
Good:
    kind: InferenceService
    metadata: {name: second-model}
Upstream: ISVC-01; IG-01; TM-01; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import Path
from kservegen.core.names import subdomain_error
from kservegen.core.patterns import lazy_pattern

_LABEL: Final = lazy_pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_TRAINED_MODEL: Final = lazy_pattern(r"[a-zA-Z0-9_-]+")
_AS_LABEL: Final = "consist of lower case alphanumeric characters or '-', and must start with alphabetical character"
_LAWS: Final = {
    "InferenceService": (_LABEL, "lower-case letters, digits and '-', a letter first, no '-' at the end", _AS_LABEL),
    "InferenceGraph": (_LABEL, "lower-case letters, digits and '-', a letter first, no '-' at the end", _AS_LABEL),
    "TrainedModel": (_TRAINED_MODEL, "letters, digits, '-' and '_'", "consist of alphanumeric characters, '_', or '-'"),
}


@rule(Stage.ADMISSION, *_LAWS)
def check(resource: Resource, _context: Context) -> Problems:
    name = text(mapping(resource.doc.get("metadata")).get("name"))
    # What no object may be called is said by kubernetes/object-name.
    if name and not subdomain_error(name):
        yield from _misnamed(resource.kind, ("metadata", "name"), name)
    if resource.kind == "InferenceService":
        for path, role, component in components_of(resource):
            if role == "predictor" and (own := text(component.get("name"))):
                yield from _misnamed(resource.kind, (*path, "name"), own)


def _misnamed(kind: str, path: Path, name: str) -> Problems:
    law, allowed, words = _LAWS[kind]
    if not law.fullmatch(name):
        yield Problem(path, f"a {kind} name must {words}: {name!r} does not", name, allowed)
