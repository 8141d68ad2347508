"""An input that fails in; a smaller one that fails at the same place out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

from tests.fuzz.cases import Case
from tests.fuzz.judge import value_of
from tests.fuzz.mutator import containers

from kservegen.core.jsontypes import JsonValue

_TRIALS = 600


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Take away what a failure does not need, file by file, part by part; what is no document loses bytes."""
    trials = _TRIALS
    for before in (False, True):
        for name in case.before if before else case.files:
            shrinking = True
            while shrinking and trials > 0:
                shrinking = False
                for content in _smaller((case.before if before else case.files)[name]):
                    trials -= 1
                    smaller = _with(case, name, content, before=before)
                    if fails(smaller):
                        case, shrinking = smaller, True
                        break
                    if trials <= 0:
                        break
    return case


def _with(case: Case, name: str, content: bytes, *, before: bool) -> Case:
    if before:
        return replace(case, before={**case.before, name: content})
    return replace(case, files={**case.files, name: content})


def _smaller(content: bytes) -> Iterator[bytes]:
    value = value_of(content)
    if value is not None:
        yield from (written for part in _without(value) if len(written := json.dumps(part).encode()) < len(content))
    if value is None or len(content) < 200:
        size = (len(content) + 1) // 2
        while size:
            yield from (content[:at] + content[at + size :] for at in range(0, len(content), size))
            size = size // 2 if size > 1 else 0


def _without(value: JsonValue) -> Iterator[JsonValue]:
    """Yield the value, and the value without each of its parts, the large parts first."""
    yield value
    for number, holder in enumerate(containers(value)):
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            copy = deepcopy(value)
            del containers(copy)[number][key]  # type: ignore[arg-type] # a key of the same container
            yield copy
