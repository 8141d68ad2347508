"""The accounts that Flux applies each layer as, and the roles that let each do no more than its layer needs.

Accounts, roles and bindings are applied by the root, which writes them with the rights of kustomize-controller itself.
Bindings in namespaces that the layer `cluster` creates cannot be applied before that: they are a layer of their own,
`access`, whose account may bind the roles of models and quotas and no others.

Rules do not follow from what is in the catalog: what left it with the last object of its kind has still to be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kservegen.catalog.sections import GROUP, KINDS
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.names import plural_of_kind
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.gitops.common_kinds import COMMON_KINDS, GroupKind, rendered_kinds
from kservegen.render.gitops.flux.words import FLUX_WORDS, FluxWords
from kservegen.render.gitops.layers import LayerPart, SyncLayer

ACCESS: Final = "access"
ACCESS_FOLDER: Final = "sync/access"
_ROOT_FOLDER: Final = "sync/kustomizations/access"

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_POLICIES: Final = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
# What kustomize-controller does to apply an object on the server's side, and what it does to prune one.
_APPLY: Final = ("get", "create", "patch")
_PRUNE: Final = (*_APPLY, "delete")
# What helm-controller does: it watches what it waits for, and replaces its release's Secret.
_RELEASE: Final = ("get", "list", "watch", "create", "update", "patch", "delete")


class _Grant(NamedTuple):
    """A role for an account, in the whole cluster or, where there are some, in namespaces alone."""

    account: str
    role: str
    rules: list[JsonObject]
    namespaces: tuple[str, ...] = ()


def build_access(
    words: FluxWords, layers: Iterable[SyncLayer], more_kinds: JsonArray
) -> tuple[list[Resource], list[Resource]]:
    """Build what the root applies, and the bindings of the layer `access`; `more_kinds` are for models.

    Nothing where an account is named for everything, or where a kubeconfig brings the rights along.
    """
    if not words.has_accounts:
        return [], []
    layers = tuple(layers)
    grants = [
        *_platform_grants(words, layers),
        *_tenant_grants(words, layers, more_kinds),
        *_companion_grants(words, layers, more_kinds),
    ]
    later = sorted({grant.role for grant in grants for namespace in grant.namespaces if _is_later(words, namespace)})
    if later:
        grants.append(_access_grant(words, later))
    by_root = [*_accounts(words, grants), *_roles(words, grants)]
    if any(layer.charts for layer in layers):
        by_root.append(_platform_namespace(words.kserve))
    bindings = [_binding(words, grant, namespace) for grant in grants for namespace in grant.namespaces]
    return (
        [*by_root, *(binding for binding in bindings if binding.file.startswith(_ROOT_FOLDER))],
        [binding for binding in bindings if not binding.file.startswith(_ROOT_FOLDER)],
    )


def _is_later(words: FluxWords, namespace: str) -> bool:
    """Whether a namespace may not be there yet when the root is applied first."""
    return namespace not in {words.namespace, words.kserve}


def _platform_grants(words: FluxWords, layers: tuple[SyncLayer, ...]) -> Iterator[_Grant]:
    if any(layer.charts for layer in layers):
        objects = [
            _rule("helm.toolkit.fluxcd.io", ["helmreleases"]),
            _rule("source.toolkit.fluxcd.io", ["ocirepositories"]),
        ]
        yield _Grant(words.name("charts"), words.name("charts"), objects, (words.namespace,))
    for part in LayerPart:
        found = [layer for layer in layers if layer.part is part and not layer.is_tenant]
        account = words.name(part)
        if not found or part is LayerPart.COMPANIONS:
            continue
        if part in _EVERYWHERE:
            more = list(_cluster_rules(found)) if part is LayerPart.CLUSTER else []
            yield _Grant(account, account, [*_EVERYWHERE[part], *more])
        if part in _RELEASED:
            yield _Grant(account, f"{account}-release", _RELEASED[part], (words.kserve,))
        if part is LayerPart.QUOTAS:
            rules = [_rule("", ["limitranges", "resourcequotas"], _PRUNE)]
            yield _Grant(account, account, rules, tuple(layer.namespace for layer in found))
        if part is LayerPart.POLICIES:
            yield from _policy_grants(account, found[0].resources)


def _tenant_grants(words: FluxWords, layers: Iterable[SyncLayer], more_kinds: JsonArray) -> Iterator[_Grant]:
    """One role for all owners of models; who may use it, and where, is what differs."""
    rules = [
        _rule(GROUP, sorted(plural_of_kind(info.kind) for info in KINDS.values() if info.namespaced), _PRUNE),
        # What tells whether a model is ready: a Deployment, with its ReplicaSets and pods, or a Knative Service.
        _rule("apps", ["deployments"], ("get",)),
        _rule("apps", ["replicasets"], ("list",)),
        _rule("", ["pods"], ("list",)),
        _rule("serving.knative.dev", ["services"], ("get",)),
        *(
            _rule(text(kind.get("group")), [plural_of_kind(text(kind.get("kind")))], _PRUNE)
            for kind in map(mapping, more_kinds)
        ),
    ]
    namespaces: dict[str, set[str]] = {}
    for layer in layers:
        if layer.is_tenant:
            namespaces.setdefault(words.account_of(layer), set()).add(layer.namespace)
    for account, held in sorted(namespaces.items()):
        yield _Grant(account, words.name(LayerPart.MODELS), rules, tuple(sorted(held)))


def _companion_grants(words: FluxWords, layers: Iterable[SyncLayer], more_kinds: JsonArray) -> Iterator[_Grant]:
    """One role for the kinds that commonly stand beside models, and one for each other kind that is rendered.

    What lets an account give rights is a role of each namespace alone: what one team may give, no other may.
    The root removes no role: what left Git with the last object of its kind can still be deleted.
    """
    held: dict[str, list[SyncLayer]] = {}
    for layer in layers:
        if layer.is_companions:
            held.setdefault(words.account_of(layer), []).append(layer)
    more = {(text(kind.get("group")), text(kind.get("kind"))) for kind in map(mapping, more_kinds)}
    common = {*COMMON_KINDS, *more}
    rules = [_rule(group, kinds, _PRUNE) for group, kinds in _by_group(common)]
    for account, own in sorted(held.items()):
        name = words.name(LayerPart.COMPANIONS)
        yield _Grant(account, name, rules, tuple(sorted({layer.namespace for layer in own})))
    every = [layer for own in held.values() for layer in own]
    for group, kind in sorted(rendered_kinds(every) - common):
        resources = [r for layer in every for r in layer.resources if (_group(r.doc), r.kind) == (group, kind)]
        role = f"{words.name(LayerPart.COMPANIONS)}-{_resource_name(group, kind)}"
        namespaces = {resource.id.namespace for resource in resources}
        for account, own in sorted(held.items()):
            here = tuple(sorted(namespaces & {layer.namespace for layer in own}))
            if here:
                yield _Grant(account, role, [_rule(group, [plural_of_kind(kind)], _PRUNE)], here)
            for namespace in here:
                giving = [*_rbac_rules(group, kind, (r for r in resources if r.id.namespace == namespace))]
                if giving:
                    yield _Grant(account, f"{role}-{namespace}", giving, (namespace,))


def _resource_name(group: str, kind: str) -> str:
    return f"{plural_of_kind(kind)}.{group}" if group else plural_of_kind(kind)


def _by_group(kinds: Iterable[GroupKind]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for group, kind in sorted(kinds):
        found.setdefault(group, []).append(plural_of_kind(kind))
    yield from found.items()


def _cluster_rules(layers: Iterable[SyncLayer]) -> Iterator[JsonObject]:
    """Permit the cluster-scoped kinds that are rendered; nothing is pruned there, so no right outlives its object."""
    layers = tuple(layers)
    known = {("", "Namespace"), *((GROUP, info.kind) for info in KINDS.values())}
    for group, kind in sorted(rendered_kinds(layers) - known):
        resources = [r for layer in layers for r in layer.resources if (_group(r.doc), r.kind) == (group, kind)]
        yield _rule(group, [plural_of_kind(kind)])
        yield from _rbac_rules(group, kind, resources)


def _rbac_rules(group: str, kind: str, resources: Iterable[Resource]) -> Iterator[JsonObject]:
    """Permit to give the rights that are rendered and no others: without these verbs nobody gives what he lacks."""
    if group != _RBAC:
        return
    if kind in {"Role", "ClusterRole"}:
        names = sorted({resource.id.name for resource in resources})
        yield _rule(_RBAC, [plural_of_kind(kind)], ("escalate",), names)
        return
    references = [mapping(resource.doc.get("roleRef")) for resource in resources]
    for bound in ("ClusterRole", "Role"):
        names = sorted({text(ref.get("name")) for ref in references if ref.get("kind") == bound} - {""})
        if names:
            yield _rule(_RBAC, [plural_of_kind(bound)], ("bind",), names)


def _policy_grants(account: str, resources: Iterable[Resource]) -> Iterator[_Grant]:
    """Whoever writes a policy has to be allowed to read its parameters (Kubernetes' authz.go of both kinds).

    While the policy of a binding is not there yet, the server does not know of which kind they are: then any object of
    that name has to be readable.
    """
    rules, held = [_rule(_ADMISSION, _POLICIES, _PRUNE)], [_rule("", ["configmaps"], _PRUNE)]
    namespaces: set[str] = set()
    names: set[str] = set()
    for resource in resources:
        kind, reference = mapping(resource.spec.get("paramKind")), mapping(resource.spec.get("paramRef"))
        namespace, name = text(reference.get("namespace")), text(reference.get("name"))
        if kind:
            rules.append(_rule(_group(kind), [plural_of_kind(text(kind.get("kind")))], ("get",)))
        if namespace and name:
            names.add(name)
        elif reference:
            rules.append(_rule("*", ["*"], ("get",) if name else ("list",), [name] if name else []))
        if not resource.api_version.startswith(_ADMISSION):
            place = held if resource.id.namespace else rules
            place.append(_rule(_group(resource.doc), [plural_of_kind(resource.kind)], _PRUNE))
        namespaces |= {resource.id.namespace, namespace} - {""}
    if names:
        held.append(_rule("*", ["*"], ("get",), sorted(names)))
    yield _Grant(account, account, _once(rules))
    if namespaces:
        yield _Grant(account, f"{account}-parameters", _once(held), tuple(sorted(namespaces)))


def _group(doc: JsonObject) -> str:
    return text(doc.get("apiVersion")).rpartition("/")[0]


def _access_grant(words: FluxWords, roles: list[str]) -> _Grant:
    rules = [_rule(_RBAC, ["rolebindings"]), _rule(_RBAC, ["clusterroles"], ("bind",), roles)]
    return _Grant(words.name(ACCESS), words.name(ACCESS), rules)


def _rule(group: str, resources: Iterable[str], verbs: Iterable[str] = _APPLY, names: Iterable[str] = ()) -> JsonObject:
    rule: JsonObject = {"apiGroups": [group], "resources": [*resources], "verbs": [*verbs]}
    return {**rule, "resourceNames": [*names]} if names else rule


def _once(rules: list[JsonObject]) -> list[JsonObject]:
    return [rule for number, rule in enumerate(rules) if rule not in rules[:number]]


def _of_catalog(part: LayerPart) -> list[str]:
    """List the cluster-scoped kinds of the catalog that lie in the folder of a part."""
    found = (info for info in KINDS.values() if not info.namespaced and info.folder == part)
    return sorted(plural_of_kind(info.kind) for info in found)


# Cluster-scoped kinds by part. KServe's charts bring ClusterRoles of their own, so that the account of their releases
# may give any right: only charts and values decide what becomes of it.
_EVERYWHERE: Final[dict[LayerPart, list[JsonObject]]] = {
    LayerPart.CRDS: [_rule("apiextensions.k8s.io", ["customresourcedefinitions"], _RELEASE)],
    LayerPart.CONTROLLERS: [
        _rule("apiextensions.k8s.io", ["customresourcedefinitions"], _RELEASE),
        _rule(_RBAC, ["clusterroles"], (*_RELEASE, "bind", "escalate")),
        _rule(_RBAC, ["clusterrolebindings"], _RELEASE),
        _rule(_ADMISSION, ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"], _RELEASE),
        _rule(GROUP, ["clusterstoragecontainers"], _RELEASE),
    ],
    LayerPart.RUNTIME_CONFIGS: [_rule(GROUP, ["clusterservingruntimes"], _RELEASE)],
    LayerPart.CLUSTER: [
        _rule("", ["namespaces"]),
        _rule(GROUP, _of_catalog(LayerPart.CLUSTER)),
    ],
    LayerPart.RUNTIMES: [_rule(GROUP, _of_catalog(LayerPart.RUNTIMES), _PRUNE)],
}
# What releases hold in KServe's own namespace, Helm's record of each included (charts/*/templates of KServe).
_RECORD: Final = _rule("", ["secrets"], _RELEASE)
_RELEASED: Final[dict[LayerPart, list[JsonObject]]] = {
    LayerPart.CRDS: [_RECORD],
    LayerPart.CONTROLLERS: [
        _rule("", ["configmaps", "secrets", "serviceaccounts", "services"], _RELEASE),
        _rule("", ["events", "pods"], ("get", "list", "watch")),
        _rule("apps", ["daemonsets", "deployments"], _RELEASE),
        _rule("apps", ["replicasets"], ("get", "list", "watch")),
        _rule("cert-manager.io", ["certificates", "issuers"], _RELEASE),
        _rule("gateway.networking.k8s.io", ["gateways"], _RELEASE),
        _rule("networking.k8s.io", ["networkpolicies"], _RELEASE),
        _rule(_RBAC, ["roles"], (*_RELEASE, "bind", "escalate")),
        _rule(_RBAC, ["rolebindings"], _RELEASE),
    ],
    LayerPart.RUNTIME_CONFIGS: [_RECORD, _rule(GROUP, ["llminferenceserviceconfigs"], _RELEASE)],
}


def _accounts(words: FluxWords, grants: Iterable[_Grant]) -> Iterator[Resource]:
    for name in dict.fromkeys(grant.account for grant in grants):
        metadata: JsonObject = {"name": name, "namespace": words.namespace}
        # Flux impersonates it: no pod needs its token.
        yield _resource(_ROOT_FOLDER, "v1", "ServiceAccount", metadata, {"automountServiceAccountToken": False})


def _roles(words: FluxWords, grants: Iterable[_Grant]) -> Iterator[Resource]:
    for grant in {grant.role: grant for grant in grants}.values():
        rules: JsonArray = [*grant.rules]
        yield _resource(_ROOT_FOLDER, f"{_RBAC}/v1", "ClusterRole", {"name": grant.role}, {"rules": rules})
        if not grant.namespaces:
            fields = _bound(words, grant)
            yield _resource(_ROOT_FOLDER, f"{_RBAC}/v1", "ClusterRoleBinding", {"name": grant.role}, fields)


def _binding(words: FluxWords, grant: _Grant, namespace: str) -> Resource:
    folder = f"{ACCESS_FOLDER}/{namespace}" if _is_later(words, namespace) else _ROOT_FOLDER
    metadata: JsonObject = {"name": grant.role, "namespace": namespace}
    return _resource(folder, f"{_RBAC}/v1", "RoleBinding", metadata, _bound(words, grant))


def _bound(words: FluxWords, grant: _Grant) -> JsonObject:
    subject: JsonObject = {"kind": "ServiceAccount", "name": grant.account, "namespace": words.namespace}
    role: JsonObject = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": grant.role}
    return {"roleRef": role, "subjects": [subject]}


def _platform_namespace(name: str) -> Resource:
    """Bindings have to be in KServe's namespace before its charts are, and it is Helm that would create it.

    Created where it is absent, and left alone from then on: the environment may declare it, with labels.
    """
    annotations: JsonObject = {
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent",
    }
    return _resource(_ROOT_FOLDER, "v1", "Namespace", {"name": name, "annotations": annotations}, {})


def _resource(folder: str, api_version: str, kind: str, metadata: JsonObject, fields: JsonObject) -> Resource:
    name, namespace = text(metadata["name"]), text(metadata.get("namespace"))
    return Resource(
        id=ResourceId(kind, namespace, name),
        api_version=api_version,
        doc={"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields},
        file=f"{folder}/{kind.lower()}-{name}.yaml",
        subject=name,
        origins=(Origin((), ("gitops",)), Origin(("subjects",), (*FLUX_WORDS, "serviceAccounts"))),
    )
