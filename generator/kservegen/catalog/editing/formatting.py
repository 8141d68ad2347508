"""The text of a source file in; the same words in their usual order and quotes out, each with its comments.

Nothing that a reader would see changes: the data stays the same, and so does every comment. What is ordered are the
sections of a file and the words of an entry, of defaults and of a profile; entries stay in the order of their authors,
since only people know which belong together, and below an entry's words stands Kubernetes' own order or the author's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from kservegen.catalog.editing.patch import at, read_value, scalar_text
from kservegen.catalog.editing.spans import Container, ScalarSpan, Value, spans
from kservegen.catalog.sections import SECTIONS
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.yaml.load import load_strict

# What is served, as what, where it lives and whose it is, how much of it runs, then how; `spec` is merged last.
_FIRST: Final = (
    "kind",
    "modelFormat",
    "model",
    "storageUri",
    "storageUris",
    "storage",
    "runtime",
    "runtimeVersion",
    "protocolVersion",
    "profile",
    "environments",
    "namespace",
    "owner",
    "stop",
    "accelerator",
    "replicas",
    "minReplicas",
    "maxReplicas",
    "image",
    "command",
    "args",
    "env",
    "resources",
)
_LAST: Final = ("spec",)


def format_source(text: str, file: str, sections: Sequence[str]) -> str:
    """Order and quote a file of the catalog or an environment; `sections` are its words in their usual order.

    GeneratorError for a file with mistakes, and for one that cannot be ordered without changing what it says.
    """
    before = read_value(text, file)
    edited = _requoted(text, before)
    edited = edited if edited.endswith("\n") else f"{edited}\n"
    for path in (*_entry_paths(before), ()):
        edited = _ordered(edited, path, _ranks(path, sections))
    after = load_strict(edited.encode(), file)
    same = json.dumps(after.value, sort_keys=True) == json.dumps(before, sort_keys=True)
    if after.diagnostics or not same or _comments(edited) != _comments(text):
        raise GeneratorError(
            "the file cannot be put in order without changing what it says",
            subject=file,
            hint="Order the words of its sections by hand; nothing was written.",
        )
    return edited


def order_sections(text: str, sections: Sequence[str]) -> str:
    """Put the words of a file itself in their usual order, and leave all below them alone."""
    return _ordered(text, (), _ranks((), sections))


def _entry_paths(value: JsonObject) -> Iterator[Path]:
    """Yield the maps whose words have an order: entries, defaults, profiles, and those that files share."""
    yield from (path for path in (("defaults",), ("shared", "defaults"), ("shared",)) if at(value, path) is not None)
    for section in (("profiles",), ("shared", "profiles"), *((name,) for name in SECTIONS)):
        held = at(value, section)
        yield from ((*section, name) for name in (held if isinstance(held, dict) else ()))


def _ranks(path: Path, sections: Sequence[str]) -> Mapping[str, int]:
    """Return the place of words that have one; others come between the first and the last, by name."""
    if not path or path == ("shared",):
        return {word: -len(sections) + place for place, word in enumerate(sections)}
    return {word: place - len(_FIRST) for place, word in enumerate(_FIRST)} | dict.fromkeys(_LAST, 1)


def _ordered(text: str, path: Path, ranks: Mapping[str, int]) -> str:
    """Order the entries of a block map by moving their lines, with the comments right above them."""
    container: Value = spans(text)
    for part in path:
        assert isinstance(container, Container)  # noqa: S101 - the path is there
        container = container.items[part].value
    if not isinstance(container, Container) or container.flow or not container.is_map:
        return text
    names = [name for name in container.items if isinstance(name, str)]
    wanted = sorted(names, key=lambda name: (ranks.get(name, 0), name if name not in ranks else ""))
    if wanted == names:
        return text
    lines = text.splitlines(keepends=True)
    blocks = dict(zip(names, _blocks(text, lines, container, is_file=not path), strict=True))
    first, last = min(block.start for block in blocks.values()), max(block.stop for block in blocks.values())
    moved = [line for name in wanted for line in lines[blocks[name].start : blocks[name].stop]]
    while not moved[0].strip():
        del moved[0]  # it parted the entry from the one above it
    return "".join((*lines[:first], *moved, *lines[last:]))


def _blocks(text: str, lines: Sequence[str], container: Container, *, is_file: bool) -> Iterator[range]:
    """Yield the lines of each entry, the blank ones and comments above it included; a file's head stays where it is."""
    items = list(container.items.values())
    start = _line(text, items[0].start)
    if not is_file:
        while start and lines[start - 1].lstrip().startswith("#"):
            start -= 1
    ends = [_line(text, item.value.end) + 1 for item in items]
    yield from (range(*pair) for pair in pairwise((start, *ends)))


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def _requoted(text: str, tree: JsonObject) -> str:
    """Write every text in the quotes that it needs, and in no others."""
    for span, value, inside in sorted(_texts(spans(text), tree), key=lambda found: -found[0].start):
        written = scalar_text(value, inside=inside)
        if "\n" not in text[span.start : span.end]:
            text = text[: span.start] + written + text[span.end :]
    return text


def _texts(place: Value, value: JsonValue, *, inside: bool = False) -> Iterator[tuple[ScalarSpan, str, bool]]:
    """Yield the texts on one line, and whether each stands in `{…}` or `[…]`."""
    if isinstance(place, Container):
        for name, item in place.items.items():
            yield from _texts(item.value, at(value, (name,)), inside=inside or place.flow)
    elif isinstance(value, str) and place.style not in {"|", ">"}:
        yield place, value, inside


def _comments(text: str) -> list[str]:
    """Return the comments of a text, sorted: none may be lost, and none come."""
    import yaml  # noqa: PLC0415 - only where a file is put in order

    marks = [
        (token.start_mark.index, token.end_mark.index)
        for token in yaml.scan(text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
        if isinstance(token, yaml.ScalarToken)
    ]
    kept, end = [], 0
    for start, stop in marks:
        kept.append(text[end:start])
        end = max(end, stop)
    kept.append(text[end:])
    return sorted(part[part.index("#") :].rstrip() for line in "\n".join(kept).splitlines() if "#" in (part := line))
