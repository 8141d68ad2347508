"""The route of an LLM service contradicts its gateway, or itself.

KServe either makes the HTTPRoute or refers to yours, and takes the Gateway of one place: route refs exclude a route
spec and a managed gateway, and the parentRefs of a route spec must be those of gateway.refs (v1alpha1 takes none beside
them). In v0.20, route.group and route.weight come together, for routes that KServe makes.

Fix: Keep one of the two: route.http.refs or spec, parentRefs or gateway.refs.
Bad:
    router: {route: {http: {refs: [{name: mine}]}}, gateway: {}}
Good:
    router: {route: {http: {refs: [{name: mine}]}}, gateway: {refs: [{name: gw, namespace: infra}]}}
Upstream: LLM-01; LLM-02; LLM-03; LLM-04; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from collections import Counter
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_HTTP: Final[Path] = ("spec", "router", "route", "http")
_GROUP: Final[Path] = ("spec", "router", "route", "group")
_WEIGHT: Final[Path] = ("spec", "router", "route", "weight")


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    router = mapping(mapping(resource.doc.get("spec")).get("router"))
    route = router.get("route")
    if not isinstance(route, dict):
        return
    if isinstance(http := route.get("http"), dict):
        yield from _refs(http, router.get("gateway"))
        yield from _parents(resource, mapping(http.get("spec")), mapping(router.get("gateway")))
    yield from _traffic(route, router)


def _refs(http: JsonObject, gateway: JsonValue) -> Problems:
    if not http.get("refs"):
        return
    if http.get("spec") is not None:
        message = "unsupported configuration: cannot use both custom HTTPRoute refs and an inline route spec"
        yield Problem((*_HTTP, "spec"), message, at_key=True)
    if isinstance(gateway, dict) and not gateway.get("refs"):
        message = "unsupported configuration: custom HTTP routes cannot be used with a managed gateway"
        hint = "Name the gateway in gateway.refs, or leave gateway out."
        yield Problem((*_HTTP, "refs"), message, hint=hint, at_key=True)


def _parents(resource: Resource, spec: JsonObject, gateway: JsonObject) -> Problems:
    parents, refs = sequence(spec.get("parentRefs")), sequence(gateway.get("refs"))
    if not parents or not refs:
        return
    path = (*_HTTP, "spec", "parentRefs")
    if resource.api_version.endswith("/v1alpha2") and _keys(parents) == _keys(refs):
        message = "spec.router.route.http.spec.parentRefs can be omitted when spec.router.gateway.refs is set"
        hint = "Remove parentRefs: they are derived from gateway.refs."
        yield Problem(path, message, hint=hint, severity=Severity.WARNING, at_key=True)
        return
    message = (
        "unsupported configuration: the managed HTTP route spec has parentRefs that conflict with custom gateway refs"
    )
    yield Problem(path, message, hint="Keep gateway.refs or parentRefs.", at_key=True)


def _keys(refs: list[JsonValue]) -> Counter[tuple[str, ...]]:
    fields = ("namespace", "name", "sectionName")
    return Counter(tuple(text(mapping(ref).get(field)) for field in fields) for ref in refs)


def _traffic(route: JsonObject, router: JsonObject) -> Problems:
    has_group, has_weight = route.get("group") is not None, route.get("weight") is not None
    if not has_group and not has_weight:
        return
    path, message = _GROUP, ""
    if router.get("ingress") is not None:
        message = "traffic splitting requires Gateway API routing, and ingress is set"
    elif not has_group:
        path, message = _WEIGHT, "weight requires group"
    elif not has_weight:
        message = "group requires weight"
    elif sequence(mapping(route.get("http")).get("refs")):
        message = "traffic splitting cannot be used with custom HTTPRoute refs"
    if message:
        hint = "Set group and weight together, on a route that KServe makes."
        yield Problem(path, message, hint=hint, at_key=True)
