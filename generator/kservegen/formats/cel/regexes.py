"""`matches`, and Kubernetes' `find` and `findAll`: a text and a pattern in, what matches out.

The interpreter has a `matches` of its own, by the same RE2: it compiles the pattern at every call. Names and values of
variables are the same in many objects, so answers are kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kservegen.formats.cel.function import Function
from kservegen.formats.regexp import Regexp, RegexpError, compile_regexp, regexp_matches


def _regexp(pattern: str) -> Regexp:
    try:
        return compile_regexp(pattern)
    except RegexpError as error:
        raise ValueError(f"Illegal regex: {error}") from None


@lru_cache(maxsize=1024)
def _matches(text: str, pattern: str) -> bool:
    try:
        return regexp_matches(pattern, text)
    except RegexpError as error:
        raise ValueError(str(error)) from None


def _find(text: str, pattern: str) -> str:
    match = _regexp(pattern).search(text)
    return match[0] if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """List matches as Go does: an empty one right behind another match does not count."""
    found: list[str] = []
    last_end = -1
    for match in _regexp(pattern).finditer(text):
        if 0 <= limit <= len(found):
            break
        if match[0] or match.start() != last_end:
            found.append(match[0])
        last_end = match.end()
    return found


FUNCTIONS: Final = (
    Function(name="match__", parameters=("string", "string"), result="bool", call=_matches),
    Function(name="find", parameters=("string", "string"), result="string", call=_find),
    Function(name="findAll", parameters=("string", "string"), result="list<string>", call=_find_all),
    Function(name="findAll", parameters=("string", "string", "int"), result="list<string>", call=_find_all),
)
