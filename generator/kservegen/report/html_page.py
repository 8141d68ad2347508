"""A result, its plan and what there is to draw in; one file of HTML out, that needs no network and runs no script."""

from __future__ import annotations

from typing import Final

from kservegen.changes.plan.model import Plan
from kservegen.commands.model_report import ModelRow
from kservegen.commands.page_facts import PageFacts
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.exit_codes import CLEAN
from kservegen.formats.templates import PageTemplates
from kservegen.report import plan_words as words
from kservegen.report.change_page import ChangePage, PageData, PageDetail, limited
from kservegen.report.charts import charts_of
from kservegen.report.links import FileLinks
from kservegen.report.models import accelerators_text, cost_text, memory_text, replicas_text
from kservegen.report.summary import plural, summarise

# A browser is patient, and a reader is not: beyond these the JSON has all.
_DETAIL: Final = PageDetail(100, 1_000, 20, 500, 1_000)
_MODELS: Final = 2_000
_NOTES: Final = 200
_SHORT: Final = 12  # digits of a revision
_NOTHING_CHANGES: Final = Plan(base="")


def result_as_html(result: Result, facts: PageFacts, templates: PageTemplates, links: FileLinks) -> str:
    """Write the page: the verdict, what changes, findings and what to do, plots, every model."""
    plan = result.plan.changes if result.plan is not None else None
    page = ChangePage.of(result, plan if plan is not None else _NOTHING_CHANGES, links)
    data, notes = page.data(_DETAIL), _notes(result)
    return templates.write(
        "report.html",
        **{
            **data,
            "title": _title(result),
            "tone": "good" if result.exit_code == CLEAN else "bad",
            "verdict": result.verdict or summarise(result),
            "left_running": list(words.left_lines(plan)) if plan is not None else [],
            "verdict_of_change": data["verdict"] if plan is not None else "",
            "compared": plan is not None,
            "charts": [
                chart.data() for chart in charts_of(facts.servers, facts.budgets, plan, facts.pools, result.diagnostics)
            ],
            "notes": notes and {"count": plural(len(notes), "note"), **limited(notes, _NOTES, page.finding, "note")},
            "inventory": limited(facts.models, _MODELS, _model, "model"),
            "inventory_count": len(facts.models),
        },
    )


def _notes(result: Result) -> list[Diagnostic]:
    return [item for item in result.brought if item.severity is Severity.INFO and item.waived is None]


def _title(result: Result) -> str:
    return f"kservegen {result.command}: {', '.join(result.environments) or 'no environment'}"


def _model(row: ModelRow) -> PageData:
    return {
        "environment": row.environment,
        "name": row.name,
        "about": f"{row.kind} in {row.namespace}",
        "owner": row.owner,
        "sources": [
            {"uri": source.uri, "revision": source.revision[:_SHORT], "licence": source.licence}
            for source in row.sources
        ],
        "replicas": replicas_text(row),
        "memory": memory_text(row),
        "accelerators": accelerators_text(row),
        "cost": cost_text(row),
    }
