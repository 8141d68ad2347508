"""Findings of an environment in; as few waivers as cover them, and cover nothing else, out, as words for its file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from kservegen.catalog.resolve import Entry
from kservegen.catalog.sections import MODEL_SECTIONS
from kservegen.checks.waivers.model import is_waivable
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.document import text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern

# A longer promise is none: nobody remembers it.
LONGEST: Final = 180
_WEEK: Final = 7
_NAMED: Final = 3  # so many entries fit in a line
_UNNAMEABLE: Final = lazy_pattern(r"[^A-Za-z0-9]+")

# The keys that each rule found something at.
_Found: TypeAlias = Mapping[str, frozenset[str]]


class NewWaiver(Struct, frozen=True, kw_only=True):
    """Who answers, why, and for how many days from `since` on at most. A blank owner: whoever owns the models."""

    owner: str
    reason: str
    since: date
    days: int

    def expires(self, number: int) -> date:
        """Return the last day of one of several waivers: weeks apart, between half of the time and all of it.

        What ends on one day has to be mended on one day. A time of less than two weeks is parted by days.
        """
        room = self.days // 2
        step = _WEEK if room >= _WEEK else 1
        return self.since + timedelta(days=self.days - number % (room // step + 1) * step)


class _Block(NamedTuple):
    """Rules and keys of which every rule found something at every key."""

    rules: tuple[str, ...]
    keys: tuple[str, ...]


def promise(*, owner: str, reason: str, ttl: str, today: date) -> NewWaiver:
    """Make a promise that runs for `ttl` (30d, 8w); GeneratorError for one that is no time, or too long."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})([dw])", ttl)
    if match is None:
        raise GeneratorError(f"{ttl} is not a time to live", subject="--ttl", hint="Write days or weeks: 30d, 8w.")
    days = int(match[1]) * (7 if match[2] == "w" else 1)
    if days > LONGEST:
        raise GeneratorError(f"{ttl} is longer than a waiver may run", subject="--ttl", hint=f"At most {LONGEST}d.")
    return NewWaiver(owner=owner, reason=reason, since=today, days=days)


def new_waivers(
    diagnostics: Iterable[Diagnostic], entries: Sequence[Entry], given: NewWaiver, taken: Collection[str]
) -> dict[Path, JsonValue]:
    """Return waivers for all that is an error and may be waived, under names that are free.

    One of several rules is for the models of one owner. GeneratorError where nobody is given who answers for a waiver,
    and an entry has no owner.
    """
    owners = {entry.key: text(entry.words.get("owner")) for entry in entries}
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for diagnostic in filter(_is_open, diagnostics):
        for key in diagnostic.entries:
            found[given.owner or owners.get(key, "")][diagnostic.rule].add(key)
    if "" in found:
        named = sorted({key for keys in found[""].values() for key in keys})
        raise GeneratorError(
            "a waiver needs somebody who answers for it, and nobody owns this",
            subject=", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""),
            hint="Add --owner NAME, or an owner in the catalog.",
        )
    wanted: list[tuple[str, JsonObject]] = []
    names = set(taken)
    for owner, rules in sorted(found.items()):
        for block in _blocks({rule: frozenset(keys) for rule, keys in rules.items()}, owners.keys()):
            of_model = block.keys[0] in owners
            models: JsonObject = _models(block, entries) if of_model else {"budget": block.keys[0]}
            name = _free(_name(block, models, owner), names)
            names.add(name)
            words: JsonObject = {**_rules(block.rules), **models, "reason": given.reason, "owner": owner}
            wanted.append((name, words))
    return {
        ("waivers", name): {**words, "expires": given.expires(number).isoformat()}
        for number, (name, words) in enumerate(sorted(wanted, key=lambda item: item[0]))
    }


def _blocks(found: _Found, models: Collection[str]) -> Iterator[_Block]:
    """Return blocks that cover what was found; what is no key of a model is a budget, and has one of its own."""
    yield from _cover({rule: held for rule, keys in found.items() if (held := keys.intersection(models))})
    for rule, keys in sorted(found.items()):
        yield from (_Block((rule,), (name,)) for name in sorted(keys.difference(models)))


