"""ServiceAccounts, Roles and their bindings of a service: names and rules in, objects out."""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.kserve.controllers.llm.service import DEFAULT_ACCOUNT, LlmService
from kservegen.kserve.controllers.made import MadeObject

ACCOUNT: Final = ("v1", "ServiceAccount")
_RBAC: Final = "rbac.authorization.k8s.io"
_VERSION: Final = f"{_RBAC}/v1"
# What a ServiceAccount hands on: the Secrets that pods may use, and those that images are pulled with.
_HANDED: Final = ("secrets", "imagePullSecrets")


def make_account(
    service: LlmService, name: str, component: str, *, like: str = "", labels: JsonObject | None = None
) -> MadeObject:
    """Make a ServiceAccount with the Secrets of another, the namespace's default one if none is named.

    Some releases hand nothing on.
    """
    if not service.facts.switches.handed_accounts:
        return service.make(ACCOUNT, name, component, {}, labels=labels)
    model = mapping(service.find("ServiceAccount", like or DEFAULT_ACCOUNT))
    fields: JsonObject = {field: model[field] for field in _HANDED if sequence(model.get(field))}
    annotations = mapping(mapping(model.get("metadata")).get("annotations")) if like else {}
    return service.make(ACCOUNT, name, component, fields, labels=labels, annotations=annotations)


def make_role(
    service: LlmService,
    names: tuple[str, str],
    account: str,
    rules: JsonArray,
    component: str,
    *,
    labels: JsonObject | None = None,
) -> list[MadeObject]:
    """Make a Role and bind it to a ServiceAccount; `names` are those of the Role and of its binding."""
    role, binding = names
    bound: JsonObject = {
        "subjects": _subjects(service, account),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": role},
    }
    return [
        service.make((_VERSION, "Role"), role, component, {"rules": rules}, labels=labels),
        service.make((_VERSION, "RoleBinding"), binding, component, bound, labels=labels),
    ]


def make_cluster_binding(service: LlmService, name: str, role: str, account: str, component: str) -> MadeObject:
    """Bind a ClusterRole to a ServiceAccount, all over the cluster."""
    fields: JsonObject = {
        "subjects": _subjects(service, account),
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
    }
    return service.make((_VERSION, "ClusterRoleBinding"), name, component, fields, namespaced=False)


def _subjects(service: LlmService, account: str) -> JsonArray:
    return [{"kind": "ServiceAccount", "name": account, "namespace": service.namespace}]
