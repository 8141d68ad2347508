"""A pod's resolver in; findings out where the API server refuses its policy or its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, maps, required, texts
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import ip_error, search_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/dns",
    title="A pod's DNS policy or configuration is not one that a pod may have",
    why="Policies are ClusterFirst, ClusterFirstWithHostNet, Default and None; None needs a nameserver of its own, of "
    "which there are at most three. The object is admitted, its Deployment is refused.",
    fix="Choose a policy of Kubernetes, and write nameservers as IP addresses.",
    bad="dnsPolicy: Cluster",
    good="dnsPolicy: ClusterFirst",
    upstream=SOURCE,
)

_POLICIES: Final = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_MOST_NAMESERVERS: Final = 3
_MOST_SEARCHES: Final = 32
_LONGEST_SEARCH_LIST: Final = 2048


def _policy(value: JsonValue, place: Place) -> Iterator[Problem]:
    pod, path = place.pod.spec, place.path
    yield from choice(pod, "dnsPolicy", path[:-1], _POLICIES)
    servers = mapping(pod.get("dnsConfig")).get("nameservers")
    if value == "None" and not sequence(servers) and not place.overlaid:
        yield Problem(path, "must provide at least one DNS nameserver when dnsPolicy is None", "None")


def _config(value: JsonValue, place: Place) -> Iterator[Problem]:
    config, path = mapping(value), place.path
    servers = config.get("nameservers")
    if len(sequence(servers)) > _MOST_NAMESERVERS:
        yield Problem((*path, "nameservers"), f"must not have more than {_MOST_NAMESERVERS} nameservers")
    for server, at in texts(servers, (*path, "nameservers")):
        if reason := ip_error(server):
            yield Problem(at, f"invalid nameserver: {reason}", server)
    yield from _searches(config, (*path, "searches"))
    for option, at in maps(config.get("options"), (*path, "options")):
        yield from required(option, "name", at)


def _searches(config: JsonObject, path: Path) -> Iterator[Problem]:
    domains = list(texts(config.get("searches"), path))
    if len(domains) > _MOST_SEARCHES:
        yield Problem(path, f"must not have more than {_MOST_SEARCHES} search paths")
    if len(" ".join(domain for domain, _ in domains)) > _LONGEST_SEARCH_LIST:
        yield Problem(path, f"must not have more than {_LONGEST_SEARCH_LIST} characters in the search list")
    for domain, at in domains:
        if reason := search_error(domain):
            yield Problem(at, f"invalid search path: {reason}", domain)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"dnsPolicy": _policy, "dnsConfig": _config})
