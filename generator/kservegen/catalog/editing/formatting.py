"""The text of a source file in; the same words in their usual order and quotes out, each with its comments.

Nothing that a reader would see changes: the data stays the same, and so does every comment. What is ordered are the
sections of a file and the words of an entry, of defaults and of a profile; entries stay in the order of their authors,
since only people know which belong together, and below an entry's words stands Kubernetes' own order or the author's.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import StringIO
from itertools import accumulate, pairwise, takewhile
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
    edited, root = text, spans(text)
    for edit in (
        partial(_requoted, tree=before),
        *(partial(_ordered, paths=paths, sections=sections) for paths in (_entry_paths(before), [("shared",)], [()])),
    ):
        now = edit(edited, root)
        if now != edited:  # most files are in order: their places are found once
            edited, root = now, spans(now)
    if edited == text:
        return text
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
    lines = _Lines(text)
    blocks = dict(zip(container.items, _blocks(lines, container, is_file=len(path) == 1), strict=True))
    block = blocks[path[-1]]
    edited = "".join((*lines.all[: block.start], *lines.all[block.stop :]))
    wanted = without(read_value(text, file), path)
    loaded = load_strict(edited.encode(), file)
    if loaded.diagnostics or json.dumps(loaded.value, sort_keys=True) != json.dumps(wanted, sort_keys=True):
        return drop(text, path, file)
    return edited


def head_of(text: str) -> list[str]:
    """Return the lines above the first word of a file."""
    first, lines = next(iter(spans(text).items.values())), _Lines(text)
    return lines.all[: lines.at(first.start)]


def _entry_paths(value: JsonObject) -> Iterator[Path]:
    """Yield the maps whose words have an order and that hold no other such map: entries, defaults and profiles."""
    yield from (("defaults",), ("shared", "defaults"))
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


def _ordered(text: str, root: Container, paths: Iterable[Path], sections: Sequence[str]) -> str:
    """Order the entries of block maps, none of which holds another, by moving their lines with their comments."""
    lines = _Lines(text)
    moves = [_moved(lines, found, path, sections) for path in paths if (found := _block_map(root, path)) is not None]
    for where, moved in sorted((move for move in moves if move is not None), key=lambda move: -move[0].start):
        lines.all[where.start : where.stop] = moved
    return "".join(lines.all)


def _block_map(root: Container, path: Path) -> Container | None:
    """Return the block map at a path; None where there is none."""
    found: Value = root
    for part in path:
        if not isinstance(found, Container) or part not in found.items:
            return None
        found = found.items[part].value
    return found if isinstance(found, Container) and found.is_map and not found.flow else None


def _moved(lines: _Lines, container: Container, path: Path, sections: Sequence[str]) -> tuple[range, list[str]] | None:
    """Return which lines a map takes, and those in order; None where they are in order."""
    ranks = _ranks(path, sections)
    names = [name for name in container.items if isinstance(name, str)]
    wanted = sorted(names, key=lambda name: _place(name, ranks))
    if wanted == names:
        return None
    blocks = dict(zip(names, _blocks(lines, container, is_file=not path), strict=True))
    where = range(min(block.start for block in blocks.values()), max(block.stop for block in blocks.values()))
    return where, list(_joined(lines.all, names, blocks, wanted))


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


def _blocks(lines: _Lines, container: Container, *, is_file: bool) -> Iterator[range]:
    """Yield the lines of each entry with its comments; a file's head stays where it is.

    Comments between two entries that stand deeper than these are the end of the upper one (a model that was commented
    out); from the first one on that does not, they are the head of the lower one, with the blank lines above it.
    """
    items = list(container.items.values())
    column = items[0].column
    start = lines.at(items[0].start)
    if not is_file:
        while start and (above := _comment_column(lines.all[start - 1])) is not None and above >= column:
            start -= 1
    ends = [_end(lines.all, lines.at(item.value.end) + 1, column) for item in items]
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


class _Lines:
    """The lines of a text, each with its end, and which of them a character stands in."""

    def __init__(self, text: str) -> None:
        self.all = StringIO(text, newline="\n").readlines()
        self._starts = list(accumulate(map(len, self.all), initial=0))

    def at(self, offset: int) -> int:
        """Return the line of a character, counted from 0."""
        return bisect_right(self._starts, offset) - 1


def _requoted(text: str, root: Container, tree: JsonObject) -> str:
    """Write every text in the quotes that it needs, and in no others; the last line ends with a break."""
    parts: list[str] = []
    end = 0
    for span, value, inside in sorted(_texts(root, tree), key=lambda found: found[0].start):
        if "\n" not in text[span.start : span.end]:
            parts += (text[end : span.start], scalar_text(value, inside=inside))
            end = span.end
    edited = "".join((*parts, text[end:]))
    return edited if edited.endswith("\n") else f"{edited}\n"


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
