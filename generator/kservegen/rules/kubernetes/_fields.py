"""Rules of pods as tables: fields and the judges of their values in, a rule that looks only where such a field is set.

A judge is a pure function of one value. What it says becomes findings here; when an object sets none of a rule's
fields, the runner does not even ask it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import sequence
from kservegen.jsontypes import JsonObject, JsonValue, Path
from kservegen.kube_values import is_template
from kservegen.rules.base import Context, Rule
from kservegen.rules.view import containers_of, pod_of, pods_of
from kservegen.workloads import FRAMEWORKS, ContainerAt, PodSpecAt

KINDS: Final = frozenset(
    {
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "InferenceGraph",
        "InferenceService",
        "LLMInferenceService",
        "LLMInferenceServiceConfig",
        "ServingRuntime",
    }
)
SOURCE: Final = ("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go")
_ALONE: Final = frozenset({"transformer", "explainer", "graph", "storage"})
_MODELS: Final = frozenset({"model", *FRAMEWORKS})


class Mistake(NamedTuple):
    """What a judge found; the rule adds its id and its fix."""

    path: Path
    message: str
    seen: str = ""
    allowed: str = ""
    at_key: bool = False


class Place(NamedTuple):
    """Where a judged field stands; `at` is its container, None for a field of the pod itself."""

    path: Path
    pod: PodSpecAt
    at: ContainerAt | None

    @property
    def container(self) -> JsonObject:
        """The container's fields, for a judge of containers."""
        return self.at.container if self.at else {}

    @property
    def overlaid(self) -> bool:
        """Whether KServe merges this pod with a runtime's or a preset's, which may bring what is missing here."""
        return is_overlaid(self.pod)


Judge: TypeAlias = Callable[[JsonValue, Place], Iterable[Mistake]]
Law: TypeAlias = Callable[[str], str | None]


def is_overlaid(pod: PodSpecAt) -> bool:
    """Say whether a pod is one half of a merge: by name, so that twins collapse and gaps are filled."""
    if pod.role in _ALONE:
        return False
    return pod.role != "predictor" or not _MODELS.isdisjoint(pod.spec)


def field_rule(
    meta: RuleMeta, *, pod: Mapping[str, Judge] | None = None, container: Mapping[str, Judge] | None = None
) -> Rule:
    """Make a rule of judges by the field they judge, of pods and of containers."""
    pod_judges, container_judges = tuple((pod or {}).items()), tuple((container or {}).items())

    def check(resource: Resource, _context: Context) -> Iterator[Finding]:
        if pod_judges:
            for at in pods_of(resource):
                for field, judge in pod_judges:
                    if (value := at.spec.get(field)) is not None:
                        yield from findings(meta, judge(value, Place((*at.path, field), at, None)))
        if container_judges:
            yield from _judge_containers(meta, resource, container_judges)

    return Rule(meta=meta, check=check, kinds=KINDS, fields=frozenset({*(pod or {}), *(container or {})}))


def _judge_containers(meta: RuleMeta, resource: Resource, judges: tuple[tuple[str, Judge], ...]) -> Iterator[Finding]:
    for at in containers_of(resource):
        for field, judge in judges:
            if (value := at.container.get(field)) is not None:
                # A ClusterStorageContainer's container belongs to pods that are not there yet.
                pod = pod_of(resource, at) or PodSpecAt(at.path[:1], at.role, {})
                yield from findings(meta, judge(value, Place((*at.path, field), pod, at)))


def findings(meta: RuleMeta, mistakes: Iterable[Mistake]) -> Iterator[Finding]:
    """Put the rule's name and its fix to what its judges found."""
    for path, message, seen, allowed, at_key in mistakes:
        yield Finding(
            rule=meta.id, path=path, message=message, hint=meta.fix, seen=seen, allowed=allowed, at_key=at_key
        )


def maps(value: JsonValue, path: Path) -> Iterator[tuple[JsonObject, Path]]:
    """Go through the maps of a list, each with its path."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, dict):
            yield item, (*path, index)


def texts(value: JsonValue, path: Path) -> Iterator[tuple[str, Path]]:
    """Go through the texts of a list, each with its path; what KServe fills in is left out."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, str) and not is_template(item):
            yield item, (*path, index)


def choice(owner: JsonObject, field: str, path: Path, allowed: tuple[str, ...]) -> Iterator[Mistake]:
    """Judge a field that takes one of a few words; the empty word is the default."""
    value = owner.get(field)
    if isinstance(value, str) and value and value not in allowed and not is_template(value):
        yield Mistake((*path, field), f"unsupported value {value!r} of {field}", value, ", ".join(allowed))


def required(owner: JsonObject, field: str, path: Path) -> Iterator[Mistake]:
    """Judge a field that must be there and not empty; told at the field, or at its owner where it is absent."""
    if not owner.get(field):
        where = (*path, field) if field in owner else path
        yield Mistake(where, f"required value: {field} is missing or empty", at_key=field not in owner)


def lawful(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Mistake]:
    """Judge a text by a law of names or values; an absent or empty one is not its business."""
    value = owner.get(field)
    if isinstance(value, str) and value and not is_template(value) and (reason := law(value)):
        yield Mistake((*path, field), f"invalid value of {field}: {reason}", value)


def needed(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Mistake]:
    """Judge a text that must be there and obey a law."""
    yield from required(owner, field, path)
    yield from lawful(owner, field, path, law)


def bounded(owner: JsonObject, field: str, path: Path, least: int, most: int | None = None) -> Iterator[Mistake]:
    """Judge a whole number by its bounds, both inclusive."""
    value = owner.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        return
    if value < least or (most is not None and value > most):
        allowed = f"{least} and more" if most is None else f"{least} to {most}"
        yield Mistake((*path, field), f"{field} is {value}, out of its bounds", str(value), allowed)


def numbered(owner: JsonObject, field: str, path: Path, law: Callable[[int], str | None]) -> Iterator[Mistake]:
    """Judge a whole number by a law."""
    value = owner.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and (reason := law(value)):
        yield Mistake((*path, field), f"invalid value of {field}: {reason}", str(value))
