"""What stopped a YAML parser in; one finding in our own words, at the line that a person has to mend, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct
from yaml.error import MarkedYAMLError

from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.problems import problem, shorten_excerpt

# What ends a line for a parser of YAML 1.1.
_BREAK: Final = lazy_pattern("\r\n|[\n\r\x85\u2028\u2029]")


class AnyMark(Protocol):
    """A place as either parser tells it: everything from 0, `index` in characters."""

    index: int
    line: int
    column: int


class _End(Struct, kw_only=True):
    """The end of a text that lacks its last line break: a parser sees one there, and the end on the line behind it."""

    index: int
    line: int
    column: int


class _Wording(Struct, frozen=True, kw_only=True, eq=False):
    """How a parser's complaint reads here. All parts of `needles` occur in what the parser says.

    `at_context` asks for the place where the construct began: a quote that never ends is mended where it opens.
    """

    needles: tuple[str, ...]
    message: str
    hint: str
    rule: str = "syntax"
    at_context: bool = False


# Both parsers are meant, libyaml's and PyYAML's own: their words differ. The first that fits is taken.
_WORDINGS: Final[tuple[_Wording, ...]] = (
    _Wording(
        needles=("quoted scalar", "end of stream"),
        message="a quote is never closed",
        hint="Close the quote that begins here.",
        at_context=True,
    ),
    _Wording(
        needles=("quoted scalar", "document indicator"),
        message="a quote is still open where a document begins or ends",
        hint="Close the quote that begins here.",
        at_context=True,
    ),
    _Wording(
        needles=("unknown escape character",),
        message="an escape that YAML does not know",
        hint="Write \\\\ for a backslash, or use single quotes, in which a backslash means itself.",
    ),
    _Wording(
        needles=("decimal number",),  # hexdecimal, as they spell it
        message="an escape without its hexadecimal digits",
        hint='Write \\x with two digits, \\u with four, \\U with eight: "\\u00e9".',
    ),
    _Wording(
        needles=("Unicode character escape",),
        message="an escape that stands for no character",
        hint="Write the character itself.",
    ),
    _Wording(
        needles=("could not find expected ':'",),
        message="a key without its colon",
        hint="Write `key: value`, or quote text that runs over several lines.",
        at_context=True,
    ),
    _Wording(
        needles=("mapping values are not allowed",),
        message="a second colon in one line, or a key below a value",
        hint="Quote a value that contains `: `; check that the line above ends in a colon and the indentation fits.",
    ),
    _Wording(
        needles=("sequence entries are not allowed",),
        message="a list item where none can begin",
        hint="Begin the list on a line of its own, below its key.",
    ),
    _Wording(
        needles=("mapping keys are not allowed",),
        message="a key where none can begin",
        hint="Begin the map on a line of its own, below its key.",
    ),
    _Wording(
        needles=("unexpected ':'",),
        message="a colon between brackets without a space behind it",
        hint="Write `key: value`, or quote text that contains a colon.",
    ),
    _Wording(
        needles=("while parsing a flow sequence",),
        message="a list in brackets is not closed, or a comma is missing",
        hint="Separate the items by commas and close the list with ].",
    ),
    _Wording(
        needles=("while parsing a flow mapping",),
        message="a map in braces is not closed, or a comma is missing",
        hint="Separate the entries by commas and close the map with }.",
    ),
    _Wording(
        needles=("while parsing a block mapping",),
        message="the line fits neither the map above it nor any other",
        hint="Indent the keys of one map alike; quote a whole value if only its beginning is in quotes or brackets.",
    ),
    _Wording(
        needles=("while parsing a block collection",),
        message="the line fits neither the list above it nor any other",
        hint="Begin every item with `- ` at the same column.",
    ),
    _Wording(
        needles=("cannot start any token",),
        message="a character that cannot begin a value",
        hint="Quote a value that begins with @, ` or %.",
    ),
    _Wording(
        needles=("indentation indicator",),
        message="the indentation indicator of a block of text is 0",
        hint="Write | or > alone, or with a number from 1 to 9.",
    ),
    _Wording(
        needles=("block scalar", "comment or"),
        message="text after the sign that begins a block of text",
        hint="Begin the text on the next line, below | or >.",
    ),
    _Wording(
        needles=("alphabetic or numeric character",),
        message="an anchor or alias without a name",
        hint="Quote text that begins with & or *.",
    ),
    _Wording(
        needles=("undefined tag handle",),
        message="a tag with an unknown prefix",
        hint="Quote text that begins with !.",
    ),
    _Wording(
        needles=("ing a tag",),
        message="a tag that is not complete",
        hint="Quote text that begins with !.",
    ),
    _Wording(
        needles=("incompatible YAML document",),
        message="a %YAML directive with a version that readers do not know",
        hint="Remove the directive.",
        rule="directive",
    ),
    _Wording(
        needles=("while scanning a directive",),
        message="a directive that cannot be read",
        hint="Remove the line, or quote text that begins with %.",
        rule="directive",
    ),
    _Wording(
        needles=("document start",),
        message="text that belongs to no document",
        hint="Begin the line at the same column as the first key, or begin a document with ---.",
    ),
    _Wording(
        needles=("node content",),
        message="a value is missing",
        hint="Write a value, or remove the comma, colon or sign that asks for one.",
    ),
)
_TRAILING: Final = _Wording(
    needles=(),
    message="text goes on after the value has ended",
    hint="Quote the whole value, or put a comma or a new line where the next one begins.",
)
_OTHERWISE: Final = _Wording(needles=(), message="the file is not YAML", hint="Check quotes, colons and indentation.")
_TAB: Final = _Wording(
    needles=(),
    message="a tab where YAML wants spaces",
    hint="Indent with spaces; a tab may only stand inside a value.",
    rule="tab",
)

_CONFLICT: Final = _Wording(
    needles=(),
    message="a merge conflict that nobody has resolved",
    hint="Keep one side, or join both, and delete the lines <<<<<<<, ======= and >>>>>>>.",
)
_CONFLICT_MARK: Final = lazy_pattern(r"[<>]{7} ")


def syntax_diagnostic(error: MarkedYAMLError, text: str, locate: Callable[[AnyMark], Location]) -> Diagnostic:
    """Turn a parser's complaint about a text into a finding; `locate` knows where the text stands in its file."""
    lines = _BREAK.split(text)
    conflict = _conflict(lines, text)
    wording = _CONFLICT if conflict else _wording(error, lines)
    opened = None if conflict else _inside(error.context_mark, lines, text)
    mark: AnyMark | None = (
        conflict or (opened if wording.at_context else None) or _inside(error.problem_mark, lines, text) or opened
    )
    if mark is None:
        raise error  # no parser complains without saying where
    is_far = opened is not None and opened.line != mark.line
    return problem(
        wording.rule,
        locate(mark),
        wording.message,
        seen=shorten_excerpt(_line(lines, mark.line).strip()),
        hint=wording.hint,
        related=(Related("what is being read began here", locate(opened)),) if opened and is_far else (),
    )


