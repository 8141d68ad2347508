"""An object in; findings out where the API server refuses what it says about its owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/owner-reference",
    title="An owner reference lacks what it needs, or two owners control the object",
    why="An owner is named by apiVersion, kind, name and uid, an Event owns nothing, and one owner at most is the "
    "controller.",
    fix="Remove ownerReferences: an owner's uid is known to no file.",
    bad="metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: parent}]}",
    good="metadata: {ownerReferences: []}",
    upstream=("k8s.io/apimachinery pkg/api/validation/objectmeta.go",),
)

_PARTS: Final = ("apiVersion", "kind", "name", "uid")


def check(resource: Resource, _context: Context) -> Iterable[Finding]:
    metadata = mapping(resource.doc.get("metadata"))
    return _judge(sequence(metadata["ownerReferences"])) if "ownerReferences" in metadata else ()


def _judge(owners: JsonArray) -> Iterator[Finding]:
    controller = ""
    for index, item in enumerate(owners):
        owner = mapping(item)
        path = ("metadata", "ownerReferences", index)
        yield from _owner(owner, path)
        if owner.get("controller") is True:
            name = f"{text(owner.get('kind'))}/{text(owner.get('name'))}"
            if controller:
                message = f"only one reference can have controller set to true, found {controller} and {name}"
                yield Finding(rule=META.id, path=(*path, "controller"), message=message, hint=META.fix)
            controller = controller or name


def _owner(owner: JsonObject, path: Path) -> Iterator[Finding]:
    for part in _PARTS:
        if not owner.get(part):
            where = (*path, part) if part in owner else path
            yield Finding(rule=META.id, path=where, message=f"{part} of an owner must not be empty", hint=META.fix)
    if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
        yield Finding(rule=META.id, path=path, message="v1 Event is disallowed from being an owner", hint=META.fix)


RULE: Final = Rule(meta=META, check=check)
