"""What a law finds wrong with a document, before anybody says under which id and at which line."""

from __future__ import annotations

import re
from typing import NamedTuple

from kservegen.core.diagnostics import Counterpart, Finding, RuleMeta, Severity
from kservegen.core.jsontypes import Path


class Problem(NamedTuple):
    """What is wrong at `path`, what was seen there and what is allowed; `at_key` points at the key, not at its value.

    `hint` is empty where the rule's own fix helps, `severity` None where the rule's own weight is right. `cause` names
    what is to be mended where that is not what stands at `path`, `other` what that contradicts, `promise` what is
    missing: see `Finding`.
    """

    path: Path
    message: str
    seen: str = ""
    allowed: str = ""
    at_key: bool = False
    hint: str = ""
    severity: Severity | None = None
    cause: str = ""
    other: Counterpart | None = None
    promise: str = ""

    @property
    def sentence(self) -> str:
        """The message with what was seen behind it, unless the message has it as a word of its own."""
        if not self.seen or re.search(rf"(?<![\w.-]){re.escape(self.seen)}(?![\w.-])", self.message):
            return self.message
        return f"{self.message} ({self.seen})"


def to_finding(meta: RuleMeta, problem: Problem) -> Finding:
    """Put a rule's id, and its fix where there is no better hint, to what a law found."""
    return Finding(
        rule=meta.id,
        path=problem.path,
        message=problem.message,
        hint=problem.hint or meta.fix,
        seen=problem.seen,
        allowed=problem.allowed,
        severity=problem.severity,
        at_key=problem.at_key,
        cause=problem.cause,
        other=problem.other,
        promise=problem.promise,
    )
