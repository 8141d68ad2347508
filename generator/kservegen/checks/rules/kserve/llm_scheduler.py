"""An LLM service or configuration in; findings out where its scheduler has no replica or no one configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-scheduler",
    title="The scheduler of an LLM service has no replica, or not exactly one configuration",
    why="A block config means that there is one: inline, with something in it, or a ref that names a ConfigMap and its "
    "key. Without the block the preset's own configuration is used.",
    fix="Write inline or ref, not both, or leave config out.",
    bad="router: {scheduler: {config: {}}}",
    good="router: {scheduler: {config: {ref: {name: my-scheduler, key: epp}}}}",
    upstream=(
        "LLM-12",
        "LLM-13",
        "LLM-14",
        "LLM-15",
        "LLM-16",
        "LLMC-02",
        "pkg/apis/serving/v1alpha2/llm_inference_service_validation.go",
    ),
)

_PATH: Final[Path] = ("spec", "router", "scheduler")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    scheduler = mapping(mapping(mapping(resource.doc.get("spec")).get("router")).get("scheduler"))
    replicas = integer(scheduler.get("replicas"))
    if replicas is not None and replicas < 1:
        yield Finding(
            rule=META.id,
            path=(*_PATH, "replicas"),
            message="scheduler replicas must be greater than zero",
            hint="Write 1 or more, or leave scheduler out.",
            seen=str(replicas),
            allowed="1 and more",
        )
    config = scheduler.get("config")
    if resource.kind == "LLMInferenceService" and isinstance(config, dict):
        yield from _config((*_PATH, "config"), config)


def _config(path: Path, config: JsonObject) -> Iterator[Finding]:
    inline, ref = config.get("inline"), config.get("ref")
    if inline is None and ref is None:
        message = "either inline or ref is required"
        yield Finding(rule=META.id, path=path, message=message, hint=META.fix, at_key=True)
    if inline is not None and ref is not None:
        message = "both inline and ref are set, either specify inline or ref"
        yield Finding(rule=META.id, path=path, message=message, hint=META.fix, at_key=True)
    if inline == {}:
        message = "inline configuration is invalid: there is nothing in it"
        yield Finding(rule=META.id, path=(*path, "inline"), message=message, hint=META.fix, seen="{}")
    if isinstance(ref, dict) and not ref.get("name"):
        message = "spec.router.scheduler.config.ref.name is not there: name is empty"
        yield Finding(rule=META.id, path=(*path, "ref", "name"), message=message, hint="Name the ConfigMap.")


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService", "LLMInferenceServiceConfig"}))
