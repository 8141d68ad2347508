"""The parallelism of an LLM service contradicts itself.

Workers serve either data or pipeline parallelism, and without one of them there is nothing for a worker to do; data
comes with dataLocal, its share per node. The same holds for prefill.

Fix: Set data and dataLocal together, or pipeline alone.
Bad:
    spec: {parallelism: {tensor: 4}, worker: {containers: [{name: main}]}}
Good:
    spec: {parallelism: {data: 16, dataLocal: 8}, worker: {containers: [{name: main}]}}
Upstream: LLM-05; LLM-06; LLM-07; LLM-08; LLM-09; LLM-10; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    yield from _workload(("spec",), spec)
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(("spec", "prefill"), prefill)


def _workload(path: Path, workload: JsonObject) -> Problems:
    has_worker = workload.get("worker") is not None
    parallelism = workload.get("parallelism")
    if not has_worker and not isinstance(parallelism, dict):
        return
    words = mapping(parallelism)
    data, local, pipeline = (integer(words.get(field)) for field in ("data", "dataLocal", "pipeline"))
    in_data = (data or 0) > 0 or (local or 0) > 0
    if has_worker and not in_data and not (pipeline or 0) > 0:
        message = "when worker is specified, parallelism must be configured for either data or pipeline parallelism"
        yield Problem((*path, "worker"), message, at_key=True)
    here = (*path, "parallelism")
    if in_data and (pipeline or 0) > 0:
        message = "cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously"
        yield Problem(here, message, at_key=True)
    if data is not None and local is None:
        yield Problem((*here, "data"), "dataLocal must be set when data is set", at_key=True)
    if local is not None and data is None:
        yield Problem((*here, "dataLocal"), "data must be set when dataLocal is set", at_key=True)
    for field, value in (("pipeline", pipeline), ("data", data), ("dataLocal", local)):
        if value is not None and value < 1:
            yield Problem((*here, field), f"{field} parallelism must be greater than 0", seen=str(value))
