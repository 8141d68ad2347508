"""Two sides of an environment in; everything that the change between them does to what runs out: the way in."""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.changes.impact.counting import count_held
from kservegen.changes.impact.model import Impact, ImpactSide
from kservegen.changes.impact.refusals import refused_updates
from kservegen.changes.impact.restarts import RestartChange, find_restarts
from kservegen.checks.runner import Checker
from kservegen.core.resource import ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Installation


def assess(
    before: ImpactSide,
    after: ImpactSide,
    installation: Installation,
    checker: Checker,
    schemas: SchemaStore,
    renamed: Iterable[ResourceId] = (),
) -> Impact:
    """Say which pods restart and why, whose number changes, and which updates are refused.

    `renamed` are objects before the change that are equal to others after it: to the cluster they go, and come again.
    `installation` is what KServe's defaulter reads of the environment after the change. An object whose update is
    refused stays as it is: it is in `refused` alone.
    """
    change = RestartChange.of(before, after, installation, schemas)
    restarts, scaled, indirect = find_restarts(change)
    refused = (*refused_updates(change, checker, schemas), *indirect)
    # What is refused, rather than warned of.
    stuck = {item.resource.id for item in refused if not checker.verdict((item.finding,)).deployable}
    return Impact(
        restarts=tuple(restart for restart in restarts if restart.subject not in stuck),
        refused=refused,
        scaled=tuple(item for item in scaled if item.subject not in stuck),
        recreated={subject: count_held(subject, change.before) for subject in renamed},
    )
