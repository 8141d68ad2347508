"""An InferenceService in; a finding out where it names a runtime that is not there or is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import mapping, text
from kservegen.jsontypes import Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.kserve._lookup import find, is_promised, names
from kservegen.rules.kserve._platform import chart_runtimes
from kservegen.rules.kserve._settings import namespace
from kservegen.rules.kserve._suggest import did_you_mean
from kservegen.rules.stage import Scope, Stage
from kservegen.rules.view import components_of

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/runtime-reference",
    title="The runtime that a model names is not there, or is disabled",
    why="No webhook looks for it: the service is admitted and waits for the runtime for ever. A ServingRuntime of the "
    "namespace goes before a ClusterServingRuntime of the same name.",
    fix="Name a runtime of the environment, or leave runtime out and let KServe choose by format.",
    bad="predictor: {model: {modelFormat: {name: sklearn}, runtime: sklearnserver}}",
    good="predictor: {model: {modelFormat: {name: sklearn}, runtime: kserve-sklearnserver}}",
    upstream=("ISVC-C03", "ISVC-C04", "controller v1beta1 inferenceservice/components/predictor.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    for path, name, component in components_of(resource):
        if name == "predictor":
            runtime = text(mapping(component.get("model")).get("runtime"))
            if runtime:
                yield from _judge((*path, "model", "runtime"), runtime, namespace(resource), context)


def _judge(path: Path, runtime: str, here: str, context: Context) -> Iterator[Finding]:
    found = find(context, kind="ServingRuntime", namespace=here, name=runtime) or find(
        context, kind="ClusterServingRuntime", namespace="", name=runtime
    )
    if found is not None:
        if mapping(found.doc.get("spec")).get("disabled") is True:
            yield Finding(
                rule=META.id,
                path=path,
                message=f"the runtime {runtime!r} is disabled",
                hint="Enable it, or name another.",
                seen=runtime,
            )
    elif runtime not in chart_runtimes(context.kserve_version) and not _is_promised(context, here, runtime):
        known = (
            *names(context, kind="ServingRuntime", namespace=here),
            *names(context, kind="ClusterServingRuntime", namespace="default"),
            *chart_runtimes(context.kserve_version),
        )
        yield Finding(
            rule=META.id,
            path=path,
            message=f"there is no runtime {runtime!r} for namespace {here}",
            hint=did_you_mean(runtime, known) or META.fix,
            seen=runtime,
            allowed=", ".join(sorted(known)),
        )


def _is_promised(context: Context, here: str, runtime: str) -> bool:
    return any(
        is_promised(context, kind=kind, namespace=here, name=runtime)
        for kind in ("ServingRuntime", "ClusterServingRuntime")
    )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
