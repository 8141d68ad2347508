"""The object needs something that the environment neither installs nor promises.

Without Knative Serving a service or graph in mode Knative is given up (ServerlessModeRejected), without ModelMesh's own
controller nobody looks at a service in that mode, without LeaderWorkerSet a worker gets no pods, without Gateway API
the controller of LLM services does not start: the object is admitted and nothing is deployed.

Fix: Install it, and say so under prerequisites of the environment.
Bad:
    prerequisites: []          # and an InferenceService in mode Knative
Good:
    prerequisites: [knative-serving]
Upstream: ISVC-C14; IG-C1; kserve rules, section 12
"""

from collections.abc import Iterator

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._needs import Need, unmet
from kservegen.checks.rules.kserve._settings import MODE, annotation, deployment_mode
from kservegen.core.document import mapping


@rule(Stage.DEPLOYMENT, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    needs = _llm_needs if resource.kind == "LLMInferenceService" else _service_needs
    yield from unmet(needs(resource, context), context)


def _service_needs(resource: Resource, context: Context) -> Iterator[Need]:
    mode = deployment_mode(resource, context)
    stated = ("metadata", "annotations", MODE) if annotation(resource, MODE) else ()
    if mode == "Knative":
        yield Need("knative-serving", stated, "mode Knative")
    elif mode == "ModelMesh" and resource.kind == "InferenceService":
        yield Need("modelmesh", stated, "mode ModelMesh, in which KServe makes nothing itself,")


def _llm_needs(resource: Resource, _context: Context) -> Iterator[Need]:
    spec = mapping(resource.doc.get("spec"))
    yield Need("gateway-api", (), "an LLMInferenceService")
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        if workload.get("worker") is not None:
            yield Need("leaderworkerset", (*path, "worker"), "a worker")
