"""The service's scaling needs something that the environment neither installs nor promises.

The workload is created and stays at its first size: without KEDA or WVA in the cluster the controller cannot make the
objects that scale it (ScalingCRDNotFound). An LLM service's KEDA scaling also needs the address of Prometheus in the
ConfigMap inferenceservice-config, which no value of the charts sets.

Fix: Install it, and say so under prerequisites of the environment.
Bad:
    prerequisites: []          # and spec: {scaling: {maxReplicas: 2, wva: {hpa: {}}}}
Good:
    prerequisites: [wva]
Upstream: LLM-C11; kserve rules, section 12; controller v1alpha2 llmisvc/scaling.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import absence, is_available
from kservegen.checks.rules.kserve._needs import Need, unmet
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, Path

_CONFIG: Final = "inferenceservice-config"
_PROMETHEUS: Final = "autoscaling-wva-controller-config (prometheus.url)"


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    needs = _service_needs if resource.kind == "InferenceService" else _llm_needs
    for problem in unmet(needs(resource, context), context):
        yield problem._replace(severity=absence(context, Severity.ERROR, problem.allowed))


def _service_needs(resource: Resource, _context: Context) -> Iterator[Need]:
    if annotation(resource, AUTOSCALER) == "keda":
        yield Need("keda", ("metadata", "annotations", AUTOSCALER), "autoscalerClass keda")


def _llm_needs(resource: Resource, context: Context) -> Iterator[Need]:
    spec = mapping(resource.doc.get("spec"))
    for path, workload in ((("spec",), spec), (("spec", "prefill"), mapping(spec.get("prefill")))):
        scaling = mapping(workload.get("scaling"))
        yield from _workload_needs((*path, "scaling", "wva"), scaling, context)
        if context.release.capabilities.direct_keda and isinstance(scaling.get("keda"), dict):
            yield Need("keda", (*path, "scaling", "keda"), "scaling by keda")


def _workload_needs(path: Path, scaling: JsonObject, context: Context) -> Iterator[Need]:
    wva = scaling.get("wva")
    if not isinstance(wva, dict):
        return
    yield Need("wva", path, "scaling by wva")
    if wva.get("keda") is not None:
        yield Need("keda", (*path, "keda"), "scaling by keda")
        config = f"ConfigMap/{context.platform.namespace}/{_CONFIG}"
        if not is_available(context, kind="ConfigMap", namespace=context.platform.namespace, name=_CONFIG):
            yield Need(config, (*path, "keda"), "scaling by keda", _PROMETHEUS)
