"""The service's shape asks for a preset that is not installed.

The controller lays every service over presets that it picks by prefill, worker and parallelism, scheduler and route.
Where one is missing there is no workload but the condition ConfigNotFound. The presets for pipeline parallelism with
workers are in no chart.

Fix: Install kserve-runtime-configs with llmisvcConfigs.enabled, or declare an LLMInferenceServiceConfig of that name in
the service's namespace.
Bad:
    spec: {parallelism: {pipeline: 2}, worker: {containers: [{name: main}]}}
Good:
    spec: {parallelism: {data: 2, dataLocal: 1}, worker: {containers: [{name: main}]}}
Upstream: LLM-C02; LLM-C03; controller v1alpha2 llmisvc/config_merge.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import is_available
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.merged import CONFIG, merged
from kservegen.kserve.presets import PIPELINE, presets_for


@rule(Stage.DEPLOYMENT, "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    spec, whole, _ = merged(resource, context)
    here = namespace(resource)
    for preset, path in presets_for(spec):
        # What a base that is not at hand may bring changes nothing about a pipeline: no chart has a preset for one.
        if not whole and not preset.endswith(PIPELINE):
            continue
        if not _is_there(preset, here, context):
            yield Problem(
                path,
                f'{CONFIG} "{preset}" not found in namespaces [{here} {context.platform.namespace}]',
                seen=preset,
                allowed=", ".join(sorted(context.platform.presets)),
                hint=_hint(preset),
                at_key=True,
            )


def _hint(preset: str) -> str:
    if preset.endswith(PIPELINE):
        return f"No chart has it: use data parallelism, or declare an {CONFIG} of that name yourself."
    return ""


def _is_there(preset: str, here: str, context: Context) -> bool:
    return any(is_available(context, kind=CONFIG, namespace=n, name=preset) for n in (here, context.platform.namespace))
