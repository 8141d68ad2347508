"""No route leads to a canary.

Ingress and HTTPRoutes lead to the stable predictor alone. A canary gets pods and a Service of its own, and
trafficPercent decides how many pods, not how many requests.

Fix: Lead requests to the canary's Service yourself, or leave the canary out.
Severity: warning
Bad:
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}}]
Good:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}
Upstream: kserve/kserve#5335; kserve/kserve#5912
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence, text, value_at


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    for index, entry in enumerate(sequence(value_at(resource.doc, ("spec", "canary")))):
        name = text(mapping(mapping(entry).get("predictor")).get("name"))
        message = (
            f"KServe {context.release.version} leads no requests to a canary: "
            f"only the Service {resource.id.name}-{name}-predictor reaches it"
        )
        yield Problem(("spec", "canary", index), message, at_key=True)
