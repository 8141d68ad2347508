"""A container's image in; a finding out where white space stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.RUN

META: Final = RuleMeta(
    id="kubernetes/image-padding",
    title="White space stands around the name of an image",
    why="A Deployment is created with it, but none of its pods is: the API server refuses them one after another.",
    fix="Remove the white space.",
    bad='image: "example/app:v1 "',
    good="image: example/app:v1",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    if isinstance(value, str) and value != value.strip():
        yield Problem(place.path, "image must not have leading or trailing whitespace", value, value.strip())


RULE: Final = Rule(meta=META, kinds=KINDS, container={"image": _judge})
