"""How a server reads its command line: words in, what each flag is given and what is refused out.

Written after Python's argparse as vLLM's FlexibleArgumentParser and the servers of KServe use it; getopt_long (Triton),
TensorFlow's flag list and cxxopts (OpenVINO) differ by the switches of a `Grammar`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.servers.tables import Flag, FlagTable

_NEGATIVE: Final = lazy_pattern(r"-\d+|-\d*\.\d+")
VALUELESS: Final = frozenset({"bool", "switch"})
_OPTIMIZATION: Final = lazy_pattern(r"-O=?\d?")


class Word(Struct, frozen=True):
    """One word as the server gets it; not known where a part of it is filled in only when the server starts."""

    text: str
    is_known: bool = True


class Fault(StrEnum):
    """What can be wrong with a word."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    NO_VALUE = "no value"  # one is needed
    NEEDLESS_VALUE = "needless value"
    STRAY = "stray"  # a word that belongs to no flag
    JOINED = "joined"  # a flag and its value in one word


class Fumble(Struct, frozen=True):
    """A word that is not read as it was meant; `name` is the flag as it was spelt."""

    at: int
    fault: Fault
    name: str
    detail: str = ""


class Given(Struct, kw_only=True, eq=False):
    """A flag as it was given: `index` is that of its word, `value_index` that of the first word of its values.

    `key` is what stands behind the first dot, for settings in JSON.
    """

    flag: Flag
    spelt: str
    index: int
    value_index: int
    values: tuple[Word, ...] = ()
    is_negated: bool = False
    key: str = ""


class Reading(Struct):
    """Everything that was read, in the order of the words. `positionals` are indexes."""

    given: list[Given] = field(default_factory=list)
    positionals: list[int] = field(default_factory=list)
    fumbles: list[Fumble] = field(default_factory=list)


class Grammar(Struct, frozen=True):
    """What sets a server's reader apart.

    `converts` says that _ in names is read as -, `dots` that `--flag.key` sets a part of JSON, `eats_dashes` that a
    value may begin with a dash, `separate` that a value may stand in the next word.
    """

    converts: bool = False
    dots: bool = False
    eats_dashes: bool = False
    separate: bool = True
    abbreviates: bool = True


def read_words(words: Sequence[Word], table: FlagTable, grammar: Grammar) -> Reading:
    """Read a command line."""
    given = _all_joined(words, table, grammar)
    return _Reader(words, table, grammar).read() if given is None else Reading(given)


def _all_joined(words: Sequence[Word], table: FlagTable, grammar: Grammar) -> list[Given] | None:
    """Read a line of which each word is a flag with its value behind a =, as most are; None for any other."""
    flags, read = _joined_flags(table, grammar), []
    for index, word in enumerate(words):
        spelt, equals, value = word.text.partition("=")
        flag = flags.get(spelt)
        if flag is None or not equals:
            return None
        known = (Word(value, word.is_known),)
        read.append(Given(flag=flag, spelt=spelt, index=index, value_index=index, values=known))
    return read


@lru_cache(maxsize=64)
def _joined_flags(table: FlagTable, grammar: Grammar) -> dict[str, Flag]:
    """Return the flags to which a value may be joined, by spellings that are taken as they are."""
    odd = "_" * grammar.converts + "." * grammar.dots
    return {
        spelt: flag
        for spelt, flag in table.options.items()
        if spelt.startswith("--") and flag.kind not in VALUELESS and not any(mark in spelt for mark in odd)
    }


class _Meant(Struct, frozen=True):
    """An option word: the flags that it may mean, its spelling, what stands behind = and behind a dot."""

    flags: list[Flag]
    name: str
    value: str | None
    key: str = ""


