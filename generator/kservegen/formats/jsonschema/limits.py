"""A value and what a schema states about it alone in; findings about its type, its bounds and its form out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isclose

from msgspec.structs import replace

from kservegen.core.diagnostics import Finding, Fix, FixChange
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.formats.jsonschema.suggestions import NO_ADVICE, certain, close, listing, quote
from kservegen.formats.regexp import RegexpError, regexp_matches

_NAMES = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_IN_FULL = 1e21
_QUANTITY = r"^(\+|-)?(([0-9]+"
_AMOUNT = r"^[0-9]+([.][0-9]+)?[MGT]i?$"
# Known patterns, said in words.
_FORMS = {
    _QUANTITY: "a quantity such as 500m, 2 or 16Gi",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": "lower-case letters, digits and dashes, a letter or digit at both ends",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$": "lower-case letters, digits and dashes, a letter or digit at both ends",
    r"^[a-z]([-a-z0-9]*[a-z0-9])?$": "lower-case letters, digits and dashes, a letter first, a letter or digit last",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]": "a DNS name in lower case",
    r"^([0-9]{1,5}(h|m|s|ms)){1,4}$": "a duration such as 10s or 1m30s",
    r"^/.*": "an absolute path",
    r"^v[0-9]+\.[0-9]+\.[0-9]+(": "a version such as v0.20.0",
    r"^[0-9]+(\.[0-9]+)+(": "a version such as 0.19.1",
    r"^[A-Z][A-Za-z0-9]*$": "a kind such as InferenceService",
    r"^[^.\s]+(": "a path of fields such as spec.predictor",
    r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]": "a DNS name in lower case, or blank",
    r"^(\*\.)?[a-z0-9]": "a DNS name in lower case, with *. before it for all below",
    r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$": "letters, digits and dashes, a letter first, a letter or digit last",
    r"^[a-z0-9]([-a-z0-9]{0,51}": "lower-case letters, digits and dashes, at most 53 of them",
    r"^[a-z0-9]([-a-z0-9]{0,61}": "lower-case letters, digits and dashes, at most 63 of them",
    r"^([a-z0-9]([-a-z0-9]{0,61}": "a namespace, or its beginning with * after it",
    r"^[a-z0-9.-]*$": "an API group such as apps, blank for Kubernetes' core",
    r"^[A-Za-z0-9]+$": "a kind such as Deployment",
    r"^([a-z0-9][a-z0-9.-]*/)?[A-Z]": "a kind such as apps/Deployment, without a group for Kubernetes' core",
    r"^[A-Za-z]+$": "a word of letters",
    r"^[A-Za-z0-9!#$%&'": "a name of a header",
    r"^\d+(\.\d+)?$": "a number such as 0.5",
    r"(^\*$)|(^(http(s)?)": "an origin such as https://example.com, or *",
    r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]": "a path of a URL",
    r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$": "a label's value: letters, digits, dashes, dots, underscores",
    r"^kservegen *": "versions such as kservegen >= 0.2, < 0.3",
    r"^(oci://)?": "an OCI registry and path such as ghcr.io/kserve/charts",
    r"^v?[0-9]+[.]": "a version such as 3.2",
    r"^([0-9]+([.][0-9]+)?(ms|s|m|h))+$": "a duration such as 90s or 5m",
    r"^([0-9]{1,4}d)?": "a time such as 24h or 7d",
    _AMOUNT: "an amount of memory such as 24Gi or 80G",
    r"^[0-9]+[.][0-9]$": "a compute capability such as 8.9",
    r"^[0-9]{4}-": "a day such as 2027-03-31",
    r"^(@@?": "@user, @org/team or an address of mail",
    r"^/?[A-Za-z0-9._*-]+": "a path or pattern of CODEOWNERS such as /docs/",
    r"^(models(/": "a file or folder of models/ or manifests/, such as models/search/",
    r"^[a-z][a-z0-9+.-]*://": "an address such as hf://org/model",
    r"^[0-9a-f]{40}$": "a commit: 40 hexadecimal digits",
    r"^([*]|[a-z0-9]": "a namespace, or *",
}
# What `check` looks at.
WORDS = frozenset(
    "enum const pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength "
    "minItems maxItems minProperties maxProperties uniqueItems".split()
)
_BITS = {"int32": 32, "int64": 64}
_SIZES = (
    (str, "minLength", "maxLength", "characters"),
    (list, "minItems", "maxItems", "items"),
    (dict, "minProperties", "maxProperties", "entries"),
)


def type_of(value: JsonValue) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    return {float: "number", str: "string", list: "array", dict: "object"}[type(value)]


def types_of(node: JsonObject) -> tuple[str, ...]:
    """List the types that a schema takes; empty: any."""
    kinds = node.get("type")
    if node.get("nullable") and isinstance(kinds, str):
        return (kinds, "null")
    return (kinds,) if isinstance(kinds, str) else tuple(str(kind) for kind in kinds) if isinstance(kinds, list) else ()


def wrong_type(value: JsonValue, node: JsonObject, path: Path, items: JsonObject | None = None) -> Finding | None:
    """Say that a value is not of its schema's type; `items` is that of a list's items, where known."""
    kinds = types_of(node)
    kind = type_of(value)
    if not kinds or kind in kinds or (kind == "integer" and "number" in kinds):
        return None
    found = no_type(value, kinds, path)
    if _is_named_list(value, items or {}):
        return replace(found, hint="Write each on a line of its own: - {name: NAME, value: VALUE}.")
    return replace(found, hint=f"Write {{{key}: {value}}}.") if (key := _text_key(value, node)) else found


def _is_named_list(value: JsonValue, items: JsonObject) -> bool:
    """Whether names and their values stand as a map where a list of them is wanted, as environment variables do."""
    known = items.get("properties")
    return isinstance(value, dict) and isinstance(known, dict) and {"name", "value"} <= known.keys() - value.keys()


def _text_key(value: JsonValue, node: JsonObject) -> str:
    """Return the one field of a map that takes a text, where such a text stands in place of the map; else blank."""
    properties = node.get("properties")
    if not isinstance(value, str) or {*types_of(node)} - {"null"} != {"object"} or not isinstance(properties, dict):
        return ""
    keys = [key for key, own in properties.items() if isinstance(own, dict) and "string" in types_of(own)]
    return keys[0] if len(keys) == 1 and re.fullmatch(r"[\w./-]+", value) else ""


def no_type(value: JsonValue, kinds: Sequence[str], path: Path) -> Finding:
    """Report a value of none of the types."""
    wanted = [_NAMES[kind] for kind in dict.fromkeys(kinds) if kind != "null"]
    if "number" in kinds and "integer" in kinds:
        wanted.remove(_NAMES["integer"])
    allowed = " or ".join(wanted) or _NAMES["null"]
    seen = f"{_NAMES[type_of(value)]}: {quote(value)}" if value is not None else "null"
    return Finding(
        rule="schema/wrong-type",
        path=path,
        message=f"must be {allowed}, not {_NAMES[type_of(value)]}",
        hint=_type_hint(value, kinds),
        seen=seen,
        allowed=allowed,
        fix=_fix_type(value, kinds, path),
    )


def _fix_type(value: JsonValue, kinds: Sequence[str], path: Path) -> Fix | None:
    """Take the quotes off a number or a truth value, or put them around one; what else was meant is not certain."""
    if isinstance(value, str):
        if {"integer", "number"} & set(kinds) and re.fullmatch(r"-?(0|[1-9][0-9]{0,14})", value):
            return Fix(FixChange.REPLACE, path, int(value))
        if "boolean" in kinds and value in {"true", "false"}:
            return Fix(FixChange.REPLACE, path, value == "true")
    elif isinstance(value, bool | int | float) and "string" in kinds:
        return Fix(FixChange.QUOTE, path)
    return None


def _type_hint(value: JsonValue, kinds: Sequence[str]) -> str:
    if value is None:
        return "Give a value, or leave the field out."
    if isinstance(value, str):
        hint = _text_hint(value, kinds)
    elif isinstance(value, bool | int | float) and "string" in kinds:
        hint = f'Quote it: "{json.dumps(value)}".'
    else:
        hint = ""
    return hint or _container_hint(value, kinds)


def _text_hint(value: str, kinds: Sequence[str]) -> str:
    if {"integer", "number"} & set(kinds) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return f"Write {value} without quotes."
    if {"integer", "number"} & set(kinds):
        return "Write a number in digits, such as 2."
    if "boolean" in kinds and value.lower() in {"true", "false", "yes", "no", "on", "off"}:
        return "Write true or false without quotes."
    return ""


def _container_hint(value: JsonValue, kinds: Sequence[str]) -> str:
    if "object" in kinds and "array" not in kinds and isinstance(value, list):
        return "Take the dashes away: each entry is its name, a colon and its words below."
    if "array" in kinds and isinstance(value, dict):
        return "Put a dash before the first field: a list is wanted, of which this is one item."
    if "array" in kinds:
        return f"Write a list: [{quote(value)}]."
    if "object" in kinds:
        return "Write fields, as in `name: value`."
    return ""


def unknown_field(key: str, path: Path, *, hint: str = NO_ADVICE, allowed: str = "") -> Finding:
    """Report a field that the map at a path may not have."""
    return Finding(
        rule="schema/unknown-field",
        path=(*path, key),
        message=f"unknown field {quote(key)}",
        hint=hint,
        seen=key,
        allowed=allowed,
        at_key=True,
    )


def missing_field(name: str, path: Path, *, because: str = "", one_of: str = "") -> Finding:
    """Report a field that the map at a path must have; `because` of another one, `one_of` the values that it takes."""
    return Finding(
        rule="schema/missing-field",
        path=path,
        message=f"the field {quote(name)} is missing" + (f" because {quote(because)} is set" if because else ""),
        hint=f"Add `{name}`{one_of}.",
        allowed=name,
        at_key=True,
    )


def check(value: JsonValue, node: JsonObject, path: Path) -> Iterator[Finding]:
    """Say what keeps a value of the right type from fitting."""
    if "enum" in node or "const" in node:
        yield from _values(value, node, path)
    if isinstance(value, str) and isinstance(pattern := node.get("pattern"), str):
        yield from _form(value, pattern, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(value, node, path)
    yield from _size(value, node, path)
    if isinstance(value, list) and node.get("uniqueItems"):
        yield from _repeated(value, path)


def form_of(pattern: str) -> str:
    """Say a pattern in words; blank for one that nobody has put into words."""
    return next((words for start, words in _FORMS.items() if pattern.startswith(start)), "")


def _form(value: str, pattern: str, path: Path) -> Iterator[Finding]:
    try:
        if regexp_matches(pattern, value):
            return
    except RegexpError as problem:  # the API server refuses every value then, in these words
        message = f"{quote(value)} should match '{pattern}, but pattern is invalid: {problem}'"
        hint = "Mend the pattern in the schema."
        yield Finding(rule="schema/pattern", path=path, message=message, seen=quote(value), hint=hint)
        return
    form = form_of(pattern) or f"text that matches {pattern}"
    message = f"{quote(value)} is not {form}"
    is_amount = form in (_FORMS[_QUANTITY], _FORMS[_AMOUNT])
    certainly = _certain_quantity(value) if is_amount else ""
    fix = Fix(FixChange.REPLACE, path, certainly) if certainly and regexp_matches(pattern, certainly) else None
    hint = f"Write {certainly}." if fix is not None else _meant_quantity(value) if is_amount else ""
    yield Finding(
        rule="schema/pattern", path=path, message=message, seen=quote(value), allowed=form, hint=hint, fix=fix
    )


def _certain_quantity(value: str) -> str:
    """Write a quantity as Kubernetes does, where blanks, letters' case or a B after Gi are all that is wrong with it.

    2GB is none of these: many write it for 2Gi.
    """
    plain = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtpe])i(?:b|B)?|([munkMGTPE]?))\s*", value, re.IGNORECASE)
    if plain is None:
        return ""
    number, binary, decimal = plain.groups()
    if binary:
        return f"{number}{binary.upper()}i"
    return f"{number}{decimal}" if decimal in {*"munkMGTPE", ""} else ""


def _meant_quantity(value: str) -> str:
    """Return the quantity that a size in bytes stands for, as people write it elsewhere; blank for other texts."""
    size = re.fullmatch(r"\s*([0-9.]+)\s*([kmgtp])i?b?\s*", value, re.IGNORECASE)
    if size is None:
        return ""
    unit = size[2].upper()
    return f"Did you mean {size[1]}{unit}i, or {size[1]}{'k' if unit == 'K' else unit}?"


def _values(value: JsonValue, node: JsonObject, path: Path) -> Iterator[Finding]:
    listed = node.get("enum")
    allowed = [node["const"]] if "const" in node else listed if isinstance(listed, list) else []
    if any(_same(value, one) for one in allowed):
        return
    words = [one if isinstance(one, str) else json.dumps(one) for one in allowed if one is not None]
    near = close(value, words) if isinstance(value, str) else ""
    texts = [one for one in allowed if isinstance(one, str)]
    meant = certain(value, texts) if isinstance(value, str) else ""
    yield Finding(
        rule="schema/not-allowed",
        path=path,
        message=f"{quote(value)} is not one of the values that may stand here"
        if len(words) > 1
        else f"must be {listing(words)}",
        hint=f"Did you mean {near}?" if near else "",
        seen=quote(value),
        allowed=listing(words),
        fix=Fix(FixChange.REPLACE, path, meant) if meant else None,
    )


def _range(value: float, node: JsonObject, path: Path) -> Iterator[Finding]:
    low, high = node.get("minimum"), node.get("maximum")
    over, under = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    step = node.get("multipleOf")
    bounds = [
        (f"at least {low}", isinstance(low, int | float) and value < low),
        (f"at most {high}", isinstance(high, int | float) and value > high),
        (f"more than {over}", isinstance(over, int | float) and value <= over),
        (f"less than {under}", isinstance(under, int | float) and value >= under),
        (f"a multiple of {step}", isinstance(step, int | float) and not isclose(value / step, round(value / step))),
    ]
    for allowed, broken in bounds:
        if broken:
            yield Finding(
                rule="schema/out-of-range",
                path=path,
                message=f"{_as_go(value)} is not {allowed}",
                seen=_as_go(value),
                allowed=allowed,
                hint=_no_room(value, node),
            )


def _no_room(value: float, node: JsonObject) -> str:
    """Say that it is a format that has no room for a number: the bounds that a schema states then are its ends."""
    form = str(node.get("format"))
    if form not in _BITS or -(2 ** (_BITS[form] - 1)) <= value < 2 ** (_BITS[form] - 1):
        return ""
    return f"Go says: cannot unmarshal number {_as_go(value)} into a field of type {form}."


def _as_go(number: float) -> str:
    """Write a number as Go's encoding/json does: whole ones in full, as far as it goes."""
    if isinstance(number, int) or abs(number) >= _IN_FULL or not number.is_integer():
        return str(number)
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def _size(value: JsonValue, node: JsonObject, path: Path) -> Iterator[Finding]:
    for kind, low_word, high_word, what in _SIZES:
        if not isinstance(value, kind):
            continue
        size, low, high = len(value), node.get(low_word), node.get(high_word)
        words = what if size != 1 else {"entries": "entry"}.get(what, what[:-1])
        if isinstance(low, int) and size < low:
            allowed = f"at least {low}"
        elif isinstance(high, int) and size > high:
            allowed = f"at most {high}"
        else:
            continue
        message = (
            f"has {size} {words}, {allowed} are needed"
            if allowed.startswith("at least")
            else f"has {size} {words}, {allowed} may be"
        )
        yield Finding(rule="schema/wrong-length", path=path, message=message, seen=f"{size} {words}", allowed=allowed)


