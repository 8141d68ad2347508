"""The JSON Schema of the `changes` of a plan."""

from __future__ import annotations

from kservegen.changes.plan.model import Fate, Presence, Verb
from kservegen.core.jsontypes import JsonObject
from kservegen.report.schema_words import COUNT, FLAG, TEXT, TEXTS, closed, list_of

_COUNTS: JsonObject = {"type": "object", "additionalProperties": COUNT}
_SUBJECT: JsonObject = dict.fromkeys(("kind", "namespace", "name"), TEXT)


def changes_schema() -> JsonObject:
    """Return the schema of what a change does, by meaning."""
    unknown: JsonObject = {**TEXTS, "description": "Environments of which nothing can be said: errors stand there."}
    said: JsonObject = {"base": TEXT, "verdict": TEXT, "unknown": unknown, "environments": list_of(_environment())}
    return {**closed(said), "description": "What the change does, by meaning; from `plan`."}


def diff_schema() -> JsonObject:
    """Return the schema of what differs between two environments."""
    place = closed(
        {"file": TEXT, "line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}}
    )
    field = closed({"path": TEXT, "old": {}, "new": {}, "oldAt": place, "newAt": place}, optional=("old", "new", *_AT))
    entry = closed(
        {
            "section": {"type": "string", "description": "Of the catalog; blank for objects of the environment."},
            "key": TEXT,
            "kind": TEXT,
            "fields": list_of(field),
            "only": {"type": "string", "description": "The environment that has it alone."},
            "namespaces": TEXTS,
        },
        optional=("only", "namespaces"),
    )
    values = closed({"chart": TEXT, "fields": _fields()})
    return closed(
        {
            "left": TEXT,
            "right": TEXT,
            "verdict": TEXT,
            "equal": COUNT,
            "settings": _fields(),
            "values": list_of(values),
            "entries": list_of(entry),
            "own": list_of(entry),
        }
    ) | {"description": "What differs between two environments; `old` is the left one's."}


_AT = ("oldAt", "newAt")


def _environment() -> JsonObject:
    pair = closed({"before": TEXT, "after": TEXT})
    values = closed({"chart": TEXT, "fields": _fields()})
    owners = closed({"folder": TEXT, "before": TEXT, "after": TEXT})
    return closed(
        {
            "name": TEXT,
            "presence": {"enum": [presence.value for presence in Presence]},
            "verdict": TEXT,
            "objects": list_of(_object()),
            "values": list_of(values),
            "promises": _fields() | {"description": "Words of the environment's file that no rendered file shows."},
            "owners": list_of(owners) | {"description": "Folders that something else syncs from now on."},
            "kserveVersion": pair,
            "engine": pair,
            "restarts": list_of(_restart()),
            "scaled": list_of(closed({**_SUBJECT, "role": TEXT, "before": list_of(COUNT), "after": list_of(COUNT)})),
            "budgets": list_of(_budget()),
            "rewritten": TEXTS | {"description": "Files whose bytes change and whose meaning does not."},
            "pages": TEXTS,
            "unreadable": TEXTS | {"description": "Files that could not be read as they were before."},
        },
        optional=("kserveVersion", "engine"),
    )


def _object() -> JsonObject:
    return closed(
        {
            "change": {"enum": [verb.value for verb in Verb]},
            "group": TEXT,
            **_SUBJECT,
            "file": TEXT,
            "fields": _fields(),
            "entry": {"type": "string", "description": "Key of the catalog."},
            "was": closed(_SUBJECT),
            "oldFile": TEXT,
            "inCluster": {"enum": [fate.value for fate in Fate if fate.value]},
            "by": {"type": "string", "description": "What syncs it from now on, or decides what becomes of it."},
            "readable": FLAG,
        },
        optional=("entry", "was", "oldFile", "inCluster", "by", "readable"),
    )


def _fields() -> JsonObject:
    return list_of(closed({"path": TEXT, "old": {}, "new": {}}, optional=("old", "new")))


def _restart() -> JsonObject:
    why = closed({"through": TEXT, "paths": TEXTS, "certain": FLAG, "note": TEXT})
    counts: JsonObject = {"pods": COUNT, "accelerators": _COUNTS, "surgePods": COUNT, "surge": _COUNTS}
    return closed({**_SUBJECT, "certain": FLAG, **counts, "why": list_of(why)})


def _budget() -> JsonObject:
    amount: JsonObject = {"type": ["number", "null"], "description": "Cores, bytes or devices, at maxReplicas."}
    amounts = dict.fromkeys(("before", "after", "grantedBefore", "granted"), amount)
    return closed({"name": TEXT, "resource": TEXT, **amounts})
