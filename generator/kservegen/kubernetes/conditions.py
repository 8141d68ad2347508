"""The status of an object in, of any kind that has conditions; these out, by type."""

from __future__ import annotations

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject


def conditions_by_type(status: JsonObject) -> dict[str, JsonObject]:
    """Return the conditions that a status lists, which may have any shape; of two of one type the later one."""
    return {text(item.get("type")): item for item in map(mapping, sequence(status.get("conditions")))}
