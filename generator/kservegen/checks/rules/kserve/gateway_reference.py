"""A Gateway, an HTTPRoute or an InferencePool that the service relies on is neither made nor promised.

The pods run, but nothing reaches them and the service never becomes ready: condition RefsInvalid, or
InferencePoolFetchError where the scheduler's pool.ref names a pool that is not there; with a sectionName that the
Gateway does not have, HTTPRouteReconcileError. gateway: {}, and a route that names no gateway, mean the Gateway that
kserveIngressGateway of KServe's settings names, which nobody creates by itself: kserve/kserve-ingress-gateway, unless
they were changed. With enableGatewayApi the routes of InferenceServices lead there, too.

Fix: Create it, and promise it under prerequisites of the environment, as Gateway/NAMESPACE/NAME.
Bad:
    router: {route: {}, gateway: {refs: [{name: nope, namespace: infra}]}}
Good:
    router: {route: {}, gateway: {}}
Upstream: LLM-C09; controller v1alpha2 llmisvc/router_validation.go, scheduler.go
"""

from kservegen.checks.rules._references import keys_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import absence, find, is_available
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.suggest import did_you_mean


@rule(Stage.RUN, "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    router = mapping(mapping(resource.doc.get("spec")).get("router"))
    if not router:
        return
    here = namespace(resource)
    managed = ("Gateway", *context.platform.ingress_gateway)
    gateway = router.get("gateway")
    if isinstance(gateway, dict):
        if gateway.get("refs"):
            yield from _refs("Gateway", ("spec", "router", "gateway", "refs"), gateway, here, context)
        elif not _is_there(*managed, context):
            yield _finding(("spec", "router", "gateway"), *managed, context)
    route = router.get("route")
    http = mapping(mapping(route).get("http"))
    own = http.get("refs") or mapping(http.get("spec")).get("parentRefs")
    is_managed = isinstance(route, dict) and gateway is None and not own
    if is_managed and not _is_there(*managed, context):
        yield _finding(("spec", "router", "route"), *managed, context)
    pool = mapping(mapping(mapping(router.get("scheduler")).get("pool")).get("ref"))
    if (name := text(pool.get("name"))) and not _is_there("InferencePool", here, name, context):
        yield _finding(("spec", "router", "scheduler", "pool", "ref", "name"), "InferencePool", here, name, context)
    yield from _refs("HTTPRoute", ("spec", "router", "route", "http", "refs"), http, here, context)


def _refs(kind: str, path: Path, holder: JsonObject, here: str, context: Context) -> Problems:
    for index, ref in enumerate(map(mapping, sequence(holder.get("refs")))):
        name, place = text(ref.get("name")), text(ref.get("namespace")) or here
        if name and not _is_there(kind, place, name, context):
            yield _finding((*path, index, "name"), kind, place, name, context)
        elif section := text(ref.get("sectionName")):
            yield from _listener((*path, index, "sectionName"), section, (place, name), context)


def _listener(path: Path, section: str, gateway: tuple[str, str], context: Context) -> Problems:
    """Find a listener that a Gateway at hand does not have: the route to it is never accepted."""
    namespace, name = gateway
    found = find(context, kind="Gateway", namespace=namespace, name=name)
    listeners = keys_of(found.doc) if found is not None else frozenset()
    if listeners and section not in listeners:
        message = f"Gateway {namespace}/{name} has no listener {section}"
        hint = did_you_mean(section, listeners, "Name a listener that it has.")
        allowed = ", ".join(sorted(listeners))
        yield Problem(path, message, seen=section, allowed=allowed, hint=hint, cause=message)


def _is_there(kind: str, namespace: str, name: str, context: Context) -> bool:
    return is_available(context, kind=kind, namespace=namespace, name=name)


def _finding(path: Path, kind: str, namespace: str, name: str, context: Context) -> Problem:
    if context.environment:
        message = f"{kind} {namespace}/{name} does not exist, as far as the environment says"
        hint = f"Create it, then promise it: prerequisites: [{kind}/{namespace}/{name}]."
    else:
        message = f"{kind} {namespace}/{name} is not among the manifests"
        hint = f"If the cluster has it, say so: --assume {kind}/{namespace}/{name}."
    near = did_you_mean(name, context.directory.names(kind=kind, namespace=namespace), cutoff=0.7)
    hint = f"{near} {hint}".lstrip()
    full = f"{kind}/{namespace}/{name}"
    severity = absence(context, Severity.ERROR, full)
    return Problem(path, message, seen=name, hint=hint, at_key=True, severity=severity, cause=message, promise=full)
