"""The JSON report: one shape for every command, versioned, with a published schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from kservegen import __version__
from kservegen.commands.result import FilePlan, Result
from kservegen.core.assumptions import Assumption
from kservegen.core.diagnostics import BaselineState, Diagnostic, Location
from kservegen.core.errors import GeneratorError
from kservegen.core.exit_codes import OPERATIONAL
from kservegen.core.jsontypes import JsonObject, JsonValue, format_path
from kservegen.formats.inert import inert_json

if TYPE_CHECKING:
    from kservegen.evaluate.manifests import DocumentReport

REPORT_VERSION = 1


def render_json(result: Result, **more: JsonValue) -> str:
    """Write the report of a finished command; `more` are sections of its own."""
    report = _head(result.exit_code)
    if result.verdict:
        report["verdict"] = result.verdict
    report["findings"] = [finding_as_json(item) for item in result.diagnostics]
    if result.resolved is not None:
        report["resolved"] = [finding_as_json(item) for item in result.resolved]
    if result.documents is not None:
        report["documents"] = [_document(document) for document in result.documents.reports]
    if result.plan is not None:
        plan = result.plan
        report["plan"] = {
            "applied": plan.applied,
            "written": list(plan.written),
            "removed": list(plan.removed),
            "unchanged": plan.unchanged,
            "diff": plan.diff,
            **_changes(plan),
        }
    report.update(more)
    report["assumptions"] = [*map(str, result.assumptions), *map(str, result.unchecked)]
    report["standsOn"] = {
        "assumed": [_assumption(each) for each in result.assumptions],
        "notChecked": [{"what": each.what, "why": each.why} for each in result.unchecked],
    }
    return inert_json(report)


def _assumption(item: Assumption) -> JsonObject:
    return {"kind": item.kind, "name": item.name, "why": item.why, "environments": list(item.environments)}


def _changes(plan: FilePlan) -> JsonObject:
    if plan.changes is None:
        return {}
    from kservegen.report.plan_json import changes_as_json  # noqa: PLC0415 - only `plan` has them

    return {"changes": changes_as_json(plan.changes)}


def _document(document: DocumentReport) -> JsonObject:
    return {
        "file": document.file,
        "document": document.number,
        "kind": document.kind,
        "name": document.name,
        **({"namespace": document.namespace} if document.namespace else {}),
        "admitted": document.admitted,
        "deployable": document.deployable,
        "runs": document.runs,
        "findings": [finding_as_json(d) for d in document.diagnostics],
    }


def render_json_failure(error: GeneratorError, exit_code: int = OPERATIONAL) -> str:
    """Write the report of a command that could not go on."""
    report = _head(exit_code)
    report["findings"] = []
    report["assumptions"] = []
    report["error"] = {"message": error.message, "subject": error.subject, "hint": error.hint}
    return inert_json(report)


def render_sections(exit_code: int, **sections: JsonValue) -> str:
    """Write the report of a command that finds nothing wrong or right: sections of its own."""
    return inert_json({**_head(exit_code), "findings": [], **sections, "assumptions": []})


def render_listing(exit_code: int, section: str, findings: Iterable[Diagnostic]) -> tuple[str, str]:
    """Write what stands before and after the items of a report that is too long to be held: see `render_item`."""
    head = inert_json({**_head(exit_code), "findings": [finding_as_json(item) for item in findings]})
    return head[: -len("\n}\n")] + f',\n  "{section}": [', '\n  ],\n  "assumptions": []\n}\n'


def render_item(item: JsonObject) -> str:
    """Write an item of such a report, without the comma that stands between two of them."""
    return f"\n{inert_json(item).rstrip()}".replace("\n", "\n    ")


def _head(exit_code: int) -> JsonObject:
    """Return what every report begins with."""
    return {
        "reportVersion": REPORT_VERSION,
        "tool": {"name": "kservegen", "version": __version__},
        "exitCode": exit_code,
    }


def place_as_json(location: Location) -> JsonObject:
    """Return a place for the report."""
    return {"file": location.file, "line": location.line, "column": location.column}


def finding_as_json(item: Diagnostic) -> JsonObject:
    """Return a finding for the report."""
    finding: JsonObject = {
        "rule": item.rule,
        "severity": item.severity.value,
        "message": item.message,
        **place_as_json(item.location),
        "path": item.path,
        "seen": item.seen,
        "allowed": item.allowed,
        "hint": item.hint,
        "environments": list(item.environments),
        "subjects": list(item.subjects),
        "entries": list(item.entries),
        "related": [{"message": r.message, **place_as_json(r.location)} for r in item.related],
        "places": [
            {
                **place_as_json(place.location),
                "path": place.path,
                "environments": list(place.environments),
                "entries": list(place.entries),
            }
            for place in item.everywhere
        ],
        "supersedes": list(item.supersedes),
    }
    if item.cause:
        finding["cause"] = item.cause
    if item.fixes:
        finding["fixes"] = [
            {"change": fix.change.value, "file": fix.file, "path": format_path(fix.path), "value": fix.value}
            for fix in item.fixes
        ]
    if item.baseline is not None:
        finding["standing"] = item.is_standing
        finding["heavier"] = item.baseline is BaselineState.UPDATED
    if item.waived is not None:
        said = asdict(item.waived)
        of_change = said.pop("of_change")
        finding["waived"] = {**said, "ofChange": of_change}
    return finding
