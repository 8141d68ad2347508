"""What KServe makes of an object on two sides in; the made objects and pods that differ, field by field, out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.changes.plan.fields import FieldDifference, find_value
from kservegen.changes.plan.model import FieldChange, Verb
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import Made, MadePod, source_of
from kservegen.kserve.controllers.scripts import shorten_scripts

_TEMPLATE: Final = "spec.template."


class MadeFieldChange(NamedTuple):
    """A field that differs, and its source on each side, as `source_of` says it; empty where it is not there."""

    change: FieldChange
    old_source: Path
    new_source: Path


class MadeChange(NamedTuple):
    """An object that is made on one side alone, or differs. `label` is its kind and name, or that of a pod's workload.

    Of a pod stands here what does not differ alike in the template that it is made of.
    """

    verb: Verb
    label: str
    fields: tuple[MadeFieldChange, ...] = ()
    is_pod: bool = False


class _Part(NamedTuple):
    doc: JsonObject
    origins: tuple[Origin, ...]


def made_changes(old: Made | None, new: Made | None) -> tuple[MadeChange, ...]:
    """Return what differs, objects before pods, each in the order of the new side; empty where nothing does."""
    before, after = old or Made(), new or Made()
    objects = tuple(
        _changes(
            {item.label: _Part(item.doc, item.origins) for item in before.objects},
            {item.label: _Part(item.doc, item.origins) for item in after.objects},
        )
    )
    pods = _changes({pod.of: _pod(pod) for pod in before.pods}, {pod.of: _pod(pod) for pod in after.pods})
    same = {change.label: _in_template(change) for change in objects}
    return (*objects, *(item for pod in pods for item in _beside(pod, same.get(pod.label, frozenset()))))


def _changes(old: dict[str, _Part], new: dict[str, _Part]) -> Iterator[MadeChange]:
    for label in (*new, *(label for label in old if label not in new)):
        before, after = old.get(label), new.get(label)
        if before is None or after is None:
            yield MadeChange(Verb.ADDED if before is None else Verb.REMOVED, label)
        elif fields := tuple(_fields(before, after)):
            yield MadeChange(Verb.CHANGED, label, fields)


def _fields(old: _Part, new: _Part) -> Iterator[MadeFieldChange]:
    for found in find_value(_shown(old.doc), _shown(new.doc)):
        yield MadeFieldChange(found.change, *_sources(found, old, new))


def _sources(found: FieldDifference, old: _Part, new: _Part) -> tuple[Path, Path]:
    return (
        source_of(found.old, old.origins) if found.old else (),
        source_of(found.new, new.origins) if found.new else (),
    )


def _shown(doc: JsonObject) -> JsonObject:
    shown = shorten_scripts(doc)
    return shown if isinstance(shown, dict) else doc


def _pod(pod: MadePod) -> _Part:
    return _Part({"refused": pod.refused} if pod.pod is None else pod.pod, pod.origins)


def _in_template(change: MadeChange) -> frozenset[str]:
    """Return the fields of a workload's template that differ, as its pod would call them."""
    paths = (field.change.path for field in change.fields)
    return frozenset(path.removeprefix(_TEMPLATE) for path in paths if path.startswith(_TEMPLATE))


def _beside(pod: MadeChange, same: frozenset[str]) -> Iterator[MadeChange]:
    fields = tuple(field for field in pod.fields if field.change.path not in same)
    if fields or pod.verb is not Verb.CHANGED:
        yield pod._replace(fields=fields, is_pod=True)
