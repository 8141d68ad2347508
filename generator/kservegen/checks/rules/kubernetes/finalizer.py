"""An object in; findings out where the API server refuses one of its finalizers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonArray
from kservegen.core.names import qualified_name_error
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/finalizer",
    title="A finalizer has no name that the API server takes",
    why="Finalizers are qualified names, and orphan and foregroundDeletion exclude each other.",
    fix="Remove the finalizer, or write a name such as example.com/keep.",
    bad='metadata: {finalizers: ["keep this"]}',
    good="metadata: {finalizers: [example.com/keep]}",
    upstream=("k8s.io/apimachinery pkg/api/validation/objectmeta.go",),
)

_EXCLUSIVE: Final = ("foregroundDeletion", "orphan")


def check(resource: Resource, _context: Context) -> Iterable[Finding]:
    metadata = mapping(resource.doc.get("metadata"))
    return _judge(sequence(metadata["finalizers"])) if "finalizers" in metadata else ()


def _judge(finalizers: JsonArray) -> Iterator[Finding]:
    for index, name in enumerate(finalizers):
        if isinstance(name, str) and (reason := qualified_name_error(name)):
            path = ("metadata", "finalizers", index)
            message = f"the finalizer {name!r} is refused: {reason}"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=name)
    if all(name in finalizers for name in _EXCLUSIVE):
        message = f"finalizers {_EXCLUSIVE[0]} and {_EXCLUSIVE[1]} cannot be both set"
        yield Finding(rule=META.id, path=("metadata", "finalizers"), message=message, hint=META.fix, at_key=True)


RULE: Final = Rule(meta=META, check=check)
