"""What pods, and the objects around them, need in their cluster: one in, each object that it names out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

# Kubernetes makes these itself: plugin/pkg/admission/priority, pkg/apis/scheduling/v1/helpers.go.
_OWN_CLASSES: Final = frozenset({"system-cluster-critical", "system-node-critical"})
_ROUTE_ENDS: Final = frozenset({"Gateway", "InferencePool", "Service"})


class Reference(Struct, frozen=True):
    """An object that a pod or another object names at a path, and the key of it, where it is one.

    `namespace` is None where that is the object's own.
    """

    kind: str
    name: str
    path: Path
    key: str = ""
    namespace: str | None = None


def pod_references(pod: JsonObject) -> Iterator[Reference]:
    """List what a pod cannot start without; what is optional is left out."""
    spec = mapping(pod.get("spec"))
    at: Path = ("spec",)
    for field, kind in (
        ("serviceAccountName", "ServiceAccount"),
        ("priorityClassName", "PriorityClass"),
        ("runtimeClassName", "RuntimeClass"),
    ):
        name = text(spec.get(field))
        if name and name not in _OWN_CLASSES and (kind, name) != ("ServiceAccount", "default"):
            yield Reference(kind, name, (*at, field))
    for index, item in enumerate(map(mapping, sequence(spec.get("imagePullSecrets")))):
        yield Reference("Secret", text(item.get("name")), (*at, "imagePullSecrets", index, "name"))
    for index, item in enumerate(map(mapping, sequence(spec.get("resourceClaims")))):
        for field, kind in (
            ("resourceClaimName", "ResourceClaim"),
            ("resourceClaimTemplateName", "ResourceClaimTemplate"),
        ):
            yield Reference(kind, text(item.get(field)), (*at, "resourceClaims", index, field))
    for index, item in enumerate(map(mapping, sequence(spec.get("volumes")))):
        yield from _volume(item, (*at, "volumes", index))
    for field in ("initContainers", "containers"):
        for index, item in enumerate(map(mapping, sequence(spec.get(field)))):
            yield from _container(item, (*at, field, index))


def _volume(volume: JsonObject, at: Path) -> Iterator[Reference]:
    if "persistentVolumeClaim" in volume and (claim := mapping(volume["persistentVolumeClaim"])):
        name = text(claim.get("claimName"))
        yield Reference("PersistentVolumeClaim", name, (*at, "persistentVolumeClaim", "claimName"))
    if "ephemeral" in volume and (template := mapping(value_at(volume["ephemeral"], ("volumeClaimTemplate", "spec")))):
        path = (*at, "ephemeral", "volumeClaimTemplate", "spec", "storageClassName")
        yield Reference("StorageClass", text(template.get("storageClassName")), path)
    if "secret" in volume:
        yield from _files("Secret", "secretName", volume["secret"], (*at, "secret"))
    if "configMap" in volume:
        yield from _files("ConfigMap", "name", volume["configMap"], (*at, "configMap"))
    projected = sequence(mapping(volume["projected"]).get("sources")) if "projected" in volume else ()
    for index, source in enumerate(map(mapping, projected)):
        inside = (*at, "projected", "sources", index)
        for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
            if field in source:
                yield from _files(kind, "name", source[field], (*inside, field))


def _files(kind: str, field: str, value: JsonValue, at: Path) -> Iterator[Reference]:
    source = mapping(value)
    name = text(source.get(field))
    if source.get("optional") is True:
        return
    yield Reference(kind, name, (*at, field))
    for index, item in enumerate(map(mapping, sequence(source.get("items")))):
        yield Reference(kind, name, (*at, "items", index, "key"), text(item.get("key")))


def _container(container: JsonObject, at: Path) -> Iterator[Reference]:
    for index, item in enumerate(map(mapping, sequence(container.get("env")))):
        if "valueFrom" not in item:
            continue
        source = mapping(item["valueFrom"])
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            ref = mapping(source.get(field))
            if ref and ref.get("optional") is not True:
                path, name = (*at, "env", index, "valueFrom", field), text(ref.get("name"))
                yield Reference(kind, name, (*path, "name"))
                yield Reference(kind, name, (*path, "key"), text(ref.get("key")))
    for index, item in enumerate(map(mapping, sequence(container.get("envFrom")))):
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            ref = mapping(item.get(field))
            if ref and ref.get("optional") is not True:
                yield Reference(kind, text(ref.get("name")), (*at, "envFrom", index, field, "name"))


def keys_of(doc: JsonObject) -> frozenset[str]:
    """List what can be named inside an object: the keys of a Secret or ConfigMap, the listeners of a Gateway."""
    if doc.get("kind") == "Gateway":
        listeners = map(mapping, sequence(mapping(doc.get("spec")).get("listeners")))
        return frozenset(text(listener.get("name")) for listener in listeners)
    return frozenset(key for field in ("data", "binaryData", "stringData") for key in mapping(doc.get(field)))


def account_references(account: JsonObject) -> Iterator[Reference]:
    """List the Secrets that a ServiceAccount names: those that pods may use, and those that images are pulled with."""
    for field in ("secrets", "imagePullSecrets"):
        for index, item in enumerate(map(mapping, sequence(account.get(field)))):
            yield Reference("Secret", text(item.get("name")), (field, index, "name"))


def claim_references(claim: JsonObject) -> Iterator[Reference]:
    """List what a PersistentVolumeClaim names: its volume, or else its class."""
    spec = mapping(claim.get("spec"))
    if volume := text(spec.get("volumeName")):
        yield Reference("PersistentVolume", volume, ("spec", "volumeName"))
    else:
        yield Reference("StorageClass", text(spec.get("storageClassName")), ("spec", "storageClassName"))


def route_references(route: JsonObject) -> Iterator[Reference]:
    """List the Gateways that a route hangs on, and the Services and InferencePools that it leads to."""
    spec = mapping(route.get("spec"))
    for index, parent in enumerate(map(mapping, sequence(spec.get("parentRefs")))):
        yield from _route_end(parent, ("spec", "parentRefs", index), "Gateway")
    for number, rule in enumerate(map(mapping, sequence(spec.get("rules")))):
        at: Path = ("spec", "rules", number)
        for index, backend in enumerate(map(mapping, sequence(rule.get("backendRefs")))):
            yield from _route_end(backend, (*at, "backendRefs", index), "Service")
        for index, filtered in enumerate(map(mapping, sequence(rule.get("filters")))):
            mirrored = mapping(mapping(filtered.get("requestMirror")).get("backendRef"))
            yield from _route_end(mirrored, (*at, "filters", index, "requestMirror", "backendRef"), "Service")


def _route_end(ref: JsonObject, at: Path, usual: str) -> Iterator[Reference]:
    kind = text(ref.get("kind")) or usual
    if kind in _ROUTE_ENDS:
        name, namespace = text(ref.get("name")), text(ref.get("namespace")) or None
        yield Reference(kind, name, (*at, "name"), namespace=namespace)
        if section := text(ref.get("sectionName")) if kind == "Gateway" else "":
            yield Reference(kind, name, (*at, "sectionName"), section, namespace)


def queue_references(doc: JsonObject) -> Iterator[Reference]:
    """List what an object of Kueue names: without it nothing is admitted."""
    spec = mapping(doc.get("spec"))
    yield Reference("ClusterQueue", text(spec.get("clusterQueue")), ("spec", "clusterQueue"))
    yield Reference("Topology", text(spec.get("topologyName")), ("spec", "topologyName"))
    for index, group in enumerate(map(mapping, sequence(spec.get("resourceGroups")))):
        for at, flavor in enumerate(map(mapping, sequence(group.get("flavors")))):
            path: Path = ("spec", "resourceGroups", index, "flavors", at, "name")
            yield Reference("ResourceFlavor", text(flavor.get("name")), path)
    checks = sequence(mapping(spec.get("admissionChecksStrategy")).get("admissionChecks"))
    for index, item in enumerate(map(mapping, checks)):
        path = ("spec", "admissionChecksStrategy", "admissionChecks", index, "name")
        yield Reference("AdmissionCheck", text(item.get("name")), path)
    for index, name in enumerate(map(text, sequence(spec.get("admissionChecks")))):  # as v1beta1 has them
        yield Reference("AdmissionCheck", name, ("spec", "admissionChecks", index))
