"""Two autoscalers have hold of one workload.

KServe makes an autoscaler for each component unless serving.kserve.io/autoscalerClass says external or none. One of
yours with the same target stands beside it: KEDA refuses a ScaledObject for a workload that another ScaledObject or
HorizontalPodAutoscaler scales, so that KServe's, which comes later, is never written; two HorizontalPodAutoscalers undo
each other's counts.

Fix: Write the annotation serving.kserve.io/autoscalerClass: external on the service, or remove the other autoscaler.
Bad:
    kind: HorizontalPodAutoscaler
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: iris-predictor}}   # iris has one by KServe
Good:
    kind: InferenceService
    metadata: {name: iris, annotations: {serving.kserve.io/autoscalerClass: external}}
Upstream: verifyHpas and verifyScaledObjects in apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda;
pkg/controller/v1beta1/inferenceservice/reconcilers/autoscaler
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import MadeView, made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import AUTOSCALER, namespace
from kservegen.checks.rules.view import names_of_kind, of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.made import MadeObject
from kservegen.kubernetes.scaled_objects import rival_scalers, scaled_workload

_KINDS: Final = ("HorizontalPodAutoscaler", "ScaledObject")
_CLASS: Final[Path] = ("metadata", "annotations", AUTOSCALER)


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    beside = list(_beside(resource, context)) if any(names_of_kind(context, kind) for kind in _KINDS) else []
    view = made_of(resource, context) if beside else None
    if view is None:
        return
    for made in view.made.objects:
        if made.doc.get("kind") == "ScaledObject":
            for other in rival_scalers(made.doc, beside):
                message = f"KEDA refuses {made.label}: {_label(other)} already scales {_words(made)}"
                yield Problem(_place(view, made), message)
        elif made.doc.get("kind") == "HorizontalPodAutoscaler":
            for other in beside:
                if scaled_workload(other) == scaled_workload(made.doc):
                    message = f"{_label(other)} scales {_words(made)}, too, for which KServe makes {made.label}"
                    yield Problem(_place(view, made), message, severity=Severity.WARNING)


def _beside(resource: Resource, context: Context) -> Iterator[JsonObject]:
    """List the autoscalers of the namespace that stand there of themselves."""
    for kind in _KINDS:
        yield from (other.doc for other in of_kind(context, kind) if namespace(other) == namespace(resource))


def _label(doc: JsonObject) -> str:
    return f"{text(doc.get('kind'))} {text(mapping(doc.get('metadata')).get('name'))}"


def _words(made: MadeObject) -> str:
    _, kind, name = scaled_workload(made.doc)
    return f"{kind} {name}"


def _place(view: MadeView, made: MadeObject) -> Path:
    """Return what to edit: the service's class of autoscaler, or else what the bounds came from."""
    annotations = mapping(mapping(view.resource.doc.get("metadata")).get("annotations"))
    return _CLASS if AUTOSCALER in annotations else view.where(made.origins, ("spec", "maxReplicas")).path
