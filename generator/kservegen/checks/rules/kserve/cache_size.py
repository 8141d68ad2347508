"""Caches need more room than their group of nodes keeps for models.

storageLimit says how much of each node's disk is for models, modelSize how large a model is. KServe compares the two
nowhere: the download fills the disk, or fails on the way when it is full. All caches of a group are on each of its
nodes, so their sizes add up.

Fix: Raise storageLimit of the LocalModelNodeGroup to what its disks have, or move the cache to another group.
Severity: warning
Bad:
    kind: LocalModelCache
    spec: {sourceModelUri: hf://org/m, modelSize: 200Gi, nodeGroups: [small]}   # storageLimit: 100Gi
Good:
    kind: LocalModelCache
    spec: {sourceModelUri: hf://org/m, modelSize: 20Gi, nodeGroups: [small]}
Upstream: pkg/apis/serving/v1alpha1/{local_model_cache_types,local_model_node_group_types}.go
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonValue
from kservegen.core.quantity import parse_quantity


@rule(Stage.RUN, "LocalModelCache", "LocalModelNamespaceCache", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    size = _amount(spec.get("modelSize"))
    for index, name in enumerate(sequence(spec.get("nodeGroups"))):
        group = next((each for each in of_kind(context, "LocalModelNodeGroup") if each.id.name == name), None)
        if group is None:
            continue
        stated = group.spec.get("storageLimit")
        limit = _amount(stated)
        if size is None or limit is None:
            continue
        keeps = Counterpart(("spec", "storageLimit"), "the node group's limit is set here", group.id)
        if size > limit:
            message = f"the model is larger than what node group {name} keeps for models, {stated}"
            said, allowed = str(spec.get("modelSize")), f"{stated} and less"
            yield Problem(("spec", "modelSize"), message, said, allowed, other=keeps)
        elif (before := sum(_earlier(resource, name, context))) <= limit < before + size:
            message = (
                f"with this cache those of node group {name} are larger than the {stated} that it keeps for models"
            )
            yield Problem(("spec", "nodeGroups", index), message, str(spec.get("modelSize")), other=keeps)


def _earlier(resource: Resource, group: JsonValue, context: Context) -> Iterator[Fraction]:
    """Give the sizes of the group's caches that come before one by their names: one of them all is the one too many."""
    for kind in ("LocalModelCache", "LocalModelNamespaceCache"):
        for other in of_kind(context, kind):
            spec = mapping(other.doc.get("spec"))
            if group in sequence(spec.get("nodeGroups")) and _place(other) < _place(resource):
                yield _amount(spec.get("modelSize")) or Fraction(0)


def _place(resource: Resource) -> tuple[str, str, str]:
    return resource.kind, resource.id.namespace, resource.id.name


def _amount(value: JsonValue) -> Fraction | None:
    quantity = parse_quantity(value) if isinstance(value, (str, int, float)) else None
    return None if quantity is None else quantity.value
