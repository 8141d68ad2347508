"""How long a pod is kept running in; findings out where a Deployment allows no such thing."""

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

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/restart-policy",
    title="A pod is not to be restarted, or to end, as no pod of a Deployment is",
    why="Pods of a Deployment have restartPolicy Always and no activeDeadlineSeconds. The object is admitted, its "
    "Deployment is refused.",
    fix="Remove the field.",
    bad="restartPolicy: OnFailure",
    good="restartPolicy: Always",
    upstream=(*SOURCE, "k8s.io/kubernetes pkg/apis/apps/validation/validation.go"),
)


def _policy(value: JsonValue, place: Place) -> Iterator[Problem]:
    if value and value != "Always":
        yield Problem(place.path, f"unsupported restartPolicy {value!r} of a Deployment's pod", str(value), "Always")


def _deadline(value: JsonValue, place: Place) -> Iterator[Problem]:
    yield Problem(place.path, "activeDeadlineSeconds is not supported in a Deployment", str(value), at_key=True)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"restartPolicy": _policy, "activeDeadlineSeconds": _deadline})
