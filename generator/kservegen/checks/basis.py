"""On what a named object counts as there: kind, namespace and name in, its basis out; what was assumed is kept.

Every check that follows a name asks a `Directory`, so that all give the same answer, and a verdict can say what it
stands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

from msgspec import Struct

from kservegen.catalog.inventory.kinds import BY_KIND
from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.inventory.operators import absent_operators, installed_operators
from kservegen.checks.outputs import OUTPUT_KINDS, Output, outputs_of
from kservegen.checks.promises import promise_of, promised_names
from kservegen.core.assumptions import Assumption
from kservegen.core.document import text
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.platform import Platform


class Basis(StrEnum):
    """Why an object counts as there, from what is best known to what is not."""

    RENDERED = "rendered"  # by this catalog, or it stands among the manifests
    INSTALLED = "installed"  # by a chart of KServe that is in use
    OPERATOR = "operator"  # an operator makes it of an object that is rendered
    MADE = "made"  # KServe makes it of the object that names it
    INVENTORY = "inventory"  # the cluster had it when its inventory was taken
    PROMISED = "promised"  # somebody says so: prerequisites of the environment, or --assume
    MISSING = "missing"


class Lookup(Struct, frozen=True):
    """What a directory answers.

    `resource` is the object where it is rendered, `outputs` what operators make of that name, `entry` the promise as it
    is written; each blank where the basis is another. `keys` are those of a Secret or ConfigMap of the inventory, None
    where they are not known.
    """

    basis: Basis
    resource: Resource | None = None
    outputs: tuple[Output, ...] = ()
    entry: str = ""
    keys: frozenset[str] | None = None

    @property
    def is_there(self) -> bool:
        """Whether it counts as there."""
        return self.basis is not Basis.MISSING


# Kinds of assumptions that are no objects.
OPERATOR: Final = "operator"
CHART: Final = "chart"
# On whose word an object counts that is warned of, and taken to be there all the same.
UNPROMISED: Final = "nobody says that it is there"
_MISSING: Final = Lookup(Basis.MISSING)


class Directory:
    """Looks up what objects name among `resources`, what charts and operators bring, and what is promised.

    `assumed` takes what it finds on somebody's word alone; `words` says whose that is of a promise, where it is not the
    environment's.
    """

    def __init__(
        self,
        resources: Mapping[ResourceId, Resource],
        platform: Platform,
        promises: AbstractSet[str],
        words: Mapping[str, str],
        assumed: set[Assumption],
        inventory: Inventory | None = None,
    ) -> None:
        self._resources = resources
        self._platform = platform
        self._promises = promises
        self._words = words
        self._assumed = assumed
        self._inventory = inventory
        self._operators = installed_operators(inventory) if inventory is not None else frozenset()
        self._outputs: dict[tuple[str, str], list[Output]] | None = None

    def look_up(self, *, kind: str, namespace: str, name: str) -> Lookup:
        """Find an object; one without a namespace of its own and one in `default` are in the same place."""
        own = self.rendered(kind=kind, namespace=namespace, name=name)
        if own is not None:
            return Lookup(Basis.RENDERED, own)
        if self._is_installed(kind, namespace, name):
            return Lookup(Basis.INSTALLED)
        outputs = self.outputs(kind=kind, namespace=namespace, name=name)
        if outputs:
            self._assumed.update(
                Assumption(OPERATOR, f"of {o.maker}", "makes what it names") for o in outputs if o.maker
            )
            return Lookup(Basis.OPERATOR, None, outputs)
        if self._inventory is not None and self._inventory.has(kind, namespace, name):
            return Lookup(Basis.INVENTORY, keys=self._inventory.keys(kind, namespace, name))
        entry = self.promise(kind=kind, namespace=namespace, name=name)
        if not entry:
            return _MISSING
        self._take(kind, namespace, name, entry)
        return Lookup(Basis.PROMISED, entry=entry)

    def look_up_promise(self, entry: str, *, kind: str = OPERATOR) -> Lookup:
        """Find what prerequisites would call `entry`: an object, or an operator; with another `kind`, a chart."""
        if "/" in entry:
            kind, *namespace, name = entry.split("/")
            return self.look_up(kind=kind, namespace="".join(namespace), name=name)
        if entry in self._operators:
            return Lookup(Basis.INVENTORY)
        if entry not in self._promises:
            return _MISSING
        self._take(kind, "", entry, entry)
        return Lookup(Basis.PROMISED, entry=entry)

    def lacks(self, *, kind: str, namespace: str) -> str:
        """Return the day on which all of a kind in a namespace were listed; blank where nobody did.

        What is not there by then is known to be missing.
        """
        if self._inventory is None or not self._inventory.covers(kind, namespace):
            return ""
        return text(self._inventory.words.get("taken"))

    def look_up_any(self, *kinds: str) -> bool:
        """Whether any object of the kinds is promised; then all of those are taken to be there."""
        found = [entry for entry in self._promises if entry.partition("/")[0] in kinds and "/" in entry]
        for entry in found:
            kind, *namespace, name = entry.split("/")
            self._take(kind, "".join(namespace), name, entry)
        return bool(found)

    def assume_absent(self, entry: str) -> None:
        """Take something to be there, called as a promise would, that manifests need not hold."""
        kind, _, name = entry.partition("/") if "/" in entry else (OPERATOR, "", entry)
        self._assumed.add(Assumption(kind, name, "not among the manifests"))

    def assume_unsaid(self, *, kind: str, namespace: str, name: str) -> None:
        """Take something to be there that is neither made nor promised, where no more than a warning says so."""
        self._assumed.add(Assumption(kind, _full_name(namespace, name), UNPROMISED))

    def assume_key(self, *, kind: str, namespace: str, name: str, key: str) -> None:
        """Take an object that is there to have a key, where nothing tells what keys it has."""
        self._assumed.add(
            Assumption("key", f"{key} of {kind} {_full_name(namespace, name)}", "its maker names no keys")
        )

    def _take(self, kind: str, namespace: str, name: str, entry: str) -> None:
        why = self._words.get(entry, "prerequisites")
        if self._is_known_missing(kind, namespace, name, entry):
            why = f"{why}, though the inventory lacks it"
        self._assumed.add(Assumption(kind, _full_name(namespace, name), why))

    def _is_known_missing(self, kind: str, namespace: str, name: str, entry: str) -> bool:
        """Whether somebody looked for what is promised, and it was not there."""
        if self._inventory is None:
            return False
        if "/" not in entry:
            return entry in absent_operators(self._inventory)
        listed = BY_KIND.get(kind)
        if listed is None or (listed.namespaced and not namespace):
            return False  # in which namespace is not said
        place = namespace if listed.namespaced else ""
        return self._inventory.covers(kind, place) and not self._inventory.has(kind, place, name)

    def rendered(self, *, kind: str, namespace: str, name: str) -> Resource | None:
        """Return an object of the catalog, or of the manifests, None where there is none of that name."""
        found = self._resources.get(ResourceId(kind, namespace, name))
        if found is None and namespace == "default":
            found = self._resources.get(ResourceId(kind, "", name))
        return found

    def promise(self, *, kind: str, namespace: str, name: str) -> str:
        """Return what is promised of an object, as it is written; blank where nothing is."""
        return promise_of(self._promises, kind=kind, namespace=namespace, name=name)

    def _is_installed(self, kind: str, namespace: str, name: str) -> bool:
        """Tell whether a chart of KServe that is in use brings an object."""
        if kind == "Gateway":
            return (namespace, name) in self._platform.gateways
        if kind == "ClusterServingRuntime":
            return name in self._platform.runtimes
        is_system = namespace == self._platform.namespace
        return kind == "LLMInferenceServiceConfig" and is_system and name in self._platform.presets

    def outputs(self, *, kind: str, namespace: str, name: str) -> tuple[Output, ...]:
        """List what operators, and KServe's caches, make of that kind and name in a namespace."""
        return tuple(o for o in self._by_kind().get((kind, name), ()) if o.namespace in ("", namespace))

    def names(self, *, kind: str, namespace: str) -> set[str]:
        """List what of a kind is known by name in a namespace, to say what could have been meant."""
        here = namespace or "default"
        rendered = (own.name for own in self._resources if own.kind == kind and (own.namespace or "default") == here)
        made = (
            output.name
            for (own, _), outputs in self._by_kind().items()
            for output in outputs
            if own == kind and output.namespace in ("", namespace)
        )
        brought = {
            "ClusterServingRuntime": self._platform.runtimes,
            "LLMInferenceServiceConfig": self._platform.presets if namespace == self._platform.namespace else (),
            "Gateway": [name for own, name in self._platform.gateways if own == namespace],
        }
        promised = promised_names(self._promises, kind=kind, namespace=namespace)
        listed = self._inventory.names(kind, namespace) if self._inventory is not None else ()
        return {*rendered, *made, *brought.get(kind, ()), *promised, *listed}

    def _by_kind(self) -> dict[tuple[str, str], list[Output]]:
        """Group what is made of the resources by kind and name; fetched once, and only of the kinds that make any."""
        if self._outputs is None:
            self._outputs = {}
            for identity in self._resources:
                if identity.kind in OUTPUT_KINDS:
                    for output in outputs_of(self._resources[identity].doc):
                        self._outputs.setdefault((output.kind, output.name), []).append(output)
        return self._outputs


def _full_name(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name
