"""A container's environment in; findings out where a variable has no name or an impossible one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem
from kservegen.core.values import env_name_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/env-name",
    title="An environment variable has no name, or an impossible one",
    why="The Deployment that the controller makes of the object is refused. Digits in front and spaces are fine, "
    "an equals sign is not.",
    fix="Give the variable a name of printable ASCII characters without '='.",
    bad='env: [{name: "", value: x}]',
    good="env: [{name: HF_HOME, value: /cache}]",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterable[Problem]:
    # Nearly every name is right: a plain look at them all is cheaper than telling each its place.
    return () if all(_is_named(variable) for variable in sequence(value)) else _mistakes(value, place)


def _is_named(variable: JsonValue) -> bool:
    name = variable.get("name") if isinstance(variable, dict) else None
    return isinstance(name, str) and bool(name) and env_name_error(name) is None


def _mistakes(value: JsonValue, place: Place) -> Iterator[Problem]:
    for variable, path in maps(value, place.path):
        name = variable.get("name")
        if not name:
            yield Problem(path, "an environment variable has no name")
        elif isinstance(name, str) and (reason := env_name_error(name)):
            yield Problem((*path, "name"), f"{name!r} cannot name an environment variable", name, reason)


RULE: Final = Rule(meta=META, kinds=KINDS, container={"env": _judge})
