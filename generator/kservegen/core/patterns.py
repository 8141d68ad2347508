"""Regular expressions of modules, compiled when they are first asked: a run imports hundreds and uses some.

To compile one takes as long as to import a small module.
"""

from __future__ import annotations

import re
from typing import AnyStr, Final, cast


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be used as the compiled pattern is; re.error where that is first done, for what is none."""
    return cast("re.Pattern[AnyStr]", _Waiting(text, flags))


# All that a pattern can be asked.
_ASKED: Final = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class _Compiled:
    """A pattern that was asked: it stands here as a pattern does, with nothing between it and whoever asks."""

    __slots__ = ("_flags", "_text", *_ASKED)


class _Waiting:
    """A pattern that nobody has asked yet."""

    __slots__ = _Compiled.__slots__

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        compiled = re.compile(self._text, self._flags)
        for asked in _ASKED:
            setattr(self, asked, getattr(compiled, asked))
        self.__class__ = _Compiled  # type: ignore[assignment]  # with the same slots
        return getattr(compiled, name)
