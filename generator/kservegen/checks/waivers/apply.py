"""An environment's waivers and its findings in; findings out, the covered ones weighed down and told about.

A waiver covers one rule of one model (or one budget) until a day. Whether that day has passed is for `validate` to
say: without `today` every listed waiver holds, because output must not depend on the date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from kservegen.core.diagnostics import Diagnostic, Finding, Severity, Waived
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.suggest import did_you_mean

# What may be waived whatever it weighs; of KServe's facts only what is no error may. A defect of a release is nobody's
# choice, but whoever runs a build of their own knows better than its record.
_CHOICES: Final = frozenset({"policy", "gpu", "budget", "defect"})
# A password that is known to everybody, of a stand-in for tests, is a choice, too.
_CHOSEN: Final = frozenset({"catalog/plain-secret"})
_NOT_YET: Final = "Waiver {} counts from the change after this one on: waiversFrom is base."
_REQUIRED: Final = frozenset({"rule", "owner", "reason", "expires"})


class Clock(NamedTuple):
    """The day of a run, and how many days ahead a waiver's end is announced."""

    day: date
    notice: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver. `subject` is a model's key as the catalog has it, or the name of a budget."""

    name: str
    rule: str
    subject: str
    owner: str
    reason: str
    expires: date | None  # None: the text is no day

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is the one that this waiver is for."""
        return diagnostic.rule == self.rule and self.subject in diagnostic.entries and is_waivable(diagnostic)


class MergedWaivers(NamedTuple):
    """The waivers that the base of a change has; with `only`, no other one counts yet."""

    waivers: tuple[Waiver, ...]
    only: bool = False

    @property
    def unnamed(self) -> tuple[Waiver, ...]:
        """The waivers by what they say: another name makes no other waiver."""
        return tuple(replace(waiver, name="") for waiver in self.waivers)


def is_waivable(diagnostic: Diagnostic) -> bool:
    """Whether a finding is a choice that somebody may answer for, rather than a fact."""
    area = diagnostic.rule.partition("/")[0]
    return (
        area in _CHOICES
        or diagnostic.rule in _CHOSEN
        or (area == "kserve" and diagnostic.severity is not Severity.ERROR)
    )


def read_waivers(words: JsonObject) -> tuple[Waiver, ...]:
    """Read the `waivers` of an environment; what its schema refuses is left out."""
    return tuple(_read(name, mapping(value)) for name, value in words.items() if mapping(value).keys() >= _REQUIRED)


def _read(name: str, words: JsonObject) -> Waiver:
    return Waiver(
        name=name,
        rule=text(words.get("rule")),
        subject=text(words.get("model")) or text(words.get("budget")),
        owner=text(words.get("owner")),
        reason=text(words.get("reason")),
        expires=_day(text(words.get("expires"))),
    )


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def apply_waivers(
    waivers: Iterable[Waiver],
    diagnostics: Iterable[Diagnostic],
    clock: Clock | None,
    merged: MergedWaivers | None = None,
) -> tuple[list[Diagnostic], frozenset[str]]:
    """Weigh down what is covered; return all findings, and the names of the waivers that covered one.

    `merged` are those that the base of a change has: what another one covers is marked as the change's own doing or,
    where only merged ones count, stays as it is.
    """
    holding = [waiver for waiver in waivers if _holds(waiver, clock)]
    used: set[str] = set()
    weighed: list[Diagnostic] = []
    for diagnostic in diagnostics:
        waiver = next((w for w in holding if w.covers(diagnostic)), None)
        if waiver is None or waiver.expires is None:
            weighed.append(diagnostic)
            continue
        used.add(waiver.name)
        if (
            merged is not None
            and merged.only
            and not any(w.covers(diagnostic) and _holds(w, clock) for w in merged.waivers)
        ):
            # Apart from others of its cause: no waiver is written for those.
            hint = f"{diagnostic.hint} {_NOT_YET.format(waiver.name)}".lstrip()
            weighed.append(replace(diagnostic, hint=hint, cause=""))
            continue
        is_new = merged is not None and replace(waiver, name="") not in merged.unnamed
        mark = Waived(waiver.name, waiver.owner, waiver.reason, waiver.expires.isoformat(), of_change=is_new)
        weighed.append(replace(diagnostic, severity=Severity.INFO, waived=mark))
    return weighed, frozenset(used)


def _holds(waiver: Waiver, clock: Clock | None) -> bool:
    return waiver.expires is not None and (clock is None or clock.day <= waiver.expires)


def check_waivers(
    waivers: Iterable[Waiver],
    *,
    used: Collection[str],
    rules: Collection[str],
    subjects: Collection[str],
    clock: Clock | None,
) -> Iterator[Finding]:
    """Say what is wrong with the waivers themselves; paths are paths of the environment's words."""
    for waiver in waivers:
        mistake = next(_mistakes(waiver, rules, subjects), None)
        if mistake is not None:
            yield mistake
        elif waiver.name not in used and not _is_expired(waiver, clock):
            yield _finding(waiver, "unused", f"waiver {waiver.name} covers no finding", hint="Remove it.")
        elif clock is not None:
            yield from _near_its_end(waiver, clock)


