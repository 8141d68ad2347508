"""The names by which a pod refers to other objects in; findings out where nothing can be called so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, Law, lawful
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/pod-reference",
    title="A pod names a class, an account, a node or a host that cannot exist",
    why="These names follow the law of the objects that they name. The object is admitted, its Deployment is refused.",
    fix="Use lower-case letters, digits and '-', with a letter or digit at both ends.",
    bad="priorityClassName: High_Priority",
    good="priorityClassName: high-priority",
    upstream=SOURCE,
)

_LAWS: Final[dict[str, Law]] = {
    "hostname": label_error,
    "nodeName": subdomain_error,
    "priorityClassName": subdomain_error,
    "runtimeClassName": subdomain_error,
    "serviceAccount": subdomain_error,
    "serviceAccountName": subdomain_error,
    "subdomain": label_error,
}


def _judge(law: Law, value: JsonValue, place: Place) -> Iterator[Problem]:
    field = str(place.path[-1])
    if field == "runtimeClassName" and value == "":
        yield Problem(place.path, "runtimeClassName is empty")
    if field == "serviceAccount" and place.pod.spec.get("serviceAccountName"):
        return  # the old name counts where the new one is absent
    yield from lawful(place.pod.spec, field, place.path[:-1], law)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={field: partial(_judge, law) for field, law in _LAWS.items()})
