"""The registry of every id that is printed: what `explain RULE` prints and what gives a finding its severity.

Rules about objects are found below `checks/rules/`, all others in `core/manuals/`. Ids of policies, `policy/<name>`,
come from the policies themselves.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Final

from kservegen.checks.rules.base import Scope, Stage
from kservegen.checks.rules.discover import DEFECTS, Discovered, discover
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.manual import Manuals, written_manuals
from kservegen.core.repository import packaged_data
from kservegen.kserve.releases import Releases


@lru_cache(maxsize=1)
def manuals() -> Mapping[str, RuleMeta]:
    """Return every manual by id; RuntimeError where two rules share one."""
    written, rules = written_manuals(), Manuals({found.id: partial(_meta, found) for found in discover().rules})
    if shared := sorted(written.keys() & rules.keys()):
        raise RuntimeError(f"two manuals for {', '.join(shared)}")
    return ChainMap(rules, written)  # type: ignore[arg-type]  # nobody writes to it


def _meta(found: Discovered) -> RuleMeta:
    return found.meta


def severity_of(finding: Finding) -> Severity:
    """Return what a finding weighs: its own severity, or else its rule's; KeyError for an id that is in no manual."""
    return finding.severity or manuals()[finding.rule].severity


def find_manual(name: str) -> RuleMeta | None:
    """Return the manual of a rule by its id, or by the id that the table of KServe rules gives it (ISVC-40)."""
    known = manuals()
    if name in known:
        return known[name]
    return next((meta for meta in known.values() if name.upper() in meta.upstream), None)


def is_defect(rule: str) -> bool:
    """Tell whether a rule looks for a known defect of a KServe release."""
    return rule.startswith(f"{DEFECTS}/")


def when_it_bites(rule: str) -> str:
    """Say in words when a rule's fact bites, and whether it looks beyond the object; empty for what has no stage."""
    if rule.startswith("schema/"):
        return _STAGES[Stage.ADMISSION]
    found = next((found for found in discover().rules if found.id == rule), None)
    if found is None:
        return ""
    return _STAGES[found.stage] + _BEYOND.get(found.scope, "") + _defective(found.defect)


def _defective(defect: str) -> str:
    if not defect:
        return ""
    releases = Releases([packaged_data() / "schemas"])
    having = [version for version in releases.versions if defect in releases.get(version).defects]
    return f" A defect of KServe {', '.join(having)}."


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
