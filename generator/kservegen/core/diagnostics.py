"""What a run has to say: findings about documents, and the diagnostics that people read.

A check speaks in document paths (`Finding`); one function, elsewhere, turns the path into the line that a
human edits (`Diagnostic`). Everything here is a value: frozen, comparable, free of side effects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import ResourceId
from kservegen.core.secret_data import data_path, holds_data, is_about_secret, long_words, repeats, words_in_quotation
from kservegen.core.secrets import HIDDEN, is_secret_under, mask_text


class Severity(StrEnum):
    """How much a finding weighs; never part of a rule's id."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for an error, growing as the weight falls."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class BaselineState(StrEnum):
    """What the base of a change says of a finding, in SARIF's words."""

    NEW = "new"
    UPDATED = "updated"  # the base has it, and it weighs less there or is waived
    UNCHANGED = "unchanged"


class Location(Struct, frozen=True, order=True):
    """A place in a file that a human edits: path relative to the root, 1-based line and column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def is_in_line_of(self, other: Location) -> bool:
        """Whether both stand in one line, which a report shows in any case."""
        return (self.file, self.line) == (other.file, other.line)


class Related(Struct, frozen=True):
    """Another place that a reader needs to see to understand a diagnostic."""

    message: str
    location: Location


class Counterpart(Struct, frozen=True):
    """The other of two values that contradict each other, and `message`, which tells a reader what stands there.

    It stands at `path` of the object that `owner` names, None for the one that the finding is about. What nobody wrote
    there is a default: the message then ends with `default`, and what stands elsewhere is the environment's value at
    `setting`, if it has one.
    """

    path: Path
    message: str
    owner: ResourceId | None = None
    default: str = ""
    setting: Path = ()


class FixChange(StrEnum):
    """What a fix does to the words of a file."""

    RENAME = "rename"  # the key gets another name
    REPLACE = "replace"  # the value becomes another one
    QUOTE = "quote"  # the value stays as it is written, as text


class Fix(Struct, frozen=True):
    """A change of one place of a file after which the finding is gone, where there is no doubt what was meant.

    `path` is that of the key or value, `value` its new name or value; blank for a value that is quoted. `file` is blank
    until it is known.
    """

    change: FixChange
    path: Path
    value: str | int | float | bool = ""
    file: str = ""


class FindingPlace(Struct, frozen=True):
    """One of the places where a finding stands, and the words that lead there.

    `entries` are the keys of the catalog that say so in the `environments`.
    """

    location: Location
    path: str = ""
    environments: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """What a check found at `path` of the document it was handed.

    `at_key` asks for the position of the key instead of its value (an unknown field, a missing neighbour). `cause`
    names what is to be mended where that is not the word at `path` (a profile that is not there): findings of a rule
    with the same cause are one, however many words lead to it. `other` is the value that the one at `path` contradicts,
    `promise` what is missing, as prerequisites name it: whoever knows that it is there can say so. `fix` mends the
    document itself.
    """

    rule: str
    path: Path
    message: str
    hint: str = ""
    seen: str = ""
    allowed: str = ""
    severity: Severity | None = None  # None: the rule's own
    at_key: bool = False
    cause: str = ""
    other: Counterpart | None = None
    promise: str = ""
    fix: Fix | None = None

    def at(self, location: Location, path: Path, default: Severity = Severity.ERROR) -> Diagnostic:
        """Return the finding at a line; `path` is what people know it by, `default` the weight of its rule."""
        return Diagnostic(
            rule=self.rule,
            severity=self.severity or default,
            message=self.message,
            location=location,
            path=format_path(path),
            hint=self.hint,
            seen=self.seen,
            allowed=self.allowed,
            cause=self.cause,
            promise=self.promise,
        )


class Waived(Struct, frozen=True):
    """Who answers for a finding that is accepted for a time; `expires` is the last day, as year-month-day.

    `of_change` where the change that is judged brings the waiver itself.
    """

    waiver: str
    owner: str
    reason: str
    expires: str
    of_change: bool = False


LONGEST_TEXT: Final = 2000
NOT_REPEATED: Final = "what a Secret holds is refused here, and is not repeated"
_TEXTS: Final = ("message", "path", "hint", "seen", "allowed")


class Diagnostic(Struct, frozen=True, kw_only=True):
    """A finding at a line: what is wrong, what was seen, what is allowed, how to mend it.

    `entries` are the keys of the catalog that it is about, `subjects` the objects. `cause` is what `Finding` says;
    `places` are all places where it stands, `location` the first of them, and empty where that is the only one.
    `supersedes` are the rules that found the same mistake and say less about it. `promise` is what `Finding` says.
    `baseline` tells how it stands to the base of a change, None where there is none. `fixes` mend it, one a place.
    """

    rule: str
    severity: Severity
    message: str
    location: Location
    path: str = ""
    hint: str = ""
    seen: str = ""
    allowed: str = ""
    environments: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    waived: Waived | None = None
    cause: str = ""
    places: tuple[FindingPlace, ...] = ()
    supersedes: tuple[str, ...] = ()
    promise: str = ""
    baseline: BaselineState | None = None
    fixes: tuple[Fix, ...] = ()

    def __post_init__(self) -> None:
        """Cut what nobody would read: a finding may quote a value of any length."""
        for name in _TEXTS:
            value: str = getattr(self, name)
            if len(value) > LONGEST_TEXT:
                force_setattr(self, name, f"{value[:LONGEST_TEXT]}…")

    @property
    def sort_key(self) -> tuple[Location, int, str, str]:
        """Orders a report by place, then weight, then rule."""
        return (self.location, self.severity.rank, self.rule, self.message)

    @property
    def is_standing(self) -> bool:
        """Whether it stands on the base of the change, no lighter than here."""
        return self.baseline is BaselineState.UNCHANGED

    @property
    def everywhere(self) -> tuple[FindingPlace, ...]:
        """All places where it stands, at least one."""
        return self.places or (FindingPlace(self.location, self.path, self.environments, self.entries),)

    def apart(self) -> Iterator[Diagnostic]:
        """Say it once for each place, as if it stood nowhere else."""
        for place in self.everywhere:
            yield replace(
                self,
                location=place.location,
                path=place.path,
                environments=place.environments,
                entries=place.entries,
                places=(),
            )


class RuleMeta(Struct, frozen=True, kw_only=True):
    """The manual of a rule: what `explain RULE` and the generated documentation print.

    `title` is a statement without a period; `why` and `fix` are sentences. `bad` and `good` are YAML samples.
    `upstream` lists the ids of the project's table of KServe rules and the source that states the fact.
    """

    id: str
    title: str
    why: str
    fix: str
    bad: str = ""
    good: str = ""
    severity: Severity = Severity.ERROR
    upstream: tuple[str, ...] = ()


# A rule that says more about a mistake than others at the same place, or around it: those begin with one of the texts.
ECHOES: Final[Mapping[str, tuple[str, ...]]] = {
    "catalog/no-model-format": ("kserve/no-runtime",),
    "catalog/plain-secret": ("policy/no-plain-secrets",),
    "catalog/word-not-for-kind": ("schema/unknown-field",),
    "kubernetes/pod-security": ("policy/no-host-namespaces", "policy/no-host-path", "policy/no-privileged"),
    "yaml/ambiguous-scalar": ("schema/",),
}
# What a policy says of a value that it cannot look into.
_NO_ANSWER: Final = "resulted in error: "
# The same, at the very word, or one that it is related to, alone: what stands around may be another mistake.
SUPERSEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "defect/canary-format": ("kserve/no-runtime",),
    "defect/canary-without-route": ("defect/canary-autoscaler",),
    "gpu/parallelism": ("kserve/parallel-devices",),
    "kserve/hpa-metrics": ("kserve/idle-scaling",),
    "kserve/llm-router": ("defect/route-without-backend",),
    "kserve/llm-uri-syntax": ("kserve/download", "kserve/storage-uri"),
    "kserve/storage-uri": ("kserve/download",),
    "kubernetes/object-name": ("kserve/host-name-length",),
    "kubernetes/pod-security": ("policy/run-as-non-root",),
    "kubernetes/quantity-range": ("kserve/runtime-limits",),
    "schema/pattern": ("waiver/bad-date",),
    "owners/beyond-team": ("catalog/unknown-namespace", "owners/unknown-team"),
}
# What repeats the words of whoever refuses a made object; the law that says them of the written one says where.
_REFUSALS: Final = ("kserve/definition-refusal", "kserve/pod-refused", "kserve/reconcile", "kserve/webhook-refusal")


def merge_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort diagnostics, and say each thing once.

    The same rule saying the same at the same place becomes one diagnostic, with all its environments. Of two rules that
    found one mistake the more specific one stands for both. Then those of a rule that weigh the same and have one cause
    become one, with all their places. Merging again changes nothing.
    """
    items = sorted(map(_without_secrets, diagnostics), key=lambda item: item.sort_key)
    here = list(_grouped(items, lambda item: (item.rule, item.location, item.message, item.waived, item.is_standing)))
    told = _most_specific(here)
    return tuple(_grouped(told, lambda item: (item.rule, item.severity, item.waived, item.is_standing, _cause(item))))


