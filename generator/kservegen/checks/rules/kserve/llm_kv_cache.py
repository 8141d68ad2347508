"""A tier of the KV cache names no place, or more than one.

KServe v0.20 moves what does not fit the GPU to memory (cpu) first, so secondary tiers need cpu; each is a file system
on exactly one of emptyDir and pvc, and a pvc is exactly one of spec and a ref with a name.

Fix: Give each tier fileSystem with one of emptyDir, pvc.spec and pvc.ref, and set cpu.
Bad:
    kvCacheOffloading: {cpu: 10Gi, secondary: [{fileSystem: {}}]}
Good:
    kvCacheOffloading: {cpu: 10Gi, secondary: [{fileSystem: {emptyDir: {size: 100Gi}}}]}
Upstream: kserve rules, section 11; KServe v0.20 pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.quantity import parse_quantity


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, context: Context) -> Problems:
    if not context.release.capabilities.kv_cache_offloading:
        return
    spec = mapping(resource.doc.get("spec"))
    yield from _offloading(("spec", "kvCacheOffloading"), spec.get("kvCacheOffloading"))
    prefill = mapping(spec.get("prefill"))
    yield from _offloading(("spec", "prefill", "kvCacheOffloading"), prefill.get("kvCacheOffloading"))


def _offloading(path: Path, value: JsonValue) -> Problems:
    offloading = mapping(value)
    tiers = sequence(offloading.get("secondary"))
    if tiers and _is_zero(offloading.get("cpu")):
        yield Problem((*path, "cpu"), "cpu must be set when secondary tiers are configured")
    for index, tier in enumerate(tiers):
        here = (*path, "secondary", index)
        place = mapping(tier).get("fileSystem")
        if isinstance(place, dict):
            yield from _place((*here, "fileSystem"), place)
        else:
            yield Problem(here, "only fileSystem tiers are supported; fileSystem must be set")


def _is_zero(amount: JsonValue) -> bool:
    found = parse_quantity(amount) if isinstance(amount, (str, int, float)) else None
    return found is None or found.sign == 0


def _place(path: Path, place: JsonObject) -> Problems:
    yield from _one(path, place, "emptyDir", "pvc")
    claim = place.get("pvc")
    if not isinstance(claim, dict) or place.get("emptyDir") is not None:
        return
    here = (*path, "pvc")
    yield from _one(here, claim, "spec", "ref")
    ref = claim.get("ref")
    if isinstance(ref, dict) and claim.get("spec") is None and not ref.get("name"):
        yield Problem((*here, "ref", "name"), "name is required", hint="Name the claim.")


def _one(path: Path, block: JsonObject, first: str, second: str) -> Problems:
    given = [field for field in (first, second) if block.get(field) is not None]
    if len(given) != 1:
        yield Problem(path, f"exactly one of {first} or {second} must be set", seen=", ".join(given), at_key=True)
