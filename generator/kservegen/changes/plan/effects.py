"""An environment's change, read, and its plan in; the plan with what the change does to pods and budgets out."""

from __future__ import annotations

from dataclasses import replace

from kservegen.changes.impact.assess import Knowledge, assess
from kservegen.changes.impact.model import Impact
from kservegen.changes.plan.budgets import Books
from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.model import EnvironmentPlan
from kservegen.changes.plan.sides import sides
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import Evaluation, Tools


def with_effects(
    change: EnvironmentChange, plan: EnvironmentPlan, tools: Tools, evaluation: Evaluation | None
) -> EnvironmentPlan:
    """Add to a plan what its change does to what runs, and to budgets; `evaluation` is of the environment as it is."""
    if evaluation is None or evaluation.defaulted is None or not plan:
        return plan
    books = Books(change=change, evaluation=evaluation, after=evaluation.defaulted, tools=tools)
    return replace(plan, impact=impact_of(change, plan, tools), budgets=tuple(books.changes()))


def impact_of(change: EnvironmentChange, plan: EnvironmentPlan, tools: Tools) -> Impact:
    """Say which pods restart and which updates are refused; nothing can where nothing was.

    Of a release of KServe that nothing is known of, what its end does to pods is left out: see `unknown_release`.
    """
    if change.built is None or not change.differences.was_there:
        return Impact()
    now = change.built.settings
    known = plan.version is not None and not unknown_release(plan, tools)
    before = plan.version[0] if known and plan.version else now.kserve_version
    releases = tools.releases.get(before), tools.releases.get(now.kserve_version)
    knowledge = Knowledge(tools.schemas, tools.checker)
    return assess(*sides(change, change.built, releases), installation_of(now), knowledge)


def unknown_release(plan: EnvironmentPlan, tools: Tools) -> str:
    """Return the release of KServe before the change where nothing is known of it; else blank."""
    before = plan.version[0] if plan.version else ""
    return before if before and before not in tools.releases.versions else ""
