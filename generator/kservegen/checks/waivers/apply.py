"""An environment's waivers and its findings in; findings out, the covered ones weighed down and told about.

Whether the day of a waiver has passed is for `validate` to say: without `today` every listed waiver holds, because
output must not depend on the date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.waivers.model import CHOICES, CHOSEN, WaivedRule, Waiver, is_pattern
from kservegen.core.diagnostics import Diagnostic, Finding, Severity, Waived
from kservegen.core.jsontypes import Path
from kservegen.core.suggest import did_you_mean

_NOT_YET: Final = "Waiver {} counts from the change after this one on: waiversFrom is base."


class Clock(Struct, frozen=True):
    """The day of a run, and how many days ahead a waiver's end is announced."""

    day: date
    notice: int = 14


class MergedWaivers(Struct, frozen=True):
    """The waivers that the base of a change has; with `only`, no other one counts yet."""

    waivers: tuple[Waiver, ...]
    only: bool = False

    def has(self, waiver: Waiver) -> bool:
        """Whether the base has one that says the same: another name makes no other waiver."""
        return any(waiver.said == merged.said for merged in self.waivers)


class Coverage(Struct, frozen=True):
    """One thing that a waiver was needed for: its name, the rule, and the key of the catalog."""

    waiver: str
    rule: str
    key: str


def apply_waivers(
    waivers: Iterable[Waiver],
    diagnostics: Iterable[Diagnostic],
    clock: Clock | None,
    merged: MergedWaivers | None = None,
) -> tuple[list[Diagnostic], frozenset[Coverage]]:
    """Weigh down what is covered; return all findings, and what each waiver was needed for.

    `merged` are those that the base of a change has: what another one covers is marked as the change's own doing or,
    where only merged ones count, stays as it is.
    """
    holding = [waiver for waiver in waivers if _holds(waiver, clock)]
    used: set[Coverage] = set()
    weighed: list[Diagnostic] = []
    for diagnostic in diagnostics:
        waiver = next((w for w in holding if w.covers(diagnostic)), None)
        if waiver is None or waiver.expires is None:
            weighed.append(diagnostic)
            continue
        keys = waiver.keys.intersection(diagnostic.entries)
        used.update(Coverage(waiver.name, diagnostic.rule, key) for key in keys)
        if (
            merged is not None
            and merged.only
            and not any(w.covers(diagnostic) and _holds(w, clock) for w in merged.waivers)
        ):
            # Apart from others of its cause: no waiver is written for those.
            hint = f"{diagnostic.hint} {_NOT_YET.format(waiver.name)}".lstrip()
            weighed.append(replace(diagnostic, hint=hint, cause=""))
            continue
        is_new = merged is not None and not merged.has(waiver)
        mark = Waived(waiver.name, waiver.owner, waiver.reason, waiver.expires.isoformat(), of_change=is_new)
        weighed.append(replace(diagnostic, severity=Severity.INFO, waived=mark))
    return weighed, frozenset(used)


def _holds(waiver: Waiver, clock: Clock | None) -> bool:
    return waiver.expires is not None and (clock is None or clock.day <= waiver.expires)


class Known(Struct, frozen=True):
    """What a waiver may name: ids of rules, keys and budgets of the environment, owners of its models."""

    rules: Collection[str]
    subjects: Collection[str]
    owners: Collection[str]


def check_waivers(
    waivers: Iterable[Waiver], *, used: Collection[Coverage], known: Known, clock: Clock | None
) -> Iterator[Finding]:
    """Say what is wrong with the waivers themselves; paths are paths of the environment's words."""
    needed_by: defaultdict[str, list[Coverage]] = defaultdict(list)
    for each in used:
        needed_by[each.waiver].append(each)
    for waiver in waivers:
        mistakes = tuple(_mistakes(waiver, known))
        if mistakes:
            yield from mistakes
            continue
        needed = needed_by.get(waiver.name, [])
        expired = _is_expired(waiver, clock)
        if not expired:
            yield from _unused(waiver, needed, known)
        if clock is not None and (needed or expired):
            yield from _near_its_end(waiver, clock)


