"""An LLMInferenceService in; findings out where its shape asks for a preset that nobody installs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import mapping
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.kserve._lookup import is_promised
from kservegen.rules.kserve._merged import CONFIG, find_config, merged
from kservegen.rules.kserve._settings import namespace
from kservegen.rules.stage import Scope, Stage
from kservegen.serving.platform import KSERVE_NAMESPACE

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/llm-preset",
    title="The service's shape asks for a preset that is not installed",
    why="The controller lays every service over presets that it picks by prefill, worker and parallelism, scheduler "
    "and route. Where one is missing there is no workload but the condition ConfigNotFound. The presets for pipeline "
    "parallelism with workers are in no chart.",
    fix="Install kserve-runtime-configs with llmisvcConfigs.enabled, or declare an LLMInferenceServiceConfig of that "
    "name in the service's namespace.",
    bad="spec: {parallelism: {pipeline: 2}, worker: {containers: [{name: main}]}}",
    good="spec: {parallelism: {data: 2, dataLocal: 1}, worker: {containers: [{name: main}]}}",
    upstream=("LLM-C02", "LLM-C03", "controller v1alpha2 llmisvc/config_merge.go"),
)

_PREFIX: Final = "kserve-config-llm-"
# Only for pipelines can a base that is not at hand change nothing: no chart has any preset for them.
_PIPELINE: Final = "worker-pipeline-parallel"


class Need(NamedTuple):
    """A preset and the field that asks for it."""

    name: str
    path: Path


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    spec, whole, _ = merged(resource, context)
    here = namespace(resource)
    for name, path in _needs(spec):
        if not whole and not name.endswith(_PIPELINE):
            continue
        preset = _PREFIX + name
        if not _is_there(preset, here, context):
            yield Finding(
                rule=META.id,
                path=path,
                message=f'{CONFIG} "{preset}" not found in namespaces [{here} {KSERVE_NAMESPACE}]',
                hint=_hint(name),
                seen=preset,
                allowed=", ".join(sorted(context.platform.presets)),
                at_key=True,
            )


def _hint(name: str) -> str:
    if name.endswith(_PIPELINE):
        return f"No chart has it: use data parallelism, or declare an {CONFIG} of that name yourself."
    return META.fix


def _is_there(preset: str, here: str, context: Context) -> bool:
    if preset in context.platform.presets or find_config(preset, here, context) is not None:
        return True
    return any(is_promised(context, kind=CONFIG, namespace=n, name=preset) for n in (here, KSERVE_NAMESPACE))


def _needs(spec: JsonObject) -> Iterator[Need]:
    router = mapping(spec.get("router"))
    scheduler, route = router.get("scheduler"), router.get("route")
    if isinstance(scheduler, dict) and not mapping(mapping(scheduler).get("pool")).get("ref"):
        yield Need("scheduler", ("spec", "router", "scheduler"))
    if isinstance(route, dict) and not mapping(route.get("http")).get("refs"):
        yield Need("router-route", ("spec", "router", "route"))
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(prefill, ("spec", "prefill"), "prefill-")
        yield from _workload(spec, ("spec",), "decode-")
    else:
        yield from _workload(spec, ("spec",), "")


def _workload(workload: JsonObject, path: Path, prefix: str) -> Iterator[Need]:
    parallelism = mapping(workload.get("parallelism"))
    if workload.get("worker") is None:
        yield Need(f"{prefix}template", path)
    elif parallelism.get("pipeline") is not None:
        yield Need(f"{prefix}{_PIPELINE}", (*path, "parallelism", "pipeline"))
    elif parallelism.get("data") is not None:
        yield Need(f"{prefix}worker-data-parallel", (*path, "worker"))


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
