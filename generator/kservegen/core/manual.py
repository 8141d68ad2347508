"""The manuals of rules: their text in, `RuleMeta` out.

A rule about objects is a module of `checks/rules/`, whose docstring is its manual. Those of everything else that prints
an id stand in `manuals/<area>.md` beside this module, each below a heading with the rest of its id. A manual is a title
with a period, an empty line, the reason, and sections that begin with their label:

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
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from kservegen.core.diagnostics import Diagnostic, Location, Related, RuleMeta, Severity
from kservegen.core.patterns import lazy_pattern

_SECTION: Final = lazy_pattern(r"^(Fix|Severity|Bad|Good|Upstream):(?:\s|$)", re.MULTILINE)
_HEADING: Final = lazy_pattern(r"^# (.+)$", re.MULTILINE)
_INDENT: Final = 4
_FOLDER: Final = Path(__file__).parent / "manuals"


class Manuals(Mapping[str, RuleMeta]):
    """Manuals by id, each read when it is first asked for: a run tells of a few rules."""

    def __init__(self, readers: Mapping[str, Callable[[], RuleMeta]]) -> None:
        self._readers = readers
        self._read: dict[str, RuleMeta] = {}

    def __getitem__(self, rule: str) -> RuleMeta:
        if rule not in self._read:
            self._read[rule] = self._readers[rule]()
        return self._read[rule]

    def __contains__(self, rule: object) -> bool:
        return rule in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


@lru_cache(maxsize=1)
def written_manuals() -> Mapping[str, RuleMeta]:
    """Find the manuals of all rules that are no modules, by id; ValueError where one is there twice, or is none."""
    found: dict[str, Callable[[], RuleMeta]] = {}
    for file in sorted(_FOLDER.glob("*.md")):
        _, *parts = _HEADING.split(file.read_text("utf-8"))
        for slug, written in zip(parts[::2], parts[1::2], strict=True):
            rule = f"{file.stem}/{slug}"
            if rule in found:
                raise ValueError(f"two manuals for {rule}")
            found[rule] = partial(read_manual, rule, written)
    return Manuals(found)


def by_manual(  # noqa: PLR0913
    rule: str,
    message: str,
    location: Location,
    *,
    path: str = "",
    hint: str = "",
    seen: str = "",
    allowed: str = "",
    environments: tuple[str, ...] = (),
    related: tuple[Related, ...] = (),
    cause: str = "",
) -> Diagnostic:
    """Make a diagnostic that weighs what its manual says, with the manual's fix where there is no better hint."""
    manual = written_manuals()[rule]
    return Diagnostic(
        rule=rule,
        severity=manual.severity,
        message=message,
        location=location,
        path=path,
        hint=hint or manual.fix,
        seen=seen,
        allowed=allowed,
        environments=environments,
        related=related,
        cause=cause,
    )


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
