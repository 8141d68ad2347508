"""No runtime of the environment serves the model's format, version and protocol.

Without a runtime of its own a model gets the first enabled one that lists its format with autoSelect, its version
letter by letter, and its protocol: v1 where it names none (v2 for triton). Where there is none the service is admitted
and never gets a workload: No runtime found to support specified framework/version.

Fix: Change what the model asks for, name a runtime, or add one to the catalog.
Bad:
    model: {modelFormat: {name: onnx}}
Good:
    model: {modelFormat: {name: onnx}, protocolVersion: v2}
Upstream: ISVC-C07; ISVC-C08; pkg/apis/serving/v1beta1/predictor_model.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.core.jsontypes import Path
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.runtimes.advice import almost, nearest, obstacle_reason
from kservegen.kserve.runtimes.selection import Obstacle, RuntimeSelection

_MOST: Final = 4
_MESSAGE: Final = "no runtime found to support specified framework/version"


@rule(Stage.DEPLOYMENT, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for path, _, request in models_of(resource, context):
        if request.runtime is not None:
            continue
        selection = selection_of(request, context)
        # What is promised may serve anything.
        if selection.chosen is None and not context.directory.look_up_any("ServingRuntime", "ClusterServingRuntime"):
            yield _finding(path, selection, context)


def _finding(path: Path, selection: RuntimeSelection, context: Context) -> Problem:
    request = selection.request
    formats = sorted({listed.name for runtime, _ in selection.candidates for listed in runtime.formats})
    if not selection.candidates:
        cause = "the environment installs no runtimes"
    elif selection.obstacle is not None:
        runtime = selection.candidates[0].runtime
        cause = f"{runtime.name}, which is chosen, {obstacle_reason(runtime, selection.obstacle, selection)}"
    else:
        cause = _causes(selection) or f"none serves {request.format}"
    seen = f"{request}, protocol {selection.protocol}{', with workers' if request.multi_node else ''}"
    return Problem(
        (*path, "modelFormat", "name"),
        f"{_MESSAGE}: {cause}",
        seen=seen,
        allowed="" if request.format in formats else ", ".join(formats),
        hint=_hint(selection, formats, context),
        cause=f"{seen}: {cause}",
    )


def _causes(selection: RuntimeSelection) -> str:
    """Say what stands in the way of the runtimes that know the format."""
    causes = [
        f"{runtime.name} {obstacle_reason(runtime, obstacle, selection)}"
        for runtime, obstacle in selection.candidates
        if obstacle not in (None, Obstacle.FORMAT)
    ]
    return "; ".join(causes[:_MOST])


def _hint(selection: RuntimeSelection, formats: list[str], context: Context) -> str:
    advice = nearest(selection, lambda request: selection_of(request, context))
    if advice:
        return f"{advice.change[0].upper()}{advice.change[1:]}, then {advice.runtime.name} serves it."
    other = almost(selection)
    if other:
        return f"{other}."
    return did_you_mean(selection.request.format, set(formats) - {selection.request.format}, cutoff=0.7)
