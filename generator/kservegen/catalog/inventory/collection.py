"""Objects of a cluster, as an API server or kubectl wrote them, in; the words of an inventory out, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from kservegen.catalog.inventory.facts import controller_version, facts_of
from kservegen.catalog.inventory.kinds import CONTROLLER, EVERYWHERE, NODE, SECRET, ListedKind, listed_kind
from kservegen.catalog.inventory.nodes import has_readable_offer, node_pools
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.names import subdomain_error

# What KServe makes is gone with what it was made of.
_KSERVE: Final = "serving.kserve.io/"
# Helm keeps one Secret for each revision of a release: nobody refers to them, and each upgrade would be a difference.
_HELM: Final = "sh.helm.release.v1."
MOST_LISTED: Final = 50_000

# Kind, namespace (blank where there is none) and name of an object -> whether the catalog brings it itself.
IsOwn = Callable[[str, str, str], bool]


class InventoryDraft:
    """What has been seen of a cluster so far.

    What the catalog brings by itself (`is_own`) is left out, with what is made of it: it would hide its own removal.
    """

    def __init__(self, is_own: IsOwn, *, with_keys: bool = True) -> None:
        self._is_own, self._with_keys = is_own, with_keys
        self._objects: dict[tuple[str, str, str], JsonObject] = {}
        self._nodes: dict[str, JsonObject] = {}
        self._covers: dict[str, set[str]] = {}
        self._unread: dict[str, str] = {}
        self._incomplete: set[str] = set()
        self.kubernetes_version = ""
        self.kserve_version = ""

    def add(self, doc: JsonObject) -> ListedKind | None:
        """Take an object; return its kind, None where inventories list no such kind, or it has no name that can be.

        Of the kind of an object that cannot be used nothing is covered: what is not listed may be that one.
        GeneratorError for too many.
        """
        kind = listed_kind(text(doc.get("apiVersion")), text(doc.get("kind")))
        metadata = mapping(doc.get("metadata"))
        name, namespace = text(metadata.get("name")), text(metadata.get("namespace"))
        if kind is None:
            return None
        if not _is_name(name) or (namespace and not _is_name(namespace)):
            self._leave_out(kind, "an object has no name that Kubernetes takes")
            return None
        if kind is CONTROLLER:
            self.kserve_version = controller_version(doc) or self.kserve_version
            return kind
        if len(self._objects) + len(self._nodes) >= MOST_LISTED:
            raise GeneratorError(f"there are more than {MOST_LISTED:,} objects", hint="Ask for fewer namespaces.")
        if kind is NODE:
            if not has_readable_offer(doc):
                self._leave_out(kind, f"what node {name} offers is not readable")
                return kind
            self._nodes[name] = {field: doc.get(field) for field in ("metadata", "spec", "status")}
            return kind
        namespace = (namespace or "default") if kind.namespaced else ""
        own = self._is_own(kind.kind, namespace, name) or self._is_made(metadata, namespace)
        if not own and not name.startswith(_HELM):
            hidden = kind is SECRET and not self._with_keys
            self._objects[(kind.kind, namespace, name)] = {} if hidden else facts_of(kind.kind, doc)
        return kind

    def cover(self, kind: ListedKind, namespace: str = EVERYWHERE) -> None:
        """Note that all objects of a kind were listed: those of a namespace, or of all."""
        self._covers.setdefault(kind.kind, set()).add(namespace)

    def fail(self, kind: ListedKind, namespace: str, reason: str) -> None:
        """Note that a kind could not be listed, and why; a blank namespace stands for all."""
        self._unread[f"{kind.kind}/{namespace}" if namespace else kind.kind] = reason

    def _leave_out(self, kind: ListedKind, reason: str) -> None:
        self._incomplete.add(kind.kind)
        self.fail(kind, "", reason)

    @property
    def has_left_out(self) -> bool:
        """Whether there were objects that could not be used."""
        return bool(self._incomplete)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen at all."""
        return not (self._objects or self._nodes or self._covers)

    def words(self, taken: str) -> JsonObject:
        """Return the words of the inventory; `taken` is the day, as YYYY-MM-DD."""
        cluster: dict[str, JsonObject] = {}
        namespaces: dict[str, dict[str, JsonObject]] = {}
        for (kind, namespace, name), facts in sorted(self._objects.items()):
            holder = namespaces.setdefault(namespace, {}) if namespace else cluster
            holder.setdefault(kind, {})[name] = facts
        covers: JsonObject = {
            kind: [EVERYWHERE] if EVERYWHERE in places else [*sorted(places)]
            for kind, places in sorted(self._covers.items())
            if kind not in self._incomplete
        }
        words: JsonObject = {"version": 1, "taken": taken}
        if self.kubernetes_version:
            words["kubernetesVersion"] = self.kubernetes_version
        if self.kserve_version:
            words["kserveVersion"] = self.kserve_version
        words["covers"] = covers
        for word, value in (
            ("unread", dict(sorted(self._unread.items()))),
            ("nodePools", node_pools(self._nodes[name] for name in sorted(self._nodes))),
            ("cluster", cluster),
            ("namespaces", namespaces),
        ):
            if value:
                words[word] = _plain(value)
        return words

    def _is_made(self, metadata: JsonObject, namespace: str) -> bool:
        """Whether something that comes and goes with the catalog owns an object."""
        return any(
            text(owner.get("apiVersion")).startswith(_KSERVE)
            or self._is_own(text(owner.get("kind")), namespace, text(owner.get("name")))
            for owner in map(mapping, sequence(metadata.get("ownerReferences")))
        )


def _is_name(name: str) -> bool:
    # RBAC names may hold more; no kind that is listed here has such names.
    return bool(name) and subdomain_error(name) is None


def _plain(value: object) -> JsonValue:
    return value  # type: ignore[return-value]


def documents_in(value: JsonValue) -> Iterator[JsonObject]:
    """Yield the objects of a document of kubectl: itself, or the items of a list."""
    doc = mapping(value)
    if not text(doc.get("kind")).endswith("List"):
        yield doc
        return
    kind, version = text(doc.get("kind")).removesuffix("List"), text(doc.get("apiVersion"))
    for item in map(mapping, sequence(doc.get("items"))):
        yield item if item.get("kind") else {**item, "kind": kind, "apiVersion": version}
