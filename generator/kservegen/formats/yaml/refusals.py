"""What the strict rules do not allow in a catalog, in words: a place and what stands there in, a finding out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kservegen.core.diagnostics import Diagnostic, FindingPlace, Location, Related
from kservegen.core.jsontypes import JsonScalar, Path
from kservegen.formats.yaml.problems import problem, shorten_excerpt
from kservegen.formats.yaml.readings import Ambiguity, Odd, PlainReading

_EXACT = 1e15  # below it every whole float is written without an exponent


def ambiguous(place: Location, text: str, readings: Ambiguity, path: Path) -> Diagnostic:
    """Refuse a plain scalar that readers of YAML take for different things."""
    shown = shorten_excerpt(text)
    others = _alternatives(readings)
    otherwise = f" Otherwise write {' or '.join(others)}." if others else ""
    return problem(
        "ambiguous-scalar",
        place,
        f"`{shown}` does not mean the same to every reader of YAML",
        path=path,
        seen=_describe(readings),
        allowed=", ".join((f'"{shown}" for text', *others)),
        hint=f'Quote it if text is meant: "{shown}".{otherwise}',
    )


def _describe(readings: Ambiguity) -> str:
    taken = (("kubectl", readings.kubectl), ("PyYAML", readings.yaml_1_1), ("YAML 1.2", readings.yaml_1_2))
    return ", ".join(f"{_show(reading)} to {reader}" for reader, reading in taken)


def _alternatives(readings: Ambiguity) -> tuple[str, ...]:
    """Offer the other readings in a form that all readers share."""
    return tuple(
        dict.fromkeys(_show(r) for r in (readings.kubectl, readings.yaml_1_1, readings.yaml_1_2) if _is_portable(r))
    )


def _is_portable(reading: PlainReading) -> bool:
    if isinstance(reading, int):
        return -(1 << 63) <= reading < 1 << 63
    return isinstance(reading, float) and reading.is_integer() and abs(reading) < _EXACT


def _show(reading: PlainReading) -> str:
    match reading:
        case Odd():
            return reading.value
        case str():
            return "text"
        case None:
            return "null"
        case bool():
            return str(reading).lower()
        case int():
            return str(reading)
    return str(int(reading)) if _is_portable(reading) else str(reading)


def bad_key(place: Location, text: str, reading: JsonScalar | Ambiguity, path: Path) -> Diagnostic:
    """Refuse a plain key that is not text, or not to every reader."""
    if text == "<<":
        return problem(
            "merge-key",
            place,
            "merge keys are not part of a catalog",
            path=path,
            seen="<<",
            hint="Put what several entries share into a profile, or under defaults.",
        )
    if isinstance(reading, Ambiguity):
        return ambiguous(place, text, reading, path)
    if text == "":
        return problem(
            "key-not-text", place, "a key is missing before the colon", path=path, hint="Write the key, or quote it."
        )
    return problem(
        "key-not-text",
        place,
        f"the key `{shorten_excerpt(text)}` is not text",
        path=path,
        seen=_show(reading),
        allowed=f'"{shorten_excerpt(text)}"',
        hint=f'Quote the key: "{shorten_excerpt(text)}".',
    )


def key_is_container(place: Location, path: Path) -> Diagnostic:
    """Refuse a map, a list or an alias as a key: mostly a template that was not quoted."""
    return problem(
        "key-not-text",
        place,
        "a map or a list stands where a key belongs",
        path=path,
        hint='Quote text that begins with { or [: "{{.Name}}".',
    )


def duplicate_key(place: Location, key: str, path: Path, first: Related) -> Diagnostic:
    """Refuse a key that the same map has already."""
    return problem(
        "duplicate-key",
        place,
        f"the key {shorten_excerpt(key)} stands twice in one map",
        path=path,
        hint="Keep one of the two; a reader would silently drop the other.",
        related=(first,),
    )


def empty_value(place: Location, path: Path) -> Diagnostic:
    """Refuse a key or a list's dash with nothing after it: a commented-out block must not delete anything."""
    return problem(
        "empty-value",
        place,
        "nothing stands after the dash" if path and isinstance(path[-1], int) else "nothing stands after the colon",
        path=path,
        seen="an empty value",
        allowed="a value, null, {} or []",
        hint='Write null to remove, {} or [] for an empty map or list, "" for empty text.',
    )


def anchor(place: Location, name: str, path: Path, *, is_alias: bool) -> Diagnostic:
    """Refuse an anchor or an alias."""
    sign = f"*{name}" if is_alias else f"&{name}"
    return problem(
        "anchor",
        place,
        "aliases are not part of a catalog" if is_alias else "anchors are not part of a catalog",
        path=path,
        seen=shorten_excerpt(sign),
        hint=f'Put what is shared into a profile; quote it if text is meant: "{shorten_excerpt(sign)}".',
    )


def anchors(found: Sequence[Diagnostic], count: int) -> Diagnostic:
    """Make one finding of the anchors and aliases of a file, `count` of which the first are `found`."""
    first = found[0]
    if count == 1:
        return first
    return replace(
        first,
        message=f"anchors and aliases are not part of a catalog: this file has {count:,}",
        places=tuple(FindingPlace(one.location, one.path) for one in found),
    )


def tag(place: Location, name: str, path: Path) -> Diagnostic:
    """Refuse an explicit tag."""
    return problem(
        "tag",
        place,
        "tags are not part of a catalog",
        path=path,
        seen=shorten_excerpt(name.replace("tag:yaml.org,2002:", "!!")),
        hint="Remove the tag; quote the value if text is meant.",
    )


def half_character(place: Location, path: Path) -> Diagnostic:
    """Refuse an escape for one half of a surrogate pair, which stands for no character."""
    return problem(
        "syntax",
        place,
        "an escape that stands for no character",
        path=path,
        seen="half of a surrogate pair",
        hint="Write the character itself, or one escape: \\U0001f600.",
    )


def directive(place: Location) -> Diagnostic:
    """Refuse %YAML and %TAG lines."""
    return problem(
        "directive",
        place,
        "directives are not part of a catalog",
        hint="Remove the lines that begin with %; the rules are the same for every file.",
    )


def second_document(place: Location) -> Diagnostic:
    """Refuse a second document in one file."""
    return problem(
        "several-documents",
        place,
        "a second document begins here",
        allowed="one document in a file of the catalog",
        hint="Move it to a file of its own, or remove the ---.",
    )


def too_deep(place: Location, path: Path, limit: int) -> Diagnostic:
    """Refuse nesting that no sensible file has."""
    return problem(
        "too-deep",
        place,
        "maps and lists are nested too deep",
        path=path,
        seen=f"more than {limit} levels",
        allowed=f"at most {limit} levels",
        hint="Check the brackets and the indentation; the rest of the file was not read.",
    )


def too_many(place: Location, limit: int) -> Diagnostic:
    """Say that no more of a file is read: whoever made so many of one mistake sees it in the first of them."""
    return problem(
        "too-many-problems",
        place,
        f"{limit} findings in one file, and the rest was not read",
        allowed="a file with fewer",
        hint="Mend these first.",
    )


def empty_file(place: Location) -> Diagnostic:
    """Refuse a file that holds nothing, or only comments."""
    return problem(
        "empty-file",
        place,
        "the file holds nothing",
        seen="no value, at most comments",
        hint="Start it with `version: 1`, or delete the file.",
    )
