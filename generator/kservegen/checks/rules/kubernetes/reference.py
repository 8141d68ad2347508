"""A pod that KServe makes names an object that nobody makes or promises.

A pod waits for its Secrets, ConfigMaps, volumes and claims for ever (CreateContainerConfigError, FailedMount, Pending);
without its ServiceAccount or its class it is never created. What counts: the catalog's own objects, what KServe makes,
what an operator makes of the catalog's ExternalSecret, Certificate, SealedSecret or the like, and what prerequisites
promise. Files need not hold all that is in a cluster, so this is a warning in an environment, and for manifests by
themselves a remark.

Fix: Correct the name, declare the object, or promise Kind/NAMESPACE/NAME under prerequisites.
Severity: warning
Bad:
    prerequisites: [ServiceAccount/models/model-reader]   # and serviceAccountName: model-readr
Good:
    prerequisites: [ServiceAccount/models/model-reader]   # and serviceAccountName: model-reader
Upstream: pkg/kubelet/kubelet_pods.go; plugin/pkg/admission/serviceaccount; plugin/pkg/admission/priority
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.checks.promises import promised_names
from kservegen.checks.rules._made import MadeView, made_of
from kservegen.checks.rules._references import (
    CLUSTER_WIDE,
    Output,
    Reference,
    keys_of,
    output_kinds,
    outputs_of,
    pod_references,
)
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import absence, find, is_promised, known_names
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource as Object
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.controllers.local_models import CACHE, NAMESPACE_CACHE
from kservegen.kserve.controllers.made import MadePod

_SLIP: Final = 0.9
# As the API server words it, and the pod webhook hands it on.
_NO_SECRET: Final = re.compile(r'secrets "([^"]+)" not found')
# Kubernetes writes it to every namespace: pkg/controller/certificates/rootcacertpublisher.
_EVERYWHERE: Final = frozenset({("ConfigMap", "kube-root-ca.crt")})


class _Place(NamedTuple):
    """Where a pod looks, and what KServe makes there of its own."""

    context: Context
    namespace: str
    made: dict[tuple[str, str], JsonObject]
    outputs: list[Output]


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is None:
        return
    place: _Place | None = None
    told: set[tuple[str, str, str]] = set()
    for made in view.made.pods:
        for ref in _references(made):
            if not ref.name or (ref.kind, ref.name) in _EVERYWHERE or (ref.kind, ref.name, ref.key) in told:
                continue
            told.add((ref.kind, ref.name, ref.key))
            place = place or _place(resource, view, context)
            problem = _missing(ref, place)
            if problem is not None:
                yield _placed(problem, ref, made, view)


def _references(made: MadePod) -> Iterator[Reference]:
    """List what a pod names; of one that the webhook refuses for want of a Secret, that Secret."""
    if made.pod is not None:
        yield from pod_references(made.pod)
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
    made = {
        (text(o.doc.get("kind")), text(mapping(o.doc.get("metadata")).get("name"))): o.doc for o in view.made.objects
    }
    outputs = [out for kind in output_kinds() for own in of_kind(context, kind) for out in outputs_of(own.doc)]
    outputs += (out for kind in (CACHE, NAMESPACE_CACHE) for own in of_kind(context, kind) for out in _claims(own))
    return _Place(context, resource.id.namespace or "default", made, outputs)


def _claims(cache: Object) -> Iterator[Output]:
    """List the claims of a cache, which KServe makes wherever a service uses it."""
    for group in map(text, sequence(mapping(cache.doc.get("spec")).get("nodeGroups"))):
        yield Output("PersistentVolumeClaim", "", f"{cache.id.name}-{group}")


def _missing(ref: Reference, place: _Place) -> Problem | None:
    """Say what is missing of a reference, at no path yet; None where all of it is there, or may be."""
    context = place.context
    namespace = "" if ref.kind in CLUSTER_WIDE else place.namespace
    outputs = [o for o in place.outputs if o.kind == ref.kind and o.namespace in ("", namespace)]
    own = find(context, kind=ref.kind, namespace=namespace, name=ref.name)
    doc = place.made.get((ref.kind, ref.name)) if own is None else own.doc
    written = [output.keys for output in outputs if output.name == ref.name]
    if is_promised(context, kind=ref.kind, namespace=namespace, name=ref.name):
        return None
    if doc is None and not written:
        return None if ref.key else _no_object(ref, namespace, [o.name for o in outputs], context)
    if not ref.key or None in written:
        return None
    keys = frozenset[str]().union(*(known for known in written if known is not None), keys_of(doc or {}))
    if ref.key in keys:
        return None
    return Problem(
        (),
        f"{ref.kind} {ref.name} has no key {ref.key}",
        seen=ref.key,
        allowed=", ".join(sorted(keys)),
        hint=did_you_mean(ref.key, keys, "Add the key, or name one that it has."),
    )


def _no_object(ref: Reference, namespace: str, written: list[str], context: Context) -> Problem:
    known = {
        *known_names(context, kind=ref.kind, namespace=namespace or "default"),
        *promised_names(context.prerequisites, kind=ref.kind, namespace=namespace),
        *written,
    }
    full = "/".join(filter(None, (ref.kind, namespace, ref.name)))
    told = f"prerequisites: [{full}]" if context.environment else f"--assume {full}"
    near = did_you_mean(ref.name, known, cutoff=0.7)
    # A name that is all but that of an object beside it is a slip, whatever else the cluster has.
    is_slip = bool(did_you_mean(ref.name, known, cutoff=_SLIP))
    said = "is neither made nor promised" if context.environment else "is not among the manifests"
    return Problem(
        (),
        f"{ref.kind} {ref.name} {said}",
        seen=ref.name,
        allowed=", ".join(sorted(known)),
        hint=f"{near} If the cluster has it, say so: {told}.".lstrip(),
        severity=Severity.WARNING if is_slip else absence(context, Severity.WARNING),
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
