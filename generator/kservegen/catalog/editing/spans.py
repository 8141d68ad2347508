"""The text of a YAML file in; every value with the characters that it stands in out, for edits of these alone."""

from __future__ import annotations

from typing import Final, TypeAlias

import yaml
from msgspec import Struct, field
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_BLOCK_TEXT: Final = ("|", ">")


class TextSpan(Struct, frozen=True, kw_only=True, eq=False):
    """A value: where it begins, and where its last character ends, blanks and comments after it left out."""

    start: int
    end: int


class ScalarSpan(TextSpan, frozen=True, kw_only=True, eq=False):
    """A scalar; `style` is its quote, `|` or `>`, blank for a plain one."""

    style: str


class Container(TextSpan, frozen=True, kw_only=True, eq=False):
    """A map or a list, in flow style (`{…}`, `[…]`) or as a block; items of a list are named by number."""

    flow: bool
    is_map: bool
    items: dict[str | int, Item] = field(default_factory=dict)


class Item(Struct, frozen=True, kw_only=True, eq=False):
    """An entry of a map, from its key on, or an item of a list, from its value on; `column` is that of its start.

    `key_end` is where the key of an entry ends; 0 for an item of a list.
    """

    start: int
    column: int
    value: Value
    key_end: int = 0


Value: TypeAlias = ScalarSpan | Container


def spans(text: str) -> Container:
    """Find the values of a file that was read without a finding: its root is a map, and nothing is shared."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    root = _value(yaml.compose(text, Loader=loader), text)
    assert isinstance(root, Container)  # noqa: S101 - the strict reader took it
    return root


def _value(node: Node | None, text: str) -> Value:
    if isinstance(node, MappingNode):
        entries = {
            key.value: Item(
                start=key.start_mark.index,
                column=key.start_mark.column,
                value=_value(value, text),
                key_end=key.end_mark.index,
            )
            for key, value in node.value
        }
        return _container(node, entries, is_map=True)
    if isinstance(node, SequenceNode):
        values = [_value(value, text) for value in node.value]
        items: dict[str | int, Item] = {
            number: Item(start=value.start, column=child.start_mark.column, value=value)
            for number, (value, child) in enumerate(zip(values, node.value, strict=True))
        }
        return _container(node, items, is_map=False)
    assert isinstance(node, ScalarNode)  # noqa: S101 - there is no other node
    start, end, style = node.start_mark.index, node.end_mark.index, node.style or ""
    if style in _BLOCK_TEXT:  # the parser ends it where the next token begins
        end = start + len(text[start:end].rstrip(" \t\r\n"))
    return ScalarSpan(start=start, end=end, style=style)


def _container(node: MappingNode | SequenceNode, items: dict[str | int, Item], *, is_map: bool) -> Container:
    flow = bool(node.flow_style)
    end = node.end_mark.index if flow or not items else next(reversed(items.values())).value.end
    return Container(start=node.start_mark.index, end=end, flow=flow, is_map=is_map, items=items)
