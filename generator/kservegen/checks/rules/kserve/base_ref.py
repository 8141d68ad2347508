"""A base configuration that the service builds on is not there.

The controller looks in the service's namespace and in KServe's own. Without it there is no workload but the condition
ConfigNotFound.

Fix: Name an LLMInferenceServiceConfig of the namespace or a preset of the chart.
Bad:
    spec: {baseRefs: [{name: nope}]}
Good:
    spec: {baseRefs: [{name: kserve-config-llm-template}]}
Upstream: LLM-C02; controller v1alpha2 llmisvc/config_merge.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import is_available, known_names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.core.document import mapping, sequence, text
from kservegen.core.suggest import did_you_mean

_KIND: Final = "LLMInferenceServiceConfig"


@rule(Stage.DEPLOYMENT, "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for index, ref in enumerate(sequence(mapping(resource.doc.get("spec")).get("baseRefs"))):
        name = text(mapping(ref).get("name"))
        here = namespace(resource)
        places = (here, context.platform.namespace)
        if any(is_available(context, kind=_KIND, namespace=place, name=name) for place in places):
            continue
        known = (
            *known_names(context, kind=_KIND, namespace=here),
            *known_names(context, kind=_KIND, namespace=context.platform.namespace),
            *context.platform.presets,
        )
        yield Problem(
            ("spec", "baseRefs", index, "name"),
            f"there is no {_KIND} {name!r} in namespace {here} or {context.platform.namespace}",
            seen=name,
            allowed=", ".join(sorted(set(known))),
            hint=did_you_mean(name, known, cutoff=0.7),
        )
