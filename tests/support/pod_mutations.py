"""Pods that are right but for one thing, or two: the table of values beside this module in, named pods out."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from kservegen.document import mapping, sequence
from kservegen.jsontypes import JsonObject, JsonValue

ABSENT: Final = "<absent>"
_TABLE: Final = Path(__file__).with_suffix(".yaml")
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
    pod = mapping(yaml.safe_load(BASE))
    for owner, field, value in mutations:
        *way, last = (*_OWNERS[owner], *field.split("."))
        target: JsonValue = pod
        for step in way:
            target = target[int(step)] if isinstance(target, list) else mapping(target)[step]
        container = mapping(target)
        container.pop(last, None)
        if value != ABSENT:
            container[last] = copy.deepcopy(value)
    return pod
