"""Does a policy look at an object: matchConstraints and a created object in, yes, no, or why it cannot be known out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.document import mapping
from kservegen.jsontypes import JsonObject, JsonValue
from kservegen.policy.model import Constraints, Requirement, ResourceRule

# How REST paths name the kinds that are rendered; another kind's name is built as controller-gen does.
_IRREGULAR: Final = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "Gateway": "gateways"}

_NAME_LABEL: Final = "kubernetes.io/metadata.name"


class Target(NamedTuple):
    """An object as the matcher sees it."""

    group: str
    version: str
    resource: str
    name: str
    namespace: str
    labels: Mapping[str, JsonValue]


def target(resource: Resource) -> Target:
    """Read off an object what matchConstraints ask for."""
    group, _, version = resource.api_version.rpartition("/")
    labels = mapping(mapping(resource.doc.get("metadata")).get("labels"))
    return Target(group, version, plural(resource.kind), resource.id.name, resource.id.namespace, labels)


def plural(kind: str) -> str:
    """Name a kind as `resources` of a rule does."""
    lower = kind.lower()
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    if lower.endswith(("s", "x", "ch", "sh")):
        return lower + "es"
    return lower[:-1] + "ies" if lower.endswith("y") else lower + "s"


def matches(constraints: Constraints, seen: Target, namespace: JsonObject | None) -> bool | str:
    """Judge one created object; a text says what would have to be known. `namespace` is its Namespace, if rendered."""
    if any(_rule_matches(rule, seen, equivalent=False) for rule in constraints.excluded):
        return False
    if not any(_rule_matches(rule, seen, equivalent=constraints.equivalent) for rule in constraints.rules):
        return False
    if not all(_satisfied(requirement, seen.labels) for requirement in constraints.objects):
        return False
    verdict = _namespace_matches(constraints.namespaces, seen, namespace)
    if verdict is True and not any(_rule_matches(r, seen, equivalent=False) for r in constraints.rules):
        return f"it asks for another version of {seen.resource} than {seen.version}, to which only a server converts"
    return verdict


def _rule_matches(rule: ResourceRule, seen: Target, *, equivalent: bool) -> bool:
    scoped = rule.scope == "*" or (rule.scope == "Namespaced") == bool(seen.namespace)
    return (
        scoped
        and _named(rule.groups, seen.group)
        and (equivalent or _named(rule.versions, seen.version))
        and _named(rule.operations, "CREATE")
        and (_named(rule.resources, seen.resource) or "*/*" in rule.resources)
        and (not rule.names or seen.name in rule.names)
    )


def _named(allowed: Iterable[str], name: str) -> bool:
    return "*" in allowed or name in allowed


def _namespace_matches(requirements: tuple[Requirement, ...], seen: Target, namespace: JsonObject | None) -> bool | str:
    if not requirements or (not seen.namespace and seen.resource != "namespaces"):
        return True
    if seen.resource == "namespaces":
        return all(_satisfied(r, {_NAME_LABEL: seen.name, **seen.labels}) for r in requirements)
    known: JsonObject = {_NAME_LABEL: seen.namespace}
    if namespace is None:
        if all(r.key == _NAME_LABEL for r in requirements):
            return all(_satisfied(r, known) for r in requirements)
        return f"it selects namespaces by labels, and the labels of namespace {seen.namespace} are not known"
    labels = {**mapping(mapping(namespace.get("metadata")).get("labels")), **known}
    return all(_satisfied(r, labels) for r in requirements)


def _satisfied(requirement: Requirement, labels: Mapping[str, JsonValue]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return requirement.key in labels
        case _:
            return requirement.key not in labels