def _cover(found: _Found) -> list[_Block]:
    """Choose blocks that cover what was found and nothing else, the largest first, until nothing is left.

    The fewest of all would take time that grows with two to the power of rules; this one takes the block of each rule
    and of each key, and is seldom beyond by one. It is never beyond a block for each rule, or for each key.
    """
    by_key: defaultdict[str, set[str]] = defaultdict(set)
    for rule, keys in found.items():
        for key in keys:
            by_key[key].add(rule)
    together = {frozenset(rules) for rules in by_key.values()}
    candidates = {_block(found, keys) for keys in found.values()} | {
        _block(found, frozenset.intersection(*(found[rule] for rule in rules))) for rules in together
    }
    left = {(rule, key) for rule, keys in found.items() for key in keys}
    chosen: list[_Block] = []
    while left:
        best = min(candidates, key=lambda block: (-_new(block, left), len(block.rules) * len(block.keys), block))
        chosen.append(best)
        left.difference_update((rule, key) for rule in best.rules for key in best.keys)
    of_rules = sorted({_block(found, keys) for keys in found.values()})
    of_keys = [_Block(tuple(sorted(rules)), (key,)) for key, rules in sorted(by_key.items())]
    return min((_needed(blocks) for blocks in (chosen, of_rules, of_keys)), key=len)


def _block(found: _Found, keys: frozenset[str]) -> _Block:
    """Return the block of keys: with all rules that found something at each of them."""
    return _Block(tuple(sorted(rule for rule, at in found.items() if keys <= at)), tuple(sorted(keys)))


def _new(block: _Block, left: Collection[tuple[str, str]]) -> int:
    return sum((rule, key) in left for rule in block.rules for key in block.keys)


def _needed(chosen: Sequence[_Block]) -> list[_Block]:
    """Leave out blocks that later ones cover among them."""
    kept = list(chosen)
    for block in chosen:
        others = {(rule, key) for each in kept if each is not block for rule in each.rules for key in each.keys}
        if all((rule, key) in others for rule in block.rules for key in block.keys):
            kept.remove(block)
    return kept


def _rules(rules: tuple[str, ...]) -> JsonObject:
    return {"rule": rules[0]} if len(rules) == 1 else {"rules": list(rules)}


def _models(block: _Block, entries: Sequence[Entry]) -> JsonObject:
    """Choose keys by their owner or by namespaces, where that names just these; else one by one."""
    keys = frozenset(block.keys)
    if len(keys) == 1:
        return {"model": block.keys[0]}
    models = [entry for entry in entries if entry.section in MODEL_SECTIONS]
    by_owner = _groups(models, lambda entry: text(entry.words.get("owner")))
    by_namespace = _groups(models, lambda entry: entry.namespace)
    owner = next((owner for owner, owned in sorted(by_owner.items()) if owner and owned == keys), None)
    if owner is not None:
        return {"models": {"owner": owner}}
    whole = {
        namespace: held for namespace, held in by_namespace.items() if namespace and len(held) > 1 and held <= keys
    }
    items = [f"{namespace}/*" for namespace in sorted(whole)]
    items += sorted(keys.difference(*whole.values()))
    return {"models": items[0] if len(items) == 1 else [*items]}


def _groups(entries: Iterable[Entry], by: Callable[[Entry], str]) -> dict[str, frozenset[str]]:
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        groups[by(entry)].add(entry.key)
    return {name: frozenset(keys) for name, keys in groups.items()}


def _name(block: _Block, models: JsonObject, owner: str) -> str:
    """Name a waiver by its rules and what it is for; where that is a list, by who answers."""
    rules = block.rules[0].partition("/")[2] if len(block.rules) == 1 else f"{len(block.rules)}-rules"
    (chosen,) = models.values()
    of = chosen if isinstance(chosen, str) else owner
    return f"{rules}-{_UNNAMEABLE.sub('-', of).strip('-')}"


def _is_open(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR and diagnostic.waived is None and is_waivable(diagnostic)


def _free(name: str, taken: Collection[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate
