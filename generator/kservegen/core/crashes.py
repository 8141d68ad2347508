"""A step of this tool that fails on one thing: a finding about that thing out, and everything else goes on.

An operation that cannot go on (GeneratorError) is no such failure: it passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from kservegen.core.diagnostics import Finding
from kservegen.core.errors import GeneratorError
from kservegen.core.manual import written_manuals

_T = TypeVar("_T")


def crash_finding(what: str, crash: Exception, rule: str = "internal/not-judged") -> Finding:
    """Say that `what`, a step or a rule, failed; the trace is logged."""
    import logging  # noqa: PLC0415 - only where something is wrong

    # The trace goes to whoever asks for it (--debug); a finding has room for a sentence.
    logging.getLogger("kservegen").debug("%s crashed", what, exc_info=crash)
    manual = written_manuals()[rule]
    message = f"{what} crashed with {type(crash).__name__}: {crash}"
    return Finding(rule=manual.id, path=(), message=message, hint=manual.fix, severity=manual.severity, cause=message)


def contained(what: str, judge: Callable[[], Iterable[_T]], told: Callable[[Finding], _T]) -> Iterator[_T]:
    """Yield what a step says of one thing; where it fails, that it did, as `told` puts it."""
    try:
        yield from judge()
    except GeneratorError:
        raise
    except Exception as crash:  # noqa: BLE001 - that is the promise
        yield told(crash_finding(what, crash))
