"""An object in; a finding out where it names its deployment mode by an old word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._settings import MODE, NEW_MODE
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADVICE

META: Final = RuleMeta(
    id="kserve/deprecated-mode",
    title="The deployment mode is called by its old name",
    why="KServe's webhook rewrites RawDeployment to Standard and Serverless to Knative, so what is in Git never equals "
    "what is in the cluster, and a GitOps tool shows a difference for ever.",
    fix="Write Standard for RawDeployment, Knative for Serverless.",
    bad="metadata: {annotations: {serving.kserve.io/deploymentMode: RawDeployment}}",
    good="metadata: {annotations: {serving.kserve.io/deploymentMode: Standard}}",
    severity=Severity.WARNING,
    upstream=("gitops 2.3", "pkg/apis/serving/v1beta1/inference_service_defaults.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    # As it was written: the defaulter has renamed it in what other rules see.
    mode = text(mapping(mapping(resource.authored.get("metadata")).get("annotations")).get(MODE))
    if mode in NEW_MODE:
        yield Finding(
            rule=META.id,
            path=("metadata", "annotations", MODE),
            message=f"KServe rewrites {mode} to {NEW_MODE[mode]}",
            hint=META.fix,
            seen=mode,
            allowed=NEW_MODE[mode],
        )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "InferenceGraph"}))
