"""Templates in a merged spec: the spec in, the same with every action evaluated out, or what Go says is wrong.

KServe writes the merged object as JSON, executes that text once as a Go template and reads it again: so a double quote
within an action is escaped before it is read, and what an action writes must be fit to stand in a JSON text. Here each
text is evaluated by itself, which is the same unless an action that opens in one text ends in another: then the whole
is written and executed, as KServe does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.gotemplate.evaluate import evaluate_template
from kservegen.formats.gotemplate.functions import TemplateFunction
from kservegen.formats.gotemplate.nodes import TemplateNode
from kservegen.formats.gotemplate.parser import parse_template
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.values import GoStruct

# As Go writes JSON: safe within HTML.
_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_OPENS: Final = "{{"
_SCRIPT: Final = {"script"}


class RenderError(Exception):
    """The templates of a merged object cannot be executed, or what they write is no JSON."""


class _AcrossTexts(Exception):  # noqa: N818 - no failure: one text alone is no template
    pass


class TemplateRenderer:
    """Evaluates the templates of one service; parts with an identity in `plain` are known to have none."""

    def __init__(
        self, data: GoStruct, functions: Mapping[str, TemplateFunction], plain: frozenset[int] = frozenset()
    ) -> None:
        self._data = data
        self._functions = functions
        self._plain = plain
        self._written: dict[str, str] = {}

    def render(self, part: JsonObject) -> JsonObject:
        """Evaluate every text of a part; RenderError where Go would fail. What has no template is shared."""
        try:
            rendered = self._value(part)
        except _AcrossTexts:
            rendered = _with_words(self._at_once(part))
        return rendered if isinstance(rendered, dict) else part

    def first_failing(self, part: JsonValue) -> Path | None:
        """Return the path of the first text that cannot be evaluated; None where no one text is at fault."""
        if isinstance(part, str):
            try:
                self._value(part)
            except (RenderError, _AcrossTexts):
                return ()
        for key, item in _items(part):
            if (found := self.first_failing(item)) is not None:
                return (key, *found)
        return None

    def _value(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self._text(value) if _OPENS in value else value
        if id(value) in self._plain:
            return value
        if isinstance(value, dict):
            if value.keys() == _SCRIPT:
                return _with_words({"script": [self._value(word) for word in sequence(value["script"])]})
            found = {key: self._value(item) for key, item in value.items()}
            return found if any(found[key] is not item for key, item in value.items()) else value
        if isinstance(value, list):
            items = [self._value(item) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def _text(self, text: str) -> str:
        written = self._written.get(text)
        if written is None:
            written = self._written[text] = self._evaluated(text)
        return written

    def _evaluated(self, text: str) -> str:
        escaped = _escaped(text)
        template = _parsed(escaped)
        if template is None:
            raise _AcrossTexts
        out = evaluate_template(template, self._data, self._functions)
        if isinstance(out, TemplateFault):
            raise RenderError(f"failed to merge config: template: config: {out.message}")
        return out if out.isprintable() and '"' not in out and "\\" not in out else _unescaped(out)

    def _at_once(self, part: JsonObject) -> JsonObject:
        template = parse_template(_json(part))
        if not isinstance(template, TemplateNode):
            said = template.message if template is not None else "it is nested too deep"
            raise RenderError(f"failed to parse template config: template: config:1: {said}")
        out = evaluate_template(template, self._data, self._functions)
        if isinstance(out, TemplateFault):
            raise RenderError(f"failed to merge config: template: config: {out.message}")
        try:
            whole = json.loads(out)
        except (ValueError, RecursionError) as error:
            raise RenderError(f"failed to unmarshal config from template: {error}") from error
        return whole if isinstance(whole, dict) else {}


def plain_parts(value: JsonObject) -> frozenset[int]:
    """Return the identities of the maps and lists in a value that hold no template, for as long as the value lives."""
    found: set[int] = set()

    def is_plain(part: JsonValue) -> bool:
        if isinstance(part, str):
            return _OPENS not in part
        if isinstance(part, dict | list):
            items = part.values() if isinstance(part, dict) else part
            plain = [is_plain(item) for item in items]
            if all(plain):
                found.add(id(part))
            return id(part) in found
        return True

    is_plain(value)
    return frozenset(found)


def _items(value: JsonValue) -> Iterable[tuple[str | int, JsonValue]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _with_words(value: JsonValue) -> JsonValue:
    """Split the words of scripts anew: an action may write several of them, or none."""
    if isinstance(value, dict):
        if value.keys() == _SCRIPT:
            return {"script": list(" ".join(map(str, sequence(value["script"]))).split())}
        return {key: _with_words(item) for key, item in value.items()}
    return [_with_words(item) for item in value] if isinstance(value, list) else value


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).translate(_HTML)


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].translate(_HTML)


def _unescaped(text: str) -> str:
    try:
        read = json.loads(f'"{text}"')
    except ValueError as error:
        raise RenderError(f"failed to unmarshal config from template: {error}") from error
    return str(read)


# The texts of presets are the same in every service.
@lru_cache(maxsize=1024)
def _parsed(text: str) -> TemplateNode | None:
    template = parse_template(text)
    return template if isinstance(template, TemplateNode) else None
