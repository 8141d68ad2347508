"""The words of waivers and the entries of an environment in; which rules each covers, of which entries, out.

`models` is chosen by namespace and name, or by owner. A pattern takes in whatever it matches, later entries too; rules
are always ids, for one that is added later was nobody's choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

from msgspec import Struct

from kservegen.catalog.resolve import Entry, EntryName
from kservegen.catalog.sections import MODEL_SECTIONS
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

# What may be waived whatever it weighs; of KServe's facts only what is no error may. A defect of a release is nobody's
# choice, but whoever runs a build of their own knows better than its record.
CHOICES: Final = frozenset({"policy", "gpu", "budget", "defect"})
# A password that is known to everybody, of a stand-in for tests, is a choice, too.
CHOSEN: Final = frozenset({"catalog/plain-secret"})
_REQUIRED: Final = frozenset({"owner", "reason", "expires"})


class WaivedRule(Struct, frozen=True):
    """An id that a waiver names, and where, below the waiver's own words."""

    id: str
    path: Path


class WaivedSubject(Struct, frozen=True, kw_only=True):
    """What a waiver is for, as it is written, and where, below the waiver's own words.

    `keys` are the keys of the catalog that are meant. One that `is_exact` names a key, or a budget; any other is a
    pattern, or, with `is_owner`, the owner of the models.
    """

    written: str
    path: Path
    keys: frozenset[str]
    is_owner: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it names one thing, which has to be there."""
        return not self.is_owner and not is_pattern(self.written)

    @property
    def is_complete(self) -> bool:
        """Whether a pattern says both namespace and name; True of all else."""
        return self.is_owner or self.is_exact or self.written.count("/") == 1


class Waiver(Struct, frozen=True, kw_only=True, dict=True):
    """One waiver: its rules and what they are waived of. `expires` is None where the text is no day."""

    name: str
    rules: tuple[WaivedRule, ...]
    subjects: tuple[WaivedSubject, ...]
    owner: str
    reason: str
    expires: date | None

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of the catalog, and the budget, that the waiver is for."""
        return frozenset().union(*(subject.keys for subject in self.subjects))

    @cached_property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of its rules, each once."""
        return tuple(dict.fromkeys(rule.id for rule in self.rules))

    @cached_property
    def said(self) -> tuple[object, ...]:
        """What it says, whatever it is called and in whichever form: two that say the same are one."""
        subjects = frozenset((subject.written, subject.is_owner) for subject in self.subjects)
        return frozenset(self.rule_ids), subjects, self.owner, self.reason, self.expires

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is one that this waiver is for."""
        return (
            diagnostic.rule in self.rule_ids
            and not self.keys.isdisjoint(diagnostic.entries)
            and is_waivable(diagnostic)
        )


def is_waivable(diagnostic: Diagnostic) -> bool:
    """Whether a finding is a choice that somebody may answer for, rather than a fact."""
    area = diagnostic.rule.partition("/")[0]
    return (
        area in CHOICES or diagnostic.rule in CHOSEN or (area == "kserve" and diagnostic.severity is not Severity.ERROR)
    )


def read_waivers(
    words: JsonObject, entries: Iterable[Entry], owners: Mapping[EntryName, str] | None = None
) -> tuple[Waiver, ...]:
    """Read the `waivers` of an environment; what its schema refuses is left out.

    `owners` are those that count instead of the entries' own, where an entry has one there.
    """
    known = _Models([entry for entry in entries if entry.section in MODEL_SECTIONS])
    return tuple(
        Waiver(
            name=name,
            rules=tuple(_rules(waiver)),
            subjects=tuple(_subjects(waiver, known, owners or {})),
            owner=text(waiver.get("owner")),
            reason=text(waiver.get("reason")),
            expires=_day(text(waiver.get("expires"))),
        )
        for name, waiver in ((name, mapping(value)) for name, value in words.items())
        if waiver.keys() >= _REQUIRED and _is_understood(waiver)
    )


class _Models:
    """The models that waivers may name, found by what they are called and, at the first pattern, by namespace."""

    def __init__(self, models: Sequence[Entry]) -> None:
        self.all = models

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """The keys of the models of each namespace and name."""
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for model in self.all:
            found[model.namespace, model.name].append(model.key)
        return found

    @cached_property
    def by_namespace(self) -> Mapping[str, Sequence[Entry]]:
        """The models of each namespace."""
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for model in self.all:
            found[model.namespace].append(model)
        return found


def _is_understood(waiver: JsonObject) -> bool:
    """Whether rules and models have a shape that the schema takes."""
    models, rules = waiver.get("models", ""), waiver.get("rules", [])
    owner = models.get("owner") if isinstance(models, dict) else "any"
    listed = models if isinstance(models, list) else [] if isinstance(models, dict) else [models]
    return (
        not waiver.keys().isdisjoint(("rule", "rules"))
        and isinstance(rules, list)
        and all(isinstance(item, str) for item in (*rules, *listed, owner))
        and owner != ""
    )


def _rules(words: JsonObject) -> Iterator[WaivedRule]:
    if "rule" in words:
        yield WaivedRule(text(words["rule"]), ("rule",))
    for index, rule in enumerate(sequence(words.get("rules"))):
        yield WaivedRule(text(rule), ("rules", index))


def _subjects(words: JsonObject, entries: _Models, owners: Mapping[EntryName, str]) -> Iterator[WaivedSubject]:
    models = words.get("models")
    single = text(words.get("model")) or text(words.get("budget"))
    if single or not models:
        yield WaivedSubject(written=single, path=("model",), keys=frozenset({single}))
    if isinstance(models, dict):
        yield _of_owner(text(models.get("owner")), entries.all, owners)
    elif isinstance(models, list):
        yield from (_named(item, ("models", index), entries) for index, item in enumerate(models))
    elif models:
        yield _named(models, ("models",), entries)


def _of_owner(owner: str, entries: Iterable[Entry], owners: Mapping[EntryName, str]) -> WaivedSubject:
    own = (
        entry.key
        for entry in entries
        if owners.get((entry.section, entry.key), text(entry.words.get("owner"))) == owner
    )
    return WaivedSubject(written=owner, path=("models", "owner"), keys=frozenset(own), is_owner=True)


def _named(item: JsonValue, path: Path, entries: _Models) -> WaivedSubject:
    written = text(item)
    namespace, _, name = written.partition("/")
    if not is_pattern(written):
        places = entries.by_place.get((namespace, name), ())
        return WaivedSubject(written=written, path=path, keys=frozenset({written, *places}))
    keys = frozenset(
        entry.key
        for place, held in entries.by_namespace.items()
        if fnmatchcase(place, namespace)
        for entry in held
        if fnmatchcase(entry.name, name)
    )
    return WaivedSubject(written=written, path=path, keys=keys)


def is_pattern(written: str) -> bool:
    """Whether a text names whatever matches it rather than one thing."""
    return not frozenset("*?[").isdisjoint(written)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
