"""A runtime that is updated in; a finding out where it had workers and has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._multi_node import RUNTIMES, is_disabled
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/worker-spec-removal",
    title="A runtime loses its workers",
    why="Models that span nodes run on it, and the webhook takes no update that removes workerSpec.",
    fix="Keep workerSpec, or make a runtime of another name.",
    bad="kind: ClusterServingRuntime\nspec: {containers: [{name: kserve-container}]}\n# had a workerSpec",
    good="kind: ClusterServingRuntime\n"
    "spec: {containers: [{name: kserve-container}], workerSpec: {containers: [{name: worker-container}]}}",
    upstream=("SR-03", "pkg/webhook/admission/servingruntime/servingruntime_webhook.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    old = context.old.get(resource.id)
    if old is None or is_disabled(resource) or _workers(resource) is not None or _workers(old) is None:
        return
    message = "removing workerSpec where it already exists is not allowed"
    yield Finding(rule=META.id, path=("spec", "workerSpec"), message=message, hint=META.fix, at_key=True)


def _workers(resource: Resource) -> object:
    return mapping(resource.doc.get("spec")).get("workerSpec")


RULE: Final = Rule(meta=META, check=check, kinds=RUNTIMES)
