"""Shell scripts of containers: a text in, the words of its lines that start a server out."""

from __future__ import annotations

from typing import Final

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern

# A text of several lines that is longer is a script; what is shorter is a command or a config and stands as it is.
_LONGEST_COMMAND: Final = 200
_STARTS: Final = ("vllm serve", "-m huggingfaceserver", "ray start")
_BLANKS: Final = lazy_pattern(r"\s+")
_LISTS: Final = frozenset({"command", "args"})


def shorten_scripts(value: JsonValue) -> JsonValue:
    """Copy a value with the scripts in `command` and `args` as {"script": words}, however deep they stand."""
    if isinstance(value, dict):
        return {
            key: [_shortened(item) for item in item_list] if key in _LISTS and isinstance(item_list, list) else other
            for key, item_list in value.items()
            for other in (shorten_scripts(item_list),)
        }
    return [shorten_scripts(item) for item in value] if isinstance(value, list) else value


def script_words(script: str) -> list[JsonValue]:
    """Return the words of a script's lines that start a server."""
    words: list[JsonValue] = []
    for line in script.replace("\\\n", " ").split("\n"):
        if any(start in line for start in _STARTS):
            plain = _BLANKS.sub(" ", line).strip().replace("eval ", "").strip("\"'")
            words += plain.strip().split(" ")
    return words


def _shortened(item: JsonValue) -> JsonValue:
    if not isinstance(item, str) or "\n" not in item or len(item) <= _LONGEST_COMMAND:
        return item
    script: JsonObject = {"script": script_words(item)}
    return script
