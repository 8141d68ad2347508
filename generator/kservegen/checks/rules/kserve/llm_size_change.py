"""An LLM workload would span another number of nodes.

How many nodes a replica spans - data divided by dataLocal, or pipeline - is fixed once the service exists: the group of
pods behind it cannot change its size. Prefill counts where it was there and still is.

Fix: Keep the number of nodes, or make a service of another name and remove this one.
Bad:
    spec: {parallelism: {data: 16, dataLocal: 8}}
    # was: {data: 8, dataLocal: 8}
Good:
    spec: {parallelism: {data: 16, dataLocal: 8}}
    # was: {data: 8, dataLocal: 4}
Upstream: LLM-11; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path


@rule(Stage.ADMISSION, "LLMInferenceService", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None:
        return
    spec, before = (mapping(item.doc.get("spec")) for item in (resource, old))
    yield from _change(("spec",), spec, before)
    prefill, earlier = spec.get("prefill"), before.get("prefill")
    if isinstance(prefill, dict) and isinstance(earlier, dict):
        yield from _change(("spec", "prefill"), prefill, earlier)


def _change(path: Path, workload: JsonObject, before: JsonObject) -> Problems:
    now, then = _nodes(workload), _nodes(before)
    if now != then:
        message = f"total parallelism size is immutable, previous size {then}, curr size {now}"
        yield Problem((*path, "parallelism"), message, seen=str(now), allowed=str(then))


def _nodes(workload: JsonObject) -> int:
    """Count the nodes of one replica, as KServe derives it."""
    words = mapping(workload.get("parallelism"))
    data, local, pipeline = (integer(words.get(field)) or 0 for field in ("data", "dataLocal", "pipeline"))
    if data > 0 or local > 0:
        return max(max(data, 1) // max(local, 1), 1)
    return pipeline or 1
