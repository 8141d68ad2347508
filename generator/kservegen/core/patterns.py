"""Regular expressions of modules, compiled when they are first asked: a run imports hundreds and uses some.

To compile one takes as long as to import a small module.
"""

from __future__ import annotations

import re
from typing import AnyStr, cast


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be used as the compiled pattern is; re.error where that is first done, for what is none."""
    return cast("re.Pattern[AnyStr]", _Waiting(text, flags))


class _Waiting:
    """A pattern that is compiled when it is asked; each question is answered by the pattern itself from then on."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        answer = getattr(re.compile(self._text, self._flags), name)  # re keeps what it compiled
        setattr(self, name, answer)
        return answer
