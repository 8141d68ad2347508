"""What many rules look at: an object or an environment in, its parts out, found once and kept while it is checked."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from kservegen.checks.rules.base import Context
from kservegen.checks.rules.gitops._marks import Mark, marks
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document
from kservegen.kserve.runtimes.selection import Request, RuntimeSelection, request_of, select
from kservegen.kserve.workloads import ContainerAt, PodSpecAt, containers, containers_in, pod_specs
from kservegen.kubernetes.resources import ORDINARY_RESOURCES, Amount, amounts_in

_COMPONENTS: Final = frozenset({"predictor", "transformer", "explainer"})


class ModelAt(NamedTuple):
    """A model of a predictor, stable or canary, and what it asks of a runtime."""

    path: Path
    model: JsonObject
    request: Request


class _View:
    """The parts of one object, each looked for when it is first asked for."""

    __slots__ = ("amounts", "components", "containers", "exotic", "marks", "models", "pods", "resource")

    def __init__(self, resource: Resource | None) -> None:
        self.resource = resource  # held, so that its identity stays its own
        self.pods: tuple[PodSpecAt, ...] | None = None
        self.containers: tuple[ContainerAt, ...] | None = None
        self.components: tuple[PodSpecAt, ...] | None = None
        self.amounts: tuple[Amount, ...] | None = None
        self.exotic: tuple[Amount, ...] | None = None
        self.models: tuple[ModelAt, ...] | None = None
        self.marks: tuple[Mark, ...] | None = None


class _Environment:
    """The objects of one environment by kind, and the runtimes that its models get."""

    __slots__ = ("by_kind", "context", "runtimes", "selections")

    def __init__(self, context: Context | None) -> None:
        self.context = context
        self.by_kind: dict[str, tuple[Resource, ...]] | None = None
        self.runtimes: tuple[ServingRuntime, ...] | None = None
        self.selections: dict[Request, RuntimeSelection] = {}


# One slot each: the rules of one object run after each other, all objects of an environment too. A slot goes by
# identity and is read and written whole, so that threads cannot mix two objects up.
_view = _View(None)
_environment = _Environment(None)


def _turn_to(resource: Resource) -> _View:
    global _view  # noqa: PLW0603 - the slot described above
    view = _View(resource)
    _view = view
    return view


def containers_of(resource: Resource) -> tuple[ContainerAt, ...]:
    """List the containers of the object that the rules are looking at."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.containers is None:
        # Almost every kind keeps its containers in pods, which other rules ask for too.
        view.containers = containers_in(pods_of(resource)) or containers(resource)
    return view.containers


def pods_of(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List the pod specs of the object that the rules are looking at."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.pods is None:
        view.pods = pod_specs(resource)
    return view.pods


def marks_of(resource: Resource) -> tuple[Mark, ...]:
    """List the labels and annotations that reach pods, of the object that the rules are looking at."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.marks is None:
        view.marks = marks(resource)
    return view.marks


def components_of(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List an InferenceService's predictor, transformer and explainer; canaries are predictors too."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.components is None:
        view.components = tuple(pod for pod in pods_of(resource) if pod.role in _COMPONENTS)
    return view.components


def models_of(resource: Resource, context: Context) -> tuple[ModelAt, ...]:
    """List the models that KServe looks for a runtime for; ModelMesh looks for its own."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.models is None:
        found: list[ModelAt] = []
        if deployment_mode(resource, context) != "ModelMesh":
            for path, role, component in components_of(resource):
                model = component.get("model")
                if role == "predictor" and isinstance(model, dict) and model:
                    found.append(ModelAt((*path, "model"), model, request_of(component, model, namespace(resource))))
        view.models = tuple(found)
    return view.models


def amounts_of(resource: Resource) -> tuple[Amount, ...]:
    """List what the containers of the object request and are limited to."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.amounts is None:
        found: list[Amount] = []
        for at in containers_of(resource):
            found += amounts_in(at)
        view.amounts = tuple(found)
    return view.amounts


def exotic_amounts_of(resource: Resource) -> tuple[Amount, ...]:
    """List those amounts that are of no resource which every node has: of GPUs, huge pages, and of what is misspelt."""
    view = _view
    if view.resource is not resource:
        view = _turn_to(resource)
    if view.exotic is None:
        # Names are looked at before anything is read: most objects have none.
        named = any(_names_exotic(at) for at in containers_of(resource))
        listed = amounts_of(resource) if named else ()
        view.exotic = tuple(amount for amount in listed if amount.name not in ORDINARY_RESOURCES)
    return view.exotic


def _names_exotic(at: ContainerAt) -> bool:
    resources = at.container.get("resources")
    if not isinstance(resources, dict):
        return False
    sides = (resources.get("limits"), resources.get("requests"))
    return any(isinstance(side, dict) and not ORDINARY_RESOURCES.issuperset(side) for side in sides)


def of_kind(context: Context, kind: str) -> tuple[Resource, ...]:
    """List the environment's objects of a kind."""
    environment = _turn_to_environment(context)
    by_kind = environment.by_kind
    if by_kind is None:
        grouped: defaultdict[str, list[Resource]] = defaultdict(list)
        for resource in context.resources.values():
            grouped[resource.kind].append(resource)
        by_kind = environment.by_kind = {name: tuple(found) for name, found in grouped.items()}
    return by_kind.get(kind, ())


def named(context: Context, identity: ResourceId) -> Resource | None:
    """Find an object of the environment by its identity."""
    return context.resources.get(identity)


def runtimes_of(context: Context) -> tuple[ServingRuntime, ...]:
    """List the runtimes of the environment: the catalog's own, and those of the platform that it does not replace."""
    environment = _turn_to_environment(context)
    runtimes = environment.runtimes
    if runtimes is None:
        own = [of_document(r.doc, namespace=r.id.namespace or "default") for r in of_kind(context, "ServingRuntime")]
        cluster = dict(context.platform.runtimes)
        for resource in of_kind(context, "ClusterServingRuntime"):
            cluster[resource.id.name] = of_document(resource.doc, namespace="")
        runtimes = environment.runtimes = (*own, *cluster.values())
    return runtimes


def selection_of(request: Request, context: Context) -> RuntimeSelection:
    """Say which runtime of the environment serves a request; the same request is answered once."""
    environment = _turn_to_environment(context)
    selection = environment.selections.get(request)
    if selection is None:
        selection = select(request, runtimes_of(context), context.release)
        environment.selections[request] = selection
    return selection


def _turn_to_environment(context: Context) -> _Environment:
    global _environment  # noqa: PLW0603 - the slot described above
    environment = _environment
    if environment.context is not context:
        environment = _environment = _Environment(context)
    return environment


def forget() -> None:
    """Let go of what was looked at last: a run is over, its objects may change."""
    global _view, _environment  # noqa: PLW0603 - the slots described above
    _view = _View(None)
    _environment = _Environment(None)
