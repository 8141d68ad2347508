"""Does a policy look at a request: constraints and a request in, yes (and in which version), no, or unknown out.

The order is the API server's: namespace selector, object selector, exclusions, rules. An unknown label of a namespace
(one that is not rendered) never exempts: a selector that asks for its absence is taken as met, one that asks for its
presence makes the match unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.checks.policy.admission import CREATE, UPDATE, Admission, convert, equivalent_versions
from kservegen.checks.policy.model import Constraints, ResourceRule, SelectorRequirement
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.names import NAMESPACE_NAME_LABEL, plural_of_kind

_ABSENCE: Final = ("NotIn", "DoesNotExist")


class MatchTarget(Struct, frozen=True):
    """A request as the matcher sees it; one of several resources has equal parts, so that answers can be kept."""

    group: str
    version: str
    resource: str
    subresource: str
    operation: str
    namespace: str

    @property
    def is_namespace(self) -> bool:
        """Whether the request is about a Namespace."""
        return self.resource == "namespaces" and not self.group


class MatchAnswer(Struct, frozen=True):
    """How a policy looks at a request: the request as it sees it, and what would have to be known to be sure."""

    admission: Admission
    unknown: str = ""


def target(admission: Admission) -> MatchTarget:
    """Read off a request what resource rules ask for."""
    resource = admission.resource
    group, _, version = resource.api_version.rpartition("/")
    name = plural_of_kind(resource.kind)
    return MatchTarget(group, version, name, admission.subresource, admission.operation, resource.id.namespace)


def match(constraints: Constraints, admission: Admission, namespace: JsonObject | None) -> MatchAnswer | None:
    """Match one request; `namespace` is the Namespace object around it, where one is rendered."""
    seen = target(admission)
    unknown = ""
    if constraints.namespaces:
        verdict = _namespace_selected(constraints.namespaces, seen, admission, namespace)
        if verdict is False:
            return None
        unknown = verdict if isinstance(verdict, str) else ""
    if constraints.objects and not _object_selected(constraints.objects, admission):
        return None
    name = admission.resource.id.name
    if _version(constraints.excluded, seen, name, equivalent=constraints.equivalent) is not None:
        return None
    if not constraints.rules:
        return MatchAnswer(admission, unknown)
    version = _version(constraints.rules, seen, name, equivalent=constraints.equivalent)
    if version is None:
        return None
    if version == seen.version:
        return MatchAnswer(admission, unknown)
    converted = convert(admission, version)
    if converted is None:
        return MatchAnswer(
            admission, f"it asks for {seen.resource} of {version}, to which only a server converts this one"
        )
    return MatchAnswer(converted, unknown)


def _version(rules: tuple[ResourceRule, ...], seen: MatchTarget, name: str, *, equivalent: bool) -> str | None:
    """Return the version in which a rule takes the request: its own, else another that the server converts to."""
    return _version_of(rules, seen, name if any(rule.names for rule in rules) else "", equivalent=equivalent)


@lru_cache(maxsize=1024)
def _version_of(rules: tuple[ResourceRule, ...], seen: MatchTarget, name: str, *, equivalent: bool) -> str | None:
    """Find the version; most policies have the same rules, and most rules name no object."""
    if any(_rule_matches(rule, seen, seen.version, name) for rule in rules):
        return seen.version
    if equivalent:
        for version in equivalent_versions(seen.group, seen.version, seen.resource):
            if any(_rule_matches(rule, seen, version, name) for rule in rules):
                return version
    return None


def _rule_matches(rule: ResourceRule, seen: MatchTarget, version: str, name: str) -> bool:
    return (
        _named(rule.groups, seen.group)
        and _named(rule.versions, version)
        and _named(rule.operations, seen.operation)
        and any(_resource_matches(resource, seen) for resource in rule.resources)
        and _in_scope(rule.scope, seen)
        and (not rule.names or name in rule.names)
    )


def _resource_matches(wanted: str, seen: MatchTarget) -> bool:
    resource, _, subresource = wanted.partition("/")
    return resource in {"*", seen.resource} and subresource in {"*", seen.subresource}


def _in_scope(scope: str, seen: MatchTarget) -> bool:
    return scope == "*" or (scope == "Namespaced") == (bool(seen.namespace) and not seen.is_namespace)


def _named(allowed: Iterable[str], name: str) -> bool:
    return "*" in allowed or name in allowed


def _object_selected(requirements: tuple[SelectorRequirement, ...], admission: Admission) -> bool:
    """Take an update or a deletion where the object before it or after it is selected."""
    states = (admission.object, admission.old_object)
    return any(satisfied(requirements, _labels(doc)) for doc in states if doc is not None)


def _labels(doc: JsonObject) -> Mapping[str, JsonValue]:
    return mapping(mapping(doc.get("metadata")).get("labels"))


def _namespace_selected(
    requirements: tuple[SelectorRequirement, ...], seen: MatchTarget, admission: Admission, namespace: JsonObject | None
) -> bool | str:
    if seen.is_namespace:
        doc = admission.object if admission.operation in {CREATE, UPDATE} else admission.resource.doc
        return satisfied(requirements, {NAMESPACE_NAME_LABEL: admission.resource.id.name, **_labels(doc or {})})
    if not seen.namespace:
        return True
    known: JsonObject = {NAMESPACE_NAME_LABEL: seen.namespace}
    if namespace is not None:
        return satisfied(requirements, {**_labels(namespace), **known})
    certain = tuple(r for r in requirements if r.key == NAMESPACE_NAME_LABEL)
    if not satisfied(certain, known):
        return False
    asked = [r.key for r in requirements if r.key != NAMESPACE_NAME_LABEL and r.operator not in _ABSENCE]
    return f"it selects namespaces by {asked[0]}, and the labels of {seen.namespace} are not known" if asked else True


def satisfied(requirements: Iterable[SelectorRequirement], labels: Mapping[str, JsonValue]) -> bool:
    """Tell whether labels meet a selector."""
    return all(_satisfied(requirement, labels) for requirement in requirements)


def _satisfied(requirement: SelectorRequirement, labels: Mapping[str, JsonValue]) -> bool:
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
