"""The ConfigMap that configures the scheduler is not there, or lacks the key.

The controller reads the scheduler's configuration while it merges the service. Without the ConfigMap, or without its
key, there is no workload but the condition CombineBaseError. A name that starts with config-scheduler- is looked up in
KServe's namespace too.

Fix: Create the ConfigMap in the service's namespace, or write the configuration inline.
Bad:
    router: {scheduler: {config: {ref: {name: nope, key: epp}}}}
Good:
    router: {scheduler: {config: {inline: {kind: EndpointPickerConfig}}}}
Upstream: LLM-C10; controller v1alpha2 llmisvc/config_merge.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find, is_available
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import Path

_FIX: Final = (
    "Create the ConfigMap in the service's namespace, or write the configuration inline. "
    "What exists already is promised under prerequisites as ConfigMap/NAME."
)
_PATH: Final[Path] = ("spec", "router", "scheduler", "config", "ref")
_SHARED_PREFIX: Final = "config-scheduler-"
_DEFAULT_KEY: Final = "epp"


@rule(Stage.DEPLOYMENT, "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    ref = mapping(value_at(resource.doc, _PATH))
    name = text(ref.get("name"))
    if not name:
        return
    key = text(ref.get("key")) or _DEFAULT_KEY
    places = [namespace(resource), *([context.platform.namespace] if name.startswith(_SHARED_PREFIX) else [])]
    found = [config for place in places if (config := find(context, kind="ConfigMap", namespace=place, name=name))]
    if found:
        if key not in mapping(found[0].doc.get("data")):
            yield _finding("key", f'ConfigMap {name} doesn\'t have key "{key}" in data', key)
    elif not any(is_available(context, kind="ConfigMap", namespace=place, name=name) for place in places):
        yield _finding("name", f"there is no ConfigMap {name!r} in namespace {' or '.join(places)}", name)


def _finding(field: str, message: str, seen: str) -> Problem:
    return Problem((*_PATH, field), message, seen=seen, hint=_FIX)
