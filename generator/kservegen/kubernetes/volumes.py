"""The volumes of a pod in; what the API server refuses in their names and sources out.

Sources whose kind no one may create any more are checked like the others: the API server still does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import LABEL_LENGTH, label_error, subdomain_error
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse_quantity
from kservegen.core.values import backsteps_error, descending_path_error, mode_error
from kservegen.kubernetes.fields import (
    FieldPlace,
    bounded,
    choice,
    lawful,
    maps,
    needed,
    numbered,
    required,
    texts,
    unique,
    unreadable,
    word,
)
from kservegen.kubernetes.metadata import annotation_map
from kservegen.kubernetes.projections import file_items, mode_of, pod_files, projected
from kservegen.kubernetes.selectors import label_map, label_selector


def volume_names(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check the names of `volumes`."""
    yield from unique(value, place, "volumes", label_error)


def volume_sources(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check what `volumes` come from: one source each, and what it needs."""
    for volume, path in maps(value, place.path):
        yield from _volume(volume, path)


def _volume(volume: JsonObject, path: Path) -> Iterator[Problem]:
    given = [field for field in _SOURCES if volume.get(field) is not None]
    if len(given) > 1:
        message = "may not specify more than 1 volume type"
        yield Problem((*path, given[1]), message, " ".join(given), "one source", at_key=True)
    for field in given:
        source, law = volume.get(field), _SOURCES[field]
        if isinstance(source, dict) and law is not None:
            yield from law(source, (*path, field))


_SourceLaw: TypeAlias = Callable[[JsonObject, Path], Iterator[Problem]]

_HOST_TYPES: Final = (
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
)
_LARGEST_PARTITION: Final = 255
_LARGEST_TENANT: Final = 64
_IQN: Final = lazy_pattern(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)")
_EUI: Final = lazy_pattern(r"eui\.[A-Za-z0-9]{16}")
_NAA: Final = lazy_pattern(r"naa\.[A-Za-z0-9]{32}")
_ADDRESSES: Final = {"iqn": _IQN, "eui": _EUI, "naa": _NAA}


def _needs(*fields: str) -> _SourceLaw:
    """Make the law of a source that only has to have some fields."""

    def law(source: JsonObject, path: Path) -> Iterator[Problem]:
        for field in fields:
            yield from required(source, field, path)

    return law


def _empty_dir(source: JsonObject, path: Path) -> Iterator[Problem]:
    limit = source.get("sizeLimit")
    yield from unreadable((*path, "sizeLimit"), "sizeLimit", limit)
    if isinstance(limit, (str, int, float)) and (quantity := parse_quantity(limit)) and quantity.sign < 0:
        yield Problem((*path, "sizeLimit"), "sizeLimit is negative", str(limit), "0 and more")


def _host_path(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from needed(source, "path", path, backsteps_error)
    yield from choice(source, "type", path, _HOST_TYPES)


def _keyed(name: str) -> _SourceLaw:
    """Make the law of a Secret's or a ConfigMap's keys as files."""

    def law(source: JsonObject, path: Path) -> Iterator[Problem]:
        yield from required(source, name, path)
        yield from numbered(source, "defaultMode", path, mode_error)
        yield from file_items(source.get("items"), (*path, "items"))

    return law


def _downward(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from mode_of(source, "defaultMode", path)
    yield from pod_files(source.get("items"), (*path, "items"))


def _nfs(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "server", path)
    yield from needed(source, "path", path, lambda value: None if value.startswith("/") else "must be an absolute path")


def _csi(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from needed(source, "driver", path, _driver_error)
    reference = source.get("nodePublishSecretRef")
    if isinstance(reference, dict):
        yield from needed(reference, "name", (*path, "nodePublishSecretRef"), subdomain_error)


def _driver_error(name: str) -> str | None:
    if len(name) > LABEL_LENGTH:
        return f"it has {len(name)} characters, at most {LABEL_LENGTH} are allowed"
    return subdomain_error(name.lower())


def _ephemeral(source: JsonObject, path: Path) -> Iterator[Problem]:
    template = source.get("volumeClaimTemplate")
    yield from required(source, "volumeClaimTemplate", path)
    if isinstance(template, dict) and template:
        yield from _claim_template(template, (*path, "volumeClaimTemplate"))


def _partitioned(name: str) -> _SourceLaw:
    def law(source: JsonObject, path: Path) -> Iterator[Problem]:
        yield from required(source, name, path)
        yield from bounded(source, "partition", path, 0, _LARGEST_PARTITION)

    return law


def _git(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "repository", path)
    yield from lawful(source, "directory", path, descending_path_error)


def _iscsi(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "targetPortal", path)
    yield from needed(source, "iqn", path, _iscsi_error)
    yield from bounded(source, "lun", path, 0, _LARGEST_PARTITION)
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        yield Problem(path, "required value: secretRef is missing")
    if source.get("initiatorName") is not None and (reason := _iscsi_error(text(source.get("initiatorName")))):
        yield Problem((*path, "initiatorName"), f"invalid value of initiatorName: {reason}")


def _iscsi_error(name: str) -> str | None:
    pattern = _ADDRESSES.get(name[:3])
    if pattern is None:
        return "must be valid format starting with iqn, eui, or naa"
    return None if pattern.fullmatch(name) else "must be valid format"


def _fibre(source: JsonObject, path: Path) -> Iterator[Problem]:
    names, ids = sequence(source.get("targetWWNs")), sequence(source.get("wwids"))
    if bool(names) == bool(ids):
        yield Problem(path, "must specify either targetWWNs or wwids, but not both")
    if names and source.get("lun") is None:
        yield Problem(path, "lun is required if targetWWNs is specified")
    if names:
        yield from bounded(source, "lun", path, 0, _LARGEST_PARTITION)


def _flocker(source: JsonObject, path: Path) -> Iterator[Problem]:
    if bool(source.get("datasetName")) == bool(source.get("datasetUUID")):
        yield Problem(path, "one of datasetName and datasetUUID is required")
    yield from lawful(source, "datasetName", path, lambda name: "must not contain '/'" if "/" in name else None)


def _quobyte(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "volume", path)
    yield from needed(source, "registry", path, _registry_error)
    if len(text(source.get("tenant"))) > _LARGEST_TENANT:
        yield Problem((*path, "tenant"), f"tenant may not exceed a length of {_LARGEST_TENANT} characters")


def _registry_error(registry: str) -> str | None:
    pairs = (pair.rpartition(":") for pair in registry.split(","))
    fine = all(colon and ":" not in host for host, colon, _ in pairs)
    return None if fine else "must be a host:port pair or multiple pairs separated by commas"


def _cinder(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "volumeID", path)
    if isinstance(source.get("secretRef"), dict):
        yield from required(mapping(source.get("secretRef")), "name", (*path, "secretRef"))


def _flex(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from required(source, "driver", path)
    for key in mapping(source.get("options")):
        if f".{key.partition('/')[0].lower()}".endswith((".kubernetes.io", ".k8s.io")):
            yield Problem((*path, "options", key), "kubernetes.io and k8s.io namespaces are reserved", key, at_key=True)


def _azure_disk(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from _needs("diskName", "diskURI")(source, path)
    yield from word(source, "cachingMode", path, ("None", "ReadOnly", "ReadWrite"))
    yield from word(source, "kind", path, ("Dedicated", "Managed", "Shared"))
    kind, uri = source.get("kind"), text(source.get("diskURI"))
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if kind and uri and not uri.startswith(start):
        yield Problem((*path, "diskURI"), f"the diskURI of a {kind} disk is unsupported", uri, f"{start}…")


def _storage_os(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from needed(source, "volumeName", path, label_error)
    yield from lawful(source, "volumeNamespace", path, label_error)
    if isinstance(source.get("secretRef"), dict):
        yield from required(mapping(source.get("secretRef")), "name", (*path, "secretRef"))


_SOURCES: Final[dict[str, _SourceLaw | None]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git,
    "gcePersistentDisk": _partitioned("pdName"),
    "awsElasticBlockStore": _partitioned("volumeID"),
    "secret": _keyed("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _cinder,
    "cephfs": _needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": _downward,
    "fc": _fibre,
    "flexVolume": _flex,
    "configMap": _keyed("name"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "projected": projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    # Kubernetes 1.34 drops these, unless the feature is turned on: what they say is not looked at.
    "image": None,
}


_ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_LONELY: Final = "ReadWriteOncePod"


def _claim_template(template: JsonObject, path: Path) -> Iterator[Problem]:
    """Check the template of a claim: its metadata and its spec."""
    metadata = mapping(template.get("metadata"))
    for field in metadata:
        if field not in {"annotations", "labels"} and metadata[field]:
            yield Problem((*path, "metadata", field), f"{field} cannot be set in a template", at_key=True)
    yield from label_map(metadata.get("labels"), (*path, "metadata", "labels"))
    yield from annotation_map(metadata.get("annotations"), (*path, "metadata", "annotations"))
    yield from _claim_spec(mapping(template.get("spec")), (*path, "spec"))


def _claim_spec(spec: JsonObject, path: Path) -> Iterator[Problem]:
    modes = sequence(spec.get("accessModes"))
    if not modes:
        yield Problem(path, "at least 1 access mode is required", allowed=", ".join(_ACCESS_MODES))
    for mode, at in texts(modes, (*path, "accessModes")):
        if mode not in _ACCESS_MODES:
            yield Problem(at, f"unsupported access mode {mode!r}", mode, ", ".join(_ACCESS_MODES))
    if _LONELY in modes and any(mode in modes for mode in _ACCESS_MODES if mode != _LONELY):
        yield Problem((*path, "accessModes"), f"may not use {_LONELY} with other access modes")
    yield from _storage(mapping(mapping(spec.get("resources")).get("requests")), (*path, "resources", "requests"))
    yield from label_selector(spec.get("selector"), (*path, "selector"))
    for field in ("storageClassName", "volumeAttributesClassName"):
        yield from lawful(spec, field, path, subdomain_error)
    yield from word(spec, "volumeMode", path, ("Block", "Filesystem"))
    yield from _claim_data(spec, path)


def _storage(requests: JsonObject, path: Path) -> Iterator[Problem]:
    amount = requests.get("storage")
    if amount is None:
        yield Problem(path, "required value: storage is missing")
    yield from unreadable((*path, "storage"), "storage", amount)
    if isinstance(amount, (str, int, float)) and (quantity := parse_quantity(amount)) and quantity.sign <= 0:
        yield Problem((*path, "storage"), "storage must be greater than zero", str(amount))


def _claim_data(spec: JsonObject, path: Path) -> Iterator[Problem]:
    for field in ("dataSource", "dataSourceRef"):
        source = spec.get(field)
        if isinstance(source, dict):
            for part in ("kind", "name"):
                if not source.get(part):
                    yield Problem((*path, field), f"required value: {part} is missing or empty")
            if not source.get("apiGroup") and text(source.get("kind")) not in {"", "PersistentVolumeClaim"}:
                yield Problem((*path, field), "must be PersistentVolumeClaim when referencing the core API group")
