"""A component has no implementation, or more than one.

KServe's webhook wants exactly one: for a predictor a model or a container that serves, for a transformer containers,
for an explainer art or containers. A misspelt or retired field counts as none.

Fix: Keep one: model with a modelFormat, or containers of your own.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}}, containers: [{name: kserve-container, image: x}]}
Good:
    predictor: {model: {modelFormat: {name: sklearn}}}
Upstream: ISVC-30; ISVC-31; ISVC-32; ISVC-33; pkg/apis/serving/v1beta1/component.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import MODE, annotation
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.workloads import FRAMEWORKS, SERVING_CONTAINER

_ELSE: Final = frozenset({"containers", *FRAMEWORKS})
# As KServe says it; of a predictor without any it says nothing, for its defaulter panics first.
_KSERVE: Final = {
    "predictor": "[..., Model, ..., PodSpec] must be specified in PredictorSpec",
    "transformer": "[PodSpec, ComponentExtensionSpec] must be specified in TransformerSpec",
    "explainer": "[ART, PodSpec, ComponentExtensionSpec] must be specified in ExplainerSpec",
}
_PANIC: Final = "panic: runtime error: index out of range [0] with length 0"
_ALLOWED: Final = {
    "predictor": "model, or containers with one that serves",
    "transformer": "containers",
    "explainer": "art or containers",
}


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    if not mapping(resource.doc.get("spec")).get("predictor"):
        yield _missing(("spec", "predictor"), "predictor")
    for path, name, component in components_of(resource):
        if name == "predictor":
            # Almost every predictor has a model and nothing else; an empty one was told above.
            if component.get("model") is not None and _ELSE.isdisjoint(component):
                continue
            if not component and path[1] == "predictor":
                continue
            found = _predictor(component, _model_field(resource, path))
        elif name == "transformer":
            found = ["containers"] if component.get("containers") else []
        else:
            found = [field for field in ("art", "containers") if _is_given(component, field)]
        if not found:
            yield _missing(path, name)
        elif len(found) > 1:
            yield _too_many(path, name, found)


def _is_given(component: JsonObject, field: str) -> bool:
    value = component.get(field)
    return bool(value) if field == "containers" else value is not None


def _predictor(predictor: JsonObject, model_field: str) -> list[str]:
    found = [name for name in FRAMEWORKS if predictor.get(name) is not None]
    if predictor.get("model") is not None:
        found.append(model_field)
    listed = sequence(predictor.get("containers"))
    if not listed:
        return found
    serving = [f"containers[{i}]" for i, item in enumerate(listed) if mapping(item).get("name") == SERVING_CONTAINER]
    if found:
        return found + serving
    # Without a model the containers are the implementation, under any name.
    return serving or ["containers"]


def _model_field(resource: Resource, path: Path) -> str:
    """Name the field that the author knows `model` by: the defaulter put the first framework in its place."""
    if path != ("spec", "predictor"):
        return "model"
    written = mapping(mapping(resource.authored.get("spec")).get("predictor"))
    model_mesh = annotation(resource, MODE) == "ModelMesh"
    return next((name for name in FRAMEWORKS if written.get(name) is not None and not model_mesh), "model")


def _missing(path: Path, name: str) -> Problem:
    is_predictor = path == ("spec", "predictor")
    said = f"KServe's webhook stops with {_PANIC}" if is_predictor else f"exactly one of {_KSERVE[name]}"
    return Problem(path, f"the {name} has no implementation: {said}", allowed=_ALLOWED[name], at_key=True)


def _too_many(path: Path, name: str, found: list[str]) -> Problem:
    message = f"the {name} has {len(found)} implementations: exactly one of {_KSERVE[name]}"
    return Problem(path, message, seen=", ".join(found), allowed=f"exactly one: {_ALLOWED[name]}", at_key=True)