def _mistakes(waiver: Waiver, rules: Collection[str], subjects: Collection[str]) -> Iterator[Finding]:
    area = waiver.rule.partition("/")[0]
    if waiver.expires is None:
        message = f"waiver {waiver.name} expires on a day that the calendar does not have"
        yield _finding(waiver, "bad-date", message, word="expires", hint="Write it as year-month-day.")
    if (
        area not in _CHOICES | {"kserve"}
        and waiver.rule not in _CHOSEN
        and area in {rule.partition("/")[0] for rule in rules}
    ):
        yield _finding(
            waiver,
            "not-waivable",
            f"{waiver.rule} cannot be waived",
            word="rule",
            seen=waiver.rule,
            allowed=f"policy/, gpu/, budget/, defect/, {', '.join(_CHOSEN)}, and warnings of kserve/",
            hint="Mend what the rule finds.",
        )
    elif waiver.rule not in rules:
        yield _finding(
            waiver,
            "unknown-rule",
            f"there is no rule {waiver.rule}" if waiver.rule else f"waiver {waiver.name} names no rule",
            word="rule",
            seen=waiver.rule,
            hint=did_you_mean(waiver.rule, rules) or "Write the id that the finding shows in brackets.",
        )
    if waiver.subject not in subjects:
        yield _finding(
            waiver,
            "unknown-model",
            f"waiver {waiver.name} is for {waiver.subject or 'no model'}, which this environment does not have",
            word="model",
            seen=waiver.subject,
            hint=did_you_mean(waiver.subject, subjects) or "Remove the waiver.",
        )


def _near_its_end(waiver: Waiver, clock: Clock) -> Iterator[Finding]:
    if waiver.expires is None:
        return
    if _is_expired(waiver, clock):
        message = f"waiver {waiver.name} expired on {waiver.expires}; what it covered is an error again"
        hint = f"Ask {waiver.owner}: mend it, or agree on a later day."
        yield _finding(waiver, "expired", message, word="expires", hint=hint)
    elif waiver.expires - clock.day <= timedelta(days=clock.notice):
        days = (waiver.expires - clock.day).days
        message = f"waiver {waiver.name} expires on {waiver.expires}, " + (f"in {days} days" if days else "today")
        yield _finding(waiver, "expires-soon", message, word="expires", hint=f"Ask {waiver.owner} for the remedy.")


def _is_expired(waiver: Waiver, clock: Clock | None) -> bool:
    return clock is not None and waiver.expires is not None and waiver.expires < clock.day


def _finding(
    waiver: Waiver, slug: str, message: str, *, word: str = "", hint: str, seen: str = "", allowed: str = ""
) -> Finding:
    path = ("waivers", waiver.name, word) if word else ("waivers", waiver.name)
    return Finding(
        rule=f"waiver/{slug}",
        path=path,
        message=message,
        hint=hint,
        seen=seen,
        allowed=allowed,
        at_key=not word,
    )
