"""What many rules look at: an object or an environment in, its parts out, cached while it is checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from kservegen.checks.queues import Queues
from kservegen.checks.rules._cached import cached, cached_by_context, cached_by_object
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


@cached_by_object
def pods_of(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List the pod specs of an object."""
    return pod_specs(resource)


@cached_by_object
def containers_of(resource: Resource) -> tuple[ContainerAt, ...]:
    """List the containers of an object."""
    # Almost every kind keeps its containers in pods, which other rules ask for too.
    return containers_in(pods_of(resource)) or containers(resource)


@cached_by_object
def marks_of(resource: Resource) -> tuple[Mark, ...]:
    """List the labels and annotations of an object that reach pods."""
    return marks(resource)


@cached_by_object
def components_of(resource: Resource) -> tuple[PodSpecAt, ...]:
    """List an InferenceService's predictor, transformer and explainer; canaries are predictors too."""
    return tuple(pod for pod in pods_of(resource) if pod.role in _COMPONENTS)


@cached_by_object
def _models(resource: Resource) -> tuple[ModelAt, ...]:
    return tuple(
        ModelAt((*path, "model"), model, request_of(component, model, namespace(resource)))
        for path, role, component in components_of(resource)
        if role == "predictor" and isinstance(model := component.get("model"), dict) and model
    )


@cached
def models_of(resource: Resource, context: Context) -> tuple[ModelAt, ...]:
    """List the models that KServe looks for a runtime for; ModelMesh looks for its own."""
    return () if deployment_mode(resource, context) == "ModelMesh" else _models(resource)


@cached_by_object
def amounts_of(resource: Resource) -> tuple[Amount, ...]:
    """List what the containers of an object request and are limited to."""
    return tuple(amount for at in containers_of(resource) for amount in amounts_in(at))


@cached_by_object
def exotic_amounts_of(resource: Resource) -> tuple[Amount, ...]:
    """List those amounts that are of no resource which every node has: of GPUs, huge pages, and of what is misspelt."""
    # Names are looked at before anything is read: most objects have none.
    listed = amounts_of(resource) if any(map(_names_exotic, containers_of(resource))) else ()
    return tuple(amount for amount in listed if amount.name not in ORDINARY_RESOURCES)


def _names_exotic(at: ContainerAt) -> bool:
    resources = at.container.get("resources")
    if not isinstance(resources, dict):
        return False
    sides = (resources.get("limits"), resources.get("requests"))
    return any(isinstance(side, dict) and not ORDINARY_RESOURCES.issuperset(side) for side in sides)


@cached_by_context
def _names_by_kind(context: Context) -> dict[str, list[ResourceId]]:
    grouped: defaultdict[str, list[ResourceId]] = defaultdict(list)
    for identity in context.resources:
        grouped[identity.kind].append(identity)
    return dict(grouped)


@cached_by_context
def _by_kind(_context: Context) -> dict[str, list[Resource]]:
    return {}


def names_of_kind(context: Context, kind: str) -> Sequence[ResourceId]:
    """Name the environment's objects of a kind."""
    return _names_by_kind(context).get(kind, ())


def of_kind(context: Context, kind: str) -> Sequence[Resource]:
    """List the environment's objects of a kind, which may have to be fetched: where names do, ask for those."""
    known = _by_kind(context)
    found = known.get(kind)
    if found is None:
        found = known[kind] = [context.resources[identity] for identity in names_of_kind(context, kind)]
    return found


@cached_by_context
def runtimes_of(context: Context) -> tuple[ServingRuntime, ...]:
    """List the runtimes of the environment: the catalog's own, and those of the platform that it does not replace."""
    own = [of_document(r.doc, namespace=r.id.namespace or "default") for r in of_kind(context, "ServingRuntime")]
    if context.inventory is not None:
        known = {(runtime.namespace, runtime.name) for runtime in own}
        listed = [of_document(doc, namespace=place) for place, doc in context.inventory.documents("ServingRuntime")]
        own += [runtime for runtime in listed if (runtime.namespace, runtime.name) not in known]
    cluster = dict(context.platform.runtimes)
    for resource in of_kind(context, "ClusterServingRuntime"):
        cluster[resource.id.name] = of_document(resource.doc, namespace="")
    return (*own, *cluster.values())


@cached_by_context
def queues_of(context: Context) -> Queues:
    """Return what is known of Kueue in the environment."""
    return Queues(context.resources, context.inventory)


@cached_by_context
def _own_runtimes(context: Context) -> frozenset[str]:
    return frozenset(runtime.namespace for runtime in runtimes_of(context))


@cached_by_context
def _selections(_context: Context) -> dict[Request, RuntimeSelection]:
    return {}


def selection_of(request: Request, context: Context) -> RuntimeSelection:
    """Say which runtime of the environment serves a request; the same request is answered once."""
    selections = _selections(context)
    selection = selections.get(request)
    if selection is None:
        # Those of the cluster are the same for all.
        alike = request if request.namespace in _own_runtimes(context) else request._replace(namespace="")
        selection = selections.get(alike) or select(alike, runtimes_of(context), context.release)
        selections[request] = selections[alike] = selection
    return selection
