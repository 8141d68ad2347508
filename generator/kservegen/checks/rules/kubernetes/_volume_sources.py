"""Where volumes come from: a source of a volume in, what the API server refuses in it out.

Sources whose kind no one may create any more are judged like the others: the API server still does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from kservegen.checks.rules.kubernetes._claim_template import claim_template
from kservegen.checks.rules.kubernetes._fields import bounded, choice, lawful, needed, numbered, required, word
from kservegen.checks.rules.kubernetes._projections import file_items, mode_of, pod_files, projected
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.names import LABEL_LENGTH, label_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse
from kservegen.core.values import backsteps_error, descending_path_error, mode_error

SourceJudge: TypeAlias = Callable[[JsonObject, Path], Iterator[Problem]]

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
_IQN: Final = re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)")
_EUI: Final = re.compile(r"eui\.[A-Za-z0-9]{16}")
_NAA: Final = re.compile(r"naa\.[A-Za-z0-9]{32}")
_ADDRESSES: Final = {"iqn": _IQN, "eui": _EUI, "naa": _NAA}


def _needs(*fields: str) -> SourceJudge:
    """Make the judge of a source that only has to have some fields."""

    def judge(source: JsonObject, path: Path) -> Iterator[Problem]:
        for field in fields:
            yield from required(source, field, path)

    return judge


def _empty_dir(source: JsonObject, path: Path) -> Iterator[Problem]:
    limit = source.get("sizeLimit")
    if isinstance(limit, (str, int, float)) and (quantity := parse(limit)) and quantity.sign < 0:
        yield Problem((*path, "sizeLimit"), "sizeLimit is negative", str(limit), "0 and more")


def _host_path(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from needed(source, "path", path, backsteps_error)
    yield from choice(source, "type", path, _HOST_TYPES)


def _keyed(name: str) -> SourceJudge:
    """Make the judge of a Secret's or a ConfigMap's keys as files."""

    def judge(source: JsonObject, path: Path) -> Iterator[Problem]:
        yield from required(source, name, path)
        yield from numbered(source, "defaultMode", path, mode_error)
        yield from file_items(source.get("items"), (*path, "items"))

    return judge


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
        yield from claim_template(template, (*path, "volumeClaimTemplate"))


def _partitioned(name: str) -> SourceJudge:
    def judge(source: JsonObject, path: Path) -> Iterator[Problem]:
        yield from required(source, name, path)
        yield from bounded(source, "partition", path, 0, _LARGEST_PARTITION)

    return judge


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


SOURCES: Final[dict[str, SourceJudge | None]] = {
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
