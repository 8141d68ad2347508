"""A change in; the data of its pages out: the verdict, tables of models and budgets, findings, what to do, details.

A page may be short of room: `PageDetail` says how much of each list is written, and counts say what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, TypeAlias, TypeVar

from kservegen.changes.plan.model import ABSENT, EnvironmentPlan, FieldChange, Plan, Presence
from kservegen.commands.result import Result
from kservegen.core.assumptions import assuming
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.report import plan_words as words
from kservegen.report.change_rows import BudgetChangeRow, ModelChangeRow, budget_change_rows, model_change_rows
from kservegen.report.links import FileLinks
from kservegen.report.of_change import brought_line, standing_errors, standing_line
from kservegen.report.summary import assumption_lines, folded, listed, plural, unchecked_lines, waived_line

_T = TypeVar("_T")
# What a template gets.
PageData: TypeAlias = dict[str, object]
NO_LIMIT: Final = 1_000_000
_NAMES: Final = 100  # characters of names of objects that are alike, for each field that is shown
_LINES: Final = 30  # of what a verdict stands on: a line is a kind
_BRIEF: Final = 44  # characters of a value in a table
_FIELDS: Final = 3  # of an object in a table
_ENVIRONMENTS: Final = 6  # names in a cell


class PageDetail(NamedTuple):
    """How much is shown: environments, objects of one, fields of an object, findings, rows of tables."""

    environments: int
    objects: int
    fields: int
    findings: int
    rows: int


ALL: Final = PageDetail(NO_LIMIT, NO_LIMIT, 40, 1_000, NO_LIMIT)


class ChangePage(NamedTuple):
    """A change, with its rows, which are made once for a page that is tried at several lengths."""

    result: Result
    plan: Plan
    links: FileLinks
    models: tuple[ModelChangeRow, ...]
    budgets: tuple[BudgetChangeRow, ...]

    @classmethod
    def of(cls, result: Result, plan: Plan, links: FileLinks) -> ChangePage:
        """Make the rows."""
        return cls(result, plan, links, model_change_rows(plan), budget_change_rows(plan))

    def data(self, detail: PageDetail) -> PageData:
        """Return what a template gets."""
        result, plan = self.result, self.plan
        wrong, stood = listed_findings(result.brought), standing_errors(result)
        after = list(_after_the_merge(plan))
        return {
            "base": plan.base,
            "verdict": "" if plan.changing else words.verdict(plan),
            "verdicts": limited(list(words.verdicts(plan)), max(detail.environments, 10), _verdict, "environment"),
            "unknown": plan.unknown[:10],
            "models": self.models
            and limited(self.models, detail.rows, partial(self._model, min(detail.fields, _FIELDS)), "row"),
            "budgets": self.budgets and limited(self.budgets, detail.rows, _budget, "row"),
            "brought": brought_line(result),
            "findings": wrong and limited(wrong, detail.findings, self.finding, "finding"),
            "before": standing_line(result),
            "stood": stood and limited(stood, detail.findings, self.finding, "finding"),
            "waived": waived_line(result) if detail.findings else "",
            "after": after and limited(after, detail.findings, str, "step"),
            "standing": _standing(result) if detail.findings else {},
            "environments": (
                {"name": names, **_environment(environment, detail)}
                for names, environment in words.environment_groups(
                    islice(plan.changing, detail.environments), folds=True
                )
            ),
        }

    def _model(self, fields: int, row: ModelChangeRow) -> PageData:
        return {
            "name": row.name,
            "about": row.about,
            "names": folded(row.names) if row.names else "",
            "url": self.links.to(row.file),
            "environments": listed(row.environments, _ENVIRONMENTS),
            "verb": row.verb,
            "said": [words.shortened(said, _BRIEF * 2) for said in row.said[:_FIELDS]],
            "fields": limited(row.fields, fields, _brief_field, "field"),
            "restarts": row.restarts,
            "accelerators": row.accelerators,
            "fits": row.fits,
            "cost": row.cost,
        }

    def finding(self, item: Diagnostic) -> PageData:
        """Return what a template gets of a finding."""
        return {
            "severity": item.severity.value,
            "place": str(item.location),
            "url": self.links.to(item.location.file, item.location.line),
            "others": plural(len(item.places) - 1, "more place") if item.places else "",
            "message": item.message,
            "seen": words.shortened(item.seen),
            "fix": item.hint,
            "rule": item.rule,
        }


def listed_findings(items: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Leave out notes and what is waived."""
    return [item for item in items if item.severity is not Severity.INFO and item.waived is None]


