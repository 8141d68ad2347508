"""A service in; findings out where its scaling needs an operator, or a setting, that the environment does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import is_promised
from kservegen.checks.rules.kserve._needs import Need, unmet
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.kserve.platform import KSERVE_NAMESPACE

STAGE: Final = Stage.RUN
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/scaling-prerequisite",
    title="The service's scaling needs something that the environment neither installs nor promises",
    why="The workload is created and stays at its first size: without KEDA or WVA in the cluster the controller cannot "
    "make the objects that scale it (ScalingCRDNotFound). An LLM service's KEDA scaling also needs the address of "
    "Prometheus in the ConfigMap inferenceservice-config, which no value of the charts sets.",
    fix="Install it, and say so under prerequisites of the environment.",
    bad="prerequisites: []          # and spec: {scaling: {maxReplicas: 2, wva: {hpa: {}}}}",
    good="prerequisites: [wva]",
    upstream=("LLM-C11", "kserve rules, section 12", "controller v1alpha2 llmisvc/scaling.go"),
)

_CONFIG: Final = "inferenceservice-config"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    needs = _service_needs if resource.kind == "InferenceService" else _llm_needs
    yield from unmet(META.id, needs(resource, context), context)


def _service_needs(resource: Resource, _context: Context) -> Iterator[Need]:
    if annotation(resource, AUTOSCALER) == "keda":
        yield Need("keda", ("metadata", "annotations", AUTOSCALER), "autoscalerClass keda")


def _llm_needs(resource: Resource, context: Context) -> Iterator[Need]:
    spec = mapping(resource.doc.get("spec"))
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        yield from _workload_needs((*path, "scaling", "wva"), mapping(workload.get("scaling")), context)


def _workload_needs(path: Path, scaling: JsonObject, context: Context) -> Iterator[Need]:
    wva = scaling.get("wva")
    if not isinstance(wva, dict):
        return
    yield Need("wva", path, "scaling by wva")
    if wva.get("keda") is not None:
        yield Need("keda", (*path, "keda"), "scaling by keda")
        config = f"ConfigMap/{KSERVE_NAMESPACE}/{_CONFIG}"
        if not is_promised(context, kind="ConfigMap", namespace=KSERVE_NAMESPACE, name=_CONFIG):
            yield Need(config, (*path, "keda"), "scaling by keda, which asks Prometheus by the address in a ConfigMap,")


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "LLMInferenceService"}))
