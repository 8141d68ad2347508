"""An LLMInferenceService as it is stored in; all that its controller makes of it out, in the order of writing.

Source: controller.go, workload.go, router.go. The first step that fails ends the pass: what was written before stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.llm.access import make_account, make_role
from kservegen.kserve.controllers.llm.combining import combine_service
from kservegen.kserve.controllers.llm.device_claims import DeviceClaimError, claims_devices, make_claim_template
from kservegen.kserve.controllers.llm.facts import LlmFacts, llm_facts
from kservegen.kserve.controllers.llm.routes import RouteError, has_managed_route, make_route
from kservegen.kserve.controllers.llm.scaling import ScalingError, scale_side
from kservegen.kserve.controllers.llm.scheduler import SchedulerError, make_scheduler
from kservegen.kserve.controllers.llm.service import DEFAULT_ACCOUNT, WORKLOAD, LlmService, stops_service
from kservegen.kserve.controllers.llm.sides import LlmSide, without_routing
from kservegen.kserve.controllers.llm.storage import MissingError, StorageError
from kservegen.kserve.controllers.llm.writing import as_stored, made_pods
from kservegen.kserve.controllers.local_models import with_cache
from kservegen.kserve.controllers.made import STOPPED, Made, MadeObject, Outcome, ReconcileError
from kservegen.kserve.derived import LLM_PORT

_MULTI: Final = ("WorkerWorkloadReady", "ReconcileMultiNodeWorkloadError")
_SINGLE: Final = ("MainWorkloadReady", "ReconcileSingleNodeWorkloadError")
_SCALING: Final = ("MainWorkloadReady", "ReconcileScalingError")
_SCHEDULER: Final = ("SchedulerWorkloadReady", "SchedulerReconcileError")
_ROUTE: Final = ("HTTPRoutesReady", "HTTPRouteReconcileError")
_GATEWAY: Final = "Gateway"
_DEFAULT: Final[JsonObject] = {"metadata": {"name": DEFAULT_ACCOUNT}}
_WORKLOADS: Final = ("Deployment", "LeaderWorkerSet")
_FAILURES: Final = (StorageError, ScalingError, SchedulerError, DeviceClaimError, RouteError)


def make_llm_service(stored: JsonObject, plane: ControlPlane) -> Made:
    """Take every step of the controller, up to the one that fails."""
    if stops_service(mapping(stored.get("metadata"))):
        return Made(never_ready=STOPPED)
    facts = llm_facts(plane.release)
    reconciler = _Reconciler(with_cache(stored, plane) if facts.switches.local_caches else stored, plane, facts)
    outcome: Outcome | None = None
    try:
        reconciler.run()
    except ReconcileError as error:
        outcome = error.outcome
    objects = tuple(reconciler.objects)
    # Workloads are written before all that leads to them and scales them.
    failed = outcome is not None and outcome[:2] in (_SINGLE, _MULTI)
    stand = not failed and any(item.doc.get("kind") in _WORKLOADS for item in objects)
    pods = tuple(made_pods(objects, plane))
    return Made(objects=objects, pods=pods, outcome=outcome, workloads_stand=stand, never_ready=reconciler.never_ready)


class _Reconciler:
    def __init__(self, stored: JsonObject, plane: ControlPlane, facts: LlmFacts) -> None:
        self.stored = stored
        self.plane = plane
        self.facts = facts
        self.objects: list[MadeObject] = []
        self.never_ready = ""

    def run(self) -> None:
        self.service = combine_service(self.stored, self.plane, self.facts)
        self.main = LlmSide(self.service, prefill=False)
        self.sides = [self.main]
        if self.service.has_prefill:
            self.sides.append(LlmSide(self.service, prefill=True))
        self.step(_SINGLE, self.certificate())
        self.step(_MULTI, self.worker_sets())
        self.step(_SINGLE, self.deployments())
        self.step(_SINGLE, [self.workload_service()])
        for side in self.sides if self.facts.switches.scaling else ():
            self.step(_SCALING, scale_side(side))
        gateways = self.gateways()
        if self.service.has_own_scheduler:
            if self.service.facts.switches.pool_needs_route and self.service.router.get("route") is None:
                self.never_ready = "without a route no gateway accepts the scheduler's pool (WaitingForGateway)"
            self.step(_SCHEDULER, make_scheduler(self.service))
        if has_managed_route(self.service):
            self.step(_ROUTE, (make_route(self.service, gateways) for _ in range(1)))
        self.referenced_pool()

    def step(self, condition: tuple[str, str], made: Iterable[MadeObject]) -> None:
        """Write objects one by one; what goes wrong on the way ends the pass."""
        try:
            for item in made:
                self.objects.append(as_stored(item))
        except (*_FAILURES, ReconcileError) as error:
            source = error.outcome.source if isinstance(error, ReconcileError) else ()
            missing = isinstance(error, MissingError)
            raise ReconcileError(*condition, str(error), source, missing=missing) from error

    def certificate(self) -> Iterator[MadeObject]:
        service = self.service
        fields: JsonObject = {"type": "kubernetes.io/tls"}
        yield service.make(("v1", "Secret"), service.child("-kserve-self-signed-certs"), WORKLOAD, fields)

    def account(self, name: str) -> JsonObject:
        """Return a ServiceAccount that is named; ReconcileError in whose step it is asked for."""
        found = self.service.find("ServiceAccount", name)
        if found is None and name != "default":
            raise MissingError(f'failed to fetch service account: ServiceAccount "{name}" not found')
        return found or {"metadata": {"name": name, "namespace": self.service.namespace}}

    def worker_sets(self) -> Iterator[MadeObject]:
        """Make what groups of pods need; a ServiceAccount that the main side names is looked at in any case."""
        service, accounts = self.service, dict[bool, JsonObject]()
        if claims_devices(service):
            yield make_claim_template(service)
        for side in self.sides:
            named = side.named_account("template", "worker")
            if named and (side.has_workers or side is self.main):
                accounts[side.is_prefill] = self.account(named)
            elif side.has_workers:
                made = make_account(service, side.worker_set, WORKLOAD, labels=_plain(service))
                yield made
                accounts[side.is_prefill] = made.doc
            if side is self.main and self.facts.switches.worker_sets_first:
                side.make_worker_set(accounts.get(False, _DEFAULT))  # what fails in it fails here
            if side is not self.main or side.is_prefill not in accounts:
                continue
            side.make_worker_set(accounts[False])  # to see whether it has the sidecar: what fails in it fails here
            if side.has_sidecar("template", "worker"):
                names = service.child("-kserve-mn-role"), service.child("-kserve-mn-rb")
                name = text(mapping(accounts[False]["metadata"]).get("name"))
                yield from make_role(
                    service, names, name, service.facts.sidecar_rules, WORKLOAD, labels=_plain(service)
                )
        for side in self.sides:
            if side.has_workers:
                yield side.make_worker_set(accounts[side.is_prefill])

    def deployments(self) -> Iterator[MadeObject]:
        service, main = self.service, self.main
        account: JsonObject | None = None
        named = main.named_account("template")
        if named:
            account = self.account(named)
        if main.has_sidecar("template"):
            made: MadeObject | None = None
            if account is None:
                made = make_account(service, service.child("-kserve"), WORKLOAD)
                account = made.doc
            if not main.has_workers:
                main.make_deployment(account)  # what fails in it fails before anything is written
            if made is not None:
                yield made
            names = service.child("-kserve-role"), service.child("-kserve-rb")
            name = text(mapping(account["metadata"]).get("name"))
            yield from make_role(service, names, name, service.facts.sidecar_rules, WORKLOAD)
        for side in self.sides:
            if side.has_workers:
                continue
            if side.is_prefill:
                named = side.named_account("template")
                account = self.account(named) if named else None
            yield side.make_deployment(account)

    def workload_service(self) -> MadeObject:
        """Make the Service of all pods that take requests."""
        service, follows = self.service, self.facts.switches.service_after_spec
        scheme = "https" if self.service.tls or not follows else "http"
        port: JsonObject = {"name": scheme, "appProtocol": scheme, "port": LLM_PORT, "targetPort": LLM_PORT}
        spec: JsonObject = {"type": "ClusterIP", "selector": service.selector, "ports": [{**port, "protocol": "TCP"}]}
        handed = mapping(service.spec.value if follows else None)
        labels = {**service.base_labels(WORKLOAD), **mapping(handed.get("labels"))}
        keep = service.plane.release.capabilities.routing_annotation_reaches_pods
        annotations = without_routing(mapping(handed.get("annotations")), keep=keep)
        name = service.child("-kserve-workload-svc")
        return service.make(("v1", "Service"), name, WORKLOAD, {"spec": spec}, labels=labels, annotations=annotations)

    # Router

    def gateways(self) -> list[JsonObject]:
        """Return the Gateways that the service names; ReconcileError where one, or a route, is not there."""
        router, found = self.service.router, list[JsonObject]()
        for reference in sequence(value_at(router, ("gateway", "refs"))):
            found.append(self.gateway(mapping(reference), "GatewaysReady"))
        for reference in sequence(value_at(router, ("route", "http", "refs"))):
            name = text(mapping(reference).get("name"))
            route, where = self.service.find("HTTPRoute", name), f"{self.service.namespace}/{name}"
            if route is None:
                raise ReconcileError("HTTPRoutesReady", "RefsInvalid", f"HTTPRoute {where} does not exist")
            parents = sequence(value_at(route, ("spec", "parentRefs")))
            if not parents:
                message = f"HTTPRoute target validation failed: HTTPRoute {where} has no parent gateway references"
                raise ReconcileError("HTTPRoutesReady", "RefsInvalid", message)
            found += [self.gateway(mapping(parent), "HTTPRoutesReady") for parent in parents]
        if has_managed_route(self.service) and not sequence(value_at(router, ("gateway", "refs"))):
            for parent in sequence(value_at(router, ("route", "http", "spec", "parentRefs"))):
                self.gateway(mapping(parent), "HTTPRoutesReady")
        return found

    def gateway(self, reference: JsonObject, condition: str) -> JsonObject:
        name = text(reference.get("name"))
        namespace = text(reference.get("namespace")) or self.service.namespace
        found = self.plane.beside.find(_GATEWAY, namespace, name)
        default = self.plane.settings.text("ingress", "kserveIngressGateway")
        if found is None and f"{namespace}/{name}" != default:
            raise ReconcileError(condition, "RefsInvalid", f"Gateway {namespace}/{name} does not exist")
        return found or {"metadata": {"name": name, "namespace": namespace}}

    def referenced_pool(self) -> None:
        name = self.service.pool_reference
        if name and self.service.find("InferencePool", name) is None:
            message = f"failed to fetch referenced Inference Pool {self.service.namespace}/{name}: not found"
            raise ReconcileError("InferencePoolReady", "InferencePoolFetchError", message)


def _plain(service: LlmService) -> JsonObject:
    """Return the labels of what is made for groups of pods: those that name no component."""
    return {key: value for key, value in service.base_labels("").items() if value}