def _after_the_merge(plan: Plan) -> Iterator[str]:
    """Say what people do by hand once a change is merged: what no engine applies, and what none deletes."""
    for environment in plan.changing:
        for change in environment.objects:
            if words.is_applied_by_hand(change):
                yield f"apply {OUTPUT_FOLDER}/{environment.name}/{change.file} by hand: nothing syncs it"
        if left := words.left_names(environment):
            yield f"{environment.name}: {left}: delete by hand what should not go on"


def _budget(row: BudgetChangeRow) -> PageData:
    return {
        "name": row.name,
        "environments": listed(row.environments, _ENVIRONMENTS),
        "resource": row.resource,
        "before": row.written(row.before),
        "after": row.written(row.after),
        "granted": row.limit,
        "bar": row.bar,
        "share": f"{round(row.share * 100):,} %" if row.share is not None else "",
    }


def _brief_field(field: FieldChange) -> PageData:
    said = _field(field)
    return {
        **said,
        "path": field.path.removeprefix("spec."),
        "old": words.shortened(str(said["old"]), _BRIEF),
        "new": words.shortened(str(said["new"]), _BRIEF),
    }


def _verdict(told: tuple[str, str]) -> PageData:
    return {"name": told[0], "verdict": told[1]}


def _standing(result: Result) -> PageData:
    """List what the verdict stands on, folded below a count; nothing where there is nothing."""
    if not result.assumptions and not result.unchecked:
        return {}
    lines = [*assumption_lines(result.assumptions), *unchecked_lines(result.unchecked)]
    title = assuming(len(result.assumptions)) if result.assumptions else "not checked"
    return {"title": title, "lines": limited(lines, _LINES, words.shortened, "line")}


def _environment(environment: EnvironmentPlan, detail: PageDetail) -> PageData:
    new = environment.presence is Presence.NEW
    added = f"{plural(len(environment.objects), 'object')}: {words.kinds(environment.objects)}"
    return {
        "verdict": words.verdict_of(environment),
        "added": added if new else "",
        "version": () if new else environment.version,
        "engine": () if new else [name or "nothing" for name in environment.engine or ()],
        "owners": () if new else _moves(environment, detail),
        "groups": () if new else _groups(environment, detail),
        "budgets": [
            *(words.budget_line(budget, environment.gpus) for budget in environment.budgets),
            *map(words.pool_line, environment.pools),
        ],
        "unreadable": limited(environment.unreadable, detail.objects, str, "file"),
        "rewritten": words.rewritten_line(environment),
    }


def _moves(environment: EnvironmentPlan, detail: PageDetail) -> list[str]:
    """Write what changes hands, and what nobody takes over."""
    left = words.left_names(environment)
    return [words.owner_line(owner) for owner in environment.owners[: detail.objects]] + ([left] if left else [])


def _groups(environment: EnvironmentPlan, detail: PageDetail) -> Iterator[PageData]:
    """Yield what differs, object by object, then charts and the environment's file."""

    def write(what: str, key: str, said: str = "", fields: Sequence[FieldChange] = ()) -> PageData:
        shown = limited(fields, detail.fields, _field, "field")
        return {"what": what, "key": key, "said": said, "names": "", "fields": shown}

    def write_group(group: words.ObjectGroup) -> PageData:
        names = {"names": folded(group.names, detail.fields * _NAMES)} if group.names else {}
        if not group.changes:
            return write("", group.name, f" {group.effect}") | names
        change = group.changes[0]
        said = "; ".join(part for part in (words.what_happens(change), group.effect) if part)
        return write(change.verb.value, group.name, f": {said}" if said else "", group.fields) | names

    yield limited(list(words.object_groups(environment, folds=True)), detail.objects, write_group, "object")
    file = [write("promises of the environment's file", "", "", environment.words)] if environment.words else []
    yield {"shown": [*(write("values of", name, "", fields) for name, fields in environment.values), *file], "left": ""}


def _field(field: FieldChange) -> PageData:
    return {
        "path": field.path,
        "has_old": field.old is not ABSENT,
        "old": words.value_text(field.old),
        "has_new": field.new is not ABSENT,
        "new": words.value_text(field.new),
    }


def limited(items: Sequence[_T], most: int, write: Callable[[_T], object], noun: str) -> PageData:
    """Return the first items, written as they are asked for, and how many more there are."""
    left = len(items) - most
    more = f"… {'and ' if most else ''}{plural(left, noun)}{' more' if most else ''}" if left > 0 else ""
    return {"shown": map(write, islice(items, most)), "left": more}
