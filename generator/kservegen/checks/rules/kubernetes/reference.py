"""An object, or a pod that KServe makes, names an object that nobody makes or promises.

A pod waits for its Secrets, ConfigMaps, volumes and claims for ever (CreateContainerConfigError, FailedMount, Pending);
without its ServiceAccount or its class it is never created. So does a claim without its class or volume; a route
without its Gateway or what it leads to answers nobody. What counts: the catalog's own objects, what KServe makes, what
an operator makes of the catalog's ExternalSecret, Certificate, SealedSecret or the like, and what prerequisites
promise. Files need not hold all that is in a cluster, so this is a warning in an environment, and for manifests by
themselves a remark, unless the name is a slip of one that is there. Where an inventory lists what the cluster has of a
kind, what is not there is an error.

Fix: Correct the name, declare the object, or promise Kind/NAMESPACE/NAME under prerequisites.
Severity: warning
Bad:
    prerequisites: [ServiceAccount/models/model-reader]   # and serviceAccountName: model-readr
Good:
    prerequisites: [ServiceAccount/models/model-reader]   # and serviceAccountName: model-reader
Upstream: pkg/kubelet/kubelet_pods.go; plugin/pkg/admission/serviceaccount; plugin/pkg/admission/priority
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from kservegen.checks.basis import Basis, Lookup
from kservegen.checks.queues import LOCAL_QUEUE, QUEUE_LABEL
from kservegen.checks.rules._made import MadeView, made_of
from kservegen.checks.rules._references import (
    Reference,
    account_references,
    claim_references,
    keys_of,
    pod_references,
    queue_references,
    route_references,
)
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import absence
from kservegen.checks.rules.view import names_of_kind, of_kind, queues_of
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.suggest import did_you_mean, is_slip
from kservegen.kserve.controllers.made import Made, MadePod
from kservegen.kubernetes.metadata import CLUSTER_SCOPED

# As the API server words it, and the pod webhook hands it on.
_NO_SECRET: Final = lazy_pattern(r'secrets "([^"]+)" not found')
# Kueue admits a pod by the queue that its label names, and one of no queue never: pkg/controller/constants of Kueue.
_QUEUES: Final = "localqueues.kueue.x-k8s.io"
# Kubernetes writes it to every namespace: pkg/controller/certificates/rootcacertpublisher.
_EVERYWHERE: Final = frozenset({("ConfigMap", "kube-root-ca.crt")})
# What names others by itself, without pods.
_NAMED_BY: Final[Mapping[str, Callable[[JsonObject], Iterator[Reference]]]] = {
    "ServiceAccount": account_references,
    "PersistentVolumeClaim": claim_references,
    "HTTPRoute": route_references,
    "GRPCRoute": route_references,
    "LocalQueue": queue_references,
    "ClusterQueue": queue_references,
    "ResourceFlavor": queue_references,
}
_MAKERS: Final = ("InferenceService", "LLMInferenceService", "InferenceGraph")
_MADE_KINDS: Final = frozenset({"InferencePool", "Secret", "Service"})


class _Place(Struct, frozen=True):
    """Where a pod looks, and what KServe makes there of its own."""

    context: Context
    namespace: str
    made: dict[tuple[str, str], JsonObject]


@rule(
    Stage.RUN,
    "InferenceService",
    "InferenceGraph",
    "LLMInferenceService",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "HTTPRoute",
    "GRPCRoute",
    "LocalQueue",
    "ClusterQueue",
    "ResourceFlavor",
    scope=Scope.MADE_AROUND,
)
def check(resource: Resource, context: Context) -> Problems:
    named = _NAMED_BY.get(resource.kind)
    if named is not None:
        yield from _own(resource, named(resource.doc), context)
        return
    wanted = context.simulation.derived(resource, _wanted)
    view = made_of(resource, context) if wanted else None
    if view is None:
        return
    place = _place(resource, view, context)
    for made, ref in wanted or ():
        problem = _missing(ref, place)
        if problem is not None:
            yield _placed(problem, ref, made, view)


def _wanted(_resource: Resource, made: Made) -> tuple[tuple[MadePod, Reference], ...]:
    """List what the pods that are made of an object name, each thing once."""
    found: dict[tuple[str, str, str], tuple[MadePod, Reference]] = {}
    for pod in made.pods:
        for ref in _references(pod):
            if ref.name and (ref.kind, ref.name) not in _EVERYWHERE:
                found.setdefault((ref.kind, ref.name, ref.key), (pod, ref))
    return tuple(found.values())


def _own(resource: Resource, refs: Iterable[Reference], context: Context) -> Problems:
    """Follow what an object names itself."""
    place = _Place(context, resource.id.namespace or "default", {})
    for ref in refs:
        if not ref.name or _is_static(ref, context):
            continue
        namespace = ref.namespace or place.namespace
        made: frozenset[str] | None = frozenset()
        if ref.kind in _MADE_KINDS and not context.directory.rendered(
            kind=ref.kind, namespace=namespace, name=ref.name
        ):
            made = _made_names(ref, place)
        if made is None or ref.name in made:
            continue
        problem = _missing(ref, place, made)
        if problem is not None:
            yield problem._replace(path=ref.path)


def _is_static(ref: Reference, context: Context) -> bool:
    """Whether it is the class of a volume that stands beside its claim: nobody looks for an object of that name."""
    if ref.kind != "StorageClass":
        return False
    volumes = (mapping(volume.doc.get("spec")) for volume in of_kind(context, "PersistentVolume"))
    return any(volume.get("storageClassName") == ref.name for volume in volumes)


def _made_names(ref: Reference, place: _Place) -> frozenset[str] | None:
    """Name what KServe makes of that kind from objects whose name the reference begins with; None where it stops."""
    namespace = ref.namespace or place.namespace
    found: set[str] = set()
    for own in (own for kind in _MAKERS for own in names_of_kind(place.context, kind)):
        if (own.namespace or "default") == namespace and ref.name.startswith(own.name):
            view = made_of(place.context.resources[own], place.context)
            if view is None or view.made.outcome is not None:
                return None  # which is a finding of its own
            found.update(_name_of(o.doc) for o in view.made.objects if o.doc.get("kind") == ref.kind)
    return frozenset(found)


def _name_of(doc: JsonObject) -> str:
    return text(mapping(doc.get("metadata")).get("name"))


def _references(made: MadePod) -> Iterator[Reference]:
    """List what a pod names; of one that the webhook refuses for want of a Secret, that Secret."""
    if made.pod is not None:
        yield from pod_references(made.pod)
        labels = mapping(mapping(made.pod.get("metadata")).get("labels"))
        if QUEUE_LABEL in labels:
            yield Reference(LOCAL_QUEUE, text(labels[QUEUE_LABEL]), ("metadata", "labels", QUEUE_LABEL))
    elif made.missing and (found := _NO_SECRET.fullmatch(made.refused)):
        yield Reference("Secret", found[1], ())


def _placed(problem: Problem, ref: Reference, made: MadePod, view: MadeView) -> Problem:
    where = view.where(made.origins, ref.path)
    stated = _stated(ref, view.resource) if where.source or not ref.path else None
    if stated is not None:
        return problem._replace(path=stated)
    told = where.told if ref.path else f", which the pod of {made.of} needs"
    return problem._replace(path=where.path, message=f"{problem.message}{told}")


def _place(resource: Resource, view: MadeView, context: Context) -> _Place:
    made = {(text(o.doc.get("kind")), _name_of(o.doc)): o.doc for o in view.made.objects}
    return _Place(context, resource.id.namespace or "default", made)


def _missing(ref: Reference, place: _Place, also: frozenset[str] = frozenset()) -> Problem | None:
    """Say what is missing of a reference, at no path yet; None where all of it is there, or may be.

    `also` are names that could have been meant.
    """
    directory = place.context.directory
    namespace = "" if ref.kind in CLUSTER_SCOPED else ref.namespace or place.namespace
    if (made := place.made.get((ref.kind, ref.name))) is not None:
        found, docs = Lookup(Basis.MADE), [made]
    else:
        found = directory.look_up(kind=ref.kind, namespace=namespace, name=ref.name)
        docs = [found.resource.doc] if found.resource is not None else []
    if not found.is_there:
        if ref.kind == LOCAL_QUEUE and not _has_kueue(place.context):
            return None
        return None if ref.key else _no_object(ref, namespace, place.context, also)
    if not ref.key or found.basis in (Basis.PROMISED, Basis.INSTALLED):
        return None
    if found.basis is Basis.INVENTORY:
        return _key_in_cluster(ref, namespace, found.keys, place.context)
    # An object that is rendered may be one that an operator adds to.
    outputs = directory.outputs(kind=ref.kind, namespace=namespace, name=ref.name)
    keys = frozenset[str]().union(*map(keys_of, docs), *(output.keys or () for output in outputs))
    if ref.key in keys:
        return None
    promised = directory.promise(kind=ref.kind, namespace=namespace, name=ref.name)
    if promised or any(output.keys is None for output in outputs):
        directory.assume_key(kind=ref.kind, namespace=namespace, name=ref.name, key=ref.key)
        return None
    what = "listener" if ref.kind == "Gateway" else "key"
    return Problem(
        (),
        f"{ref.kind} {ref.name} has no {what} {ref.key}",
        seen=ref.key,
        allowed=", ".join(sorted(keys)),
        hint=did_you_mean(ref.key, keys, f"Add the {what}, or name one that it has."),
        cause=f"{ref.kind}/{namespace}/{ref.name}/{ref.key}",
    )


def _has_kueue(context: Context) -> bool:
    """Whether a label that names a queue is known to be read: without Kueue it means nothing."""
    if queues_of(context).are_rendered:
        return True
    return context.inventory is not None and context.inventory.served(_QUEUES) is not None


def _key_in_cluster(ref: Reference, namespace: str, keys: frozenset[str] | None, context: Context) -> Problem | None:
    """Say that an object of the inventory lacks a key; of one whose keys were not asked for the key is assumed."""
    directory = context.directory
    if keys is None:
        directory.assume_key(kind=ref.kind, namespace=namespace, name=ref.name, key=ref.key)
    if keys is None or ref.key in keys:
        return None
    day = directory.lacks(kind=ref.kind, namespace=namespace)
    return Problem(
        (),
        f"{ref.kind} {ref.name} has no key {ref.key}" + (f", as the cluster had it on {day}" if day else ""),
        seen=ref.key,
        allowed=", ".join(sorted(keys)),
        hint=did_you_mean(ref.key, keys, "Name a key that it has; after a change of it, take the inventory anew."),
        severity=Severity.ERROR,
        cause=f"{ref.kind}/{namespace}/{ref.name}/{ref.key}",
    )


def _no_object(ref: Reference, namespace: str, context: Context, also: frozenset[str]) -> Problem:
    known = context.directory.names(kind=ref.kind, namespace=namespace) | also
    full = "/".join(filter(None, (ref.kind, namespace, ref.name)))
    told = f"prerequisites: [{full}]" if context.environment else f"--assume {full}"
    advice = f"If the cluster has it, say so: {told}."
    near = did_you_mean(ref.name, known, cutoff=0.7)
    # A name that is all but that of an object beside it is a slip, whatever else the cluster has.
    weight = Severity.WARNING
    if not is_slip(ref.name, known):
        weight = absence(context, weight, full)
    said = "is neither made nor promised" if context.environment else "is not among the manifests"
    day = context.directory.lacks(kind=ref.kind, namespace=namespace)
    if day:
        said = f"{said}, and the cluster did not have it on {day}"
        # A volume that stands in the cluster may have a class of which there is no object.
        weight = weight if ref.kind == "StorageClass" else Severity.ERROR
        advice = f"If the cluster has it by now: kservegen inventory --env {context.environment}. If it will: {told}."
    if context.environment and weight is not Severity.ERROR:
        context.directory.assume_unsaid(kind=ref.kind, namespace=namespace, name=ref.name)
    return Problem(
        (),
        f"{ref.kind} {f'{ref.namespace}/' if ref.namespace else ''}{ref.name} {said}",
        seen=ref.name,
        allowed=", ".join(sorted(known)),
        hint=f"{near} {advice}".lstrip(),
        severity=weight,
        cause=full,
    )


def _stated(ref: Reference, resource: Resource) -> Path | None:
    """Find where an object itself names what a webhook passes on: in an annotation, or as the claim of a URI."""
    annotations = mapping(mapping(resource.doc.get("metadata")).get("annotations"))
    noted = next((key for key, value in annotations.items() if value == ref.name), None)
    if noted is not None:
        return ("metadata", "annotations", noted)
    return _uri_of(f"pvc://{ref.name}/", resource.doc.get("spec"), ("spec",))


def _uri_of(claim: str, value: JsonValue, at: Path) -> Path | None:
    if isinstance(value, str):
        return at if f"{value}/".startswith(claim) else None
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in items if (found := _uri_of(claim, item, (*at, key))) is not None), None)
