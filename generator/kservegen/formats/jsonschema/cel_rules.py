"""A schema in; its CEL rules (`x-kubernetes-validations`) and the places where they stand out."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.jsonschema.shape import Shape

# The text that a schema with rules holds, whatever its layout: looked for before anything is read.
KEYWORD: Final = "x-kubernetes-validations"
FAILED: Final = "schema/cel-rule"
UNSUPPORTED: Final = "schema/cel-unsupported"

_STEP: Final = lazy_pattern(r"\.(?P<name>[^.\[\]']+)|\['(?P<quoted>(?:\\.|[^'\\])*)'\]")
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class CelRule(Struct, frozen=True, kw_only=True):
    """One rule: an expression over `self` that must be true, and what the server says where it is not.

    `field` is the place, below the rule's own, that the server's error names (`fieldPath`).
    """

    expression: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field: Path = ()
    optional_old_self: bool = False


class RuleNode(Struct, frozen=True):
    """The rules of one place of a schema, with what the schema says there."""

    rules: tuple[CelRule, ...]
    node: JsonObject


def rules_of(node: JsonObject, _: Shape) -> RuleNode | None:
    """Read the rules that stand at a place; None: there are none."""
    written = node.get(KEYWORD)
    rules = tuple(_rule(item) for item in written if isinstance(item, dict)) if isinstance(written, list) else ()
    return RuleNode(rules, node) if rules else None


def _rule(item: JsonObject) -> CelRule:
    return CelRule(
        expression=_text(item.get("rule")),
        message=_text(item.get("message")),
        message_expression=_text(item.get("messageExpression")),
        reason=_text(item.get("reason")),
        field=field_path(_text(item.get("fieldPath"))),
        optional_old_self=item.get("optionalOldSelf") is True,
    )


def _text(value: JsonValue) -> str:
    return value.strip() if isinstance(value, str) else ""


def field_path(text: str) -> Path:
    """Read a rule's `fieldPath`: `.spec.name`, `.metadata['a.b']`."""
    return tuple(match["name"] or _unescaped(match["quoted"] or "") for match in _STEP.finditer(text))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)
