"""An LLMInferenceService in; findings out where a base it builds on is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import find, is_promised, names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.kserve._suggest import did_you_mean
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.resource import Resource
from kservegen.kserve.platform import KSERVE_NAMESPACE

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/base-ref",
    title="A base configuration that the service builds on is not there",
    why="The controller looks in the service's namespace and in KServe's own. Without it there is no workload but the "
    "condition ConfigNotFound.",
    fix="Name an LLMInferenceServiceConfig of the namespace or a preset of the chart.",
    bad="spec: {baseRefs: [{name: nope}]}",
    good="spec: {baseRefs: [{name: kserve-config-llm-template}]}",
    upstream=("LLM-C02", "controller v1alpha2 llmisvc/config_merge.go"),
)

_KIND: Final = "LLMInferenceServiceConfig"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    for index, ref in enumerate(sequence(mapping(resource.doc.get("spec")).get("baseRefs"))):
        name = text(mapping(ref).get("name"))
        here = namespace(resource)
        if name in context.platform.presets or _is_there(context, here, name):
            continue
        known = (
            *names(context, kind=_KIND, namespace=here),
            *names(context, kind=_KIND, namespace=KSERVE_NAMESPACE),
            *context.platform.presets,
        )
        yield Finding(
            rule=META.id,
            path=("spec", "baseRefs", index, "name"),
            message=f"there is no {_KIND} {name!r} in namespace {here} or {KSERVE_NAMESPACE}",
            hint=did_you_mean(name, known) or META.fix,
            seen=name,
            allowed=", ".join(sorted(set(known))),
        )


def _is_there(context: Context, here: str, name: str) -> bool:
    return any(
        find(context, kind=_KIND, namespace=place, name=name) is not None
        or is_promised(context, kind=_KIND, namespace=place, name=name)
        for place in (here, KSERVE_NAMESPACE)
    )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
