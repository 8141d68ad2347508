"""kubeconform's words about a document in, our findings out: rule ids, paths, and the value that was seen.

It prints the tree of its schema library's errors on one line, a node as `- at '/json/pointer': what is wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kservegen.core.diagnostics import Finding
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.jsonschema import limits
from kservegen.formats.jsonschema.suggestions import quote

_NODE: Final = lazy_pattern(r"- at '([^']*)': (.*?)(?=\s+- at '|\Z)", re.DOTALL)
_INNER: Final = lazy_pattern(r"validation failed|'(allOf|anyOf|oneOf)' failed.*|.*doesn't validate with .*")
_QUOTED: Final = lazy_pattern(r"'((?:[^'\\]|\\.)*)'")
# What a message begins with or holds -> the rule that says the same; the first that fits counts.
_RULES: Final = (
    (lazy_pattern(r"got \w+, want "), "schema/wrong-type"),
    (lazy_pattern(r"value must be "), "schema/not-allowed"),
    (lazy_pattern(r"(exclusiveM|m)(inimum|aximum): "), "schema/out-of-range"),
    (lazy_pattern(r"'.*' does not match pattern ", re.DOTALL), "schema/pattern"),
    (lazy_pattern(r"'.*' is not valid ", re.DOTALL), "schema/pattern"),
    (lazy_pattern(r"(min|max)(Length|Items|Properties): "), "schema/wrong-length"),
    (lazy_pattern(r"items at \d+ and \d+ are equal"), "schema/duplicate-item"),
)


def read_message(message: str, document: JsonValue) -> tuple[Finding, ...]:
    """Turn what kubeconform says of a document into findings; never empty, for it did refuse it."""
    nodes = [(_path(pointer, document), " ".join(what.split())) for pointer, what in _NODE.findall(message)]
    leaves = [(path, what) for path, what in nodes if not _INNER.fullmatch(what)]
    found = [finding for path, what in leaves for finding in _finding(path, what, document)]
    return tuple(dict.fromkeys(found)) or (
        Finding(rule="schema/one-of", path=(), message=f"kubeconform: {' '.join(message.split())}"),
    )


def _finding(path: Path, what: str, document: JsonValue) -> Iterator[Finding]:
    if what.startswith("additional propert"):
        yield from (limits.unknown_field(key, path) for key in _QUOTED.findall(what))
        return
    if what.startswith("missing propert"):
        yield from (limits.missing_field(key, path) for key in _QUOTED.findall(what))
        return
    rule = next((rule for pattern, rule in _RULES if pattern.match(what)), "schema/one-of")
    allowed = ", ".join(_QUOTED.findall(what)) if rule == "schema/not-allowed" else ""
    yield Finding(rule=rule, path=path, message=what, seen=quote(value_at(document, path)), allowed=allowed)


def _path(pointer: str, document: JsonValue) -> Path:
    """Read a JSON pointer; whether a number is a list's index or a map's key, the document says."""
    path: list[str | int] = []
    value = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdecimal():
            path.append(int(name))
            value = value[int(name)] if int(name) < len(value) else None
        else:
            path.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(path)
