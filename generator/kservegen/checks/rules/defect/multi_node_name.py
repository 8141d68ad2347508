"""The workers of a named predictor look for their head under another name.

With predictor.name the head's Service is called after it; the variable by which workers find the head is not.

Fix: Leave predictor.name out where the model spans nodes.
Bad:
    predictor: {name: v1, model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}, workerSpec: {}}
Good:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}, workerSpec: {}}
Upstream: kserve derive-isvc, part 6; pkg/controller/v1beta1/inferenceservice/components/predictor.go at v0.20.0
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
    name = text(predictor.get("name"))
    if name and predictor.get("workerSpec") is not None:
        own = resource.id.name
        message = f"workers look for the Service {own}-head-1, and the head's is {own}-{name}-head-1"
        yield Problem(("spec", "predictor", "name"), message, seen=name)
