"""The JSON Schema of the `changes` of a plan."""

from __future__ import annotations

from kservegen.jsontypes import JsonObject, JsonValue
from kservegen.plan.model import Fate, Presence, Verb

_TEXT: JsonObject = {"type": "string"}
_TEXTS: JsonObject = {"type": "array", "items": _TEXT}
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_FLAG: JsonObject = {"type": "boolean"}
_COUNTS: JsonObject = {"type": "object", "additionalProperties": _COUNT}
_SUBJECT: JsonObject = dict.fromkeys(("kind", "namespace", "name"), _TEXT)


def changes_schema() -> JsonObject:
    """Return the schema of what a change does, by meaning."""
    unknown: JsonObject = {**_TEXTS, "description": "Environments of which nothing can be said: errors stand there."}
    said: JsonObject = {"base": _TEXT, "verdict": _TEXT, "unknown": unknown, "environments": _list(_environment())}
    return {**_map(said), "description": "What the change does, by meaning; from `plan`."}


def diff_schema() -> JsonObject:
    """Return the schema of what differs between two environments."""
    place = _map(
        {"file": _TEXT, "line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}}
    )
    field = _map({"path": _TEXT, "old": {}, "new": {}, "oldAt": place, "newAt": place}, optional=("old", "new", *_AT))
    entry = _map(
        {
            "section": {"type": "string", "description": "Of the catalog; blank for objects of the environment."},
            "key": _TEXT,
            "kind": _TEXT,
            "fields": _list(field),
            "only": {"type": "string", "description": "The environment that has it alone."},
            "namespaces": _TEXTS,
        },
        optional=("only", "namespaces"),
    )
    values = _map({"chart": _TEXT, "fields": _fields()})
    return _map(
        {
            "left": _TEXT,
            "right": _TEXT,
            "verdict": _TEXT,
            "equal": _COUNT,
            "settings": _fields(),
            "values": _list(values),
            "entries": _list(entry),
            "own": _list(entry),
        }
    ) | {"description": "What differs between two environments; `old` is the left one's."}


_AT = ("oldAt", "newAt")


def _environment() -> JsonObject:
    pair = _map({"before": _TEXT, "after": _TEXT})
    values = _map({"chart": _TEXT, "fields": _fields()})
    owners = _map({"folder": _TEXT, "before": _TEXT, "after": _TEXT})
    return _map(
        {
            "name": _TEXT,
            "presence": {"enum": [presence.value for presence in Presence]},
            "verdict": _TEXT,
            "objects": _list(_object()),
            "values": _list(values),
            "promises": _fields() | {"description": "Words of the environment's file that no rendered file shows."},
            "owners": _list(owners) | {"description": "Folders that something else syncs from now on."},
            "kserveVersion": pair,
            "engine": pair,
            "restarts": _list(_restart()),
            "scaled": _list(_map({**_SUBJECT, "role": _TEXT, "before": _list(_COUNT), "after": _list(_COUNT)})),
            "budgets": _list(_budget()),
            "rewritten": _TEXTS | {"description": "Files whose bytes change and whose meaning does not."},
            "pages": _TEXTS,
            "unreadable": _TEXTS | {"description": "Files that could not be read as they were before."},
        },
        optional=("kserveVersion", "engine"),
    )


def _object() -> JsonObject:
    return _map(
        {
            "change": {"enum": [verb.value for verb in Verb]},
            "group": _TEXT,
            **_SUBJECT,
            "file": _TEXT,
            "fields": _fields(),
            "entry": {"type": "string", "description": "Key of the catalog."},
            "was": _map(_SUBJECT),
            "oldFile": _TEXT,
            "inCluster": {"enum": [fate.value for fate in Fate if fate.value]},
            "by": {"type": "string", "description": "What syncs it from now on, or decides what becomes of it."},
            "readable": _FLAG,
        },
        optional=("entry", "was", "oldFile", "inCluster", "by", "readable"),
    )


def _fields() -> JsonObject:
    return _list(_map({"path": _TEXT, "old": {}, "new": {}}, optional=("old", "new")))


def _restart() -> JsonObject:
    why = _map({"through": _TEXT, "paths": _TEXTS, "certain": _FLAG, "note": _TEXT})
    counts: JsonObject = {"pods": _COUNT, "accelerators": _COUNTS, "surgePods": _COUNT, "surge": _COUNTS}
    return _map({**_SUBJECT, "certain": _FLAG, **counts, "why": _list(why)})


def _budget() -> JsonObject:
    amount: JsonObject = {"type": ["number", "null"], "description": "Cores, bytes or devices, at maxReplicas."}
    amounts = dict.fromkeys(("before", "after", "grantedBefore", "granted"), amount)
    return _map({"name": _TEXT, "resource": _TEXT, **amounts})


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _map(properties: JsonObject, optional: tuple[str, ...] = ()) -> JsonObject:
    required: JsonValue = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