def _repeated(value: JsonArray, path: Path) -> Iterator[Finding]:
    for index, item in enumerate(value):
        first = next((place for place in range(index) if _same(value[place], item)), None)
        if first is not None:
            yield duplicate(path, index, first, quote(item))


def duplicate(path: Path, index: int, first: int, what: str) -> Finding:
    """Report an item that stands twice in a list of distinct items."""
    return Finding(
        rule="schema/duplicate-item",
        path=(*path, index),
        message=f"{what} stands twice, first at [{first}]",
        hint="Leave one of them out.",
        seen=what,
        allowed="each item once",
    )


def _same(left: JsonValue, right: JsonValue) -> bool:
    """Compare as JSON does: 1 is 1.0, but true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    return left == right


def _either(names: str) -> str:
    return " or ".join(f"`{name}`" for name in names.split(", "))


def join_misnamed(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Make one finding of the only field that a map lacks and the only unknown one that it has: that is misnamed.

    Not where advice says that the unknown one was meant to be another. For files that are refused for either.
    """
    lacking, strange = _only_ones("schema/missing-field", findings), _only_ones("schema/unknown-field", findings)
    joined: dict[int, Finding | None] = {}
    for path, missing in lacking.items():
        name, other = missing.allowed, strange.get(path)
        if other is not None and other.hint in {NO_ADVICE, f"Did you mean `{name}`?"}:
            joined[id(missing)] = None
            joined[id(other)] = replace(other, hint=f"Did you mean {_either(name)}? That field is missing here.")
    told = (joined.get(id(finding), finding) for finding in findings)
    return tuple(finding for finding in told if finding is not None)


def _only_ones(rule: str, findings: tuple[Finding, ...]) -> dict[Path, Finding]:
    """Return by the path of a map the finding of a rule about its fields, where there is just one."""
    found: dict[Path, list[Finding]] = {}
    for finding in findings:
        if finding.rule == rule:
            path = finding.path if rule == "schema/missing-field" else finding.path[:-1]
            found.setdefault(path, []).append(finding)
    return {path: own[0] for path, own in found.items() if len(own) == 1}
