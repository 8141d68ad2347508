"""An object in; findings out where a list that is keyed holds one key twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.jsontypes import JsonObject, JsonValue, Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.stage import Stage
from kservegen.rules.view import containers_of, pods_of

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/duplicate-name",
    title="A list that Kubernetes keys by name holds the same name twice",
    why="KServe's definitions declare the list as a map, so the API server refuses a second item of the same key.",
    fix="Remove one of the two, or rename it.",
    bad="env: [{name: A, value: x}, {name: A, value: y}]",
    good="env: [{name: A, value: x}, {name: B, value: y}]",
    upstream=("KServe's CRDs, x-kubernetes-list-map-keys",),
)

Keys = tuple[tuple[str, str | None], ...]

# List -> the keys of its items, each with what an absent key stands for.
_IN_CONTAINER: Final[dict[str, Keys]] = {
    "env": (("name", None),),
    "ports": (("containerPort", None), ("protocol", "TCP")),
    "volumeDevices": (("devicePath", None),),
    "volumeMounts": (("mountPath", None),),
}
# Only the LLM kinds carry these as keyed lists: in the others two volumes of one name are taken, and collapse.
_IN_LLM_POD: Final[dict[str, Keys]] = {
    "containers": (("name", None),),
    "hostAliases": (("ip", None),),
    "imagePullSecrets": (("name", ""),),
    "initContainers": (("name", None),),
    "volumes": (("name", None),),
}
_LLM: Final = frozenset({"LLMInferenceService", "LLMInferenceServiceConfig"})


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for at in containers_of(resource):
        yield from _lists(at.path, at.container, _IN_CONTAINER)
    if resource.kind in _LLM:
        for pod in pods_of(resource):
            yield from _lists(pod.path, pod.spec, _IN_LLM_POD)


def _lists(path: Path, owner: JsonObject, lists: dict[str, Keys]) -> Iterator[Finding]:
    for field, items in owner.items():
        if field in lists and isinstance(items, list) and len(items) > 1:
            yield from _duplicates((*path, field), items, lists[field])


def _duplicates(path: Path, items: list[JsonValue], keys: Keys) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], int] = {}
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        key = tuple(str(item.get(name, default)) for name, default in keys)
        first = seen.setdefault(key, index)
        if first != index:
            label = "/".join(key)
            yield Finding(
                rule=META.id,
                path=(*path, index),
                message=f"{path[-1]} holds {label!r} twice, first at position {first}",
                hint=META.fix,
                seen=label,
            )


RULE: Final = Rule(meta=META, check=check)