def _cause(item: Diagnostic) -> Hashable:
    return item.cause or (item.location, item.message)


def _grouped(items: Iterable[Diagnostic], key: Callable[[Diagnostic], Hashable]) -> Iterator[Diagnostic]:
    """Join the diagnostics of one key, in the order in which the first of each comes."""
    groups: dict[Hashable, list[Diagnostic]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return map(_joined, groups.values())


def _joined(items: list[Diagnostic]) -> Diagnostic:
    """Say of all places what the first diagnostic says of its own."""
    first = items[0]
    if len(items) == 1:
        return first
    places = _places(items)
    return replace(
        first,
        environments=_union(item.environments for item in items),
        subjects=_union(item.subjects for item in items),
        entries=_union(item.entries for item in items),
        related=tuple(dict.fromkeys(related for item in items for related in item.related)),
        places=places if len(places) > 1 else (),
        supersedes=_union(item.supersedes for item in items),
        fixes=tuple(dict.fromkeys(fix for item in items for fix in item.fixes)),
    )


def _places(items: Iterable[Diagnostic]) -> tuple[FindingPlace, ...]:
    """List the places of diagnostics by location, each with all the words that lead there."""
    found: defaultdict[Location, list[FindingPlace]] = defaultdict(list)
    for item in items:
        for place in item.everywhere:
            found[place.location].append(place)
    return tuple(
        FindingPlace(
            location,
            same[0].path,
            _union(place.environments for place in same),
            _union(place.entries for place in same),
        )
        for location, same in sorted(found.items())
    )


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for each in names for name in each}))


