"""The JSON Schema of the JSON report: the contract with programs that read it."""

from __future__ import annotations

from kservegen.jsontypes import JsonObject, JsonValue
from kservegen.report.json_report import REPORT_VERSION
from kservegen.report.plan_schema import changes_schema, diff_schema

_TEXT: JsonObject = {"type": "string"}
_TEXTS: JsonObject = {"type": "array", "items": {"type": "string"}}
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_PLACE: JsonObject = {
    "file": {"type": "string", "description": "Path relative to the root, with forward slashes."},
    "line": {"type": "integer", "minimum": 1},
    "column": {"type": "integer", "minimum": 1},
}


def report_schema() -> JsonObject:
    """Return the schema of `--output json`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kservegen report",
        **_closed(
            {
                "reportVersion": {"const": REPORT_VERSION},
                "tool": _closed({"name": {"const": "kservegen"}, "version": _TEXT}),
                "exitCode": {"enum": [0, 1, 2, 3]},
                "findings": {"type": "array", "items": _finding()},
                "documents": {
                    "type": "array",
                    "items": _document(),
                    "description": "Manifests from disk, each judged alone against the reference cluster.",
                },
                "plan": _plan(),
                "diff": diff_schema(),
                "budget": {"type": "array", "items": _overview()},
                "gpu": {"type": "array", "items": _gpu(), "description": "GPU memory, one entry for each server."},
                "lock": {
                    "type": "array",
                    "items": _lock(),
                    "description": "Addresses locked, or drifted.",
                },
                "call": _call(),
                "found": {
                    "type": "array",
                    "items": _found(),
                    "description": "What a name comes from, likeliest first.",
                },
                "assumptions": {**_TEXTS, "description": "What was not checked, because files cannot tell."},
                "rule": _manual(),
                "explanation": _explanation(),
                "upgrade": _upgrade(),
                "edits": _edits(),
                "commit": _commit(),
                "policyTests": {"type": "array", "items": _policy_test()},
                "error": _closed({"message": _TEXT, "subject": _TEXT, "hint": _TEXT}),
            },
            optional=(
                "documents",
                "plan",
                "diff",
                "budget",
                "gpu",
                "lock",
                "call",
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
    return _closed(
        {
            "rule": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.-]+$"},
            "severity": {"enum": ["error", "warning", "info"]},
            "message": _TEXT,
            **_PLACE,
            "path": _TEXT,
            "seen": _TEXT,
            "allowed": _TEXT,
            "hint": _TEXT,
            "environments": _TEXTS,
            "subjects": _TEXTS,
            "entries": {**_TEXTS, "description": "Keys of the catalog that the finding is about."},
            "related": {"type": "array", "items": _closed({"message": _TEXT, **_PLACE})},
            "waived": _closed(dict.fromkeys(("waiver", "owner", "reason", "expires"), _TEXT)),
        },
        optional=("waived",),
    )


def _lock() -> JsonObject:
    revision: JsonObject = {"type": ["string", "null"], "description": "A commit; null where there is none."}
    return _closed(
        {
            "file": _TEXT,
            "line": _COUNT,
            "address": _TEXT,
            "message": _TEXT,
            "before": revision,
            "revision": revision,
            "models": _TEXTS,
            "changed": {"type": "boolean"},
        },
        optional=("line", "message", "before", "revision", "models", "changed"),
    )


def _gpu() -> JsonObject:
    sizes = ("memory", "budget", "weights", "activation", "nonTorch", "graphs", "neededForOneRequest")
    counts = ("maxModelLen", "longest", "blocks", "tokens", "maxNumSeqs", "maxNumBatchedTokens")
    estimate = _closed(
        {
            "gate": {"type": ["string", "null"], "description": "Where the start is refused or in doubt."},
            **dict.fromkeys(sizes, _COUNT),
            "pool": {"type": "integer", "description": "Bytes left for the KV cache of one GPU; negative: missing."},
            "band": _closed({"below": _COUNT, "above": _COUNT}),
            **dict.fromkeys(counts, _COUNT),
            "concurrency": {"type": "number", "description": "Requests of full length at once."},
        }
    )
    return _closed(
        {
            "environment": _TEXT,
            "subject": _TEXT,
            "role": _TEXT,
            "model": _TEXT,
            "gpu": {"type": ["string", "null"]},
            "gpuSource": {"enum": ["table", "environment", None], "description": "Who says what memory the GPU has."},
            "gpus": _COUNT,
            "vllm": {"type": ["string", "null"], "description": "Version; null where the image does not tell it."},
            "verdict": {"enum": ["fits", "uncertain", "does not fit", "refused", "not estimated"]},
            "unknown": {"type": ["string", "null"], "description": "What is missing for an estimate."},
            "knownFrom": {"type": ["string", "null"], "description": "The file that the model's dimensions stand in."},
            "refusals": _TEXTS,
            "advice": _TEXTS,
            "estimate": estimate,
        },
        optional=("estimate",),
    )


def _upgrade() -> JsonObject:
    note = _closed(
        {
            "topic": _TEXT,
            "text": _TEXT,
            "subjects": _TEXTS,
            "loses": {"type": "boolean"},
            "file": _TEXT,
            "line": _COUNT,
        },
        optional=("file", "line"),
    )
    restart = _closed(
        {
            "subject": _TEXT,
            "pods": _COUNT,
            "accelerators": {"type": "object", "additionalProperties": _COUNT},
            "why": _TEXT,
            "certain": {"type": "boolean"},
        }
    )
    environment = _closed(
        {
            "environment": _TEXT,
            "from": _TEXT,
            "to": _TEXT,
            "gone": {**_COUNT, "description": "Findings of today that the new version no longer has."},
            "notes": _list(note),
            "restarts": _list(restart),
            "images": {**_TEXTS, "description": "What the new version pulls and the old one does not."},
            "steps": _list(_closed({"title": _TEXT, "why": _TEXT, "commands": _TEXTS})),
            "values": {"type": "object", "description": "Values of the chart from before v0.17, by chart."},
            "lostValues": _list(_closed({"key": _TEXT, "about": _TEXT})),
        },
        optional=("values", "lostValues"),
    )
    return _closed({"to": _TEXT, "written": _TEXTS, "environments": _list(environment), "same": _TEXTS})


def _document() -> JsonObject:
    unknown = "Null where no schema of the kind is known."
    return _closed(
        {
            "file": _PLACE["file"],
            "document": {"type": "integer", "minimum": 1, "description": "Its number in the file, counted from 1."},
            "kind": {"type": "string", "description": "Empty where the document could not be read."},
            "name": _TEXT,
            "namespace": _TEXT,
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
    return _closed(
        {
            "applied": {"type": "boolean"},
            "written": _TEXTS,
            "removed": _TEXTS,
            "unchanged": _COUNT,
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
        "items": _closed({"name": _TEXT, "scope": _TEXT, "resource": _TEXT, **amounts}),
    }
    return _closed({"environment": _TEXT, "budgets": rows, "accelerators": rows, "owners": rows})


def _manual() -> JsonObject:
    texts = dict.fromkeys(("id", "title", "severity", "why", "when", "fix", "bad", "good"), _TEXT)
    return _closed({**texts, "upstream": _TEXTS})


def _policy_test() -> JsonObject:
    verdict: JsonObject = {"expects": {"enum": ["pass", "fail"]}, "ok": {"type": "boolean"}}
    case = _closed({"name": _TEXT, "file": _TEXT, "line": {"type": "integer", "minimum": 1}, **verdict})
    return _closed({"policy": _TEXT, "cases": {"type": "array", "items": case}})


def _commit() -> JsonObject:
    maybe: JsonObject = {"type": ["string", "null"]}
    counts = dict.fromkeys(("added", "changed", "removed", "unchanged"), _COUNT)
    branch = _closed(
        {
            "branch": _TEXT,
            "environments": _TEXTS,
            "status": {
                "enum": ["committed", "unchanged", "superseded"],
                "description": "Superseded: the branch was rendered from a newer commit already.",
            },
            "commit": {**maybe, "description": "The new commit, else the one that the branch is at."},
            "subject": _TEXT,
            **counts,
            "pushed": {**maybe, "description": "The remote, secrets left out."},
            "compare": {**maybe, "description": "The refs that a pull request would be opened from."},
            "remarks": _TEXTS,
        }
    )
    return _closed(
        {
            "source": {"type": "string", "description": "The commit that the catalog is at."},
            "catalog": {"type": "string", "description": "A digest of the catalog's files."},
            "branches": _list(branch),
        }
    )


def _edits() -> JsonObject:
    reach = _closed({"environment": _TEXT, "entry": _TEXT, "changes": {"type": "boolean"}, "why": _TEXT})
    return _closed(
        {
            "written": {"type": "boolean"},
            "files": _list(_closed({"file": _TEXT, "diff": {"type": "string", "description": "Unified diff."}})),
            "reaches": {**_list(reach), "description": "Entries by environment, and why one stays as it is."},
            "rendered": {**_TEXTS, "description": "Files that a render then writes or removes."},
            "notes": _TEXTS,
            "origin": _nullable(_closed(dict.fromkeys(("commit", "date", "author", "subject"), _TEXT))),
        }
    )


def _explanation() -> JsonObject:
    field = _closed({"path": _TEXT, "value": {}, "layer": _TEXT, **_PLACE})
    texts = dict.fromkeys(("environment", "subject", "file"), _TEXT)
    other = _closed({"runtime": _TEXT, "why": _TEXT})
    serving = _closed({**dict.fromkeys(("path", "runtime", "kind", "why"), _TEXT), "others": _list(other)})
    return _closed({**texts, "layers": _TEXTS, "serving": _list(serving), "presets": _TEXTS, "fields": _list(field)})


def _call() -> JsonObject:
    return _closed(
        {
            "environment": _TEXT,
            "object": _closed(dict.fromkeys(("kind", "namespace", "name"), _TEXT)),
            **dict.fromkeys(("protocol", "served", "route", "through"), _TEXT),
            "status": _COUNT,
            "seconds": {"type": "number", "minimum": 0},
            "right": {"type": "boolean", "description": "Whether the answer is one of the protocol."},
            "says": {"type": "string", "description": "What the model says, or what is wrong with its answer."},
            "hint": _TEXT,
            "models": _nullable({**_TEXTS, "description": "What the server has, where the model was not found."}),
        }
    )


def _found() -> JsonObject:
    maybe: JsonObject = {"type": ["string", "null"]}
    named = _closed(dict.fromkeys(("kind", "namespace", "name"), _TEXT))
    place: JsonObject = {
        "environment": _TEXT,
        "file": _TEXT,
        "rendered": {"type": "boolean"},
        "syncedBy": _nullable(named),
    }
    return _closed(
        {
            "name": _TEXT,
            "kinds": _TEXTS,
            "workload": {**maybe, "description": "The object that the name is generated from; null for an own name."},
            "role": maybe,
            "object": named,
            "path": {"type": "string", "description": "Path in the file that a human edits."},
            **_PLACE,
            "owner": maybe,
            "places": _list(_closed(place)),
            "edited": {"type": "boolean", "description": "Whether the lines differ from the last commit."},
            "commits": _list(_closed(dict.fromkeys(("commit", "date", "author", "subject"), _TEXT))),
            "notes": _TEXTS,
        }
    )


def _nullable(schema: JsonObject) -> JsonObject:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _closed(properties: JsonObject, optional: tuple[str, ...] = ()) -> JsonObject:
    required: JsonValue = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
