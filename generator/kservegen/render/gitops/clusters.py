"""What environments say of their clusters in; which of them are one and the same out.

A cluster is known by its name, by its address, or as the one that an engine runs in. An address has many forms: with
and without the port, in capitals, with a slash at the end, and the names that Kubernetes' own Service has inside
(kubernetes.default, as the API server's certificate lists them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject

# What Argo CD calls the cluster that it runs in (util/argo: destination.name), and its API server.
NAME_IN_CLUSTER: Final = "in-cluster"
SERVER_IN_CLUSTER: Final = "https://kubernetes.default.svc"
_INSIDE: Final = frozenset(
    ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
)
_PORTS: Final = {"https": 443, "http": 80}
# What `init` calls the cluster that only its reader knows (scaffold/environments/prod.yaml; RFC 2606).
PLACEHOLDER_SERVER: Final = "https://prod.example.com:6443"


class ClusterKey(Struct, frozen=True):
    """One of the things that a cluster is known by: its `name`, its `address`, or the `engine` that runs in it."""

    kind: str
    value: str


def cluster_address(said: str) -> str:
    """Write the address of an API server in its one form; blank for none, and as it was where it is no address.

    The address that each cluster has inside is https://kubernetes.default.svc, however it is written.
    """
    said = said.strip()
    if said.lower() == NAME_IN_CLUSTER:
        return SERVER_IN_CLUSTER
    try:
        parts = urlsplit(said if "://" in said else f"https://{said}")
        host, port, scheme = (parts.hostname or "").rstrip("."), parts.port, parts.scheme
    except ValueError:
        return said
    if not said or not host:
        return said
    shown = f"[{host}]" if ":" in host else host
    port = None if port == _PORTS.get(scheme) else port
    path = parts.path.rstrip("/")
    if scheme == "https" and host in _INSIDE and port is None and not path:
        return SERVER_IN_CLUSTER
    return f"{scheme}://{shown}{f':{port}' if port is not None else ''}{path}"


def is_example_server(address: str) -> bool:
    """Whether an address is the one that `init` writes, in a domain that is kept for examples."""
    return cluster_address(address) == PLACEHOLDER_SERVER


def cluster_keys(words: JsonObject) -> tuple[ClusterKey, ...]:
    """Return what an environment's words know its cluster by; nothing where they name none."""
    cluster = mapping(words.get("cluster"))
    name, address = text(cluster.get("name")), cluster_address(text(cluster.get("server")))
    if name == NAME_IN_CLUSTER:
        name, address = "", address or SERVER_IN_CLUSTER
    keys = [ClusterKey("name", name)] if name else []
    if address == SERVER_IN_CLUSTER:
        keys.append(engine_key(words))
    elif address:
        keys.append(ClusterKey("address", address))
    return tuple(keys)


def engine_key(words: JsonObject) -> ClusterKey:
    """Return the key of the cluster that the engine runs in: one for all environments that name no other instance."""
    return ClusterKey("engine", text(mapping(words.get("gitops")).get("instance")))


class Clusters:
    """Environments' words, held against each other: two that share a key have one cluster, and so on through others."""

    def __init__(self, environments: Mapping[str, JsonObject]) -> None:
        self._above: dict[ClusterKey, ClusterKey] = {}
        self._keys = {name: cluster_keys(words) for name, words in environments.items()}
        for keys in self._keys.values():
            for key in keys[1:]:
                self._above[self.root(key)] = self.root(keys[0])

    def of(self, environment: str) -> ClusterKey | None:
        """Return what stands for the environment's cluster; None where it names none."""
        keys = self._keys[environment]
        return self.root(keys[0]) if keys else None

    def root(self, key: ClusterKey) -> ClusterKey:
        """Return what stands for the cluster of a key."""
        while key in self._above and self._above[key] != key:
            key = self._above[key]
        return key

    def meeting(self, names: Iterable[str]) -> frozenset[str]:
        """Return the environments that have a cluster together with one of these, which are left out."""
        chosen = frozenset(names)
        shared = {self.of(name) for name in chosen if name in self._keys} - {None}
        return frozenset(name for name in self._keys if name not in chosen and self.of(name) in shared)
