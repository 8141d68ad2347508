"""Findings as SARIF 2.1.0, for code scanning: each on the line that a human edits, with the manual of its rule.

Limits are those of GitHub's code scanning: 25,000 results in a run, of which the heaviest are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from kservegen import __version__
from kservegen.checks.registry import manuals
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Related, RuleMeta, Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import inert_json, inert_sarif

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST_RESULTS: Final = 25_000
# Of so many locations of a result GitHub's code scanning takes note.
_MOST_LOCATIONS: Final = 100
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render_sarif(result: Result) -> str:
    """Write one run: the rules that found something, then what they found."""
    known = manuals()
    findings = sorted(result.diagnostics, key=lambda item: item.severity.rank)[:_MOST_RESULTS]
    findings.sort(key=lambda item: item.sort_key)
    rules = {rule: index for index, rule in enumerate(sorted({item.rule for item in findings}))}
    driver: JsonObject = {
        "name": "kservegen",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule, known.get(rule)) for rule in rules],
    }
    run: JsonObject = {
        "tool": {"driver": driver},
        # Columns of findings count characters, not UTF-16 units.
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, rules[item.rule]) for item in findings],
    }
    if result.verdict:
        run["properties"] = {"verdict": inert_sarif(result.verdict)}
    if result.resolved is not None:
        # No results of state `absent`: code scanning does not read the state, and would show what is gone.
        run["properties"] = {**mapping(run.get("properties")), "resolved": len(result.resolved)}
    return inert_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: str, manual: RuleMeta | None) -> JsonObject:
    """Describe a rule; one of the user's own policies has no manual here."""
    if manual is None:
        return {"id": rule, "name": rule, "shortDescription": {"text": rule}}
    return {
        "id": rule,
        "name": rule,
        "shortDescription": {"text": manual.title},
        "fullDescription": {"text": manual.why},
        "help": {"text": f"{manual.why}\n\n{manual.fix}\n\nkservegen explain {rule}"},
        "defaultConfiguration": {"level": _LEVELS[manual.severity]},
        "properties": {"tags": [rule.partition("/")[0], *manual.upstream[:10]]},
    }


def _result(item: Diagnostic, index: int) -> JsonObject:
    said: JsonObject = {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": _LEVELS[item.severity],
        "message": {"text": _message(item)},
        "locations": [_location(item.location)],
        "partialFingerprints": {"kservegen/v1": _fingerprint(item)},
    }
    others = [*item.related, *(Related("here, too", place.location) for place in item.everywhere[1:])]
    if others:
        said["relatedLocations"] = [
            {"id": number, "message": {"text": inert_sarif(related.message)}, **_location(related.location)}
            for number, related in enumerate(others[:_MOST_LOCATIONS], 1)
        ]
    if item.baseline is not None:
        said["baselineState"] = item.baseline.value
    if item.waived is not None:
        why = f"{item.waived.reason} ({item.waived.waiver}, {item.waived.owner}, until {item.waived.expires})"
        said["suppressions"] = [{"kind": "external", "status": "accepted", "justification": inert_sarif(why)}]
    return said


def _message(item: Diagnostic) -> str:
    parts = [item.message]
    for label, text in (("Seen", item.seen), ("Allowed", item.allowed), ("In", ", ".join(item.environments))):
        if text:
            parts.append(f"{label}: {text}")
    if item.hint:
        parts.append(item.hint)
    if item.places:
        parts.append(f"{len(item.places):,} places say so.")
    return "\n".join(map(inert_sarif, parts))


def _location(place: Location) -> JsonObject:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file, errors="surrogateescape")},
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }


def _fingerprint(item: Diagnostic) -> str:
    """Tell a finding apart from others without its line, which moves when lines above it come and go.

    One that has a cause elsewhere is the same wherever it stands; a waived one is that of its entries alone.
    """
    if item.cause and item.waived is None:
        return sha256(json.dumps([item.rule, item.cause]).encode()).hexdigest()[:32]
    about: Iterable[JsonValue] = (item.rule, item.location.file, item.path, item.message)
    return sha256(json.dumps([*about, *item.entries]).encode()).hexdigest()[:32]
