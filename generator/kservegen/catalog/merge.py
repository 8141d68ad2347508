"""The merge law: layers of words in, one set of words out, and the way back from a merged value to its layer.

The law is kubectl's strategic merge, and the only one there is:

- maps merge, key by key;
- lists that Kubernetes merges by key (`env` by name, `volumeMounts` by mountPath, ...) merge by it: an item with a
  known key merges into that item, the others follow in their own order; an item with `$patch: delete` goes;
- other lists, and scalars, replace;
- the literal `null` deletes.

There is no templating, no interpolation, no wildcard. Nothing here changes its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from kservegen.core.document import child
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path

# Field name -> the keys its items are merged by, with the value an absent key stands for. The same names carry the
# same keys wherever they occur in KServe's schemas (x-kubernetes-list-map-keys) and in core/v1's patch merge keys;
# a test holds this table against the compiled schemas.
MERGE_KEYS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "adapters": (("name", None),),
    "add": (("name", None),),
    "claims": (("name", None),),
    "containers": (("name", None),),
    "env": (("name", None),),
    "ephemeralContainers": (("name", None),),
    "headers": (("name", None),),
    "hostAliases": (("ip", None),),
    "imagePullSecrets": (("name", None),),
    "initContainers": (("name", None),),
    "ports": (("containerPort", None), ("protocol", "TCP")),
    "queryParams": (("name", None),),
    "resourceClaims": (("name", None),),
    "schedulingGates": (("name", None),),
    "set": (("name", None),),
    "topologySpreadConstraints": (("topologyKey", None), ("whenUnsatisfiable", None)),
    "volumeDevices": (("devicePath", None),),
    "volumeMounts": (("mountPath", None),),
    "volumes": (("name", None),),
}

PATCH = "$patch"

ItemKey = tuple[JsonValue, ...]


class MergeLayer(Struct, frozen=True):
    """One contribution to a merged value: `value` as it was written and `name`, what people call the layer."""

    name: str
    value: JsonValue


class MergedPlace(Struct, frozen=True):
    """Where a merged value was written: the layer's index, the path inside it, and how much of the path is there."""

    layer: int
    path: Path
    exact: bool


def item_key(field: str, item: JsonValue) -> ItemKey | None:
    """Return the key that `item` of the list `field` is merged by; None if the list or the item has none.

    A map or a list where a key belongs is none: the schema has its finding.
    """
    names = MERGE_KEYS.get(field)
    if names is None or not isinstance(item, dict):
        return None
    key = tuple(item.get(name, default) for name, default in names)
    return None if any(part is None or isinstance(part, dict | list) for part in key) else key


def merge_values(base: JsonObject, over: JsonObject, *, keep_nulls: bool = False) -> JsonObject:
    """Merge `over` into `base` by the law above.

    `keep_nulls` keeps deletions as nulls, for layers that are merged with each other before they meet their base.
    """
    out = dict(base)
    for key, value in over.items():
        if value is None and not keep_nulls:
            out.pop(key, None)
        elif value.__class__ is dict:
            below = out.get(key)
            start: JsonObject = below if below.__class__ is dict else {}
            out[key] = merge_values(start, value, keep_nulls=keep_nulls)
        elif value.__class__ is list:
            out[key] = _merge_list(key, out.get(key), value, keep_nulls=keep_nulls)
        else:
            out[key] = value
    return out


def _merge_list(field: str, base: JsonValue, over: JsonArray, *, keep_nulls: bool) -> JsonArray:
    by_key = field in MERGE_KEYS
    base_items = base if by_key and isinstance(base, list) else []
    keys = [item_key(field, item) for item in (*base_items, *over)] if by_key else []
    if not by_key or None in keys:
        return [_fresh(item, keep_nulls=keep_nulls) for item in over]
    merged: dict[ItemKey, JsonValue] = {}
    for key, item in zip(keys, (*base_items, *over), strict=True):
        if key is None or not isinstance(item, dict):
            continue
        if item.get(PATCH) == "delete" and not keep_nulls:
            merged.pop(key, None)
            continue
        below = merged.get(key)
        start: JsonObject = below if isinstance(below, dict) and below.get(PATCH) != "delete" else {}
        merged[key] = merge_values(start, item, keep_nulls=keep_nulls)
    return list(merged.values())


def _fresh(value: JsonValue, *, keep_nulls: bool) -> JsonValue:
    if isinstance(value, dict):
        return merge_values({}, value, keep_nulls=keep_nulls)
    if isinstance(value, list):
        return [_fresh(item, keep_nulls=keep_nulls) for item in value]
    return value


class _Cursor(Struct, frozen=True):
    layer: int
    path: Path
    value: JsonValue


def locate_merged(layers: Sequence[MergeLayer], merged: JsonValue, path: Path) -> MergedPlace:
    """Find the layer that wrote the value at `path` of the merged value, and the path inside that layer.

    Where nothing was written at `path` (a missing field), the place of its longest written prefix is returned.
    """
    cursors = [_Cursor(index, (), layer.value) for index, layer in enumerate(layers) if isinstance(layer.value, dict)]
    field = ""
    for part in path:
        after = _step(cursors, merged, field, part)
        if not after:
            return MergedPlace(cursors[-1].layer if cursors else 0, cursors[-1].path if cursors else (), exact=False)
        merged = child(merged, part)
        cursors = after
        field = part if isinstance(part, str) else ""
    if not cursors:
        return MergedPlace(0, (), exact=False)
    return MergedPlace(cursors[-1].layer, cursors[-1].path, exact=True)


def _step(cursors: list[_Cursor], merged: JsonValue, field: str, part: str | int) -> list[_Cursor]:
    after: list[_Cursor] = []
    for cursor in cursors:
        found = _find(cursor, merged, field, part)
        if found is None:
            continue
        value = found.value
        if value is None or not isinstance(value, dict | list) or (isinstance(value, list) and part not in MERGE_KEYS):
            after.clear()  # it replaces, or deletes, whatever the layers before it said
        if value is not None:
            after.append(found)
    return after


def _find(cursor: _Cursor, merged: JsonValue, field: str, part: str | int) -> _Cursor | None:
    value = cursor.value
    if isinstance(part, str):
        if isinstance(value, dict) and part in value:
            return _Cursor(cursor.layer, (*cursor.path, part), value[part])
        return None
    if not isinstance(value, list):
        return None
    key = item_key(field, child(merged, part))
    index = part if key is None else next((i for i, item in enumerate(value) if item_key(field, item) == key), -1)
    if 0 <= index < len(value):
        return _Cursor(cursor.layer, (*cursor.path, index), value[index])
    return None