def _most_specific(items: list[Diagnostic]) -> list[Diagnostic]:
    """Leave out what says less about a mistake than another diagnostic, which then names the rule.

    What is heavier or waived stays, and so does what is about other environments or objects.
    """
    at: defaultdict[Location, list[int]] = defaultdict(list)
    around: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        if item.rule in ECHOES or item.rule in SUPERSEDED or item.rule.startswith(("kubernetes/", "schema/wrong-type")):
            at[item.location].append(number)
        if item.rule in ECHOES:
            for above in _above(item.path):
                around[item.location.file, above].append(number)
    answers: dict[int, int] = {}
    for number, item in enumerate(items) if at else ():
        if item.waived is not None or item.places:
            continue
        beside = (*_at_words(at, item), *around.get((item.location.file, item.path), ()))
        found = next((other for other in beside if other != number and _says_more(items[other], item)), None)
        if found is not None:
            answers[number] = found
    if not answers:
        return items
    named: defaultdict[int, set[str]] = defaultdict(set)
    for number, answer in answers.items():
        while answer in answers:
            answer = answers[answer]  # noqa: PLW2901 - what says more may itself be said better
        named[answer].update((items[number].rule, *items[number].supersedes))
    return [
        replace(item, supersedes=tuple(sorted({*item.supersedes, *named[number]}))) if number in named else item
        for number, item in enumerate(items)
        if number not in answers
    ]


