"""The written manual of a rule in, a `RuleMeta` out.

A manual is plain text: a title with a period, an empty line, the reason, and sections that begin with their label.

    The number of replicas is negative.

    KServe's webhook refuses negative numbers.

    Fix: Write 0 or more.
    Severity: warning
    Bad:
        predictor: {minReplicas: -1}
    Good:
        predictor: {minReplicas: 0}
    Upstream: ISVC-38; pkg/apis/serving/v1beta1/component.go

Samples are indented by four spaces, entries of `Upstream` end in a semicolon. A rule is an error where no severity is
stated. Lines may break anywhere in prose.
"""

from __future__ import annotations

import re
from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

_SECTION: Final = re.compile(r"^(Fix|Severity|Bad|Good|Upstream):(?:\s|$)", re.MULTILINE)
_INDENT: Final = 4


def read_manual(rule: str, written: str) -> RuleMeta:
    """Read the manual of the rule `rule`; ValueError where a part is missing or stated twice."""
    head, *rest = _SECTION.split(written.strip("\n"))
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    title, _, why = head.partition("\n\n")
    if len(sections) != len(rest) // 2 or not title.strip() or not why.strip() or "Fix" not in sections:
        raise ValueError(f"the manual of {rule} has to be a title, a reason and a Fix, each section once")
    return RuleMeta(
        id=rule,
        title=_prose(title).removesuffix("."),
        why=_prose(why),
        fix=_prose(sections["Fix"]),
        bad=_sample(sections.get("Bad", "")),
        good=_sample(sections.get("Good", "")),
        severity=Severity(_prose(sections.get("Severity", Severity.ERROR.value))),
        upstream=tuple(_prose(entry) for entry in sections.get("Upstream", "").split(";") if entry.strip()),
    )


def _prose(written: str) -> str:
    return " ".join(written.split())


def _sample(written: str) -> str:
    return "\n".join(line[_INDENT:] for line in written.strip("\n").split("\n"))
