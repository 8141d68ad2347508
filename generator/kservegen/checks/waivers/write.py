"""Findings of an environment in; the waivers that would cover them out, as words for the environment's file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from kservegen.checks.waivers.apply import is_waivable
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonValue, Path

# A longer promise is none: nobody remembers it.
LONGEST: Final = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWaiver:
    """Who answers, why, and until when."""

    owner: str
    reason: str
    expires: date


def promise(*, owner: str, reason: str, ttl: str, today: date) -> NewWaiver:
    """Make a promise that runs for `ttl` (30d, 8w); GeneratorError for one that is no time, or too long."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})([dw])", ttl)
    if match is None:
        raise GeneratorError(f"{ttl} is not a time to live", subject="--ttl", hint="Write days or weeks: 30d, 8w.")
    days = int(match[1]) * (7 if match[2] == "w" else 1)
    if days > LONGEST:
        raise GeneratorError(f"{ttl} is longer than a waiver may run", subject="--ttl", hint=f"At most {LONGEST}d.")
    return NewWaiver(owner=owner, reason=reason, expires=today + timedelta(days=days))


def new_waivers(diagnostics: Iterable[Diagnostic], given: NewWaiver, taken: Collection[str]) -> dict[Path, JsonValue]:
    """Return one waiver per rule and model that is an error and may be waived, under names that are free."""
    found: dict[Path, JsonValue] = {}
    names = set(taken)
    for rule, model in sorted({(d.rule, e) for d in diagnostics if _is_open(d) for e in d.entries}):
        name = _free(f"{rule.partition('/')[2]}-{model.replace('/', '-')}", names)
        names.add(name)
        found["waivers", name] = {
            "rule": rule,
            "model": model,
            "reason": given.reason,
            "owner": given.owner,
            "expires": given.expires.isoformat(),
        }
    return found


def _is_open(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR and diagnostic.waived is None and is_waivable(diagnostic)


def _free(name: str, taken: Collection[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate
