"""A service in; a finding out where the names that KServe derives from its own grow too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.kube_names import LABEL_LENGTH
from kservegen.rules.base import Context, Rule
from kservegen.rules.kserve._settings import deployment_mode, namespace
from kservegen.rules.stage import Stage
from kservegen.rules.view import components_of

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kserve/host-name-length",
    title="The name leaves no room for the names that KServe derives from it",
    why="In Standard mode every component gets the host name {name}-{component}-{namespace}.{domain}, whose first part "
    "may have 63 characters; in Knative mode a service {name}-{component}. A longer one is admitted, never deployed. "
    "An LLMInferenceService's name becomes the value of a label, with the same limit.",
    fix="Shorten the name or the namespace.",
    bad="metadata: {name: customer-support-assistant-for-the-enterprise, namespace: team-conversational-ai}",
    good="metadata: {name: support-assistant, namespace: team-conversational-ai}",
    upstream=("ISVC-C15", "kserve rules, section 12", "controller v1beta1 reconcilers/ingress/domain.go"),
)

_ALWAYS_FITS: Final = LABEL_LENGTH - len("-transformer-")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    name = resource.id.name
    if resource.kind == "LLMInferenceService":
        if len(name) > LABEL_LENGTH:
            yield _finding(f"the name has {len(name)} characters", name, f"at most {LABEL_LENGTH}")
        return
    if len(name) + len(namespace(resource)) <= _ALWAYS_FITS:
        return
    # Nothing is derived before ModelMesh takes over.
    mode = deployment_mode(resource, context)
    longest = max((part.role for part in components_of(resource)), key=len, default="")
    tail = f"-{longest}" if mode == "Knative" else f"-{longest}-{namespace(resource)}"
    if longest and mode != "ModelMesh" and len(name) + len(tail) > LABEL_LENGTH:
        what = "the service" if mode == "Knative" else "the host label"
        message = f"{what} {name}{tail} has {len(name) + len(tail)} characters"
        yield _finding(message, name, f"a name of at most {max(LABEL_LENGTH - len(tail), 0)} characters here")


def _finding(message: str, name: str, allowed: str) -> Finding:
    return Finding(rule=META.id, path=("metadata", "name"), message=message, hint=META.fix, seen=name, allowed=allowed)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "LLMInferenceService"}))
