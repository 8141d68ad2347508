"""An LLMInferenceService in; findings out where its annotations for dynamic resources do not say what to claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/dra-annotations",
    title="The annotations for dynamic resources do not say what to claim",
    why="KServe v0.20 makes a ResourceClaimTemplate of them: the device class, a DNS name, is what all others belong "
    "to; the container is named by a DNS label, the count is 1 or more, and a selector has an expression in it.",
    fix="Write serving.kserve.io/exp-dra-device-class, and leave out what has nothing to say.",
    bad="annotations: {serving.kserve.io/exp-dra-container-name: main}",
    good="annotations: {serving.kserve.io/exp-dra-device-class: gpu.nvidia.com}",
    upstream=("kserve rules, section 11", "KServe v0.20 pkg/validation"),
)

_PREFIX: Final = "serving.kserve.io/exp-dra-"
_CLASS: Final = f"{_PREFIX}device-class"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    annotations = mapping(mapping(resource.doc.get("metadata")).get("annotations"))
    given = {key: text(value) for key, value in annotations.items() if key.startswith(_PREFIX)}
    if not given or context.is_019:
        return
    if _CLASS not in given:
        message = f"{_CLASS} is required to enable managed DRA when {', '.join(sorted(given))} is set"
        path = ("metadata", "annotations", next(iter(given)))
        yield Finding(rule=META.id, path=path, message=message, hint=META.fix, at_key=True)
    for key, value in given.items():
        judge = _JUDGES.get(key.removeprefix(_PREFIX))
        problem = judge(value.strip()) if judge else ""
        if problem:
            path = ("metadata", "annotations", key)
            yield Finding(rule=META.id, path=path, message=problem, hint=META.fix, seen=value)


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
    if not value or (value.removeprefix("+").isdecimal() and value.isascii() and int(value) > 0):
        return ""
    return f"invalid device count {value!r}: must be >= 1"


_JUDGES: Final[dict[str, Callable[[str], str]]] = {
    "device-class": _class,
    "container-name": _container,
    "cel-selector": _selector,
    "device-count": _count,
}

RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
