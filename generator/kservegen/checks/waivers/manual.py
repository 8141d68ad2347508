"""The manual of the rules about waivers themselves."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

_GOOD: Final = (
    "waivers: {unpinned-qwen: {rule: policy/pinned-revision, model: qwen-model, reason: tutorial,\n"
    "  owner: ml-platform, expires: 2027-03-31}}"
)

RULES: Final = (
    RuleMeta(
        id="waiver/bad-date",
        title="A waiver expires on a day that the calendar has",
        why="A waiver without a last day would be a policy that is switched off.",
        fix="Write the last day on which it holds as year-month-day.",
        bad="expires: 2027-02-30",
        good="expires: 2027-02-28",
    ),
    RuleMeta(
        id="waiver/expired",
        title="A waiver does not hold beyond its day",
        why="Somebody promised to mend this by a day that has passed; what it covered is an error again.",
        fix="Mend what it covered and remove the waiver, or agree on a later day in a pull request.",
        bad="expires: 2024-03-31",
        good=_GOOD,
    ),
    RuleMeta(
        id="waiver/expires-soon",
        title="A waiver is about to expire",
        why="From the day after on, every pull request of this environment is red.",
        fix="Mend what it covers, or agree on a later day.",
        severity=Severity.WARNING,
        good=_GOOD,
    ),
    RuleMeta(
        id="waiver/not-waivable",
        title="A waiver covers choices, not facts",
        why="Policies, budgets, GPU estimates and warnings about KServe may be waived. What makes a file unreadable or "
        "lets the API server or the controller refuse an object stays true whatever a waiver says.",
        fix="Remove the waiver and mend what it was meant to cover.",
        bad="rule: schema/unknown-field",
        good="rule: policy/pinned-revision",
    ),
    RuleMeta(
        id="waiver/unknown-model",
        title="A waiver names a model of the environment",
        why="A waiver for a model that is not there covers nothing, and would cover the next model of that name.",
        fix="Write the model's key as the catalog has it, or remove the waiver.",
        good=_GOOD,
    ),
    RuleMeta(
        id="waiver/unknown-rule",
        title="A waiver names a rule that there is",
        why="A misspelt rule covers nothing.",
        fix="Write the id that the finding shows in brackets.",
        bad="rule: policy/pined-revision",
        good="rule: policy/pinned-revision",
    ),
    RuleMeta(
        id="waiver/unused",
        title="A waiver covers a finding",
        why="The mistake is mended, or never was; the waiver would silently cover the next one.",
        fix="Remove the waiver.",
        severity=Severity.WARNING,
        good=_GOOD,
    ),
)
