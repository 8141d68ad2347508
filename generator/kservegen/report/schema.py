"""The JSON Schema of the JSON report: the contract with programs that read it."""

from __future__ import annotations

from kservegen.core.jsontypes import JsonObject
from kservegen.report.json_report import REPORT_VERSION
from kservegen.report.plan_schema import changes_schema, diff_schema
from kservegen.report.schema_words import COUNT, PLACE, TEXT, TEXTS, closed, list_of, nullable


def report_schema() -> JsonObject:
    """Return the schema of `--output json`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kservegen report",
        **closed(
            {
                "reportVersion": {"const": REPORT_VERSION},
                "tool": closed({"name": {"const": "kservegen"}, "version": TEXT}),
                "exitCode": {"enum": [0, 1, 2, 3]},
                "findings": list_of(_finding()),
                "documents": {
                    "type": "array",
                    "items": _document(),
                    "description": "Manifests from disk, each judged alone against the reference cluster.",
                },
                "plan": _plan(),
                "diff": diff_schema(),
                "budget": list_of(_overview()),
                "gpu": {"type": "array", "items": _gpu(), "description": "GPU memory, one entry for each server."},
                "lock": {
                    "type": "array",
                    "items": _lock(),
                    "description": "Addresses locked, or drifted.",
                },
                "call": _call(),
                "commands": {**TEXTS, "description": "Lines of shell that send what was not sent (call --show)."},
                "found": {
                    "type": "array",
                    "items": _found(),
                    "description": "What a name comes from, likeliest first.",
                },
                "assumptions": {**TEXTS, "description": "What was not checked, because files cannot tell."},
                "rule": _manual(),
                "explanation": _explanation(),
                "upgrade": _upgrade(),
                "edits": _edits(),
                "commit": _commit(),
                "policyTests": list_of(_policy_test()),
                "error": closed({"message": TEXT, "subject": TEXT, "hint": TEXT}),
            },
            optional=(
                "documents",
                "plan",
                "diff",
                "budget",
                "gpu",
                "lock",
                "call",
                "commands",
                "found",
                "rule",
                "explanation",
                "upgrade",
                "edits",
                "commit",
                "policyTests",
                "error",
            ),
        ),
    }


def _finding() -> JsonObject:
    return closed(
        {
            "rule": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.-]+$"},
            "severity": {"enum": ["error", "warning", "info"]},
            "message": TEXT,
            **PLACE,
            "path": TEXT,
            "seen": TEXT,
            "allowed": TEXT,
            "hint": TEXT,
            "environments": TEXTS,
            "subjects": TEXTS,
            "entries": {**TEXTS, "description": "Keys of the catalog that the finding is about."},
            "related": {"type": "array", "items": closed({"message": TEXT, **PLACE})},
            "waived": closed(dict.fromkeys(("waiver", "owner", "reason", "expires"), TEXT)),
        },
        optional=("waived",),
    )


def _lock() -> JsonObject:
    revision: JsonObject = {"type": ["string", "null"], "description": "A commit; null where there is none."}
    return closed(
        {
            "file": TEXT,
            "line": COUNT,
            "address": TEXT,
            "message": TEXT,
            "before": revision,
            "revision": revision,
            "models": TEXTS,
            "changed": {"type": "boolean"},
        },
        optional=("line", "message", "before", "revision", "models", "changed"),
    )


def _gpu() -> JsonObject:
    sizes = ("memory", "budget", "weights", "activation", "nonTorch", "graphs", "neededForOneRequest")
    counts = ("maxModelLen", "longest", "blocks", "tokens", "maxNumSeqs", "maxNumBatchedTokens")
    estimate = closed(
        {
            "gate": {"type": ["string", "null"], "description": "Where the start is refused or in doubt."},
            **dict.fromkeys(sizes, COUNT),
            "pool": {"type": "integer", "description": "Bytes left for the KV cache of one GPU; negative: missing."},
            "band": closed({"below": COUNT, "above": COUNT}),
            **dict.fromkeys(counts, COUNT),
            "concurrency": {"type": "number", "description": "Requests of full length at once."},
        }
    )
    return closed(
        {
            "environment": TEXT,
            "subject": TEXT,
            "role": TEXT,
            "model": TEXT,
            "gpu": {"type": ["string", "null"]},
            "gpuSource": {"enum": ["table", "environment", None], "description": "Who says what memory the GPU has."},
            "gpus": COUNT,
            "vllm": {"type": ["string", "null"], "description": "Version; null where the image does not tell it."},
            "verdict": {"enum": ["fits", "uncertain", "does not fit", "refused", "not estimated"]},
            "unknown": {"type": ["string", "null"], "description": "What is missing for an estimate."},
            "knownFrom": {"type": ["string", "null"], "description": "The file that the model's dimensions stand in."},
            "refusals": TEXTS,
            "advice": TEXTS,
            "estimate": estimate,
        },
        optional=("estimate",),
    )


def _upgrade() -> JsonObject:
    note = closed(
        {
            "topic": TEXT,
            "text": TEXT,
            "subjects": TEXTS,
            "loses": {"type": "boolean"},
            "file": TEXT,
            "line": COUNT,
        },
        optional=("file", "line"),
    )
    restart = closed(
        {
            "subject": TEXT,
            "pods": COUNT,
            "accelerators": {"type": "object", "additionalProperties": COUNT},
            "why": TEXT,
            "certain": {"type": "boolean"},
        }
    )
    environment = closed(
        {
            "environment": TEXT,
            "from": TEXT,
            "to": TEXT,
            "gone": {**COUNT, "description": "Findings of today that the new version no longer has."},
            "notes": list_of(note),
            "restarts": list_of(restart),
            "images": {**TEXTS, "description": "What the new version pulls and the old one does not."},
            "steps": list_of(closed({"title": TEXT, "why": TEXT, "commands": TEXTS})),
            "values": {"type": "object", "description": "Values of the chart from before v0.17, by chart."},
            "lostValues": list_of(closed({"key": TEXT, "about": TEXT})),
        },
        optional=("values", "lostValues"),
    )
    return closed({"to": TEXT, "written": TEXTS, "environments": list_of(environment), "same": TEXTS})


def _document() -> JsonObject:
    unknown = "Null where no schema of the kind is known."
    return closed(
        {
            "file": PLACE["file"],
            "document": {"type": "integer", "minimum": 1, "description": "Its number in the file, counted from 1."},
            "kind": {"type": "string", "description": "Empty where the document could not be read."},
            "name": TEXT,
            "namespace": TEXT,
            "admitted": {
                "type": ["boolean", "null"],
                "description": f"Whether the API server and KServe's webhooks take it. {unknown}",
            },
            "deployable": {
                "type": ["boolean", "null"],
                "description": f"Whether it is admitted and the controller creates its workload. {unknown}",
            },
            "findings": {
                "type": "array",
                "items": _finding(),
                "description": "What is said of the document alone; references to other documents are not followed.",
            },
        },
        optional=("namespace",),
    )


def _plan() -> JsonObject:
    return closed(
        {
            "applied": {"type": "boolean"},
            "written": TEXTS,
            "removed": TEXTS,
            "unchanged": COUNT,
            "diff": {"type": "string", "description": "Unified diff, with --check."},
            "changes": changes_schema(),
        },
        optional=("changes",),
    )


def _overview() -> JsonObject:
    amount: JsonObject = {"type": ["number", "null"], "description": "Cores, bytes or devices; null where not known."}
    amounts = dict.fromkeys(("minimum", "maximum", "rollout", "before", "granted", "left", "costPerMonth"), amount)
    rows: JsonObject = {
        "type": "array",
        "items": closed({"name": TEXT, "scope": TEXT, "resource": TEXT, **amounts}),
    }
    return closed({"environment": TEXT, "budgets": rows, "accelerators": rows, "owners": rows})


def _manual() -> JsonObject:
    texts = dict.fromkeys(("id", "title", "severity", "why", "when", "fix", "bad", "good"), TEXT)
    return closed({**texts, "upstream": TEXTS})


def _policy_test() -> JsonObject:
    verdict: JsonObject = {"expects": {"enum": ["pass", "fail"]}, "ok": {"type": "boolean"}}
    case = closed({"name": TEXT, "file": TEXT, "line": {"type": "integer", "minimum": 1}, **verdict})
    return closed({"policy": TEXT, "cases": {"type": "array", "items": case}})


def _commit() -> JsonObject:
    maybe: JsonObject = {"type": ["string", "null"]}
    counts = dict.fromkeys(("added", "changed", "removed", "unchanged"), COUNT)
    branch = closed(
        {
            "branch": TEXT,
            "environments": TEXTS,
            "status": {
                "enum": ["committed", "unchanged", "superseded"],
                "description": "Superseded: the branch was rendered from a newer commit already.",
            },
            "commit": {**maybe, "description": "The new commit, else the one that the branch is at."},
            "subject": TEXT,
            **counts,
            "pushed": {**maybe, "description": "The remote, secrets left out."},
            "compare": {**maybe, "description": "The refs that a pull request would be opened from."},
            "remarks": TEXTS,
        }
    )
    return closed(
        {
            "source": {"type": "string", "description": "The commit that the catalog is at."},
            "catalog": {"type": "string", "description": "A digest of the catalog's files."},
            "branches": list_of(branch),
        }
    )


def _edits() -> JsonObject:
    reach = closed({"environment": TEXT, "entry": TEXT, "changes": {"type": "boolean"}, "why": TEXT})
    return closed(
        {
            "written": {"type": "boolean"},
            "files": list_of(closed({"file": TEXT, "diff": {"type": "string", "description": "Unified diff."}})),
            "reaches": {**list_of(reach), "description": "Entries by environment, and why one stays as it is."},
            "rendered": {**TEXTS, "description": "Files that a render then writes or removes."},
            "notes": TEXTS,
            "origin": nullable(closed(dict.fromkeys(("commit", "date", "author", "subject"), TEXT))),
        }
    )


def _explanation() -> JsonObject:
    field = closed({"path": TEXT, "value": {}, "layer": TEXT, **PLACE})
    texts = dict.fromkeys(("environment", "subject", "file"), TEXT)
    other = closed({"runtime": TEXT, "why": TEXT})
    serving = closed({**dict.fromkeys(("path", "runtime", "kind", "why"), TEXT), "others": list_of(other)})
    return closed({**texts, "layers": TEXTS, "serving": list_of(serving), "presets": TEXTS, "fields": list_of(field)})


def _call() -> JsonObject:
    return closed(
        {
            "environment": TEXT,
            "object": closed(dict.fromkeys(("kind", "namespace", "name"), TEXT)),
            **dict.fromkeys(("protocol", "served", "route", "through"), TEXT),
            "status": COUNT,
            "seconds": {"type": "number", "minimum": 0},
            "right": {"type": "boolean", "description": "Whether the answer is one of the protocol."},
            "says": {"type": "string", "description": "What the model says, or what is wrong with its answer."},
            "hint": TEXT,
            "models": nullable({**TEXTS, "description": "What the server has, where the model was not found."}),
        }
    )


def _found() -> JsonObject:
    maybe: JsonObject = {"type": ["string", "null"]}
    named = closed(dict.fromkeys(("kind", "namespace", "name"), TEXT))
    place: JsonObject = {
        "environment": TEXT,
        "file": TEXT,
        "rendered": {"type": "boolean"},
        "syncedBy": nullable(named),
    }
    return closed(
        {
            "name": TEXT,
            "kinds": TEXTS,
            "workload": {**maybe, "description": "The object that the name is generated from; null for an own name."},
            "role": maybe,
            "object": named,
            "path": {"type": "string", "description": "Path in the file that a human edits."},
            **PLACE,
            "owner": maybe,
            "places": list_of(closed(place)),
            "edited": {"type": "boolean", "description": "Whether the lines differ from the last commit."},
            "commits": list_of(closed(dict.fromkeys(("commit", "date", "author", "subject"), TEXT))),
            "notes": TEXTS,
        }
    )
