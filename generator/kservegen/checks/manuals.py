"""All manuals by rule id: what `explain RULE` prints and what gives a finding its severity."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kservegen.catalog.manual import RULES as CATALOG
from kservegen.checks.budget.manual import RULES as BUDGETS
from kservegen.checks.gpu.manual import RULES as GPU
from kservegen.checks.host.manual import RULES as HOST
from kservegen.checks.manifests.manual import RULES as MANIFESTS
from kservegen.checks.placement.manual import RULES as PLACEMENT
from kservegen.checks.rules.discover import discover
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.waivers.manual import RULES as WAIVERS
from kservegen.core.diagnostics import RuleMeta
from kservegen.formats.jsonschema.manual import RULES as SCHEMAS
from kservegen.formats.yaml.manual import RULES as YAML
from kservegen.kserve.charts.manual import RULES as CHARTS
from kservegen.render.commit.manual import RULES as COMMIT
from kservegen.render.output.manual import RULES as OUTPUT


@lru_cache(maxsize=1)
def manuals() -> dict[str, RuleMeta]:
    """Return every manual by id; RuntimeError where two rules share one."""
    found: dict[str, RuleMeta] = {}
    for meta in (
        *YAML,
        *CATALOG,
        *SCHEMAS,
        *CHARTS,
        *OUTPUT,
        *COMMIT,
        *MANIFESTS,
        *WAIVERS,
        *BUDGETS,
        *GPU,
        *HOST,
        *PLACEMENT,
        *discover(),
    ):
        if meta.id in found:
            raise RuntimeError(f"two manuals for {meta.id}")
        found[meta.id] = meta
    return found


def find_manual(name: str) -> RuleMeta | None:
    """Return the manual of a rule by its id, or by the id that the table of KServe rules gives it (ISVC-40)."""
    known = manuals()
    if name in known:
        return known[name]
    return next((meta for meta in known.values() if name.upper() in meta.upstream), None)


def when_it_bites(rule: str) -> str:
    """Say in words when a rule's fact bites, and whether it looks beyond the object; empty for what has no stage."""
    if rule.startswith("schema/"):
        return _STAGES[Stage.ADMISSION]
    found = next((found for found in discover().rules if found.id == rule), None)
    if found is None:
        return ""
    return _STAGES[found.stage] + _BEYOND.get(found.scope, "")


_STAGES: Final = {
    Stage.ADMISSION: "At admission: the API server or a webhook refuses the object.",
    Stage.DEPLOYMENT: "At deployment: the object is admitted, and its workload never created.",
    Stage.RUN: "At run time: the pods do not start, or start something else than was meant.",
    Stage.ADVICE: "Advice: it works, and surprises later.",
}
_BEYOND: Final = {
    Scope.ENVIRONMENT: " It depends on other objects or on the platform too.",
    Scope.UPDATE: " It is about a change: it depends on what the cluster has before it.",
}
