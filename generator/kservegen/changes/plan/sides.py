"""An environment's change, read, in; the environment before and after it, as impact is told by, out."""

from __future__ import annotations

from collections.abc import Collection

from kservegen.changes.impact.model import ImpactSide
from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.syncing import Syncing
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of


def sides(
    change: EnvironmentChange, built: BuiltEnvironment, releases: tuple[Release, Release]
) -> tuple[ImpactSide, ImpactSide]:
    """Return both sides of a change of an environment that is there before and after."""
    promises = frozenset(promises_of(built.environment))

    def side(resources: Collection[Resource], release: Release, mode: str, values: dict[str, JsonObject]) -> ImpactSide:
        syncing = Syncing.of(resources)
        return ImpactSide(
            release=release,
            deployment_mode=mode,
            values=values,
            resources={resource.id: resource for resource in resources},
            engine=syncing.engine or "none",
            synced_by={folder: syncing.owner(f"{folder}/") for folder in syncing.by_folder},
            accelerators=built.settings.accelerators,
            prerequisites=promises,
        )

    now = built.settings.deployment_mode
    return (
        side(change.before.values(), releases[0], _mode_before(change) or now, change.values_before),
        side(change.after.values(), releases[1], now, change.values_after),
    )


def _mode_before(change: EnvironmentChange) -> str:
    """Return the deployment mode as the charts' values or the environment's file had it; blank where neither did."""
    for values in change.old.values.values():
        mode = text(mapping(mapping(values.get("kserve")).get("controller")).get("deploymentMode"))
        if mode:
            return mode
    return text(mapping((change.words or {}).get("kserve")).get("deploymentMode"))