def _says_more(answer: Diagnostic, item: Diagnostic) -> bool:
    """Whether a diagnostic says of all that another one is about what that says; what names none is about all."""
    if item.severity.rank < answer.severity.rank or answer.waived is not None:
        return False
    if answer.is_standing and not item.is_standing:
        return False
    for mine, others in ((answer.environments, item.environments), (answer.subjects, item.subjects)):
        if mine and not set(others) <= set(mine):
            return False
    return _is_less(answer, item)


def _at_words(at: Mapping[Location, list[int]], item: Diagnostic) -> Iterator[int]:
    for location in _words(item):
        yield from at.get(location, ())


def _words(item: Diagnostic) -> Iterator[Location]:
    """Yield where a diagnostic stands, and what it is related to: a contradiction is of two words."""
    yield item.location
    for other in item.related:
        yield other.location


def _is_less(answer: Diagnostic, item: Diagnostic) -> bool:
    if item.rule.startswith(ECHOES.get(answer.rule, ())):
        return True
    if item.rule in SUPERSEDED.get(answer.rule, ()) and answer.location in _words(item):
        return True
    if item.location != answer.location:
        return False
    if answer.rule == "schema/wrong-type" and item.rule.startswith("policy/") and _NO_ANSWER in item.message:
        return True
    return item.rule in _REFUSALS and answer.rule.startswith("kubernetes/") and answer.message in item.message


def _above(path: str) -> Iterator[str]:
    """List the paths that lead to one, as people write them: a.b[0] for a.b[0].c."""
    for index, letter in enumerate(path):
        if letter in ".[" and index:
            yield path[:index]


def hide_data(item: Diagnostic, words: Iterable[str]) -> Diagnostic:
    """Leave out of a diagnostic what repeats a Secret's data, known by `words`; below the data all that may."""
    inside = is_about_secret(item.path, item.subjects)
    field = data_path(item.path) if inside else None
    if field is not None:
        words = {*words, *words_in_quotation(item.seen)}
        item = replace(item, path=field, seen=HIDDEN if item.seen else "")
    else:
        if holds_data(item.seen, is_secret=inside):
            words = {*words, *words_in_quotation(item.seen)}
            item = replace(item, seen=HIDDEN)
        words = long_words(words)  # elsewhere a short one may well be a word of its own
    words = tuple(words)
    if not words:
        return item
    return replace(
        item,
        message=NOT_REPEATED if repeats(item.message, words) else item.message,
        cause="" if repeats(item.cause, words) else item.cause,
        seen=HIDDEN if repeats(item.seen, words) else item.seen,
        allowed=HIDDEN if repeats(item.allowed, words) else item.allowed,
        hint="" if repeats(item.hint, words) else item.hint,
        related=tuple(
            replace(other, message=HIDDEN) if repeats(other.message, words) else other for other in item.related
        ),
    )


def _without_secrets(item: Diagnostic) -> Diagnostic:
    """Hide what a diagnostic repeats of a secret: no report shows one."""
    item = hide_data(item, ())
    texts = (item.message, item.seen, item.allowed, item.hint, item.cause)
    message, seen, allowed, hint, cause = map(mask_text, texts)
    if seen and is_secret_under(item.path.rpartition(".")[2], seen):
        seen = HIDDEN
    if (message, seen, allowed, hint, cause) == texts:
        return item
    return replace(item, message=message, seen=seen, allowed=allowed, hint=hint, cause=cause)
