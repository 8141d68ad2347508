"""Changes go in; a unified diff that people read and `git apply` takes comes out, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from kservegen.core.patterns import lazy_pattern
from kservegen.core.secret_data import without_data
from kservegen.core.secrets import HIDDEN, cut_secrets, secrets_in_line
from kservegen.render.output.changes import Changes
from kservegen.render.output.existing import Existing

_Opcode: TypeAlias = tuple[str, int, int, int, int]

_CONTEXT = 3
# Terminals act on these; a carriage return is harmless only as part of a line end.
_CONTROL = lazy_pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
# Beyond this many differing lines an exact diff costs more than it tells: old and new are shown whole.
_MOST_DIFFERING = 4000


def unified_diff(existing: Existing, changes: Changes, *, limit: int | None = None, prefix: str = "") -> Iterator[str]:
    """Yield the lines of the diff, without line ends, in the order of paths.

    `prefix` goes before each path (`rendered/`). After `limit` lines one more says that the rest is left out.
    """
    lines = _all_files(existing, changes, prefix)
    if limit is None:
        yield from lines
        return
    yield from islice(lines, limit)
    if next(lines, None) is not None:
        total = len(changes.write) + len(changes.remove)
        yield f"... the rest is left out after {limit} lines; {total} files differ"


def _all_files(existing: Existing, changes: Changes, prefix: str) -> Iterator[str]:
    for path in sorted((*changes.write, *changes.remove)):
        old = existing.read(path) if path in existing.files else None
        yield from one_file(f"{prefix}{path}", old, changes.write.get(path))


def one_file(path: str, old: bytes | None, new: bytes | None) -> Iterator[str]:
    """Yield the lines of one file's diff; None stands for a file that is not there."""
    yield f"diff --git a/{path} b/{path}"
    if old is None:
        yield "new file mode 100644"
    if new is None:
        yield "deleted file mode 100644"
    before = "/dev/null" if old is None else f"a/{path}"
    after = "/dev/null" if new is None else f"b/{path}"
    old_lines, new_lines = _lines(old), _lines(new)
    if old_lines is None or new_lines is None:
        yield f"Binary files {before} and {after} differ"
    elif old_lines != new_lines:  # nothing more to say of an empty file that comes or goes
        yield f"--- {before}"
        yield f"+++ {after}"
        for line in _hunks(old_lines, new_lines):
            yield from line.split("\n")


def _lines(content: bytes | None) -> list[str] | None:
    """Split into lines; None where it is no text that a terminal can be shown. A missing last line end is marked."""
    if not content:
        return []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(text):
        return None
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file"
    else:
        lines.pop()
    return lines


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    old_shown, new_shown = without_data(old, HIDDEN), without_data(new, HIDDEN)
    for group in _groups(old, new):
        old_start, old_end, new_start, new_end = group[0][1], group[-1][2], group[0][3], group[-1][4]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@"
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from _shown(" ", old_shown, old_from, old_to)
                continue
            yield from _shown("-", old_shown, old_from, old_to)
            yield from _shown("+", new_shown, new_from, new_to)


def _shown(sign: str, lines: list[str], start: int, end: int) -> Iterator[str]:
    """Write lines without the secrets in them: such a diff no longer applies, and nobody learns them from it."""
    for index in range(start, end):
        yield sign + cut_secrets(lines[index], secrets_in_line(lines, index, in_prose=False))


def _groups(old: list[str], new: list[str]) -> Iterator[list[_Opcode]]:
    """Group the differences with their context, as difflib does, but look only at what lies between equal ends."""
    head = _common(old, new)
    tail = _common(old[: head - 1 : -1] if head else old[::-1], new[: head - 1 : -1] if head else new[::-1])
    low, high = max(0, head - _CONTEXT), max(0, tail - _CONTEXT)
    old_part, new_part = old[low : len(old) - high], new[low : len(new) - high]
    if max(len(old_part), len(new_part)) > _MOST_DIFFERING:
        yield [("replace", low, low + len(old_part), low, low + len(new_part))]
        return
    from difflib import SequenceMatcher  # noqa: PLC0415 (only a run that shows a diff pays for it)

    # The equal ends stand around what the matcher says: matched with them, it may align their lines elsewhere, and a
    # hunk without its context after the last difference is no patch that `git apply` takes.
    ends = len(old) - tail, len(new) - tail
    matcher = SequenceMatcher(None, old[head : ends[0]], new[head : ends[1]])
    inner = [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in matcher.get_opcodes()]
    before: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    after: list[_Opcode] = [("equal", ends[0], len(old), ends[1], len(new))] if tail else []
    matcher.opcodes = [*before, *inner, *after]  # type: ignore[attr-defined]  # what get_opcodes() returns from now on
    yield from matcher.get_grouped_opcodes(_CONTEXT)


def _common(old: list[str], new: list[str]) -> int:
    """Count the equal lines at the start."""
    for count, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return count
    return min(len(old), len(new))


def _range(start: int, end: int) -> str:
    """Write a range of lines as unified diffs do: from 1, an empty one by the line before it."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
