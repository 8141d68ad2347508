"""Pods that are right but for one thing, or two: the table of values beside this module in, named pods out."""

from __future__ import annotations

import copy
import pathlib
import random
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import yaml

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path

ABSENT: Final = "<absent>"
_TABLE: Final = pathlib.Path(__file__).with_suffix(".yaml")
_RICH: Final = _TABLE.with_name("rich_pod.yaml")
_TEXTS: Final = ("a", "A_b", "a.b", "a b", "/a", "../a", "1", "a" * 64, "a" * 254, "Always", "None", "Exists", "1Gi")
# The serving container's fields; those of the pod and of its component stand side by side.
_OWNERS: Final[dict[str, tuple[str, ...]]] = {"container": ("containers", "0"), "pod": (), "component": ()}

BASE: Final = """
containers:
  - name: kserve-container
    image: example/app:v1
    ports: [{containerPort: 8080, name: http1, protocol: TCP}]
    env: [{name: A, value: x}]
    resources: {requests: {cpu: "1", memory: 2Gi}, limits: {cpu: "2", memory: 4Gi}}
    volumeMounts: [{name: cache, mountPath: /cache}]
  - name: agent
    image: example/agent:v1
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 100m, memory: 64Mi}}
volumes:
  - {name: cache, emptyDir: {}}
  - {name: claim, persistentVolumeClaim: {claimName: models}}
"""


class Mutation(NamedTuple):
    """A value at a place of the pod; the field's name may be a path with dots."""

    owner: str
    field: str
    value: JsonValue

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.field}={self.value!r}"


@cache
def _read() -> JsonObject:
    return mapping(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))


@cache
def _base() -> JsonObject:
    return mapping(yaml.safe_load(BASE))


def singles() -> list[Mutation]:
    """List every value of the table once."""
    tables = ((owner, mapping(_read()[owner])) for owner in _OWNERS)
    return [
        Mutation(owner, field, value)
        for owner, fields in tables
        for field, values in fields.items()
        for value in sequence(values)
    ]


def pairs() -> list[tuple[Mutation, ...]]:
    """List the pairs that the table names."""
    listed = (sequence(pair) for pair in sequence(_read()["pairs"]))
    return [tuple(Mutation(*sequence(mutation)) for mutation in pair) for pair in listed]  # type: ignore[arg-type]


def cases(drawn: int, seed: int = 20) -> Iterator[tuple[str, JsonObject]]:
    """Make the pod as it is, one for every value, for every named pair, and for as many pairs drawn from the table."""
    values = singles()
    yield "base", mutated(())
    draw = random.Random(seed)  # noqa: S311 - the same pairs on every run
    sampled = [tuple(draw.sample(values, 2)) for _ in range(drawn)]
    for mutations in (*((value,) for value in values), *pairs(), *sampled):
        yield " + ".join(mutation.name for mutation in mutations), mutated(mutations)


def mutated(mutations: tuple[Mutation, ...]) -> JsonObject:
    """Make the pod with some values set; what is the component's stands among its fields."""
    pod = copy.deepcopy(_base())
    for owner, field, value in mutations:
        *way, last = (*_OWNERS[owner], *field.split("."))
        target: JsonValue = pod
        for step in way:
            target = _item(target, step)
        container = mapping(target)
        container.pop(last, None)
        if value != ABSENT:
            container[last] = copy.deepcopy(value)
    return pod


def odd() -> Iterator[tuple[str, JsonObject]]:
    """Make the rich pod as it is, and one for every odd value in the place of every right one."""
    rich = mapping(yaml.safe_load(_RICH.read_text(encoding="utf-8")))
    yield "rich", rich
    for path, value in list(_leaves(rich, ()))[:-1]:
        for other in _odd_values(value):
            yield f"{format_path(path)}={other!r}", _replaced(rich, path, other)


def _leaves(value: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    yield path, value


def _odd_values(value: JsonValue) -> list[JsonValue]:
    """Values of the same type: a wrong type is a matter of schemas."""
    if isinstance(value, bool):
        return [not value, ABSENT]
    if isinstance(value, int):
        return [ABSENT, -1, 0, 1, 2, 600, 70000, 2**31 - 1]
    if isinstance(value, dict):
        return [ABSENT, {}]
    if isinstance(value, list):
        return [ABSENT, []]
    return [ABSENT, "", *_TEXTS, str(value).upper(), f"{value}-", f"{value} ", f"-{value}"]


def _replaced(pod: JsonObject, path: Path, value: JsonValue) -> JsonObject:
    copied = copy.deepcopy(pod)
    target: JsonValue = copied
    for step in path[:-1]:
        target = _item(target, step)
    if isinstance(target, list):
        target[int(path[-1]) :] = [*([] if value == ABSENT else [value]), *target[int(path[-1]) + 1 :]]
    elif isinstance(target, dict):
        target.pop(str(path[-1]))
        target.update({} if value == ABSENT else {str(path[-1]): value})
    return copied


def _item(value: JsonValue, step: str | int) -> JsonValue:
    return value[int(step)] if isinstance(value, list) else mapping(value)[str(step)]


def with_fields(*, volumes: JsonArray | None = None, env: JsonArray | None = None) -> JsonObject:
    """Make the pod with other volumes, or another environment of its serving container."""
    values = [("pod", "volumes", volumes), ("container", "env", env)]
    return mutated(tuple(Mutation(owner, field, value) for owner, field, value in values if value is not None))
