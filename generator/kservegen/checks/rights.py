"""May what syncs a folder create an object that lies in it: objects of the engine and the object in, a finding out.

Read from the projects, accounts and roles that are rendered for the environment. Where they are somebody else's,
nothing is known, and nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kservegen.catalog.sections import GROUP
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.names import plural_of_kind
from kservegen.core.resource import Resource
from kservegen.render.gitops.repository import OutputRepository
from kservegen.render.gitops.syncers import syncers
from kservegen.render.objects.environment import BuiltEnvironment

_SYNC: Final = "sync/"
_TENANT: Final = ("companions/", "models/", "runtimes/")


def check_rights(built: BuiltEnvironment, path: str, resource: Resource) -> Iterator[Finding]:
    """Find what the engine would refuse; `path` is that of the object's file in the environment's folder."""
    sync = [item for item in built.own if item.file.startswith(_SYNC)]
    syncer = syncers(sync, OutputRepository.of(built.environment).folder).get(path.rpartition("/")[0])
    if syncer is None:
        return
    judge = _argocd if syncer.kind == "Application" else _flux
    where = f"in {resource.id.namespace}" if resource.id.namespace else "for the whole cluster"
    for who in judge(sync, syncer, resource):
        yield Finding(
            rule="gitops/not-permitted",
            path=("kind",),
            message=f"{who} may not create a {resource.kind} {where}, so nothing of this folder would be synced",
            seen=resource.kind,
            hint=_hint(built, path, resource),
        )


def _hint(built: BuiltEnvironment, path: str, resource: Resource) -> str:
    """Name the word that permits a kind where there is one: in folders of models, for what has a namespace."""
    kind: JsonObject = {"group": resource.group, "kind": resource.kind}
    known = sequence(built.environment.at("gitops", "namespaceResourceWhitelist"))
    is_known = kind in known or resource.group == GROUP
    if path.startswith(_TENANT) and resource.id.namespace and not is_known:
        group = resource.group or '""'
        word = f"{{group: {group}, kind: {resource.kind}}}"
        return f"Add {word} to gitops.namespaceResourceWhitelist, or have the file synced from elsewhere."
    return "Have the file synced from elsewhere."


def _argocd(sync: Sequence[Resource], application: Resource, resource: Resource) -> Iterator[str]:
    """Judge as Argo CD does (IsGroupKindPermitted): no list of namespaced kinds permits all, none of others nothing."""
    name = text(application.spec.get("project"))
    for project in (item for item in sync if item.kind == "AppProject" and item.id.name == name):
        kind: JsonObject = {"group": resource.group, "kind": resource.kind}
        namespaces = [mapping(item).get("namespace") for item in sequence(project.spec.get("destinations"))]
        if resource.id.namespace:
            kinds = project.spec.get("namespaceResourceWhitelist")
            permitted = (kinds is None or kind in sequence(kinds)) and resource.id.namespace in namespaces
        else:
            permitted = kind in sequence(project.spec.get("clusterResourceWhitelist"))
        if not permitted:
            yield f"project {name}"


def _flux(sync: Sequence[Resource], kustomization: Resource, resource: Resource) -> Iterator[str]:
    account = text(kustomization.spec.get("serviceAccountName"))
    if not any(item.kind == "ServiceAccount" and item.id.name == account for item in sync):
        return
    roles = {item.id.name: item for item in sync if item.kind == "ClusterRole"}
    bindings = [item for item in sync if item.kind in {"ClusterRoleBinding", "RoleBinding"}]
    bound = [
        roles[text(mapping(item.doc.get("roleRef")).get("name"))]
        for item in bindings
        if item.id.namespace in {"", resource.id.namespace}
        and any(mapping(subject).get("name") == account for subject in sequence(item.doc.get("subjects")))
    ]
    if not _may_create(bound, resource):
        yield f"account {account}"


def _may_create(roles: Iterable[Resource], resource: Resource) -> bool:
    plural = plural_of_kind(resource.kind)
    return any(
        resource.group in sequence(rule.get("apiGroups"))
        and plural in sequence(rule.get("resources"))
        and "create" in sequence(rule.get("verbs"))
        for role in roles
        for rule in map(mapping, sequence(role.doc.get("rules")))
    )
