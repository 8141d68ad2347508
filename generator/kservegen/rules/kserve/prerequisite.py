"""A service in; findings out for what it needs and the environment neither installs nor promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import mapping
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.kserve._lookup import find, is_promised
from kservegen.rules.kserve._settings import AUTOSCALER, MODE, annotation, deployment_mode
from kservegen.rules.stage import Scope, Stage
from kservegen.serving.platform import KSERVE_NAMESPACE

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/prerequisite",
    title="The object needs something that the environment neither installs nor promises",
    why="Without Knative, Gateway API, LeaderWorkerSet, KEDA or WVA in the cluster the controller leaves out the parts "
    "that need them; gateway: {} means the Gateway kserve/kserve-ingress-gateway, which nobody creates by itself.",
    fix="Install it, and say so under prerequisites of the environment.",
    bad="prerequisites: []          # and an InferenceService in mode Knative",
    good="prerequisites: [knative-serving]",
    upstream=("ISVC-C14", "IG-C1", "LLM-C09", "kserve rules, section 12"),
)

_GATEWAY: Final = "kserve-ingress-gateway"


class Need(NamedTuple):
    """An operator that a field asks for."""

    operator: str
    path: Path
    reason: str


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    needs = _llm_needs if resource.kind == "LLMInferenceService" else _service_needs
    for operator, path, reason in needs(resource, context):
        if operator not in context.prerequisites:
            yield _finding(path, operator, f"{reason} needs {operator}")
    if resource.kind == "LLMInferenceService":
        yield from _gateway(resource, context)


def _service_needs(resource: Resource, context: Context) -> Iterator[Need]:
    if deployment_mode(resource, context) == "Knative":
        stated = ("metadata", "annotations", MODE) if annotation(resource, MODE) else ()
        yield Need("knative-serving", stated, "mode Knative")
    if annotation(resource, AUTOSCALER) == "keda":
        yield Need("keda", ("metadata", "annotations", AUTOSCALER), "autoscalerClass keda")


def _llm_needs(resource: Resource, _context: Context) -> Iterator[Need]:
    spec = mapping(resource.doc.get("spec"))
    yield Need("gateway-api", (), "an LLMInferenceService")
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        yield from _workload_needs(path, workload)


def _workload_needs(path: Path, workload: JsonObject) -> Iterator[Need]:
    if workload.get("worker") is not None:
        yield Need("leaderworkerset", (*path, "worker"), "a worker")
    wva = mapping(workload.get("scaling")).get("wva")
    if isinstance(wva, dict):
        yield Need("wva", (*path, "scaling", "wva"), "scaling by wva")
        if wva.get("keda") is not None:
            yield Need("keda", (*path, "scaling", "wva", "keda"), "scaling by keda")


def _gateway(resource: Resource, context: Context) -> Iterator[Finding]:
    gateway = mapping(mapping(resource.doc.get("spec")).get("router")).get("gateway")
    if not isinstance(gateway, dict) or gateway.get("refs"):
        return
    place = {"kind": "Gateway", "namespace": KSERVE_NAMESPACE, "name": _GATEWAY}
    if find(context, **place) is None and not is_promised(context, **place):
        name = f"Gateway/{KSERVE_NAMESPACE}/{_GATEWAY}"
        yield _finding(("spec", "router", "gateway"), name, f"a managed gateway needs the {name}")


def _finding(path: Path, missing: str, message: str) -> Finding:
    return Finding(
        rule=META.id,
        path=path,
        message=f"{message}, which the environment does not promise",
        hint=f"Install it and add {missing} to prerequisites of the environment.",
        allowed=missing,
        at_key=True,
    )


RULE: Final = Rule(
    meta=META, check=check, kinds=frozenset({"InferenceService", "InferenceGraph", "LLMInferenceService"})
)
