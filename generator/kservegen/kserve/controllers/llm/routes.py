"""The HTTPRoute of a service: its combined route in; the route that is written, or what refuses it, out.

Source: router.go expectedHTTPRoute, config_merge.go for routes by model name; the Gateway API's schema for refusals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.controllers.llm.service import ALPHA_POOL_GROUP, ROUTER, LlmAdapter, LlmService, stops_service
from kservegen.kserve.controllers.made import MadeObject, below
from kservegen.kserve.derived import child_name

_KIND: Final = ("gateway.networking.k8s.io/v1", "HTTPRoute")
_SPEC: Final = ("route", "http", "spec")
_BY_MODEL: Final = "serving.kserve.io/model-based-routing-enabled"
_GROUP_LABEL: Final = "serving.kserve.io/routing-group"
_SERVICE: Final = "-kserve-workload-svc"
_PORT: Final = 8000
# Of the schema of HTTPRoutes.
_PATH: Final = lazy_pattern(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")
_HEADER: Final = lazy_pattern(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_MOST_RULES: Final = 16
_MOST_MATCHES: Final = 64
_MOST_MATCHES_IN_ALL: Final = 128


class RouteError(Exception):
    """The API server refuses a route."""


def has_managed_route(service: LlmService) -> bool:
    """Whether a route is made for the service."""
    return isinstance(service.router.get("route"), dict) and not sequence(
        value_at(service.router, ("route", "http", "refs"))
    )


def make_route(service: LlmService, gateways: list[JsonObject]) -> MadeObject:
    """Make the route; `gateways` are those that the service names. RouteError where it is refused."""
    part = service.part("router", *_SPEC)
    header = service.plane.settings.text("ingress", "modelBasedRoutingHeaderName") or "X-Gateway-Model-Name"
    rules: JsonArray = []
    by_model = _routes_by_model(service, gateways)
    for rule in sequence(part.value.get("rules")):
        if (routed := _by_model(mapping(rule), header, service, on=by_model)) is not None:
            rules.append({**routed, "backendRefs": _backends(routed, service)} if "backendRefs" in routed else routed)
    labels: JsonObject = service.base_labels(ROUTER)
    route = mapping(service.router.get("route"))
    if group := text(route.get("group")):
        labels[_GROUP_LABEL] = group
        rules = [_shared(mapping(rule), route, service) for rule in rules]
    for message in (*_parent_refusals(sequence(part.value.get("parentRefs"))), *_refusals(rules)):
        raise RouteError(message)
    origins = tuple(below(("spec",), part.origins))
    spec: JsonObject = {**part.value, "rules": rules}
    return service.make(_KIND, service.child("-kserve-route"), ROUTER, {"spec": spec}, origins=origins, labels=labels)


def _routes_by_model(service: LlmService, gateways: list[JsonObject]) -> bool:
    mode = service.plane.settings.text("ingress", "modelBasedRoutingMode")
    if service.facts.switches.routing_by_annotation:
        annotations = mapping(service.spec.value.get("annotations"))
        if annotations.get(_BY_MODEL) != "true":
            return False
    if mode in ("disabled", "forced"):
        return mode == "forced"
    found = (mapping(mapping(gateway.get("metadata")).get("annotations")) for gateway in gateways)
    return all(annotations.get(_BY_MODEL) != "false" for annotations in found)


def _by_model(rule: JsonObject, header: str, service: LlmService, *, on: bool) -> JsonObject | None:
    """Write the matches of a rule that ask for a model's name: once more for every adapter, or not at all."""
    matches = rule.get("matches")
    if not isinstance(matches, list) or not service.facts.switches.routes_by_model:
        return rule
    adapters = list(service.adapters)
    if service.facts.switches.adapters_by_name:
        adapters.sort(key=lambda adapter: adapter.name)
    asking = [mapping(match) for match in matches if _asks_for_model(match, header)]
    found: JsonArray = [match for match in matches if on or not _asks_for_model(match, header)]
    if on:
        found += [_of_adapter(match, header, adapter, service) for match in asking for adapter in adapters]
    return {**rule, "matches": found} if found or not matches else None


def _asks_for_model(match: JsonValue, header: str) -> bool:
    headers = sequence(mapping(match).get("headers"))
    return any(text(mapping(each).get("name")).lower() == header.lower() for each in headers)


