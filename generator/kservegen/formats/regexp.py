"""Go's regular expressions: patterns of users and schemas, read by RE2 itself, whose time is linear in the text.

Kubernetes, KServe and CEL match with Go's `regexp`, RE2's sibling: what Python's `re` reads differs (look-around, `$`
before a line break), and one pattern with nested repetition can keep it busy for years.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Protocol

from kservegen.core.patterns import lazy_pattern

# RE2's words for a mistake -> those of Go's regexp/syntax, where they differ.
_IN_GO: Final = {
    "bad repetition operator": "invalid nested repetition operator",
    "invalid named capture group": "invalid named capture",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid repetition size": "invalid repeat count",
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "pattern too large - compile failed": "expression too large",
    "trailing \\": "trailing backslash at end of expression",
}
# `\C`, a byte, is RE2's alone.
_ANY_BYTE: Final = lazy_pattern(r"(?<!\\)(?:\\\\)*\\C")
# Go has room for more than RE2 by default (8 MiB); a pattern of this size still compiles in a second.
_BYTES: Final = 32 << 20


class RegexpError(ValueError):
    """A pattern that Go refuses; the text is the error of its `regexp.Compile`."""

    def __init__(self, problem: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {_IN_GO.get(problem, problem)}: `{part}`")


class Match(Protocol):
    """A match of a pattern: `match[0]` is its text."""

    def __getitem__(self, group: int, /) -> str: ...
    def start(self) -> int: ...
    def end(self) -> int: ...


class Regexp(Protocol):
    """A compiled pattern, with the methods of Python's `re.Pattern`."""

    def search(self, text: str | bytes, /) -> Match | None: ...
    def finditer(self, text: str, /) -> Iterator[Match]: ...


@lru_cache(maxsize=1024)
def compile_regexp(pattern: str) -> Regexp:
    """Compile a pattern; RegexpError for one that Go refuses."""
    import re2  # noqa: PLC0415 - 3 ms, for documents that meet a pattern

    if _ANY_BYTE.search(pattern):
        raise RegexpError("invalid escape sequence", r"\C")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _BYTES
    try:
        compiled: Regexp = re2.compile(pattern, options)
    except UnicodeEncodeError:
        raise RegexpError("invalid UTF-8", "") from None
    except re2.error as error:
        problem, _, part = error.args[0].decode("utf-8", "replace").partition(": ")
        raise RegexpError(problem, part) from None
    return compiled


def regexp_matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches anywhere in a text, as Go's `MatchString`; RegexpError for one that Go refuses."""
    return compile_regexp(pattern).search(text.encode("utf-8", "replace")) is not None
