"""A document and its schema in; the document as the API server validates it out.

Between decoding and validating, the API server drops the nulls of a custom resource that its schema does not call
nullable (k8s.io/apiextensions-apiserver pkg/apiserver/schema/defaulting, PruneNonNullableNullsWithoutDefaults: fields
and map entries, not list items). Where KServe has a defaulting webhook, the object also goes once through KServe's Go
types before the schema sees it: a required field that was left out comes back as its zero value, a null item as an
empty one, a number where a quantity belongs as text. Seen with a real API server: `modelFormat: {}` and a container
without a name are admitted for an InferenceService, and refused for a ServingRuntime.
What Go's types leave out when it is empty is gone, too, where the webhook is built with a controller-runtime before
0.20; later ones keep what only Go takes away (pkg/webhook/admission/defaulter_custom.go, dropSchemeRemovals). Seen:
`refs: [{name: ""}]` of a gateway is admitted by v0.19.0 and refused by v0.20.0, as `storageUris: []` is.
"""

from __future__ import annotations

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.shape import Shape, is_nullable, is_quantity

# Root keywords that the compiled schemas of custom resources carry.
CUSTOM_RESOURCE = "x-kservegen-custom-resource"
DEFAULTER = "x-kservegen-defaulter"
# What is left out when it is empty, and by what: a webhook that omits, or each one that converts between versions.
OMITEMPTY = "x-kservegen-omitempty"
# What the conversion between versions puts where a required field is absent.
FILLED = "x-kservegen-filled"

_ZEROES: dict[str, JsonValue] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_EMPTY: dict[str, JsonValue] = {**_ZEROES, "array": []}


def as_decoded(document: JsonValue, shape: Shape) -> JsonValue:
    """Return a copy of a document as its schema will see it; the same paths lead to the same values."""
    if not shape.schema.get(CUSTOM_RESOURCE):
        return document
    return _Decoder(shape).value(document, shape.schema)


def as_defaulted(document: JsonValue, shape: Shape) -> JsonValue:
    """Return a document as its CEL rules will see it: as decoded, with the schema's defaults in."""
    if not isinstance(document, dict) or not shape.schema.get(CUSTOM_RESOURCE):
        return document
    defaulted = apply_defaults(document, shape)
    if not shape.schema.get(DEFAULTER):
        return defaulted
    decoded = _Decoder(shape).value(defaulted, shape.schema)
    return apply_defaults(decoded, shape) if isinstance(decoded, dict) else decoded


class _Decoder:
    def __init__(self, shape: Shape) -> None:
        writer = shape.schema.get(DEFAULTER)
        self.shape = shape
        self.through_go = bool(writer)
        self.omitted = {"omits": ("webhook", "conversion"), "keeps": ("conversion",)}.get(str(writer), ())

    def value(self, value: JsonValue, node: JsonObject) -> JsonValue:
        node = self.shape.resolve(node)
        if isinstance(value, dict):
            return self._object(value, node)
        if isinstance(value, list):
            return self._list(value, node)
        if self.through_go and isinstance(value, float) and is_quantity(node):
            return str(value)
        return value

    def _object(self, value: JsonObject, node: JsonObject) -> JsonObject:
        properties = node.get("properties")
        fields = properties if isinstance(properties, dict) else {}
        extra = node.get("additionalProperties")
        out: JsonObject = {}
        for key, item in value.items():
            below = fields.get(key, extra)
            if not isinstance(below, dict):
                out[key] = item
            elif not self._is_dropped(item, below):
                out[key] = self.value(item, below)
        if self.through_go:
            self._fill(out, node, fields)
        return out

    def _is_dropped(self, item: JsonValue, node: JsonObject) -> bool:
        if item is None:
            return not is_nullable(self.shape.resolve(node))
        if item or node.get(OMITEMPTY) not in self.omitted:
            return False
        empty = _EMPTY.get(str(node.get("type")))
        return type(item) is type(empty) and item == empty

    def _fill(self, out: JsonObject, node: JsonObject, fields: JsonObject) -> None:
        """Add what Go writes for a required field that is not there, where that is something the schema takes."""
        required = node.get("required")
        for name in required if isinstance(required, list) else ():
            below = fields.get(str(name))
            if name not in out and isinstance(below, dict) and (zero := self._zero(below)) is not None:
                out[str(name)] = zero

    def _zero(self, node: JsonObject) -> JsonValue:
        """Return Go's zero value, None where it is null or the schema refuses it."""
        node = self.shape.resolve(node)
        if FILLED in node:
            return node[FILLED]
        if is_quantity(node):
            return "0"
        if "properties" in node:
            return self._object({}, node)
        zero = _ZEROES.get(str(node.get("type")))
        return None if zero is None or _refuses(node, zero) else zero

    def _list(self, value: JsonArray, node: JsonObject) -> JsonArray:
        items = node.get("items")
        if not isinstance(items, dict):
            return value
        return [self._item(item, items) for item in value]

    def _item(self, item: JsonValue, node: JsonObject) -> JsonValue:
        if item is None and self.through_go and not is_nullable(self.shape.resolve(node)):
            return self._zero(node)
        return self.value(item, node)


def _refuses(node: JsonObject, zero: JsonValue) -> bool:
    enum, low, shortest = node.get("enum"), node.get("minimum"), node.get("minLength")
    return (
        (isinstance(enum, list) and zero not in enum)
        or (isinstance(low, int | float) and isinstance(zero, int) and zero < low)
        or (isinstance(shortest, int) and zero == "" and shortest > 0)
    )
