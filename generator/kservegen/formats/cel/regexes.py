"""Kubernetes' `find` and `findAll`: a text and an RE2 pattern in, what matches out.

The interpreter's own `matches` is RE2; these two run on Python's `re`. The patterns on which both agree are a subset:
whatever lies outside is an error that says so, not a slightly different answer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from kservegen.formats.cel.function import Function
from kservegen.formats.cel.outcome import UnsupportedError

# Literal characters, classes of plain characters and ranges, groups, alternatives, anchors, counted repetition.
_TOKEN: Final = re.compile(
    r"""\\(?P<escape>[dwAnrt.*+?(){}\[\]|^$/\\-])
      | (?P<klass>\[\^?(?:\\[dwnrt.*+?(){}\[\]|^$/\\-]|[^\\\[\]])+\])
      | (?P<group>\((?:\?:|(?!\?)))
      | (?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{]))
      | (?P<end>\$)
      | (?P<plain>[^\\\[\](){}*+?$])
      | (?P<close>\))""",
    re.VERBOSE,
)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Translate an RE2 pattern; UnsupportedError where Python might read it in another way."""
    out, position = "", 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise UnsupportedError(f"the regular expression {pattern!r} at position {position + 1} in find or findAll")
        # Python's $ also matches before a final line break.
        out += r"\Z" if match["end"] else match[0]
        position = match.end()
    try:
        return re.compile(out, re.ASCII)
    except re.error as error:
        raise ValueError(f"Illegal regex: {error}") from None


def _find(text: str, pattern: str) -> str:
    match = compiled(pattern).search(text)
    return match[0] if match else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return _find_some(text, pattern, -1)


def _find_some(text: str, pattern: str, limit: int) -> list[str]:
    """List matches as Go does: an empty one right behind another match does not count."""
    found: list[str] = []
    last_end = -1
    for match in compiled(pattern).finditer(text):
        if 0 <= limit <= len(found):
            break
        if match[0] or match.start() != last_end:
            found.append(match[0])
        last_end = match.end()
    return found


FUNCTIONS: Final = (
    Function(name="find", parameters=("string", "string"), result="string", call=_find),
    Function(name="findAll", parameters=("string", "string"), result="list<string>", call=_find_all),
    Function(name="findAll", parameters=("string", "string", "int"), result="list<string>", call=_find_some),
)
