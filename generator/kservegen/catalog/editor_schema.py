"""A published schema and what a repository calls things in; the schema that its editors complete and explain from, out.

Names are offered and never demanded: a name that is not listed may be right (another team adds it, an object is the
cluster's), so each list stands beside the open type that was there. What is wrong, `kservegen validate` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.catalog.sections import SECTIONS
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.limits import form_of

# What is known of a subject (profiles, owners, ...): each name, and a sentence that stands beside it.
KnownNames: TypeAlias = Mapping[str, Mapping[str, str]]
_Place: TypeAlias = tuple[str, ...]

# Where a name is the value: the end of a place, which begins with its definition (`entry` for the words of an entry)
# or with a word of the file; `*` is any entry of a map. The longest one that fits counts.
_VALUES: Final[Mapping[_Place, str]] = {
    ("entry", "profile"): "profiles",
    ("entry", "owner"): "owners",
    ("entry", "namespace"): "namespaces",
    ("entry", "environments"): "environments",
    ("accelerator", "type"): "accelerators",
    ("entry", "runtime"): "runtimes",
    ("ModelSpec", "runtime"): "runtimes",
    ("entry", "modelFormat"): "formats",
    ("ModelFormat", "name"): "formats",
    ("SupportedModelFormat", "name"): "formats",
    ("entry", "protocolVersion"): "protocols",
    ("ModelSpec", "protocolVersion"): "protocols",
    ("protocolVersions",): "protocols",
    ("storageUri",): "schemes",
    ("LLMModelSpec", "uri"): "schemes",
    ("StorageUri", "uri"): "schemes",
    ("sourceModelUri",): "schemes",
    ("InferenceStep", "serviceName"): "services",
    ("inferenceService",): "services",
    ("nodeGroups",): "groups",
    ("extraManifests", "*", "owner"): "owners",
    ("extraManifests", "*", "environments"): "environments",
    ("extends",): "bases",
    ("stages",): "environments",
    ("stages", "environments"): "environments",
    ("kserve", "version"): "versions",
    ("prerequisites",): "prerequisites",
    ("accelerators", "*", "gpu"): "gpus",
    ("accelerators", "*", "resource"): "resources",
    ("nodePools", "*", "accelerator"): "accelerators",
    ("budgets", "*", "accelerator"): "accelerators",
    ("budgets", "*", "owner"): "owners",
    ("budgets", "*", "namespace"): "namespaces",
    ("permits", "*", "owner"): "owners",
    ("unmanaged", "*", "owner"): "owners",
    ("waivers", "*", "rule"): "rules",
    ("waivers", "*", "rules"): "rules",
    ("waivers", "*", "model"): "models",
    ("waivers", "*", "models"): "models",
    ("waivers", "*", "models", "owner"): "owners",
    ("waivers", "*", "owner"): "owners",
    ("waivers", "*", "budget"): "budgets",
    ("bindings", "*", "policyName"): "policies",
    ("teams", "*", "namespaces"): "namespaces",
    ("teams", "*", "environments"): "environments",
    ("teams", "*", "kinds"): "kinds",
    ("teams", "*", "words"): "words",
    ("platform", "words"): "words",
    ("quota", "accelerator"): "accelerators",
}
# Where names are keys, the same way.
_KEYS: Final[Mapping[_Place, str]] = {
    ("namespaces",): "namespaces",
    ("bindings",): "policies",
    ("severities",): "rules",
    ("teams",): "owners",
    ("requests",): "resources",
    ("limits",): "resources",
    ("allocatable",): "resources",
    ("daemonSets",): "resources",
}
# Where a list holds references: the name of each is known.
_REFERENCES: Final[Mapping[_Place, str]] = {("baseRefs",): "configs"}
_ENTRIES: Final = frozenset({info.kind for kinds in SECTIONS.values() for info in kinds} | {"defaults", "profile"})
_OVERLAY: Final = "-overlay"


def editor_schema(
    published: JsonObject, fields: Mapping[str, str], known: KnownNames, charts: Mapping[str, JsonObject]
) -> JsonObject:
    """Describe every property of a published schema, say its patterns in words, and offer the known names.

    `fields` are descriptions by property, or `Definition.property` where it means something else there; `charts` are
    schemas of the values of each chart.
    """
    return _Enriched(fields, known, charts).document(published)


class _Enriched:
    def __init__(self, fields: Mapping[str, str], known: KnownNames, charts: Mapping[str, JsonObject]) -> None:
        self._fields = fields
        self._known = {subject: names for subject, names in known.items() if names}
        self._charts = charts
        self._sections: Mapping[_Place, str] = {}

    def document(self, published: JsonObject) -> JsonObject:
        """Build the whole schema; lists of names stand once, among its definitions."""
        properties = mapping(published.get("properties"))
        if "cluster" in properties:  # an environment says what differs of entries that the catalog has
            self._sections = {(section,): section for section in (*SECTIONS, "extraManifests")}
        definitions = mapping(published.get("definitions"))
        top = self._schema({k: v for k, v in published.items() if k != "definitions"}, ())
        shapes: JsonObject = {name: self._schema(mapping(shape), (name,)) for name, shape in definitions.items()}
        shapes |= {_list_name(subject): _listed(names) for subject, names in self._known.items()}
        used = set(_references(top))
        while more := {name for part in used for name in _references(shapes[part])} - used:
            used |= more
        return {**top, "definitions": {name: shape for name, shape in sorted(shapes.items()) if name in used}}

    def _schema(self, schema: JsonObject, place: _Place) -> JsonObject:
        schema = _unsuggested(schema)
        out: JsonObject = {}
        for key, value in schema.items():
            if key == "properties":
                out[key] = {name: self._property(mapping(p), place, name) for name, p in mapping(value).items()}
            elif key == "additionalProperties" and isinstance(value, dict):
                out[key] = _with_kinds(self._schema(value, (*place, "*")))
            elif key in {"items", "if", "then", "else"} and isinstance(value, dict):
                out[key] = self._schema(value, place)
            elif key == "anyOf" and isinstance(value, list):
                out[key] = [self._schema(mapping(choice), place) for choice in value]
            else:
                out[key] = value
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and (form := form_of(pattern)):
            out["patternErrorMessage"] = f"Write {form}."
        return out

    def _property(self, schema: JsonObject | bool, place: _Place, name: str) -> JsonValue:
        if not isinstance(schema, dict) or schema == {}:
            schema = {}
        here = (*place, name)
        found = self._schema(schema, here)
        where = _place_of(here)
        if place[-2:] == ("kserve", "values") or here[-3:-1] == ("kserve", "values"):
            found = {**found, **self._charts.get(name, {})}
        if names := self._known.get(_fitting(_REFERENCES, where)):
            found = _with_reference(found, names)
        if names := self._known.get(_fitting(_VALUES, where)):
            found = _offered(found, _fitting(_VALUES, where))
        keys = self._sections.get(here) or _fitting(_KEYS, where)
        if names := self._known.get(keys):
            found = _keyed(found, names)
        text = self._about(place, name)
        return found if found.get("description") or not text else {**found, "description": text}

    def _about(self, place: _Place, name: str) -> str:
        owner = place[0].removesuffix(".patched") if place else ""
        exact = (self._fields.get(f"{each}.{name}") for each in (place[0] if place else "", owner))
        return next(filter(None, exact), "") or self._fields.get(name) or DESCRIPTIONS.get(name, "")


def _place_of(place: _Place) -> _Place:
    """Call the definitions of entries by one name."""
    first = place[0]
    return ("entry", *place[1:]) if len(place) > 1 and (first in _ENTRIES or first.endswith(_OVERLAY)) else place


def _fitting(table: Mapping[_Place, str], place: _Place) -> str:
    """Return what a table says of the longest end of a place; blank for nothing."""
    return next((table[place[i:]] for i in range(len(place)) if place[i:] in table), "")


def _list_name(subject: str) -> str:
    return f"known.{subject}"


def _listed(names: Mapping[str, str]) -> JsonObject:
    """List names with a sentence each, in the words of three families of editors."""
    about: JsonObject = {name: {"description": text} for name, text in names.items()}
    return {
        "enum": [*names],
        "enumDescriptions": [*names.values()],
        "markdownEnumDescriptions": [*names.values()],
        "x-intellij-enum-metadata": about,
    }


def _offered(schema: JsonObject, subject: str) -> JsonObject:
    """Offer names wherever a schema takes a text: by itself, as an item of a list, as one of several forms."""
    offer: JsonObject = {"$ref": f"#/definitions/{_list_name(subject)}"}
    kept = {key: value for key, value in schema.items() if key == "description"}
    rest = {key: value for key, value in schema.items() if key not in {"description", "examples"}}
    items = rest.get("items")
    if isinstance(items, dict):
        rest["items"] = {"anyOf": [offer, items]}
    kinds = rest.get("type")
    takes_text = kinds == "string" or (isinstance(kinds, list) and "string" in kinds) or not kinds
    if "anyOf" in rest and isinstance(rest["anyOf"], list):
        choices = [_offered_items(mapping(choice), offer) for choice in rest["anyOf"]]
        return {**kept, **rest, "anyOf": [offer, *choices]}
    return {**kept, "anyOf": [offer, rest]} if takes_text else {**kept, **rest}


def _offered_items(choice: JsonObject, offer: JsonObject) -> JsonObject:
    items = choice.get("items")
    return {**choice, "items": {"anyOf": [offer, items]}} if isinstance(items, dict) else choice


def _with_reference(schema: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Offer the names of objects that a list refers to; the shape of a reference is shared with other lists."""
    offer: JsonObject = {"anyOf": [_listed(names), {"type": ["string", "null"]}]}
    items = mapping(schema.get("items"))
    return {**schema, "items": {"allOf": [items, {"properties": {"name": offer}}]}}


