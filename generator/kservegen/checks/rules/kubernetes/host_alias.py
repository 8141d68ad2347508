"""A pod's host aliases in; findings out where an address or a name in them is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps, texts
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue
from kservegen.core.names import subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import ip_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/host-alias",
    title="A host alias has no IP address, or a name that no host can have",
    why="Host aliases become lines of /etc/hosts. The object is admitted, its Deployment is refused.",
    fix="Write an IP address and lower-case host names.",
    bad="hostAliases: [{ip: models.internal, hostnames: [models]}]",
    good="hostAliases: [{ip: 10.0.0.7, hostnames: [models]}]",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    for alias, path in maps(value, place.path):
        address = text(alias.get("ip"))
        if reason := ip_error(address):
            yield Problem((*path, "ip"), f"invalid IP address: {reason}", address)
        for name, at in texts(alias.get("hostnames"), (*path, "hostnames")):
            if reason := subdomain_error(name):
                yield Problem(at, f"the host name {name!r} is refused: {reason}", name)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"hostAliases": _judge})