def _mistakes(waiver: Waiver, known: Known) -> Iterator[Finding]:
    if waiver.expires is None:
        message = f"waiver {waiver.name} expires on a day that the calendar does not have"
        yield _finding(waiver, "bad-date", message, path=("expires",), hint="Write it as year-month-day.")
    if not waiver.rules:
        yield _unknown_rule(waiver, WaivedRule("", ("rules",)), known)
    for rule in waiver.rules:
        if _is_fact(rule.id, known):
            yield _finding(
                waiver,
                "not-waivable",
                f"{rule.id} cannot be waived",
                path=rule.path,
                seen=rule.id,
                allowed=f"policy/, gpu/, budget/, defect/, {', '.join(CHOSEN)}, and warnings of kserve/",
                hint="Mend what the rule finds.",
            )
        elif rule.id not in known.rules:
            yield _unknown_rule(waiver, rule, known)
    for subject in waiver.subjects:
        if subject.is_exact and subject.keys.isdisjoint(known.subjects):
            yield _finding(
                waiver,
                "unknown-model",
                f"waiver {waiver.name} is for {subject.written or 'no model'}, which this environment does not have",
                path=subject.path,
                seen=subject.written,
                hint=did_you_mean(subject.written, known.subjects) or "Remove the waiver.",
            )
        elif not subject.is_complete:
            yield _finding(
                waiver,
                "unknown-model",
                f"the pattern {subject.written} of waiver {waiver.name} is not namespace/name",
                path=subject.path,
                seen=subject.written,
                hint="Write one slash."
                if "/" in subject.written
                else f"Write */{subject.written} for models of any namespace.",
            )


def _is_fact(rule: str, known: Known) -> bool:
    """Whether a rule belongs to an area that there is, and that nobody may waive."""
    area = rule.partition("/")[0]
    waivable = area in CHOICES | {"kserve"} or rule in CHOSEN
    return not waivable and area in {each.partition("/")[0] for each in known.rules}


def _unknown_rule(waiver: Waiver, rule: WaivedRule, known: Known) -> Finding:
    return _finding(
        waiver,
        "unknown-rule",
        f"there is no rule {rule.id}" if rule.id else f"waiver {waiver.name} names no rule",
        path=rule.path,
        seen=rule.id,
        hint="Name each rule by its id."
        if is_pattern(rule.id)
        else did_you_mean(rule.id, known.rules) or "Write the id that the finding shows in brackets.",
    )


def _unused(waiver: Waiver, used: Collection[Coverage], known: Known) -> Iterator[Finding]:
    """Say what of a waiver covers nothing: all of it, or single rules and patterns."""
    empty = [subject for subject in waiver.subjects if not subject.keys]
    for subject in empty:
        has = f"has the owner {subject.written}" if subject.is_owner else f"matches {subject.written}"
        near = did_you_mean(subject.written, known.owners) if subject.is_owner else ""
        message = f"no model of this environment {has}, which waiver {waiver.name} is for"
        yield _finding(waiver, "unused", message, path=subject.path, hint=near or "Remove it.")
    if not used:
        if len(empty) < len(waiver.subjects):
            yield _finding(waiver, "unused", f"waiver {waiver.name} covers no finding", hint="Remove it.")
        return
    rules, keys = {each.rule for each in used}, {each.key for each in used}
    for rule in waiver.rules:
        if rule.id not in rules:
            message = f"waiver {waiver.name} covers no finding of {rule.id}"
            yield _finding(waiver, "unused", message, path=rule.path, hint="Remove the rule from the waiver.")
    for subject in waiver.subjects:
        if subject.keys and subject.keys.isdisjoint(keys):
            message = f"waiver {waiver.name} covers no finding of {subject.written}"
            yield _finding(waiver, "unused", message, path=subject.path, hint="Remove it from the waiver.")


def _near_its_end(waiver: Waiver, clock: Clock) -> Iterator[Finding]:
    if waiver.expires is None:
        return
    if _is_expired(waiver, clock):
        message = f"waiver {waiver.name} expired on {waiver.expires}; what it covered is an error again"
        hint = f"Ask {waiver.owner}: mend it, or agree on a later day."
        yield _finding(waiver, "expired", message, path=("expires",), hint=hint)
    elif waiver.expires - clock.day <= timedelta(days=clock.notice):
        days = (waiver.expires - clock.day).days
        message = f"waiver {waiver.name} expires on {waiver.expires}, " + (f"in {days} days" if days else "today")
        yield _finding(waiver, "expires-soon", message, path=("expires",), hint=f"Ask {waiver.owner} for the remedy.")


def _is_expired(waiver: Waiver, clock: Clock | None) -> bool:
    return clock is not None and waiver.expires is not None and waiver.expires < clock.day


def _finding(
    waiver: Waiver, slug: str, message: str, *, path: Path = (), hint: str, seen: str = "", allowed: str = ""
) -> Finding:
    return Finding(
        rule=f"waiver/{slug}",
        path=("waivers", waiver.name, *path),
        message=message,
        hint=hint,
        seen=seen,
        allowed=allowed,
        at_key=not path,
    )
