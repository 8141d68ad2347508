"""A changed path of an object in; the roles whose pods it reaches out.

A role is a group of like pods as `demand.groups` names it. Source: KServe v0.19.0 and v0.20.0, whose controllers build
the Deployment or the Knative Service of a component from its pod spec and from the labels and annotations of the object
(pkg/controller/v1beta1/inferenceservice/components, reconcilers/deployment, reconcilers/knative), and a graph's router
from the whole spec, which it is given as an argument (pkg/controller/v1alpha1/inferencegraph).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path

STOP: Final = "serving.kserve.io/stop"
COMPONENTS: Final = ("predictor", "transformer", "explainer")
NOBODY: Final[frozenset[str]] = frozenset()

# pkg/constants: annotations that are not handed on to pods, those that KServe sets itself included.
_KEPT_ANNOTATIONS: Final = frozenset(
    {
        "autoscaling.knative.dev/min-scale",
        "autoscaling.knative.dev/max-scale",
        "internal.serving.kserve.io/storage-initializer-sourceuri",
        "kubectl.kubernetes.io/last-applied-configuration",
        "modelFormat",
    }
)
# What the Knative Service gets instead of its revisions.
_KNATIVE_ANNOTATIONS: Final = frozenset(
    {"serving.knative.dev/rollout-duration", "serving.knative.openshift.io/enablePassthrough"}
)
_KNATIVE_LABELS: Final = frozenset({"networking.knative.dev/visibility"})

# Words of a component that make no pod template, and those that become annotations or fields of a Knative revision.
_REVISION: Final = frozenset(
    {"minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "timeout", "containerConcurrency"}
)
_BESIDE: Final = _REVISION | {"scaleMetricType", "autoScaling", "canaryTrafficPercent", "deploymentStrategy"}
# What chooses a runtime: the runtime's own text reaches the pods, these do not.
_CHOOSING: Final = frozenset({"modelFormat", "protocolVersion", "runtime"})
# Words of a canary that set numbers and shares only.
_CANARY_SHARES: Final = frozenset({"trafficPercent", "minReplicas"})


class Service(NamedTuple):
    """What decides how far a change of an InferenceService reaches: its spec after the change, and its mode."""

    spec: JsonObject
    knative: bool

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all its pods."""
        found = {name for name in COMPONENTS if isinstance(self.spec.get(name), dict)}
        return frozenset(found | self.predictors)

    @property
    def predictors(self) -> frozenset[str]:
        """The roles that are built from the predictor: its canaries are the predictor with changes."""
        found = {"predictor"}
        if self.spans_nodes:
            found.add("predictor worker")
        if self.spec.get("canary"):
            found.add("canary")
        return frozenset(found)

    @property
    def spans_nodes(self) -> bool:
        """Whether the predictor has workers: then its pods carry the object's generation."""
        return isinstance(mapping(self.spec.get("predictor")).get("workerSpec"), dict)

    def affected(self, path: Path) -> frozenset[str]:
        """Say whose pods a changed path reaches."""
        if path[:1] == ("metadata",):
            return self.roles if _is_handed_on(path, knative=self.knative) else NOBODY
        if path[:1] != ("spec",) or len(path) < 2:  # a spec as a whole does not come and go
            return NOBODY
        found = self._affected_in_spec(path)
        # The generation of the object, which any change of the spec moves, is a label of these pods.
        return found | {"predictor", "predictor worker"} if self.spans_nodes else found

    def _affected_in_spec(self, path: Path) -> frozenset[str]:
        name, word = str(path[1]), str(path[2]) if len(path) > 2 else ""
        if name == "canary":
            return NOBODY if len(path) < 4 or not _CANARY_SHARES.isdisjoint(path) else frozenset({"canary"})
        if name not in COMPONENTS or not word:
            return NOBODY  # a component comes or goes: nothing of it restarts
        affected = self.predictors if name == "predictor" else frozenset({name})
        if word in _BESIDE and not self._is_in_template(name, word):
            return NOBODY
        if name == "predictor" and word == "model" and len(path) > 3 and path[3] in _CHOOSING:
            return NOBODY
        return affected

    def _is_in_template(self, name: str, word: str) -> bool:
        if self.knative:
            return word in _REVISION
        if word != "containerConcurrency" or name == "predictor":
            return False
        # Given to the server as --workers, unless its arguments say that themselves.
        component = mapping(self.spec.get(name))
        server = mapping((sequence(component.get("containers")) or [component.get("art")])[0])
        return not any(text(argument).startswith("--workers") for argument in sequence(server.get("args")))


def affected_in_graph(path: Path, *, knative: bool) -> frozenset[str]:
    """Say whether a changed path of an InferenceGraph reaches its router, which is told the whole spec."""
    if path[:1] == ("spec",) or (path[:1] == ("metadata",) and _is_graph_metadata(path, knative=knative)):
        return frozenset({"router"})
    return NOBODY


def _is_graph_metadata(path: Path, *, knative: bool) -> bool:
    """Whether a graph hands on a label or an annotation: its controller keeps fewer back than that of services."""
    kind, key = path[1], path[-1]
    if knative and key in _KNATIVE_ANNOTATIONS | _KNATIVE_LABELS:
        return False
    return kind in {"labels", "annotations"}


def _is_handed_on(path: Path, *, knative: bool) -> bool:
    kind, key = path[1], path[-1]
    if kind == "labels":
        return not (knative and key in _KNATIVE_LABELS)
    if kind != "annotations" or key in _KEPT_ANNOTATIONS:
        return False
    return not (knative and key in _KNATIVE_ANNOTATIONS)
