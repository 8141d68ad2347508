"""The scheduler of an LLM service has no replica, or not exactly one configuration.

A block config means that there is one: inline, with something in it, or a ref that names a ConfigMap and its key.
Without the block the preset's own configuration is used.

Fix: Write inline or ref, not both, or leave config out.
Bad:
    router: {scheduler: {config: {}}}
Good:
    router: {scheduler: {config: {ref: {name: my-scheduler, key: epp}}}}
Upstream: LLM-12; LLM-13; LLM-14; LLM-15; LLM-16; LLMC-02; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path

_PATH: Final[Path] = ("spec", "router", "scheduler")


@rule(Stage.ADMISSION, "LLMInferenceService", "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    scheduler = mapping(mapping(mapping(resource.doc.get("spec")).get("router")).get("scheduler"))
    replicas = integer(scheduler.get("replicas"))
    if replicas is not None and replicas < 1:
        message = "scheduler replicas must be greater than zero"
        hint = "Write 1 or more, or leave scheduler out."
        yield Problem((*_PATH, "replicas"), message, seen=str(replicas), allowed="1 and more", hint=hint)
    config = scheduler.get("config")
    if resource.kind == "LLMInferenceService" and isinstance(config, dict):
        yield from _config((*_PATH, "config"), config)


def _config(path: Path, config: JsonObject) -> Problems:
    inline, ref = config.get("inline"), config.get("ref")
    if inline is None and ref is None:
        yield Problem(path, "either inline or ref is required", at_key=True)
    if inline is not None and ref is not None:
        yield Problem(path, "both inline and ref are set, either specify inline or ref", at_key=True)
    if inline == {}:
        yield Problem((*path, "inline"), "inline configuration is invalid: there is nothing in it", seen="{}")
    if isinstance(ref, dict) and not ref.get("name"):
        message = "spec.router.scheduler.config.ref.name is not there: name is empty"
        yield Problem((*path, "ref", "name"), message, hint="Name the ConfigMap.")
