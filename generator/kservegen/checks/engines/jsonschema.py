"""The engine `jsonschema`: objects in, the errors of the Python library of that name as our findings out.

A second opinion on the same schemas by code that shares none with ours: slow, pure Python, and the specification's
reference in most test suites. It is handed objects as the API server sees them (`formats/jsonschema/decode.py`); what
no JSON Schema says, keys of list items that must differ and CEL rules, is added by our own code, as for kubeconform.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema import limits
from kservegen.formats.jsonschema.decode import as_decoded
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.jsonschema.suggestions import quote
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.regexp import RegexpError, regexp_matches

if TYPE_CHECKING:
    from jsonschema.protocols import Validator as Draft

# The keyword that is broken -> the rule that says the same; any other is `schema/one-of`.
_RULES: Final[dict[str | None, str]] = {
    "type": "schema/wrong-type",
    "enum": "schema/not-allowed",
    "const": "schema/not-allowed",
    "not": "schema/not-allowed",
    None: "schema/not-allowed",  # the schema `false`
    "pattern": "schema/pattern",
    "uniqueItems": "schema/duplicate-item",
    **dict.fromkeys("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split(), "schema/out-of-range"),
    **dict.fromkeys("minLength maxLength minItems maxItems minProperties maxProperties".split(), "schema/wrong-length"),
}
_LONGEST: Final = 200


class JsonschemaEngine(BuiltinEngine):
    """Checks objects one by one by the library; only `$ref` into the schema itself is followed."""

    def __init__(self, schemas: SchemaStore) -> None:
        super().__init__(schemas)
        self._drafts: dict[int, Draft] = {}

    def _check(self, validator: Validator, resource: Resource) -> tuple[Finding, ...]:
        draft = self._drafts.get(id(validator))
        if draft is None:
            draft = self._drafts[id(validator)] = _GoDraft7(validator.schema)
        errors = draft.iter_errors(as_decoded(resource.doc, validator.shape))
        findings = dict.fromkeys(finding for error in errors for finding in _findings(error))
        return validator.complete(resource.doc, tuple(findings))


def _pattern(_draft: Draft, pattern: str, value: object, _schema: JsonObject) -> Iterator[ValidationError]:
    """Match as Go does, in place of the library's Python patterns."""
    try:
        if not isinstance(value, str) or regexp_matches(pattern, value):
            return
    except RegexpError:
        pass
    yield ValidationError("does not match")


_GoDraft7: Final = extend(Draft7Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _findings(error: ValidationError) -> Iterator[Finding]:
    error = best_match([error]) or error  # of a combination, the error of the branch that was meant
    path = tuple(error.absolute_path)
    value, schema = cast("JsonValue", error.instance), mapping(cast("JsonValue", error.schema))
    keyword = cast("str | None", error.validator)
    if keyword == "additionalProperties" and schema[keyword] is False:
        # A schema of a kind has no patternProperties: Kubernetes does not take them.
        known = mapping(schema.get("properties"))
        for key in (key for key in mapping(value) if key not in known):
            yield limits.unknown_field(key, path)
    elif keyword == "required":
        for name in map(str, sequence(schema[keyword])):
            if name not in mapping(value):
                yield limits.missing_field(name, path)
    else:
        rule, message = _RULES.get(keyword, "schema/one-of"), error.message[:_LONGEST]
        yield from _in_our_words(keyword, value, schema, path) or (
            Finding(rule=rule, path=path, message=message, seen=quote(value)),
        )


def _in_our_words(keyword: str | None, value: JsonValue, schema: JsonObject, path: Path) -> tuple[Finding, ...]:
    """Say of one value what the engine that is built in says; empty where it has no words for it."""
    if keyword == "type":
        mistyped = limits.wrong_type(value, schema, path)
        return (mistyped,) if mistyped else ()
    return tuple(limits.check(value, {keyword: schema[keyword]}, path)) if keyword in schema else ()
