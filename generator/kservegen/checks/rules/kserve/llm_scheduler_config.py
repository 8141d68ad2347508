"""An LLMInferenceService in; a finding out where the ConfigMap of its scheduler is not there, or lacks the key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import find, is_promised
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.kserve.platform import KSERVE_NAMESPACE

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/llm-scheduler-config",
    title="The ConfigMap that configures the scheduler is not there, or lacks the key",
    why="The controller reads the scheduler's configuration while it merges the service. Without the ConfigMap, or "
    "without its key, there is no workload but the condition CombineBaseError. A name that starts with "
    "config-scheduler- is looked up in KServe's namespace too.",
    fix="Create the ConfigMap in the service's namespace, or write the configuration inline.",
    bad="router: {scheduler: {config: {ref: {name: nope, key: epp}}}}",
    good="router: {scheduler: {config: {inline: {kind: EndpointPickerConfig}}}}",
    upstream=("LLM-C10", "controller v1alpha2 llmisvc/config_merge.go"),
)

_PATH: Final[Path] = ("spec", "router", "scheduler", "config", "ref")
_SHARED_PREFIX: Final = "config-scheduler-"
_DEFAULT_KEY: Final = "epp"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    ref: JsonObject = resource.doc
    for key in _PATH:
        ref = mapping(ref.get(str(key)))
    name = text(ref.get("name"))
    if not name:
        return
    key = text(ref.get("key")) or _DEFAULT_KEY
    places = [namespace(resource), *([KSERVE_NAMESPACE] if name.startswith(_SHARED_PREFIX) else [])]
    found = [config for place in places if (config := find(context, kind="ConfigMap", namespace=place, name=name))]
    if found:
        if key not in mapping(found[0].doc.get("data")):
            yield _finding("key", f'ConfigMap {name} doesn\'t have key "{key}" in data', key)
    elif not any(is_promised(context, kind="ConfigMap", namespace=place, name=name) for place in places):
        yield _finding("name", f"there is no ConfigMap {name!r} in namespace {' or '.join(places)}", name)


def _finding(field: str, message: str, seen: str) -> Finding:
    hint = f"{META.fix} What exists already is promised under prerequisites as ConfigMap/NAME."
    return Finding(rule=META.id, path=(*_PATH, field), message=message, hint=hint, seen=seen)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
