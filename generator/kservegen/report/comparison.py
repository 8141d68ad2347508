"""What differs between two environments, as text, as JSON, and as Markdown that fits a comment."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from kservegen.changes.plan.comparison import Comparison, EntryDifference, Sourced
from kservegen.changes.plan.model import ABSENT, FieldChange
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import printable
from kservegen.report.folding import LEAST, fold_key, folded_field
from kservegen.report.json_report import place_as_json
from kservegen.report.plan_json import field_as_json, fields_as_json
from kservegen.report.plan_markdown import LIMIT
from kservegen.report.plan_words import value_text
from kservegen.report.summary import folded, plural, plural_of
from kservegen.report.terminal import fitted
from kservegen.report.text import BOLD, DIM, painter

if TYPE_CHECKING:
    from kservegen.formats.templates import PageTemplates

_NONE: Final = "nothing"


def comparison_verdict(found: Comparison) -> str:
    """Write the first line: how much differs."""
    if not found:
        return f"{found.left} and {found.right} do not differ"
    differ = sum(1 for entry in found.entries if not entry.only)
    counts = [(differ, "entry differs", "entries differ")]
    for side in (found.left, found.right):
        alone = sum(1 for entry in found.entries if entry.only == side)
        counts.append((alone, f"is in {side} alone", f"are in {side} alone"))
    counts += [
        (len(found.settings), "setting differs", "settings differ"),
        (len(found.values), "chart differs", "charts differ"),
        (len(found.own), "object of the environment differs", "objects of the environment differ"),
    ]
    said = [plural(count, one, many) for count, one, many in counts if count]
    return f"{found.left} and {found.right}: {', '.join(said)}; {found.equal:,} the same"


def comparison_as_text(found: Comparison, *, colour: bool, everything: bool = False, width: int = 0) -> str:
    """Write the verdict, then what differs, left before right, with lines; what many have in common once.

    With a width no line is wider than it, but for names that are.
    """
    paint = painter(colour)
    out = [paint(printable(comparison_verdict(found)), BOLD)]
    for title, blocks in _blocks(found, everything=everything):
        out.append("")
        out.append(paint(printable(title), BOLD))
        for head, fields in blocks:
            out.append(f"  {printable(head)}")
            for item in fields:
                left, right = (printable(value_text(side)) or _NONE for side in (item.field.old, item.field.new))
                places = [paint(f" ({place})", DIM) if place else "" for place in (item.left, item.right)]
                out.append(f"    {printable(item.field.path)}: {left}{places[0]} | {right}{places[1]}")
    return "\n".join(fitted(out, width)) + "\n"


def comparison_as_markdown(found: Comparison, templates: PageTemplates) -> str:
    """Write the same as lists; what does not fit in a comment is counted. Nothing where nothing differs."""
    if not found:
        return ""
    sections = [
        {"title": title, "blocks": [{"head": head, "fields": map(_sides, fields)} for head, fields in blocks]}
        for title, blocks in _blocks(found)
    ]
    lines = (
        templates.write("diff.md", verdict=comparison_verdict(found), sections=sections).removesuffix("\n").split("\n")
    )
    size, held = 0, list[str]()
    for line in lines:
        size += len(line.encode()) + 1
        if size > LIMIT:
            held.append(f"\n… and {plural(len(lines) - len(held), 'line')} more")
            break
        held.append(line)
    return "\n".join(held) + "\n"


def _sides(item: Sourced) -> dict[str, object]:
    """Write both sides of a field: its values, empty where there is none, and the lines that they come from."""
    left, right = ("" if side is ABSENT else value_text(side) for side in (item.field.old, item.field.new))
    places = {"left_at": str(item.left or ""), "right_at": str(item.right or "")}
    return {"path": item.field.path, "left": left, "right": right, **places}


def _blocks(
    found: Comparison, *, everything: bool = False
) -> Iterator[tuple[str, list[tuple[str, Sequence[Sourced]]]]]:
    """Yield titles, and below each heads with the fields that differ; with `everything` nothing is folded."""
    if found.settings:
        yield "settings", [("the environment", _unplaced(found.settings))]
    if found.values:
        yield "charts", [(f"values of {name}", _unplaced(fields)) for name, fields in found.values]
    sections: dict[str, list[EntryDifference]] = {}
    for entry in (*found.entries, *found.own):
        sections.setdefault(entry.section or "the environment's own objects", []).append(entry)
    for section, entries in sections.items():
        folds = [] if everything else _folds(entries)
        blocks: list[tuple[str, Sequence[Sourced]]] = [(fold.head, fold.fields) for fold in folds]
        for entry in entries:
            here = [fold for fold in folds if (entry.kind, entry.key) in fold.names]
            told = frozenset(key for fold in here for key in fold.keys)
            fields = tuple(item for item in entry.fields if fold_key(item.field) not in told)
            if fields or entry.namespaces or not here:
                blocks.append((_head(entry), fields))
        yield section, blocks


class _Fold(NamedTuple):
    """Entries that differ alike, by kind and key; the fields, as the first has them, and what is equal of those."""

    first: EntryDifference
    names: dict[tuple[str, str], None]  # in their order
    fields: tuple[Sourced, ...] = ()
    keys: frozenset[Hashable] = frozenset()

    @property
    def head(self) -> str:
        """Count and name the entries."""
        kinds = {kind for kind, _ in self.names}
        what = plural_of(self.first.kind) if len(kinds) == 1 else "objects"
        only = f": in {self.first.only} alone" if self.first.only else ""
        return f"{len(self.names):,} {what}: {folded([key for _, key in self.names])}{only}"


def _folds(entries: Sequence[EntryDifference]) -> list[_Fold]:
    """Find what many entries have in common: fields that differ alike, and being in one environment alone."""
    alone: dict[tuple[str, str], list[EntryDifference]] = {}
    alike: dict[Hashable, list[tuple[EntryDifference, Sourced]]] = {}
    for entry in entries:
        if entry.only:
            alone.setdefault((entry.only, entry.kind), []).append(entry)
        for item in entry.fields:
            alike.setdefault(fold_key(item.field), []).append((entry, item))
    together: dict[tuple[tuple[str, str], ...], list[tuple[Hashable, Sourced]]] = {}
    for key, found in alike.items():
        if len(found) >= LEAST:
            joint = found[0][1]._replace(field=folded_field([item.field for _, item in found]))
            together.setdefault(_names(entry for entry, _ in found), []).append((key, joint))
    named = {(entry.kind, entry.key): entry for entry in entries}
    folds = [
        _Fold(
            named[names[0]],
            dict.fromkeys(names),
            tuple(item for _, item in found),
            frozenset(key for key, _ in found),
        )
        for names, found in together.items()
    ]
    folds += (_Fold(those[0], dict.fromkeys(_names(those))) for those in alone.values() if len(those) >= LEAST)
    return folds


def _names(entries: Iterable[EntryDifference]) -> tuple[tuple[str, str], ...]:
    return tuple((entry.kind, entry.key) for entry in entries)


def _head(entry: EntryDifference) -> str:
    apart = f", namespace {' | '.join(entry.namespaces)}" if entry.namespaces else ""
    only = f": in {entry.only} alone" if entry.only else ""
    return f"{entry.key} ({entry.kind}{apart}){only}"


def _unplaced(fields: Sequence[FieldChange]) -> tuple[Sourced, ...]:
    return tuple(Sourced(field, None, None) for field in fields)


def comparison_as_json(found: Comparison) -> JsonObject:
    """Return the `diff` part of the JSON report."""
    return {
        "left": found.left,
        "right": found.right,
        "verdict": comparison_verdict(found),
        "equal": found.equal,
        "settings": fields_as_json(found.settings),
        "values": [{"chart": name, "fields": fields_as_json(fields)} for name, fields in found.values],
        "entries": [_entry(entry) for entry in found.entries],
        "own": [_entry(entry) for entry in found.own],
    }


def _entry(entry: EntryDifference) -> JsonObject:
    fields: list[JsonValue] = [
        {
            **field_as_json(item.field),
            **({"oldAt": place_as_json(item.left)} if item.left else {}),
            **({"newAt": place_as_json(item.right)} if item.right else {}),
        }
        for item in entry.fields
    ]
    return {
        "section": entry.section,
        "key": entry.key,
        "kind": entry.kind,
        "fields": fields,
        **({"only": entry.only} if entry.only else {}),
        **({"namespaces": list(entry.namespaces)} if entry.namespaces else {}),
    }
