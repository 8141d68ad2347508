"""The annotations for dynamic resources do not say what to claim.

KServe v0.20 makes a ResourceClaimTemplate of them: the device class, a DNS name, is what all others belong to; the
container is named by a DNS label, the count is 1 or more, and a selector has an expression in it. The webhook of
v1alpha1 does not look.

Fix: Write serving.kserve.io/exp-dra-device-class, and leave out what has nothing to say.
Bad:
    annotations: {serving.kserve.io/exp-dra-container-name: main}
Good:
    annotations: {serving.kserve.io/exp-dra-device-class: gpu.nvidia.com}
Upstream: kserve rules, section 11; KServe v0.20 pkg/validation
"""

from collections.abc import Callable
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.values import whole_number

_PREFIX: Final = "serving.kserve.io/exp-dra-"
_CLASS: Final = f"{_PREFIX}device-class"


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, context: Context) -> Problems:
    annotations = mapping(mapping(resource.doc.get("metadata")).get("annotations"))
    given = {key: text(value) for key, value in annotations.items() if key.startswith(_PREFIX)}
    capabilities = context.release.capabilities
    is_looked_at = text(resource.doc.get("apiVersion")).endswith("/v1alpha2") or capabilities.alpha_checked
    if not given or not is_looked_at or not capabilities.dra_annotations:
        return
    if _CLASS not in given:
        message = f"{_CLASS} is required to enable managed DRA when {', '.join(sorted(given))} is set"
        yield Problem(("metadata", "annotations", next(iter(given))), message, at_key=True)
    for key, value in given.items():
        validate = _VALIDATORS.get(key.removeprefix(_PREFIX))
        problem = validate(value.strip()) if validate else ""
        if problem:
            yield Problem(("metadata", "annotations", key), problem, seen=value)


def _class(value: str) -> str:
    if not value:
        return "device class must not be empty"
    return "device class must be a DNS subdomain" if subdomain_error(value) else ""


def _container(value: str) -> str:
    if not value:
        return "container name must not be empty"
    return "container name must be a DNS label" if label_error(value) else ""


def _selector(value: str) -> str:
    return "" if value else "cel selector must contain at least one non-empty CEL expression"


def _count(value: str) -> str:
    if not value or whole_number(value.removeprefix("+")):
        return ""
    return f"invalid device count {value!r}: must be >= 1"


_VALIDATORS: Final[dict[str, Callable[[str], str]]] = {
    "device-class": _class,
    "container-name": _container,
    "cel-selector": _selector,
    "device-count": _count,
}