def _conflict(lines: list[str], text: str) -> AnyMark | None:
    """Return the first line that git wrote between two sides; None where there is none."""
    number = next((at for at, line in enumerate(lines) if _CONFLICT_MARK.match(line)), None)
    return None if number is None else _End(index=text.index(lines[number]), line=number, column=0)


def _inside(mark: AnyMark | None, lines: list[str], text: str) -> AnyMark | None:
    """Return the place, or the end of the text where it lies behind that."""
    if mark is None or mark.line < len(lines):
        return mark
    return _End(index=len(text), line=len(lines) - 1, column=len(lines[-1]))


def _wording(error: MarkedYAMLError, lines: list[str]) -> _Wording:
    said = f"{error.context or ''} {error.problem or ''}"
    if "tab character" in said or _at_tab(error.problem_mark, said, lines):
        return _TAB
    if "while parsing a block" in said and error.problem_mark is not None:
        line = _line(lines, error.problem_mark.line)
        if line[: error.problem_mark.column].strip(" -"):
            return _TRAILING
    return next((w for w in _WORDINGS if all(needle in said for needle in w.needles)), _OTHERWISE)


def _at_tab(mark: AnyMark | None, said: str, lines: list[str]) -> bool:
    if mark is None or "quoted scalar" in said:
        return False
    line = _line(lines, mark.line)
    return line[mark.column : mark.column + 1] == "\t" or line[: mark.column].lstrip(" ").startswith("\t")


def _line(lines: list[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""
