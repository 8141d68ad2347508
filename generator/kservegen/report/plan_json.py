"""The `changes` of a plan in the JSON report."""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.changes.impact.model import Impact, Restart
from kservegen.changes.plan.model import (
    ABSENT,
    BudgetChange,
    EntryMoves,
    EnvironmentPlan,
    FieldChange,
    Handover,
    ModelChange,
    ModelFit,
    ModelUse,
    ObjectChange,
    Plan,
    PoolChange,
    PoolSide,
    Relocation,
)
from kservegen.checks.budget.amounts import amount_as_json
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.report.plan_words import left_lines, verdict, verdict_of


def changes_as_json(plan: Plan) -> JsonObject:
    """Return the plan, environment by environment, with those in which nothing changes."""
    return {
        "base": plan.base,
        "leftRunning": list(left_lines(plan)),
        "verdict": verdict(plan),
        "unknown": list(plan.unknown),
        **_moves(plan.moves),
        **({"holdings": list(plan.holdings)} if plan.holdings else {}),
        "stale": list(plan.stale),
        "environments": [_environment(environment) for environment in plan.environments],
    }


def _moves(moves: EntryMoves) -> JsonObject:
    """Return what there is to say of entries; a list that would be empty is left out."""
    said: JsonObject = {
        "relocated": [_pair_of(moved) for moved in moves.relocated],
        "handedOver": [_pair_of(handed) for handed in moves.handed_over],
        "overruled": [edit._asdict() for edit in moves.overruled],
    }
    return {word: items for word, items in said.items() if items}


def _pair_of(moved: Relocation | Handover) -> JsonObject:
    return {"before": moved.old, "after": moved.new, "entries": list(moved.entries)}


def _environment(environment: EnvironmentPlan) -> JsonObject:
    impact = environment.impact
    return {
        "name": environment.name,
        "presence": environment.presence.value,
        "verdict": verdict_of(environment) if environment else "nothing changes",
        "objects": [_object(change) for change in environment.objects],
        "values": [{"chart": name, "fields": fields_as_json(fields)} for name, fields in environment.values],
        "promises": fields_as_json(environment.words),
        "owners": [{"folder": o.folder, "before": o.old, "after": o.new} for o in environment.owners],
        **({"kserveVersion": _pair(environment.version)} if environment.version else {}),
        **({"engine": _pair(environment.engine)} if environment.engine else {}),
        "leftBehind": _left(environment),
        "gpus": dict(environment.gpus),
        "refused": len(environment.impact.refused),
        "restarts": [_restart(restart) for restart in impact.restarts],
        **({"recreated": recreated} if (recreated := _recreated(impact)) else {}),
        "scaled": [
            {**s.subject._asdict(), "role": s.role, "before": list(s.before), "after": list(s.after)}
            for s in impact.scaled
        ],
        **({"models": [_model(model) for model in environment.models]} if environment.models else {}),
        "budgets": [_budget(budget) for budget in environment.budgets],
        **({"pools": [_pool(pool) for pool in environment.pools]} if environment.pools else {}),
        **({"arrivals": [arrival._asdict() for arrival in environment.arrivals]} if environment.arrivals else {}),
        "rewritten": list(environment.rewritten),
        "pages": list(environment.pages),
        "unreadable": list(environment.unreadable),
    }


def _left(environment: EnvironmentPlan) -> JsonObject:
    left = environment.left
    return {
        "why": left.why,
        "objects": list(left.names),
        "models": left.models,
        "namespaces": list(left.namespaces),
        "cluster": left.cluster,
        "outcome": left.outcome if left.names else "",
        "guarded": left.guarded and bool(left.names),
        "removed": left.is_removed,
    }


def _recreated(impact: Impact) -> list[JsonValue]:
    held = sorted(impact.recreated.items())
    return [{**subject._asdict(), "accelerators": dict(numbers)} for subject, numbers in held]


def _pair(pair: tuple[str, str]) -> JsonObject:
    return {"before": pair[0], "after": pair[1]}


def _object(change: ObjectChange) -> JsonObject:
    said: JsonObject = {
        "change": change.verb.value,
        "group": change.key.group,
        **change.key.subject._asdict(),
        "file": change.file,
        "fields": fields_as_json(change.fields),
    }
    if change.entry:
        said["entry"] = change.entry
    if change.old_key is not None:
        said["was"] = change.old_key.subject._asdict()
    if change.old_file:
        said["oldFile"] = change.old_file
    if change.fate.value:
        said["inCluster"] = change.fate.value
    if change.by:
        said["by"] = change.by
    if not change.readable:
        said["readable"] = False
    return said


def fields_as_json(fields: Iterable[FieldChange]) -> list[JsonValue]:
    """Return fields that differ."""
    return [field_as_json(field) for field in fields]


def field_as_json(field: FieldChange) -> JsonObject:
    """Return a field that differs; a side that has none is left out."""
    sides = {"old": field.old, "new": field.new}
    return {"path": field.path, **{side: value for side, value in sides.items() if value is not ABSENT}}


def _restart(restart: Restart) -> JsonObject:
    return {
        **restart.subject._asdict(),
        "certain": restart.certain,
        "pods": restart.pods,
        "accelerators": dict(restart.accelerators),
        "surgePods": restart.surge_pods,
        "surge": dict(restart.surge),
        "why": [
            {"through": c.through, "paths": list(c.paths), "certain": c.certain, "note": c.note} for c in restart.causes
        ],
    }


def _model(model: ModelChange) -> JsonObject:
    return {
        **model.subject._asdict(),
        "before": _use(model.before),
        "after": _use(model.after),
        "sources": list(model.sources),
        "owner": model.owner,
        "fit": _fit(model.fit),
    }


def _fit(fit: ModelFit | None) -> JsonObject | None:
    return {**fit._asdict()} if fit is not None else None


def _pool(pool: PoolChange) -> JsonObject:
    return {"name": pool.name, "before": _side(pool.before), "after": _side(pool.after)}


def _side(side: PoolSide | None) -> JsonObject | None:
    return {**side._asdict()} if side is not None else None


def _use(use: ModelUse | None) -> JsonObject | None:
    if use is None:
        return None
    return {
        "minReplicas": use.least,
        "maxReplicas": use.most,
        "accelerators": {name: amount_as_json(amount) for name, amount in use.accelerators.items()},
        "costPerMonth": amount_as_json(use.cost),
    }


def _budget(budget: BudgetChange) -> JsonObject:
    return {
        "name": budget.name,
        "resource": budget.resource,
        "before": amount_as_json(budget.before),
        "after": amount_as_json(budget.after),
        "grantedBefore": amount_as_json(budget.granted_before),
        "granted": amount_as_json(budget.granted),
    }
