"""One environment under two KServe versions in; what merging the second one restarts, and the permits it takes, out.

What guards say is asked of the guards themselves: a step that they would stop is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from kservegen.changes.bases import rendered_differences
from kservegen.changes.guards import GuardLimits
from kservegen.changes.impact.model import Cause, Impact, Restart, by_gpu
from kservegen.changes.plan.effects import impact_of, permits_needed
from kservegen.changes.plan.environment import plan_environment, read_change
from kservegen.changes.plan.moves import left_running
from kservegen.changes.upgrade.model import RestartedModel, VersionChange
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.environment import Tools
from kservegen.formats.templates import PageTemplates
from kservegen.render.layout import lay_out
from kservegen.render.objects.environment import BuiltEnvironment


def version_change(
    before: BuiltEnvironment, after: BuiltEnvironment, limits: GuardLimits, templates: PageTemplates, tools: Tools
) -> VersionChange:
    """Compare what is rendered under both versions as `plan` does; `limits` are those of the environment today."""
    name = after.environment.name
    (differences,) = rendered_differences(dict(lay_out(before, templates)), dict(lay_out(after, templates))).values()
    change = read_change(name, after, differences, before.environment.value)
    planned = plan_environment(change)
    impact = impact_of(change, planned, tools) if planned else Impact()
    planned = replace(planned, left=left_running(change, planned), impact=impact)
    return VersionChange(impact, permits_needed(change, planned, limits))


def restarted_models(impact: Impact, accelerators: JsonObject) -> Iterator[RestartedModel]:
    """Yield what restarts; what may restart comes too, and says so. `accelerators` are words of the environment."""
    for restart in impact.restarts:
        yield RestartedModel(
            subject=str(restart.subject),
            pods=restart.pods,
            accelerators=tuple(by_gpu(restart.accelerators, accelerators).items()),
            why=_why(restart),
            certain=restart.certain,
        )


def _why(restart: Restart) -> str:
    """Say the causes that count: those that are sure, else those that are not, with what they depend on."""
    causes = [cause for cause in restart.causes if cause.certain] or list(restart.causes)
    return "; ".join(map(_cause, causes))


def _cause(cause: Cause) -> str:
    where = ": ".join(part for part in (cause.through, ", ".join(cause.paths)) if part)
    return f"{where} ({cause.note})" if cause.note else where
