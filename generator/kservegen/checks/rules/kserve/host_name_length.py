"""The name leaves no room for the names that KServe derives from it.

In Standard mode every component gets the host name {name}-{component}-{namespace}.{domain}, or what the environment's
domainTemplate says, whose parts may have 63 characters each; in Knative mode a service {name}-{component}. A longer one
is admitted, never deployed. An LLMInferenceService's name becomes the value of a label, with the same limit.

Fix: Shorten the name or the namespace.
Bad:
    metadata: {name: customer-support-assistant-for-the-enterprise, namespace: team-conversational-ai}
Good:
    metadata: {name: support-assistant, namespace: team-conversational-ai}
Upstream: ISVC-C15; kserve rules, section 12; controller v1beta1 reconcilers/ingress/domain.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.checks.rules.view import components_of
from kservegen.core.names import LABEL_LENGTH
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.platform import Platform

_STANDARD_TEMPLATE: Final = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"
_FIELD: Final = lazy_pattern(r"\{\{\s*\.(Name|Namespace|IngressDomain)\s*\}\}")
_ALWAYS_FITS: Final = LABEL_LENGTH - len("-transformer-")


@rule(Stage.DEPLOYMENT, "InferenceService", "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    name = resource.id.name
    if resource.kind == "LLMInferenceService":
        if len(name) > LABEL_LENGTH:
            yield _finding(f"the name has {len(name)} characters", name, f"at most {LABEL_LENGTH}")
        return
    standard = context.platform.domain_template == _STANDARD_TEMPLATE
    if standard and len(name) + len(namespace(resource)) <= _ALWAYS_FITS:
        return
    # Nothing is derived before ModelMesh takes over.
    mode = deployment_mode(resource, context)
    longest = max((part.role for part in components_of(resource)), key=len, default="")
    if not longest or mode == "ModelMesh":
        return
    if mode == "Knative":
        yield from _too_long("the service", f"{name}-{longest}", name)
    else:
        host = _host(f"{name}-{longest}", namespace(resource), context.platform)
        label = max(host.split("."), key=len)
        yield from _too_long("the host label", label, name) if name in label else ()


def _host(component: str, here: str, platform: Platform) -> str:
    """Fill the template of host names; blank where it has more than fields whose values are known here."""
    values = {"Name": component, "Namespace": here, "IngressDomain": platform.domain}
    host = _FIELD.sub(lambda match: values[match[1]], platform.domain_template)
    return "" if "{{" in host else host


def _too_long(what: str, label: str, name: str) -> Problems:
    if len(label) > LABEL_LENGTH:
        allowed = f"a name of at most {max(LABEL_LENGTH - len(label) + len(name), 0)} characters here"
        yield _finding(f"{what} {label} has {len(label)} characters", name, allowed)


def _finding(message: str, name: str, allowed: str) -> Problem:
    return Problem(("metadata", "name"), message, seen=name, allowed=allowed)