def _keyed(schema: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Offer the keys of a map; each is described as the name is."""
    entry = mapping(schema.get("additionalProperties"))
    keys: JsonObject = {name: {"description": text, **entry} if text else {**entry} for name, text in names.items()}
    return {**schema, "properties": {**keys, **mapping(schema.get("properties"))}}


def _with_kinds(schema: JsonObject) -> JsonObject:
    """Offer every kind of a section at `kind`: which other words there are hangs on it."""
    kinds: list[JsonValue] = []
    choice = schema
    while "if" in choice:
        kinds.append(mapping(mapping(mapping(choice["if"]).get("properties")).get("kind")).get("const"))
        choice = mapping(choice.get("else"))
    default = str(choice.get("$ref", "")).rpartition("/")[2]
    if not kinds or not default:
        return schema
    described: JsonObject = {"description": DESCRIPTIONS["kind"], "enum": [default, *kinds]}
    return {**schema, "properties": {"kind": described}}


def _unsuggested(schema: JsonObject) -> JsonObject:
    """Take a value that is permitted and never suggested as a pattern: editors offer nothing below `else`."""
    silent = mapping(schema.get("if")).get("const")
    if "else" not in schema or "then" in schema or not isinstance(silent, str):
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"if", "else"}}
    return {**rest, "anyOf": [schema["else"], {"type": "string", "pattern": f"^{silent}$"}]}


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