class _Reader:
    def __init__(self, words: Sequence[Word], table: FlagTable, grammar: Grammar) -> None:
        self.words = words
        self.table = table
        self.grammar = grammar
        self.reading = Reading()
        self.meant = [self._meant(word.text) for word in words]
        end = next((i for i, word in enumerate(words) if word.text == "--"), len(words))
        for index in range(end, len(words)):
            self.meant[index] = None

    def read(self) -> Reading:
        index = 0
        while index < len(self.words):
            meant = self.meant[index]
            if meant is not None:
                index = self._option(index, meant)
                continue
            if self.words[index].text != "--":
                self._positional(index)
            index += 1
        return self.reading

    def _positional(self, index: int) -> None:
        word = self.words[index]
        flag, blank, _ = word.text.partition(" ")
        if blank and word.is_known and flag.startswith("--"):
            meant = self._meant(flag)
            if meant is not None and meant.flags:
                self.reading.fumbles.append(Fumble(index, Fault.JOINED, flag))
                return
        self.reading.positionals.append(index)

    def _option(self, index: int, meant: _Meant) -> int:
        if not meant.flags:
            self._fumble(index, Fault.UNKNOWN, meant.name)
            return index + 1
        if len(meant.flags) > 1:
            names = ", ".join(sorted(flag.name for flag in meant.flags))
            self._fumble(index, Fault.AMBIGUOUS, meant.name, names)
            return index + 1
        flag = meant.flags[0]
        negated = meant.name.startswith(("--no-", "--disable-")) and not flag.name.startswith(meant.name[:6])
        if flag.kind == "bool" and flag.name.startswith("--disable-") and meant.name.startswith("--enable-"):
            negated = True
        if meant.key:
            return self._dotted(index, meant, flag)
        values, after = self._values(index, meant, flag)
        given = Given(
            flag=flag,
            spelt=meant.name,
            index=index,
            value_index=index if meant.value is not None or not values else index + 1,
            values=values,
            is_negated=negated,
        )
        self.reading.given.append(given)
        return after

    def _dotted(self, index: int, meant: _Meant, flag: Flag) -> int:
        """Read --flag.key: without = the next word is the value, whatever it looks like."""
        at = index if meant.value is not None else index + 1
        if at >= len(self.words):
            self._fumble(index, Fault.NO_VALUE, f"{meant.name}.{meant.key}")
            return at
        text = meant.value if meant.value is not None else self.words[at].text
        value = Word(text, self.words[at].is_known)
        self.reading.given.append(
            Given(flag=flag, spelt=meant.name, index=index, value_index=at, values=(value,), key=meant.key)
        )
        return at + 1

    def _values(self, index: int, meant: _Meant, flag: Flag) -> tuple[tuple[Word, ...], int]:
        after = index + 1
        if meant.value is not None:
            if flag.kind in VALUELESS:
                self._fumble(index, Fault.NEEDLESS_VALUE, meant.name, meant.value)
                return (), after
            return (Word(meant.value, self.words[index].is_known),), after
        if not flag.takes_value and flag.kind != "optional-value":
            return (), after
        if not self.grammar.separate:
            if flag.kind == "value-equals":
                self._fumble(index, Fault.NO_VALUE, meant.name)
            return (), after
        last = len(self.words) if flag.kind == "list" else min(after + 1, len(self.words))
        end = after
        while end < last and (self.meant[end] is None or (self.grammar.eats_dashes and end == after)):
            end += 1
        if end == after and flag.takes_value:
            self._fumble(index, Fault.NO_VALUE, meant.name)
        return tuple(self.words[after:end]), end

    def _fumble(self, index: int, fault: Fault, name: str, detail: str = "") -> None:
        self.reading.fumbles.append(Fumble(index, fault, name, detail))

    def _meant(self, text: str) -> _Meant | None:
        """Say which flags a word may mean; None for one that is no flag (argparse's _parse_optional)."""
        if len(text) < 2 or text[0] != "-" or text == "--":
            return None
        options = self.table.options
        head, equals, value = text.partition("=")
        if text in options:
            return _Meant([options[text]], text, None)
        known = options.get(head) if equals and head.startswith("--") else None
        if (
            known is not None
            and not ("_" in head and self.grammar.converts)
            and not ("." in head and self.grammar.dots)
        ):
            return _Meant([known], head, value)  # as nearly all are written
        if self.grammar.converts and _OPTIMIZATION.fullmatch(text) and "--optimization-level" in options:
            level = text[2:].removeprefix("=")
            return _Meant([options["--optimization-level"]], "-O", level or None)
        name, key = head, ""
        if self.grammar.dots and head.startswith("--") and "." in head:
            name, _, key = head.partition(".")
        if self.grammar.converts and name.startswith("--"):
            name = name.replace("_", "-")
        found = self._flags(name)
        if found:
            return _Meant(found, name, value if equals else None, key)
        if not text.startswith("--") and text[:2] in options:
            return _Meant([options[text[:2]]], text[:2], text[2:].removeprefix("="))
        if _NEGATIVE.fullmatch(text) or " " in text:
            return None
        return _Meant([], head, value if equals else None)

    def _flags(self, name: str) -> list[Flag]:
        known = self.table.options.get(name)
        if known is not None:
            return [known]
        return abbreviated(self.table, name) if self.grammar.abbreviates and " " not in name else []


@lru_cache(maxsize=4096)
def abbreviated(table: FlagTable, name: str) -> list[Flag]:
    """Return the flags that a name is short for; a list that is not to be changed."""
    return list({flag.name: flag for option, flag in table.options.items() if option.startswith(name)}.values())
