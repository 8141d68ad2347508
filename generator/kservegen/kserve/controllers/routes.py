"""Ways into an InferenceService in Standard mode: what was made of it in, its Ingress or HTTPRoutes out.

They are written once the components are ready, so what stands here is what will be there then.
Source: pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/{httproute_reconciler,kube_ingress_reconciler}.go
at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.components import disallowed_annotations, disallowed_labels
from kservegen.kserve.controllers.domains import fill_template, host_error, host_name
from kservegen.kserve.controllers.made import CONFIG_MAP, DERIVED, STORED, WrittenObject
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.releases import Capabilities

LOCAL_DOMAIN: Final = "svc.cluster.local"
_VISIBILITY: Final = "networking.kserve.io/visibility"
_DEFAULT_TIMEOUT: Final = 60
_ANY: Final = "^/.*$"
_EXPLAIN: Final = r"^/v1/models/[\w-]+:explain$"
_EXPLAIN_BELOW: Final = r"(/v1/models/[\w-]+:explain)$"
_GRPC_PATH: Final = r"^/inference\.GRPCInferenceService/.*$"
_GRPC_TYPE: Final = "^application/grpc.*"
_PORT: Final = 80


class Backend(NamedTuple):
    """A component behind a route: its Service, how long a request may take, its gRPC port beside another one."""

    role: str
    service: str
    timeout: int | None
    grpc_port: JsonValue = None
    http_port: JsonValue = _PORT


def backend_of(role: str, component: JsonObject, service: JsonObject, capabilities: Capabilities) -> Backend:
    """Read what a route has to know of a component off its Service."""
    ports = [mapping(port) for port in sequence(mapping(service.get("spec")).get("ports"))]
    grpc = next((port for port in ports if _is_grpc(port)), None)
    http = next((port for port in ports if not _is_grpc(port)), None)
    name, timeout = text(mapping(service.get("metadata")).get("name")), integer(component.get("timeout"))
    if capabilities.grpc_routes and grpc is not None and http is not None:
        return Backend(role, name, timeout, grpc.get("port"), http.get("port"))
    return Backend(role, name, timeout)


def _is_grpc(port: JsonObject) -> bool:
    name = text(port.get("name"))
    return port.get("appProtocol") == "kubernetes.io/h2c" or "grpc" in name or "h2c" in name


def has_routes(metadata: JsonObject, settings: ControllerSettings) -> bool:
    """Whether anything leads in from outside."""
    local = mapping(metadata.get("labels")).get(_VISIBILITY) == "cluster-local"
    off = settings.is_on("ingress", "disableIngressCreation")
    return not (local or off or settings.text("ingress", "ingressDomain") == LOCAL_DOMAIN)


def ingress_of(metadata: JsonObject, backends: dict[str, Backend], settings: ControllerSettings) -> WrittenObject:
    """Make the Ingress of a service; two of its hosts are not what one would think, as KServe has them."""
    name = text(metadata.get("name"))

    def host(role: str) -> str:
        return host_name(f"{name}-{role}" if role else name, metadata, settings)

    predictor = backends["predictor"].service
    transformer, explainer = (
        backends[role].service if role in backends else "" for role in ("transformer", "explainer")
    )
    rules: list[tuple[str, str]] = []
    if transformer:
        if explainer:
            rules.append((host("transformer"), explainer))
        rules += [(host(""), transformer), (host("transformer"), predictor)]
    elif explainer:
        rules += [(host(""), predictor), (host("explainer"), explainer)]
    else:
        rules.append((host(""), predictor))
    rules.append((host_name(predictor, metadata, settings), predictor))
    spec: JsonObject = {"rules": [_ingress_rule(host, service) for host, service in rules]}
    origins = [
        Origin(("metadata", "annotations"), (STORED, "metadata", "annotations")),
        Origin(("spec", "rules"), (CONFIG_MAP, "ingress", "domainTemplate")),
    ]
    if settings.text("ingress", "ingressClassName"):
        spec["ingressClassName"] = settings.text("ingress", "ingressClassName")
        origins.append(Origin(("spec", "ingressClassName"), (CONFIG_MAP, "ingress", "ingressClassName")))
    doc: JsonObject = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": metadata.get("namespace"),
            "annotations": dict(mapping(metadata.get("annotations"))),
        },
        "spec": spec,
    }
    return doc, origins


def _ingress_rule(host: str, service: str) -> JsonObject:
    backend: JsonObject = {"service": {"name": service, "port": {"number": _PORT}}}
    return {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}


def routes_of(
    metadata: JsonObject, backends: dict[str, Backend], settings: ControllerSettings, capabilities: Capabilities
) -> Iterator[WrittenObject]:
    """Make the HTTPRoutes of a service: one for each component, then its own."""
    timeless = capabilities.route_timeout_switch and settings.is_on("ingress", "disableHTTPRouteTimeout")
    maker = _Routes(metadata, settings, has_timeouts=not timeless)
    for backend in backends.values():
        yield maker.component(backend)
    yield maker.top(backends)


class _Rule(NamedTuple):
    """A rule of a route, and what it leads to."""

    backend: Backend
    rule: JsonObject


class _Routes:
    def __init__(self, metadata: JsonObject, settings: ControllerSettings, *, has_timeouts: bool) -> None:
        self.metadata = metadata
        self.settings = settings
        self.has_timeouts = has_timeouts
        self.name, self.namespace = text(metadata.get("name")), text(metadata.get("namespace"))

    def component(self, backend: Backend) -> WrittenObject:
        host = host_name(backend.service, self.metadata, self.settings)
        return self._route(backend.service, [host], list(self._rules(backend)))

    def top(self, backends: dict[str, Backend]) -> WrittenObject:
        entry = backends.get("transformer") or backends["predictor"]
        explainer = backends.get("explainer")
        rules: list[_Rule] = []
        if explainer is not None:
            rules.append(self._rule(explainer, _EXPLAIN))
        rules += self._rules(entry)
        template = self.settings.text("ingress", "pathTemplate")
        if template:
            path = fill_template(template, {"Name": self.name, "Namespace": self.namespace}, self.metadata)
            if explainer is not None:
                rules.append(self._rule(explainer, path + _EXPLAIN_BELOW))
            rules.append(self._rule(entry._replace(http_port=_PORT), f"{path}/"))
        return self._route(self.name, self._hosts(with_domain=bool(template)), rules)

    def _hosts(self, *, with_domain: bool) -> list[str]:
        domain = self.settings.text("ingress", "ingressDomain") or "example.com"
        host = host_name(self.name, self.metadata, self.settings)
        before = host.removesuffix(f".{domain}")
        others = self.settings.texts("ingress", "additionalIngressDomains")
        hosts = [host, *(f"{before}.{other}" for other in others)]
        if with_domain:
            hosts.append(domain)
        return [host for host in dict.fromkeys(hosts) if host_error(host) is None]

    def _rules(self, backend: Backend) -> Iterator[_Rule]:
        if backend.grpc_port is not None:
            header: JsonObject = {"name": "content-type", "type": "RegularExpression", "value": _GRPC_TYPE}
            yield self._rule(backend._replace(http_port=backend.grpc_port), _GRPC_PATH, header)
        yield self._rule(backend, _ANY)

    def _rule(self, backend: Backend, path: str, header: JsonObject | None = None) -> _Rule:
        match: JsonObject = {"path": {"type": "RegularExpression", "value": path}}
        if header is not None:
            match["headers"] = [header]
        names: JsonArray = [
            {"name": "KServe-Isvc-Name", "value": self.name},
            {"name": "KServe-Isvc-Namespace", "value": self.namespace},
        ]
        target: JsonObject = {
            "group": "",
            "kind": "Service",
            "name": backend.service,
            "namespace": self.namespace,
            "port": backend.http_port,
            "weight": 1,
        }
        rule: JsonObject = {
            "matches": [match],
            "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": names}}],
            "backendRefs": [target],
        }
        if self.has_timeouts:
            seconds = _DEFAULT_TIMEOUT if backend.timeout is None else backend.timeout
            rule["timeouts"] = {"request": f"{seconds}s"}
        return _Rule(backend, rule)

    def _route(self, name: str, hosts: list[str], rules: list[_Rule]) -> WrittenObject:
        gateway = self.settings.text("ingress", "kserveIngressGateway")
        namespace, _, gateway_name = gateway.partition("/")
        parent: JsonObject = {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "namespace": namespace,
            "name": gateway_name,
        }
        labels, annotations = (mapping(self.metadata.get(field)) for field in ("labels", "annotations"))
        without, unlabelled = disallowed_annotations(self.settings), disallowed_labels(self.settings)
        metadata: JsonObject = {
            "name": name,
            "namespace": self.namespace,
            "labels": {key: value for key, value in labels.items() if key not in unlabelled},
            "annotations": {key: value for key, value in annotations.items() if key not in without},
        }
        doc: JsonObject = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": metadata,
            "spec": {"parentRefs": [parent], "hostnames": list(hosts), "rules": [rule for _, rule in rules]},
        }
        origins = [Origin(("metadata", field), (STORED, "metadata", field)) for field in ("labels", "annotations")]
        origins.append(Origin(("spec", "parentRefs"), (CONFIG_MAP, "ingress", "kserveIngressGateway")))
        origins.append(Origin(("spec", "hostnames"), (CONFIG_MAP, "ingress", "domainTemplate")))
        for index, (backend, _) in enumerate(rules):
            if backend.timeout is not None:
                stated = (STORED, "spec", backend.role, "timeout", DERIVED)
                origins.append(Origin(("spec", "rules", index, "timeouts"), stated))
        return doc, origins
