"""The JSON Schema of owners.yaml; every word is described in `descriptions`."""

from __future__ import annotations

from typing import Final

from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.catalog.environment_schema import COUNT, QUANTITY, TEXT, TEXT_MAP
from kservegen.catalog.owners import MOST_NAMES, MOST_TEAMS
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject

_LABEL: Final = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
# Argo CD's project of what stands beside a team's models is called so, and would be that of another team.
_COMPANIONS: Final[JsonObject] = {"pattern": "-companions$"}
# A user, a team or group, a role of GitLab's, or an address: nothing that could end a line of CODEOWNERS, or begin one.
_REVIEWER: Final = r"^(@@?[A-Za-z0-9][A-Za-z0-9._/-]*|[A-Za-z0-9._+-]+@[A-Za-z0-9][A-Za-z0-9.-]*)$"
# Of the catalog and of manifests alone, in letters that mean themselves in CODEOWNERS. A folder ends in a slash.
_FILE: Final = (
    r"^(models(/[A-Za-z0-9][A-Za-z0-9._-]*)+(/|\.yaml)|manifests(/[A-Za-z0-9][A-Za-z0-9._-]*)+(/|\.(ya?ml|json)))$"
)
# A pattern that GitHub and GitLab read alike.
_PATTERN: Final = r"^/?[A-Za-z0-9._*-]+(/[A-Za-z0-9._*-]+)*/?$"


def owners_schema(draft: str) -> JsonObject:
    """Build the schema in a draft of JSON Schema."""
    reviewers: JsonObject = {**_texts(_REVIEWER), "minItems": 1}
    quota = _object(accelerator=TEXT, limit=COUNT, cpu=QUANTITY, memory=QUANTITY, **{"ephemeral-storage": QUANTITY})
    team = _object(
        reviewers=reviewers,
        files=_texts(_FILE),
        namespaces=_texts(f"^({_LABEL}|[a-z0-9][-a-z0-9]{{0,61}}[*])$"),
        kinds=_texts("^([a-z0-9][a-z0-9.-]*/)?[A-Z][A-Za-z0-9]*$"),
        words=_texts("^[A-Za-z]+$"),
        environments=_texts(f"^{_LABEL}$"),
        quota={**quota, "minProperties": 1},
    )
    platform = _object(
        reviewers=reviewers,
        words=_texts("^[A-Za-z]+$"),
        namespaces=_object(labels=TEXT_MAP, annotations=TEXT_MAP),
        codeowners={"type": "object", "propertyNames": {"pattern": _PATTERN}, "additionalProperties": reviewers},
    )
    properties: JsonObject = {
        "version": {"const": 1},
        "platform": {**platform, "required": ["reviewers"]},
        "teams": {
            "type": "object",
            "maxProperties": MOST_TEAMS,
            "propertyNames": {"pattern": f"^{_LABEL}$", "not": {"anyOf": [{"const": "platform"}, _COMPANIONS]}},
            "additionalProperties": {**team, "required": ["reviewers"]},
        },
    }
    return {
        "$schema": draft,
        "title": "kservegen owners",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "platform"],
        "properties": _described(properties, "owners"),
    }


def _texts(pattern: str) -> JsonObject:
    return {
        "type": "array",
        "uniqueItems": True,
        "maxItems": MOST_NAMES,
        "items": {"type": "string", "pattern": pattern},
    }


def _object(**properties: JsonObject) -> JsonObject:
    return {"type": "object", "additionalProperties": False, "properties": {**properties}}


def _described(properties: JsonObject, prefix: str) -> JsonObject:
    """Give each word its description, at every depth; entries of a map are called as the map is."""
    described: JsonObject = {}
    for name, value in properties.items():
        path, schema = f"{prefix}.{name}", mapping(value)
        entry = mapping(schema.get("additionalProperties"))
        if entry.get("properties"):
            schema = {
                **schema,
                "additionalProperties": {**entry, "properties": _described(mapping(entry["properties"]), path)},
            }
        if schema.get("properties"):
            schema = {**schema, "properties": _described(mapping(schema["properties"]), path)}
        text = DESCRIPTIONS.get(path)
        described[name] = {"description": text, **schema} if text else schema
    return described
