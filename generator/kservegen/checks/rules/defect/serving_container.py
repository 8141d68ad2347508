"""KServe's controller panics where no container of several is kserve-container.

A sole container is renamed at admission, and so is a first one without a name. Of several with other names none is: the
controller looks for kserve-container, finds nothing and panics, at every pass. The object gets no workload, no status
and no event.

Fix: Call the container that serves kserve-container.
Bad:
    predictor: {containers: [{name: model, image: x}, {name: proxy, image: y}]}
Good:
    predictor: {containers: [{name: kserve-container, image: x}, {name: proxy, image: y}]}
Upstream: kserve/kserve#4986; pkg/apis/serving/v1beta1/predictor_custom.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence
from kservegen.kserve.controllers.parts import container_named
from kservegen.kserve.workloads import SERVING_CONTAINER


@rule(Stage.DEPLOYMENT, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
    names = [str(mapping(item).get("name") or "") for item in sequence(predictor.get("containers"))]
    if names and predictor.get("model") is None and container_named(predictor, SERVING_CONTAINER) is None:
        message = f"the controller panics: none of the predictor's containers is called {SERVING_CONTAINER}"
        path = ("spec", "predictor", "containers")
        yield Problem(path, message, seen=", ".join(names), allowed=SERVING_CONTAINER, at_key=True)
