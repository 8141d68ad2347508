"""The text of a source file in; the same words in their usual order and quotes out, each with its comments.

Nothing that a reader would see changes: the data stays the same, and so does every comment. What is ordered are the
sections of a file and the words of an entry, of defaults and of a profile; entries stay in the order of their authors,
since only people know which belong together, and below an entry's words stands Kubernetes' own order or the author's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Final

from kservegen.catalog.editing.patch import at, drop, read_value, scalar_text, without
from kservegen.catalog.editing.spans import Container, ScalarSpan, Value, spans
from kservegen.catalog.sections import ENTRY_SECTIONS
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
    if after.diagnostics or not same or comments_of(edited) != comments_of(text):
        raise GeneratorError(
            "the file cannot be put in order without changing what it says",
            subject=file,
            hint="Order the words of its sections by hand; nothing was written.",
        )
    return edited


def drop_with_comments(text: str, path: Path, file: str) -> str:
    """Remove a word with the comments that belong to it; the head of a file stays."""
    container: Value = spans(text)
    for part in path[:-1]:
        assert isinstance(container, Container)  # noqa: S101 - the path is there
        container = container.items[part].value
    assert isinstance(container, Container)  # noqa: S101 - the path is there
    if container.flow or not container.is_map or len(container.items) == 1:
        return drop(text, path, file)
    lines = text.splitlines(keepends=True)
    blocks = dict(zip(container.items, _blocks(text, lines, container, is_file=len(path) == 1), strict=True))
    block = blocks[path[-1]]
    edited = "".join((*lines[: block.start], *lines[block.stop :]))
    wanted = without(read_value(text, file), path)
    loaded = load_strict(edited.encode(), file)
    if loaded.diagnostics or json.dumps(loaded.value, sort_keys=True) != json.dumps(wanted, sort_keys=True):
        return drop(text, path, file)
    return edited


def head_of(text: str) -> list[str]:
    """Return the lines above the first word of a file."""
    first = next(iter(spans(text).items.values()))
    return text.splitlines(keepends=True)[: _line(text, first.start)]


def _entry_paths(value: JsonObject) -> Iterator[Path]:
    """Yield the maps whose words have an order: entries, defaults, profiles, and those that files share."""
    yield from (path for path in (("defaults",), ("shared", "defaults"), ("shared",)) if at(value, path) is not None)
    for section in (("profiles",), ("shared", "profiles"), *((name,) for name in ENTRY_SECTIONS)):
        held = at(value, section)
        yield from ((*section, name) for name in (held if isinstance(held, dict) else ()))


def usual_order(words: JsonObject) -> JsonObject:
    """Return the words of an entry, of defaults or of a profile in the order that `format_source` gives them."""
    ranks = _ranks(("entry",), ())
    return {word: words[word] for word in sorted(words, key=lambda name: _place(name, ranks))}


def _place(name: str, ranks: Mapping[str, int]) -> tuple[int, str]:
    return ranks.get(name, 0), name if name not in ranks else ""


def _ranks(path: Path, sections: Sequence[str]) -> Mapping[str, int]:
    """Return the place of words that have one; others come between the first and the last, by name."""
    if not path or path == ("shared",):
        return {word: -len(sections) + place for place, word in enumerate(sections)}
    return {word: place - len(_FIRST) for place, word in enumerate(_FIRST)} | dict.fromkeys(_LAST, 1)


def _ordered(text: str, path: Path, ranks: Mapping[str, int]) -> str:
    """Order the entries of a block map by moving their lines, with their comments."""
    container: Value = spans(text)
    for part in path:
        assert isinstance(container, Container)  # noqa: S101 - the path is there
        container = container.items[part].value
    if not isinstance(container, Container) or container.flow or not container.is_map:
        return text
    names = [name for name in container.items if isinstance(name, str)]
    wanted = sorted(names, key=lambda name: _place(name, ranks))
    if wanted == names:
        return text
    lines = text.splitlines(keepends=True)
    blocks = dict(zip(names, _blocks(text, lines, container, is_file=not path), strict=True))
    first, last = min(block.start for block in blocks.values()), max(block.stop for block in blocks.values())
    return "".join((*lines[:first], *_joined(lines, names, blocks, wanted), *lines[last:]))


def _joined(
    lines: Sequence[str], names: Sequence[str], blocks: Mapping[str, range], wanted: Sequence[str]
) -> Iterator[str]:
    """Yield the lines of blocks in a new order.

    Neighbours that stay neighbours keep the blank lines between them. New ones get one where there was one below the
    upper or above the lower; what was first or last has on its open side what it has on the other.
    """
    blanks = {name: _leading_blanks(lines, block) for name, block in blocks.items()}
    old = dict(pairwise(names))
    below = {high for high, low in old.items() if blanks[low]} | {name for name in names[-1:] if blanks[name]}
    above = {low for low in old.values() if blanks[low]} | below.intersection(names[:1])
    empty = "\r\n" if lines[0].endswith("\r\n") else "\n"
    for high, low in zip((None, *wanted), wanted, strict=False):
        start = blocks[low].start
        if high is not None and old.get(high) == low:
            yield from lines[start : start + blanks[low]]
        elif high is not None and (high in below or low in above):
            yield empty
        yield from lines[start + blanks[low] : blocks[low].stop]


def _leading_blanks(lines: Sequence[str], block: range) -> int:
    return sum(1 for _ in takewhile(lambda number: not lines[number].strip(), block))


def _blocks(text: str, lines: Sequence[str], container: Container, *, is_file: bool) -> Iterator[range]:
    """Yield the lines of each entry with its comments; a file's head stays where it is.

    Comments between two entries that stand deeper than these are the end of the upper one (a model that was commented
    out); from the first one on that does not, they are the head of the lower one, with the blank lines above it.
    """
    items = list(container.items.values())
    column = items[0].column
    start = _line(text, items[0].start)
    if not is_file:
        while start and (above := _comment_column(lines[start - 1])) is not None and above >= column:
            start -= 1
    ends = [_end(lines, _line(text, item.value.end) + 1, column) for item in items]
    yield from (range(*pair) for pair in pairwise((start, *ends)))


def _end(lines: Sequence[str], end: int, column: int) -> int:
    """Return the line after an entry that ends before line `end`, and after the comments deeper than it."""
    for number in range(end, len(lines)):
        found = _comment_column(lines[number])
        if found is not None and found > column:
            end = number + 1
        elif lines[number].strip():
            break
    return end


def _comment_column(line: str) -> int | None:
    """Return where the comment of a line begins that holds nothing else; None for any other line."""
    held = line.lstrip(" \t")
    return len(line) - len(held) if held.startswith("#") else None


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


def comments_of(text: str) -> list[str]:
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
