"""What a command has to report: findings, a plan of files, assumptions, and the exit code they amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from kservegen.core.assumptions import Assumption, Unchecked
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.exit_codes import CLEAN, FINDINGS

if TYPE_CHECKING:
    from kservegen.changes.plan.model import Plan
    from kservegen.evaluate.manifests import Documents


class FilePlan(Struct, frozen=True, kw_only=True):
    """What a render does, or would do, to the output folder. Paths are relative to it.

    `changes` are the same by meaning, where they were asked for; then files that are only written anew are no drift.
    """

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    applied: bool = False
    diff: str = ""
    changes: Plan | None = None

    @property
    def drift(self) -> bool:
        """Whether the output differs from what the catalog says."""
        return bool(self.changes) if self.changes is not None else bool(self.written or self.removed)


class Result(Struct, frozen=True, kw_only=True, eq=False):
    """The outcome of one command. `verdict` is the first line of every form, where the command is a gate.

    It stands on `assumptions`, which nobody checked, and says nothing of what is `unchecked`. With `lists_waived`
    people read each waived finding, and else how many there are. `resolved` are findings that the base of a change has
    and the change has not; None where findings were not compared with a base.
    """

    command: str
    diagnostics: tuple[Diagnostic, ...] = ()
    environments: tuple[str, ...] = ()
    objects: int = 0
    documents: Documents | None = None
    plan: FilePlan | None = None
    assumptions: tuple[Assumption, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    fail_on: Severity = Severity.ERROR
    drift_fails: bool = False
    verdict: str = ""
    lists_waived: bool = False
    resolved: tuple[Diagnostic, ...] | None = None

    @property
    def brought(self) -> tuple[Diagnostic, ...]:
        """The findings that people read of what the change brings, and waived ones that they asked for.

        Of all findings where nothing was compared with a base.
        """
        listed = self.diagnostics if self.lists_waived else self.open_findings
        return tuple(item for item in listed if not item.is_standing or item.waived is not None)

    @property
    def standing(self) -> tuple[Diagnostic, ...]:
        """The findings that stood before the change, waived ones left out."""
        return tuple(item for item in self.open_findings if item.is_standing)

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity; waived ones are counted apart."""
        return sum(1 for d in self.diagnostics if d.severity is severity and d.waived is None)

    def places(self, least: Severity) -> int:
        """Return in how many places findings stand that weigh at least so much; 0 where each stands in one."""
        told = [d for d in self.diagnostics if d.waived is None and d.severity.rank <= least.rank]
        places = sum(len(d.everywhere) for d in told)
        return places if places > len(told) else 0

    @property
    def open_findings(self) -> tuple[Diagnostic, ...]:
        """The findings that nobody answers for."""
        return tuple(d for d in self.diagnostics if d.waived is None)

    @property
    def waived(self) -> int:
        """How many findings are accepted for a time."""
        return sum(1 for d in self.diagnostics if d.waived is not None)

    @property
    def exit_code(self) -> int:
        """0 clean; 1 findings at or above `fail_on`, or drift where drift counts."""
        if any(d.severity.rank <= self.fail_on.rank for d in self.diagnostics if d.waived is None):
            return FINDINGS
        return FINDINGS if self.drift_fails and self.plan is not None and self.plan.drift else CLEAN
