"""What differs between two environments, as text, as JSON, and as Markdown that fits a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from kservegen.changes.plan.comparison import Comparison, EntryDifference, Sourced
from kservegen.changes.plan.model import ABSENT, FieldChange
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import printable
from kservegen.report.json_report import place_as_json
from kservegen.report.plan_json import field_as_json, fields_as_json
from kservegen.report.plan_markdown import LIMIT
from kservegen.report.plan_words import value_text
from kservegen.report.summary import plural
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


def comparison_as_text(found: Comparison, *, colour: bool) -> str:
    """Write the verdict, then what differs, left before right, with lines."""
    paint = painter(colour)
    out = [paint(printable(comparison_verdict(found)), BOLD)]
    for title, blocks in _blocks(found):
        out.append("")
        out.append(paint(printable(title), BOLD))
        for head, fields in blocks:
            out.append(f"  {printable(head)}")
            for item in fields:
                left, right = (printable(value_text(side)) or _NONE for side in (item.field.old, item.field.new))
                places = [paint(f" ({place})", DIM) if place else "" for place in (item.left, item.right)]
                out.append(f"    {printable(item.field.path)}: {left}{places[0]} | {right}{places[1]}")
    return "\n".join(out) + "\n"


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


def _blocks(found: Comparison) -> Iterator[tuple[str, list[tuple[str, Sequence[Sourced]]]]]:
    """Yield titles, and below each heads with the fields that differ."""
    if found.settings:
        yield "settings", [("the environment", _unplaced(found.settings))]
    if found.values:
        yield "charts", [(f"values of {name}", _unplaced(fields)) for name, fields in found.values]
    sections: dict[str, list[EntryDifference]] = {}
    for entry in (*found.entries, *found.own):
        sections.setdefault(entry.section or "the environment's own objects", []).append(entry)
    for section, entries in sections.items():
        yield section, [(_head(entry), entry.fields) for entry in entries]


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
