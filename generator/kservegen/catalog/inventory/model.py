"""An inventory beside its environment: the words of its file in, what the cluster held out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property

from msgspec import Struct

from kservegen.catalog.inventory.facts import KSERVE_CONFIG
from kservegen.catalog.inventory.kinds import DEFINITION, EVERYWHERE
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue


class Inventory(Struct, frozen=True, eq=False, dict=True):
    """What a cluster held on a day; `words` are those of its file, of any shape.

    What it does not cover is not known: neither there nor absent. Namespaces are blank for kinds that have none.
    """

    file: str
    words: JsonObject

    @cached_property
    def _covers(self) -> Mapping[str, frozenset[str]]:
        covers = mapping(self.words.get("covers"))
        return {kind: frozenset(map(text, sequence(places))) for kind, places in covers.items()}

    @property
    def taken(self) -> date | None:
        """The day on which the cluster was asked; None where the text is no day."""
        try:
            return date.fromisoformat(text(self.words.get("taken")))
        except ValueError:
            return None

    @property
    def kubernetes_version(self) -> str:
        """The version of the API server; blank where it is not known."""
        return text(self.words.get("kubernetesVersion"))

    @property
    def node_pools(self) -> JsonObject:
        """The nodes, alike ones together, by a name for each group."""
        return mapping(self.words.get("nodePools"))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of which something is known."""
        return tuple(mapping(self.words.get("namespaces")))

    def covers(self, kind: str, namespace: str = "") -> bool:
        """Whether all objects of a kind in a namespace are known, so that one that is not listed is not there."""
        places = self._covers.get(kind, frozenset())
        return EVERYWHERE in places or namespace in places

    def facts(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        """Return what is known of an object; None where it is not listed."""
        found = self._holder(kind, namespace).get(name)
        return found if isinstance(found, dict) else None

    def has(self, kind: str, namespace: str, name: str) -> bool:
        """Whether an object is listed."""
        return self.facts(kind, namespace, name) is not None

    def names(self, kind: str, namespace: str = "") -> tuple[str, ...]:
        """List the objects of a kind in a namespace."""
        return tuple(self._holder(kind, namespace))

    def keys(self, kind: str, namespace: str, name: str) -> frozenset[str] | None:
        """Return the keys of a Secret or ConfigMap; None where they are not known."""
        facts = self.facts(kind, namespace, name)
        if facts is None or not isinstance(facts.get("keys"), list):
            return None
        return frozenset(map(text, sequence(facts.get("keys"))))

    def served(self, definition: str) -> tuple[str, ...] | None:
        """Return the versions that the server has of a CustomResourceDefinition, by name; None where it has none."""
        facts = self.facts(DEFINITION.kind, "", definition)
        return None if facts is None else tuple(map(text, sequence(facts.get("versions"))))

    def documents(self, kind: str) -> list[tuple[str, JsonObject]]:
        """List the objects of a kind whose spec is known, each with its namespace."""
        found: list[tuple[str, JsonObject]] = []
        for namespace in ("", *mapping(self.words.get("namespaces"))):
            for name, facts in self._holder(kind, namespace).items():
                metadata: JsonObject = {"name": name, **({"namespace": namespace} if namespace else {})}
                spec = mapping(mapping(facts).get("spec"))
                found.append((namespace, {"kind": kind, "metadata": metadata, "spec": spec}))
        return found

    @property
    def kserve_namespace(self) -> str:
        """The one namespace that has KServe's ConfigMap, read; blank where none or several have."""
        found = [name for name in mapping(self.words.get("namespaces")) if self.kserve_config(name) is not None]
        return found[0] if len(found) == 1 else ""

    def kserve_config(self, namespace: str) -> JsonObject | None:
        """Return KServe's ConfigMap, its data as text again; None where the inventory has none."""
        facts = self.facts("ConfigMap", namespace, KSERVE_CONFIG)
        if facts is None or not isinstance(facts.get("data"), dict):
            return None
        data: JsonObject = {key: _text(value) for key, value in mapping(facts.get("data")).items()}
        return {"kind": "ConfigMap", "metadata": {"name": KSERVE_CONFIG, "namespace": namespace}, "data": data}

    def _holder(self, kind: str, namespace: str) -> JsonObject:
        words = self.words.get("cluster") if not namespace else mapping(self.words.get("namespaces")).get(namespace)
        return mapping(mapping(words).get(kind))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
