"""What files hold before and after in; what happens to each object out, and which files are only written anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.changes.plan.fields import compare_fields
from kservegen.changes.plan.model import FieldChange, ObjectChange, ObjectKey, Verb, key_of
from kservegen.changes.plan.syncing import Syncing, fate_of
from kservegen.changes.plan.trees import ParsedFiles
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import Resource


class ObjectSides(Struct, frozen=True):
    """What differing files hold, and who syncs which folder, before and after."""

    old: ParsedFiles
    new: ParsedFiles
    before: Syncing
    after: Syncing


class FoundChange(Struct, frozen=True):
    """What happens to objects, and the files whose bytes alone change."""

    objects: tuple[ObjectChange, ...]
    rewritten: tuple[str, ...]


def find_changes(sides: ObjectSides) -> FoundChange:
    """Tell objects apart by what they are, whatever their file."""
    old, new = sides.old, sides.new
    changes: list[ObjectChange] = []
    rewritten: list[str] = []
    for key in sorted(old.objects.keys() & new.objects.keys()):
        change = _kept(old.objects[key], new.objects[key], sides)
        if change is not None:
            changes.append(change)
        else:
            rewritten.append(new.objects[key].file)
    gone = {key: old.objects[key] for key in sorted(old.objects.keys() - new.objects.keys())}
    come = {key: new.objects[key] for key in sorted(new.objects.keys() - old.objects.keys())}
    for one, other in _renamed(gone, come):
        changes.append(_rename(gone.pop(one), come.pop(other), sides))
    changes.extend(_removal(resource, sides) for resource in gone.values())
    changes.extend(_addition(resource, sides) for resource in come.values())
    return FoundChange(tuple(sorted(changes, key=_order)), tuple(sorted(set(rewritten))))


def _order(change: ObjectChange) -> tuple[bool, ObjectKey]:
    """Models first: they are what people ask about."""
    return not change.is_model, change.key


def _kept(old: Resource, new: Resource, sides: ObjectSides) -> ObjectChange | None:
    """Say what happens to an object that is there before and after; None where only its file is written anew."""
    fields = compare_fields(old.doc, new.doc)
    moves = sides.before.owner(old.file) != sides.after.owner(new.file) or _folder(old) != _folder(new)
    if not fields and not moves:
        return None
    return ObjectChange(
        verb=Verb.CHANGED if fields else Verb.MOVED,
        key=key_of(new),
        file=new.file,
        old_file=old.file if old.file != new.file else "",
        fields=fields,
        by=sides.after.owner(new.file) if moves else "",
        entry=new.subject,
    )


def _folder(resource: Resource) -> str:
    return resource.file.rpartition("/")[0]


def _removal(gone: Resource, sides: ObjectSides) -> ObjectChange:
    fate, by = fate_of(gone, sides.before, sides.after)
    return ObjectChange(verb=Verb.REMOVED, key=key_of(gone), file=gone.file, fate=fate, by=by)


def _addition(come: Resource, sides: ObjectSides) -> ObjectChange:
    """Say that an object comes; one whose file could not be read before may have been there."""
    readable = come.file not in sides.old.unreadable
    verb = Verb.ADDED if readable else Verb.CHANGED
    return ObjectChange(verb=verb, key=key_of(come), file=come.file, entry=come.subject, readable=readable)


def _rename(gone: Resource, come: Resource, sides: ObjectSides) -> ObjectChange:
    fate, by = fate_of(gone, sides.before, sides.after)
    return ObjectChange(
        verb=Verb.RENAMED,
        key=key_of(come),
        old_key=key_of(gone),
        file=come.file,
        old_file=gone.file,
        fields=tuple(_differing(gone, come)),
        fate=fate,
        by=by,
        entry=come.subject,
    )


def _renamed(
    gone: Mapping[ObjectKey, Resource], come: Mapping[ObjectKey, Resource]
) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Pair objects that are equal but for their names, then models of one name in another namespace.

    Where several are, none is told from the others.
    """
    if not gone or not come:
        return
    paired: set[ObjectKey] = set()
    for alike in (_content, _name_of_model):
        old, new = (_alike((r for r in side.values() if key_of(r) not in paired), alike) for side in (gone, come))
        for same in sorted(old.keys() & new.keys()):
            if len(old[same]) == len(new[same]) == 1:
                paired |= {old[same][0], new[same][0]}
                yield old[same][0], new[same][0]


def _differing(gone: Resource, come: Resource) -> Iterator[FieldChange]:
    """Yield what differs beside the names, where that is more than a name that fields repeat."""
    if _content(gone) != _content(come):
        names = {"metadata.name", "metadata.namespace"}
        yield from (field for field in compare_fields(gone.doc, come.doc) if field.path not in names)


def _name_of_model(resource: Resource) -> str:
    """Write the name by which a model is known in whichever namespace; blank for what is none."""
    return "/".join(resource.id[::2]) if resource.kind in MODEL_KINDS else ""


def _alike(resources: Iterable[Resource], said: Callable[[Resource], str]) -> dict[str, list[ObjectKey]]:
    """Sort objects by what is said of them; those with no spec, or of which nothing is said, are like no other."""
    found: dict[str, list[ObjectKey]] = {}
    for resource in resources:
        if resource.doc.get("spec") and said(resource):
            found.setdefault(said(resource), []).append(key_of(resource))
    return found


def _content(resource: Resource) -> str:
    """Write an object down without its name: neither as its own nor where its fields repeat it."""
    metadata: JsonObject = {
        key: value for key, value in mapping(resource.doc.get("metadata")).items() if key not in {"name", "namespace"}
    }
    bare = _without({**resource.doc, "metadata": metadata}, resource.id.name)
    return json.dumps([bare, key_of(resource).group], sort_keys=True)


def _without(value: JsonValue, name: str) -> JsonValue:
    if isinstance(value, dict):
        return {key: _without(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, name) for item in value]
    return None if value == name else value
