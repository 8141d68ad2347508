"""A JSON report in; the result that it tells of out, to be written in another form by whoever may write.

A report that a pull request's own job left may be anybody's work: it is held against its size, the published schema and
the limits below before anything of it is believed, and what it says is text like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, NoReturn

from kservegen.changes.impact.model import Cause, Impact, RefusedUpdate, Restart, Scaled
from kservegen.changes.plan.model import (
    ABSENT,
    Arrival,
    BudgetChange,
    EntryMoves,
    EnvironmentPlan,
    Fate,
    FieldChange,
    Handover,
    LeftRunning,
    ModelChange,
    ModelFit,
    ModelUse,
    NamedChange,
    ObjectChange,
    ObjectKey,
    OverruledEdit,
    OwnerChange,
    Plan,
    PoolChange,
    PoolSide,
    Presence,
    Relocation,
    Verb,
)
from kservegen.commands.result import FilePlan, Result
from kservegen.core.assumptions import Assumption, Unchecked
from kservegen.core.diagnostics import (
    BaselineState,
    Diagnostic,
    Finding,
    FindingPlace,
    Location,
    Related,
    Severity,
    Waived,
)
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.validate import Validator

LARGEST_REPORT: Final = 16 * 1024 * 1024  # bytes: that of 3,000 models in which everything changes has 9 MB
_DEEPEST: Final = 64  # of maps and lists inside one another: manifests have twenty
_LARGEST_NUMBER: Final = 2**63
_MOST_REFUSED: Final = 100_000
_LONGEST_VERDICT: Final = 1_000  # characters: it is never left out of a page

# The report's shape is the schema's business; who reads it here has checked it.
_Section = dict[str, Any]


def read_report(data: bytes, name: str) -> Result:
    """Return the result that a report tells of, with the plan in it where it has one.

    `data` may be cut off behind LARGEST_REPORT, of which one byte more is enough to be refused. Raises GeneratorError
    for what is no report, with `name` as its subject.
    """
    report = _checked(data, name)
    plan = report.get("plan")
    standing = report.get("standsOn", {"assumed": (), "notChecked": ()})
    return Result(
        command="report",
        diagnostics=tuple(map(_diagnostic, report["findings"])),
        plan=_file_plan(plan) if plan is not None else None,
        assumptions=tuple(map(_assumption, standing["assumed"])),
        unchecked=tuple(Unchecked(each["what"], each["why"]) for each in standing["notChecked"]),
        verdict=report.get("verdict", "")[:_LONGEST_VERDICT],
        resolved=tuple(map(_diagnostic, report["resolved"])) if "resolved" in report else None,
    )


def _checked(data: bytes, name: str) -> _Section:
    if len(data) > LARGEST_REPORT:
        raise _refused(name, f"is larger than {LARGEST_REPORT // 1024**2} MiB, and no report is")
    try:
        report = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # a byte that is no UTF-8 is a ValueError, too
        raise _refused(name, "is no JSON") from error
    if problem := next(_beyond(report), None):
        raise _refused(name, problem)
    schema: JsonObject = json.loads((packaged_data() / "schemas/kservegen/report.schema.json").read_bytes())
    if found := Validator(schema, single=True, distinct=False, ruled=False).check(report):
        raise _refused(name, f"is no report of this version of kservegen: {found[0].message}")
    checked: _Section = report
    return checked


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _beyond(report: object) -> Iterator[str]:
    """Yield what no report holds, whatever its schema says: depth, numbers, and halves of characters."""
    pending = [(report, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > _DEEPEST:
            yield f"has maps and lists inside one another, more than {_DEEPEST} deep"
        elif isinstance(value, dict):
            pending += [(inner, depth + 1) for pair in value.items() for inner in pair]
        elif isinstance(value, list):
            pending += [(inner, depth + 1) for inner in value]
        elif isinstance(value, str):
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                yield "has half a character in its text"
        elif isinstance(value, int | float) and abs(value) >= _LARGEST_NUMBER:
            yield "has a number in it that nothing here can have"


def _refused(name: str, problem: str) -> GeneratorError:
    return GeneratorError(
        problem, subject=name, hint="Give what kservegen wrote: --output json, or --report json=FILE, of this version."
    )


def _diagnostic(item: _Section) -> Diagnostic:
    waived = item.get("waived")
    places = tuple(map(_place, item["places"]))
    return Diagnostic(
        rule=item["rule"],
        severity=Severity(item["severity"]),
        message=item["message"],
        location=_location(item),
        path=item["path"],
        hint=item["hint"],
        seen=item["seen"],
        allowed=item["allowed"],
        environments=tuple(item["environments"]),
        subjects=tuple(item["subjects"]),
        entries=tuple(item["entries"]),
        related=tuple(Related(one["message"], _location(one)) for one in item["related"]),
        waived=_waived(waived) if waived is not None else None,
        cause=item.get("cause", ""),
        places=places if len(places) > 1 else (),
        supersedes=tuple(item["supersedes"]),
        baseline=_baseline(item),
    )


def _baseline(item: _Section) -> BaselineState | None:
    if "standing" not in item:
        return None
    if item["standing"]:
        return BaselineState.UNCHANGED
    return BaselineState.UPDATED if item.get("heavier") else BaselineState.NEW


def _place(item: _Section) -> FindingPlace:
    return FindingPlace(_location(item), item["path"], tuple(item["environments"]), tuple(item["entries"]))


def _assumption(said: _Section) -> Assumption:
    return Assumption(said["kind"], said["name"], said["why"], tuple(said["environments"]))


def _waived(said: _Section) -> Waived:
    words = ("waiver", "owner", "reason", "expires")
    return Waived(**{word: said[word] for word in words}, of_change=said["ofChange"])


def _location(item: _Section) -> Location:
    return Location(item["file"], item["line"], item["column"])


def _file_plan(plan: _Section) -> FilePlan:
    changes = plan.get("changes")
    return FilePlan(
        written=tuple(plan["written"]),
        removed=tuple(plan["removed"]),
        unchanged=plan["unchanged"],
        applied=plan["applied"],
        diff=plan["diff"],
        changes=_plan(changes) if changes is not None else None,
    )


def _plan(changes: _Section) -> Plan:
    return Plan(
        base=changes["base"],
        environments=tuple(map(_environment, changes["environments"])),
        unknown=tuple(changes["unknown"]),
        moves=_moves(changes),
        holdings=tuple(changes.get("holdings", ())),
        stale=tuple(changes.get("stale", ())),
    )


def _moves(changes: _Section) -> EntryMoves:
    return EntryMoves(
        tuple(Relocation(*_moved(one)) for one in changes.get("relocated", ())),
        tuple(Handover(*_moved(one)) for one in changes.get("handedOver", ())),
        tuple(OverruledEdit(**one) for one in changes.get("overruled", ())),
    )


def _moved(one: _Section) -> tuple[str, str, tuple[str, ...]]:
    return one["before"], one["after"], tuple(one["entries"])


def _environment(item: _Section) -> EnvironmentPlan:
    return EnvironmentPlan(
        name=item["name"],
        presence=Presence(item["presence"]),
        objects=tuple(map(_object, item["objects"])),
        values=tuple(NamedChange(one["chart"], _fields(one["fields"])) for one in item["values"]),
        words=_fields(item["promises"]),
        owners=tuple(OwnerChange(one["folder"], one["before"], one["after"]) for one in item["owners"]),
        version=_pair(item.get("kserveVersion")),
        engine=_pair(item.get("engine")),
        left=_left(item.get("leftBehind")),
        impact=_impact(item),
        gpus=item.get("gpus", {}),
        budgets=tuple(map(_budget, item["budgets"])),
        pools=tuple(map(_pool, item.get("pools", ()))),
        models=tuple(map(_model, item.get("models", ()))),
        arrivals=tuple(Arrival(one["base"], one["models"]) for one in item.get("arrivals", ())),
        rewritten=tuple(item["rewritten"]),
        pages=tuple(item["pages"]),
        unreadable=tuple(item["unreadable"]),
    )


def _left(left: _Section | None) -> LeftRunning:
    if left is None:
        return LeftRunning()
    return LeftRunning(
        why=left["why"],
        names=tuple(left["objects"]),
        models=left["models"],
        namespaces=tuple(left["namespaces"]),
        cluster=left["cluster"],
        outcome=left["outcome"],
        guarded=left["guarded"],
        is_removed=left["removed"],
    )


def _pair(pair: _Section | None) -> tuple[str, str] | None:
    return None if pair is None else (pair["before"], pair["after"])


def _fields(fields: list[_Section]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(one["path"], one.get("old", ABSENT), one.get("new", ABSENT)) for one in fields)


def _object(item: _Section) -> ObjectChange:
    was = item.get("was")
    return ObjectChange(
        verb=Verb(item["change"]),
        key=ObjectKey(item["group"], *_subject(item)),
        file=item["file"],
        old_key=ObjectKey(item["group"], *_subject(was)) if was is not None else None,
        old_file=item.get("oldFile", ""),
        fields=_fields(item["fields"]),
        fate=Fate(item.get("inCluster", "")),
        by=item.get("by", ""),
        entry=item.get("entry", ""),
        readable=item.get("readable", True),
    )


def _subject(item: _Section) -> ResourceId:
    return ResourceId(item["kind"], item["namespace"], item["name"])


def _impact(item: _Section) -> Impact:
    # Words count them alone: each is a finding, too.
    refused = RefusedUpdate(
        Resource(id=ResourceId("", "", ""), api_version="", doc={}, file=""), Finding(rule="", path=(), message="")
    )
    return Impact(
        refused=(refused,) * min(item.get("refused", 0), _MOST_REFUSED),
        restarts=tuple(map(_restart, item["restarts"])),
        recreated={_subject(one): one["accelerators"] for one in item.get("recreated", ())},
        scaled=tuple(
            Scaled(_subject(one), one["role"], tuple(one["before"]), tuple(one["after"])) for one in item["scaled"]
        ),
    )


def _restart(item: _Section) -> Restart:
    return Restart(
        subject=_subject(item),
        pods=item["pods"],
        accelerators=item["accelerators"],
        causes=tuple(Cause(one["through"], tuple(one["paths"]), one["certain"], one["note"]) for one in item["why"]),
        surge=item["surge"],
        surge_pods=item["surgePods"],
    )


def _model(item: _Section) -> ModelChange:
    return ModelChange(
        _subject(item),
        _use(item["before"]),
        _use(item["after"]),
        tuple(item["sources"]),
        item.get("owner", ""),
        ModelFit(**fit) if (fit := item.get("fit")) is not None else None,
    )


def _pool(item: _Section) -> PoolChange:
    return PoolChange(item["name"], _side(item["before"]), _side(item["after"]))


def _side(side: _Section | None) -> PoolSide | None:
    return PoolSide(**side) if side is not None else None


def _use(use: _Section | None) -> ModelUse | None:
    if use is None:
        return None
    held = {name: Fraction(amount) for name, amount in use["accelerators"].items()}
    cost = Fraction(use["costPerMonth"]) if use["costPerMonth"] is not None else None
    return ModelUse(use["minReplicas"], use["maxReplicas"], held, cost)


def _budget(item: _Section) -> BudgetChange:
    def amount(name: str) -> Fraction | None:
        return Fraction(item[name]) if item[name] is not None else None

    return BudgetChange(
        item["name"],
        item["resource"],
        amount("before") or Fraction(),
        amount("after") or Fraction(),
        amount("grantedBefore"),
        amount("granted"),
    )