def _of_adapter(match: JsonObject, header: str, adapter: LlmAdapter, service: LlmService) -> JsonObject:
    value = f"publishers/{service.namespace}/models/{adapter.name}"
    headers: JsonArray = [
        {**mapping(each), "value": value} if text(mapping(each).get("name")).lower() == header.lower() else each
        for each in sequence(match.get("headers"))
    ]
    return {**match, "headers": headers}


def _backends(rule: JsonObject, service: LlmService) -> JsonArray:
    """Ask for the service's own pool in the group that gateways know first."""
    own = service.child("-inference-pool")

    def asked(backend: JsonValue) -> JsonValue:
        is_own = mapping(backend).get("kind") == "InferencePool" and mapping(backend).get("name") == own
        return {**mapping(backend), "group": ALPHA_POOL_GROUP} if is_own and not service.pool_reference else backend

    return [asked(backend) for backend in sequence(rule.get("backendRefs"))]


def _shared(rule: JsonObject, route: JsonObject, service: LlmService) -> JsonObject:
    """Write a rule that the members of a group share, as the first pass does.

    It knows of no pool of the service's own yet, which a later pass names in the Service's place, nor of members that
    are ready; those that are stopped are there without any weight.
    """
    paths = [text(value_at(match, ("path", "value"))) for match in sequence(rule.get("matches"))]
    own = (service.pool, service.child("-inference-pool"), service.child(_SERVICE))
    backends = sequence(rule.get("backendRefs"))
    is_own = any(mapping(backend).get("name") in own for backend in backends)
    if not is_own or any(path.startswith(f"/{service.namespace}/{service.name}") for path in paths):
        return rule
    member: JsonObject = {"group": "", "kind": "Service", "name": service.child(_SERVICE)}
    if service.pool_reference:
        member = {"group": ALPHA_POOL_GROUP, "kind": "InferencePool", "name": service.pool_reference}
    members = {service.name: {**member, "port": _PORT, "weight": route.get("weight")}}
    for name in _stopped_members(service, text(route.get("group"))):
        stopped: JsonObject = {"group": "", "kind": "Service", "name": child_name(name, _SERVICE)}
        members[name] = {**stopped, "port": _PORT, "weight": 0}
    return {**rule, "backendRefs": [members[name] for name in sorted(members)]}


def _stopped_members(service: LlmService, group: str) -> Iterator[str]:
    """Name the stopped members of a group that serve the same model."""
    for other in service.plane.beside.all("LLMInferenceService", service.namespace):
        metadata, spec = mapping(other.get("metadata")), other.get("spec")
        name = text(metadata.get("name"))
        is_member = value_at(spec, ("router", "route", "group")) == group and name != service.name
        if is_member and stops_service(metadata) and (value_at(spec, ("model", "name")) or name) == service.model:
            yield name


def _parent_refusals(parents: JsonArray) -> Iterator[str]:
    for number, parent in enumerate(parents):
        if mapping(parent).get("namespace") == "":
            yield f"spec.parentRefs[{number}].namespace: Invalid value: should be at least 1 chars long"


def _refusals(rules: JsonArray) -> Iterator[str]:
    if len(rules) > _MOST_RULES:
        yield f"spec.rules: Too many: {len(rules)}: must have at most {_MOST_RULES} items"
    total = 0
    for number, rule in enumerate(rules):
        matches = sequence(mapping(rule).get("matches"))
        total += len(matches)
        if len(matches) > _MOST_MATCHES:
            yield f"spec.rules[{number}].matches: Too many: {len(matches)}: must have at most {_MOST_MATCHES} items"
        for match in matches:
            path = mapping(mapping(match).get("path"))
            value = text(path.get("value"))
            for header in sequence(mapping(match).get("headers")):
                if not _HEADER.fullmatch(name := text(mapping(header).get("name"))):
                    yield f"spec.rules[{number}].matches: Invalid value of a header's name: {name!r}"
            if path.get("type") != "RegularExpression" and not _PATH.fullmatch(value):
                yield f"spec.rules[{number}].matches: Invalid value: {value!r}: must only contain valid characters"
    if total > _MOST_MATCHES_IN_ALL:
        yield f"spec.rules: {total} matches: must be at most {_MOST_MATCHES_IN_ALL} across all rules"
