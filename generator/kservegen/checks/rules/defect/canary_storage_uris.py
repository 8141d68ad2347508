"""The storageUris of a canary are ignored.

KServe hands on to a canary the number of its replicas and the pod alone: nothing of storageUris, its own or the stable
predictor's, is downloaded for it. It starts without them.

Fix: Give the canary's model a storageUri.
Bad:
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: x}}, storageUris: [{uri: s3://b/n}]}}]
Good:
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: x}, storageUri: s3://b/n}}}]
Upstream: kserve derive-isvc, part 10.3; reconcileCanaryDeployments in
pkg/controller/v1beta1/inferenceservice/components/predictor.go at v0.20.0
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    inherited = bool(mapping(spec.get("predictor")).get("storageUris"))
    for index, entry in enumerate(sequence(spec.get("canary"))):
        predictor = mapping(mapping(entry).get("predictor"))
        path = ("spec", "canary", index, "predictor")
        if predictor.get("storageUris"):
            yield Problem((*path, "storageUris"), "nothing of a canary's storageUris is downloaded", at_key=True)
        elif inherited and not mapping(predictor.get("model")).get("storageUri"):
            yield Problem(path, "nothing of the stable predictor's storageUris is downloaded for a canary", at_key=True)
