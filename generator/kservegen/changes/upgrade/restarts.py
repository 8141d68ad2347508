"""One environment under two KServe versions in; the models whose pods the new version replaces out."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.changes.impact.assess import assess
from kservegen.changes.impact.model import Cause, ImpactSide, Restart, by_gpu
from kservegen.changes.upgrade.compare import VersionSide
from kservegen.changes.upgrade.model import RestartedModel
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import Tools
from kservegen.render.objects.settings import promises_of


def restarts(before: VersionSide, after: VersionSide, tools: Tools) -> Iterator[RestartedModel]:
    """Yield what restarts; what may restart comes too, and says so."""
    old = {item.id: item for item in before.built.resources}
    # What is the same on both sides must be the same object: that is how a change is told.
    new = {item.id: _kept(item, old.get(item.id)) for item in after.built.resources}
    impact = assess(
        _side(before, old), _side(after, new), installation_of(after.built.settings), tools.checker, tools.schemas
    )
    accelerators = after.built.settings.accelerators
    for restart in impact.restarts:
        yield RestartedModel(
            subject=str(restart.subject),
            pods=restart.pods,
            accelerators=tuple(by_gpu(restart.accelerators, accelerators).items()),
            why=_why(restart),
            certain=restart.certain,
        )


def _kept(item: Resource, was: Resource | None) -> Resource:
    return was if was is not None and was.doc == item.doc else item


def _side(side: VersionSide, resources: dict[ResourceId, Resource]) -> ImpactSide:
    settings = side.built.settings
    return ImpactSide(
        release=side.release,
        deployment_mode=settings.deployment_mode,
        values=side.values,
        resources=resources,
        engine=side.built.environment.text("gitops", "engine") or "none",
        accelerators=settings.accelerators,
        prerequisites=frozenset(promises_of(side.built.environment)),
        inventory=side.built.environment.inventory,
    )


def _why(restart: Restart) -> str:
    """Say the causes that count: those that are sure, else those that are not, with what they depend on."""
    causes = [cause for cause in restart.causes if cause.certain] or list(restart.causes)
    return "; ".join(map(_cause, causes))


def _cause(cause: Cause) -> str:
    where = ": ".join(part for part in (cause.through, ", ".join(cause.paths)) if part)
    return f"{where} ({cause.note})" if cause.note else where
