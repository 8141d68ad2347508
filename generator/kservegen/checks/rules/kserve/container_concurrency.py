"""An InferenceService in; findings out where a component allows fewer than no requests at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import components_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/container-concurrency",
    title="A component allows fewer than no requests at once",
    why="It limits the requests that a container works on at once, and 0 means no limit; the webhook refuses less.",
    fix="Write 0 for no limit, or the number of requests at once.",
    bad="predictor: {containerConcurrency: -1}",
    good="predictor: {containerConcurrency: 0}",
    upstream=("ISVC-37", "pkg/apis/serving/v1beta1/component.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for path, _, component in components_of(resource):
        number = integer(component.get("containerConcurrency"))
        if number is not None and number < 0:
            yield Finding(
                rule=META.id,
                path=(*path, "containerConcurrency"),
                message="parallelism cannot be less than 0",
                hint=META.fix,
                seen=str(number),
                allowed="0 and more",
            )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
