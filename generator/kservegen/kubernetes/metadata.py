"""The metadata of an object in; what the API server refuses in its names, labels, annotations and owners out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import (
    annotations_error,
    label_error,
    path_segment_error,
    qualified_name_error,
    service_name_error,
    subdomain_error,
)
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import BrokenLaw, Law, texts
from kservegen.kubernetes.selectors import label_map

_RBAC: Final = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
_NAME_LAWS: Final[dict[str, Law]] = {
    "LeaderWorkerSet": service_name_error,  # its headless Service has the same one
    "Namespace": label_error,
    "Service": service_name_error,
    **dict.fromkeys(_RBAC, path_segment_error),
}
# Kinds without a namespace: Kubernetes' own, KServe's, and those of the platforms beside it.
CLUSTER_SCOPED: Final = frozenset(
    """
    AdmissionCheck APIService CertificateSigningRequest ClusterExternalSecret ClusterIssuer ClusterPolicy
    ClusterQueue ClusterRole ClusterRoleBinding ClusterSecretStore ClusterServingRuntime ClusterStorageContainer
    ClusterTriggerAuthentication Cohort CSIDriver CSINode CustomResourceDefinition DeviceClass FlowSchema
    GatewayClass IngressClass LocalModelCache LocalModelNodeGroup MutatingAdmissionPolicy
    MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass
    PriorityLevelConfiguration ResourceFlavor RuntimeClass StorageClass Topology ValidatingAdmissionPolicy
    ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass
    WorkloadPriorityClass
    """.split()
)
_EXCLUSIVE: Final = ("foregroundDeletion", "orphan")
_OWNER: Final = ("apiVersion", "kind", "name", "uid")


def object_name(kind: str, metadata: JsonObject, path: Path) -> Iterator[Problem]:
    """Check `name` and `generateName` by the law of the kind."""
    name, prefix = metadata.get("name"), text(metadata.get("generateName"))
    law = _NAME_LAWS.get(kind, subdomain_error)
    # What the server appends begins and ends with letters or digits, so a hyphen may stand at the end.
    if prefix and (reason := law(prefix[:-1] + "a" if prefix.endswith("-") else prefix)):
        yield Problem((*path, "generateName"), f"the generateName of this {kind} is refused: {reason}", prefix)
    if (name or not prefix) and (reason := law(text(name))):
        message = f"the name of this {kind} is refused: {reason}"
        yield Problem((*path, "name"), message, text(name), at_key=name is None)


def namespace_name(kind: str, metadata: JsonObject, path: Path, *, namespaced: bool) -> Iterator[Problem]:
    """Check `namespace`, which objects of some kinds do not have."""
    namespace = text(metadata.get("namespace"))
    if not namespace:
        return
    if namespaced:
        reason = label_error(namespace)
    else:
        # The server overlooks `default`, which clients fill in by themselves.
        reason = f"a {kind} belongs to no namespace" if namespace != "default" else None
    if reason:
        yield Problem((*path, "namespace"), f"the namespace is refused: {reason}", namespace)


def annotation_map(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check annotations: their keys, and the size of all together."""
    given = mapping(value)
    for key in given:
        # Upper case is allowed even in the prefix of an annotation: it is checked in lower case.
        if reason := qualified_name_error(key.lower()):
            yield Problem((*path, key), f"the annotation key {key!r} is refused: {reason}", key, at_key=True)
    if reason := annotations_error(given):
        yield Problem(path, reason, at_key=True)


def finalizers(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check `finalizers`: their names, and the two that exclude each other."""
    given = sequence(value)
    for name, at in texts(given, path):
        if reason := qualified_name_error(name):
            yield Problem(at, f"the finalizer {name!r} is refused: {reason}", name)
    if all(name in given for name in _EXCLUSIVE):
        yield Problem(path, f"finalizers {_EXCLUSIVE[0]} and {_EXCLUSIVE[1]} cannot be both set", at_key=True)


def owner_references(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check `ownerReferences`: what names an owner, and that one at most is the controller."""
    controller = ""
    for index, item in enumerate(sequence(value)):
        owner, at = mapping(item), (*path, index)
        for part in _OWNER:
            if not owner.get(part):
                yield Problem((*at, part) if part in owner else at, f"{part} of an owner must not be empty")
        if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
            yield Problem(at, "v1 Event is disallowed from being an owner")
        if owner.get("controller") is True:
            name = f"{text(owner.get('kind'))}/{text(owner.get('name'))}"
            if controller:
                message = f"only one reference can have controller set to true, found {controller} and {name}"
                yield Problem((*at, "controller"), message)
            controller = controller or name


def resource_version(metadata: JsonObject, path: Path) -> Iterator[Problem]:
    """Check that an object which is to be created has no `resourceVersion`."""
    if version := metadata.get("resourceVersion"):
        message = "resourceVersion should not be set on objects to be created"
        yield Problem((*path, "resourceVersion"), message, str(version), at_key=True)


# The laws of single fields of metadata; names and namespaces depend on the kind.
_FIELDS: Final = {
    "labels": ("label", label_map),
    "annotations": ("annotation", annotation_map),
    "finalizers": ("finalizer", finalizers),
    "ownerReferences": ("owner-reference", owner_references),
}


def validate_metadata(kind: str, value: JsonValue) -> Iterator[BrokenLaw]:
    """Check all metadata of an object of a kind that stands in namespaces."""
    metadata, path = mapping(value), ("metadata",)
    names = (object_name(kind, metadata, path), namespace_name(kind, metadata, path, namespaced=True))
    yield from (BrokenLaw("object-name", problem) for problem in chain(*names))
    for field, (name, law) in _FIELDS.items():
        yield from (BrokenLaw(name, problem) for problem in law(metadata.get(field), (*path, field)))
