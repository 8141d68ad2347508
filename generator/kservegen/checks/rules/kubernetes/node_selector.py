"""A pod's node selector in; findings out where no node can carry such a label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE
from kservegen.checks.rules.kubernetes._selectors import label_map
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/node-selector",
    title="A node selector asks for a label that no node can carry",
    why="Its keys and values follow the law of labels. The object is admitted, its Deployment is refused.",
    fix="Write the label as `kubectl get nodes --show-labels` prints it.",
    bad='nodeSelector: {"gpu model": A100}',
    good="nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    yield from label_map(value, place.path)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"nodeSelector": _judge})
