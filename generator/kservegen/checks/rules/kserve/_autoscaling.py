"""Which of KServe's three autoscalers a service is checked for, and its components that have one: an object in.

The webhook reads the annotations of the InferenceService alone, after the defaulter: in mode Standard the autoscaler
class decides, and none or another class is not looked at; in any other mode, an unknown or absent one included, it is
Knative's, unless Knative is told to use an HPA.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Problem, Problems, Resource
from kservegen.checks.rules.kserve._settings import AUTOSCALER, MODE, annotation
from kservegen.checks.rules.view import components_of
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.workloads import PodSpecAt

CLASSES: Final = ("hpa", "external", "keda", "none")
_KNATIVE_CLASS: Final = "autoscaling.knative.dev/class"
_KNATIVE_HPA: Final = "hpa.autoscaling.knative.dev"


class MetricFamily(StrEnum):
    """Whose rules apply."""

    HPA = "hpa"
    KEDA = "keda"
    KNATIVE = "kpa"
    NONE = "none"


_STANDARD: Final = {"hpa": MetricFamily.HPA, "keda": MetricFamily.KEDA}


@cached_by_object
def family(resource: Resource) -> MetricFamily:
    """Say whose rules apply to the components of an InferenceService."""
    if annotation(resource, MODE) == "Standard":
        return _STANDARD.get(annotation(resource, AUTOSCALER), MetricFamily.NONE)
    return MetricFamily.HPA if annotation(resource, _KNATIVE_CLASS) == _KNATIVE_HPA else MetricFamily.KNATIVE


def scaled(resource: Resource, wanted: MetricFamily) -> Iterator[PodSpecAt]:
    """Go through the components that a family's rules apply to; canaries have fixed replicas and rules of their own."""
    if family(resource) is wanted:
        yield from (component for component in components_of(resource) if component.path[1] != "canary")


def metric_of(component: JsonObject, metrics: tuple[str, ...]) -> str:
    """Return the metric that a component is scaled by; the first of a family's is the one that it takes unasked."""
    return text(component.get("scaleMetric")) or metrics[0]


def unknown_metric(path: Path, component: JsonObject, metrics: tuple[str, ...], hint: str = "") -> Problems:
    """Refuse a metric that a family does not know."""
    metric = metric_of(component, metrics)
    if metric not in metrics:
        message = f"[{metric}] is not a supported metric"
        yield Problem((*path, "scaleMetric"), message, seen=metric, allowed=", ".join(metrics), hint=hint)
