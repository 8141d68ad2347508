"""A service in; findings out for what it needs and the environment neither installs nor promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._needs import Need, unmet
from kservegen.checks.rules.kserve._settings import MODE, annotation, deployment_mode
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/prerequisite",
    title="The object needs something that the environment neither installs nor promises",
    why="Without Knative Serving a service or graph in mode Knative is given up (ServerlessModeRejected), without "
    "LeaderWorkerSet a worker gets no pods, without Gateway API the controller of LLM services does not start: the "
    "object is admitted and nothing is deployed.",
    fix="Install it, and say so under prerequisites of the environment.",
    bad="prerequisites: []          # and an InferenceService in mode Knative",
    good="prerequisites: [knative-serving]",
    upstream=("ISVC-C14", "IG-C1", "kserve rules, section 12"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    needs = _llm_needs if resource.kind == "LLMInferenceService" else _service_needs
    yield from unmet(META.id, needs(resource, context), context)


def _service_needs(resource: Resource, context: Context) -> Iterator[Need]:
    if deployment_mode(resource, context) == "Knative":
        stated = ("metadata", "annotations", MODE) if annotation(resource, MODE) else ()
        yield Need("knative-serving", stated, "mode Knative")


def _llm_needs(resource: Resource, _context: Context) -> Iterator[Need]:
    spec = mapping(resource.doc.get("spec"))
    yield Need("gateway-api", (), "an LLMInferenceService")
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        if workload.get("worker") is not None:
            yield Need("leaderworkerset", (*path, "worker"), "a worker")


RULE: Final = Rule(
    meta=META, check=check, kinds=frozenset({"InferenceService", "InferenceGraph", "LLMInferenceService"})
)
