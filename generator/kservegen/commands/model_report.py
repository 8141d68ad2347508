"""A repository in, as it is or as a commit has it; a row for each model in each environment out.

The use case behind `kservegen report`: what runs where, and who answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import Entry
from kservegen.catalog.sections import MANIFESTS, MODEL_SECTIONS, SECTIONS
from kservegen.changes.bases import CommitBase
from kservegen.checks.budget.ledger import grouped, serving_replicas, total
from kservegen.checks.budget.overview import Row, accelerator_rows
from kservegen.checks.waivers.model import Waiver, read_waivers
from kservegen.core.diagnostics import Diagnostic, merge_diagnostics
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.environment import Evaluation, ledger_of
from kservegen.evaluate.environments import evaluate_all
from kservegen.evaluate.project import open_project
from kservegen.git.blame import BranchChange, last_changes
from kservegen.git.log import Span
from kservegen.git.process import Git, open_git
from kservegen.git.tree import resolve_revision
from kservegen.render.objects.pins import served_addresses

_KINDS: Final = frozenset(info.kind for section in MODEL_SECTIONS for info in SECTIONS[section])
# Beyond that of any file: an entry that nothing follows ends with it.
_LAST_LINE: Final = 1 << 31

_Row = TypeVar("_Row")


class ModelSource(NamedTuple):
    """An address that is served from, without its revision, and what is known of it; blank where nothing is."""

    uri: str
    revision: str
    licence: str


class ModelRow(Struct, frozen=True, kw_only=True):
    """One model in one environment, with what it takes of each type of accelerator.

    `replicas` are the least and the most, `memory` what all its pods request at maxReplicas, in bytes.
    `change` is None where git does not know who wrote its lines.
    """

    environment: str
    model: str
    kind: str
    namespace: str
    name: str
    owner: str
    sources: tuple[ModelSource, ...]
    replicas: tuple[int, int]
    memory: Fraction
    accelerators: tuple[Row, ...]
    waivers: tuple[Waiver, ...]
    change: BranchChange | None

    @property
    def cost(self) -> Fraction | None:
        """The sum of a month; None where no price is stated."""
        known = [use.cost for use in self.accelerators if use.cost is not None]
        return sum(known, Fraction(0)) if known else None


class ModelReport(NamedTuple):
    """Rows by environment and model; `notes` say what they do not, `diagnostics` what is wrong with the catalog."""

    rows: tuple[ModelRow, ...]
    notes: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


class _Held(NamedTuple):
    """A row before git is asked, and the lines of its entry."""

    row: ModelRow
    spans: tuple[Span, ...]


def report_models(repository: Repository, environments: Sequence[str] = (), revision: str = "") -> ModelReport:
    """Report on the models of these environments (all without a name), at a revision or as the folder is."""
    if revision:
        git = open_git(repository.root)
        base = CommitBase(BaseRevision(git, resolve_revision(git, revision), revision))
        with base.catalog() as exported:
            held, diagnostics = rows_of(exported, environments, _held)
        return _with_changes(git, held, diagnostics, base.commit)
    held, diagnostics = rows_of(repository, environments, _held)
    try:
        git = open_git(repository.root)
    except GeneratorError as problem:
        rows = tuple(item.row for item in held)
        return ModelReport(rows, (f"who changed and approved what is not known: {problem.message}",), diagnostics)
    return _with_changes(git, held, diagnostics)


def _with_changes(
    git: Git, held: Sequence[_Held], diagnostics: tuple[Diagnostic, ...], revision: str = ""
) -> ModelReport:
    changes = last_changes(git, [item.spans for item in held], revision)
    rows = tuple(replace(item.row, change=change) for item, change in zip(held, changes, strict=True))
    unknown = changes.count(None)
    said = f"of {unknown} of {len(rows)} rows git does not know the last change: not committed, or the clone is shallow"
    return ModelReport(rows, (said,) if unknown else (), diagnostics)


def rows_of(
    repository: Repository, environments: Sequence[str], rows: Callable[[Evaluation], Iterable[_Row]]
) -> tuple[list[_Row], tuple[Diagnostic, ...]]:
    """Evaluate environments; return the rows of all, and what is wrong with the catalog."""
    project = open_project(repository, any_version=True)
    diagnostics = list(project.diagnostics)
    found: list[_Row] = []
    for evaluation in evaluate_all(project, environments):
        diagnostics.extend(evaluation.diagnostics)
        found.extend(rows(evaluation))
    return found, merge_diagnostics(diagnostics)


def _held(evaluation: Evaluation) -> Iterator[_Held]:
    built, environment = evaluation.built, evaluation.environment
    if built is None:
        return
    waivers = read_waivers(environment.mapping("waivers"), environment.entries)
    taken = grouped(ledger_of(evaluation), lambda line: line.subject)
    prices = environment.mapping("accelerators")
    for item in built.entries:
        entry, resource = item.entry, item.resource
        if entry.section not in MODEL_SECTIONS and not (entry.section == MANIFESTS and resource.kind in _KINDS):
            continue
        lines = taken.get(resource.id, [])
        row = ModelRow(
            environment=environment.name,
            model=entry.key,
            kind=resource.kind,
            namespace=resource.id.namespace,
            name=resource.id.name,
            owner=text(entry.words.get("owner")),
            sources=tuple(_source(uri, environment.locked) for uri in served_addresses(resource.spec)),
            replicas=serving_replicas(lines),
            memory=total(lines, "memory").maximum,
            accelerators=tuple(accelerator_rows(lines, None, prices)),
            waivers=tuple(waiver for waiver in waivers if entry.key in waiver.keys),
            change=None,
        )
        yield _Held(row, tuple(entry_spans(entry)))


def model_rows(evaluation: Evaluation) -> Iterator[ModelRow]:
    """Yield a row for each model of an environment; who changed it last is not asked."""
    return (item.row for item in _held(evaluation))


def _source(uri: str, locked: JsonObject) -> ModelSource:
    base, _, revision = uri.rpartition(":")
    if not base.partition("://")[2] or "/" in revision:
        base, revision = uri, ""
    entry = mapping(locked.get(base, locked.get(uri)))
    return ModelSource(base, revision or text(entry.get("revision")), text(entry.get("license")))


def entry_spans(entry: Entry) -> Iterator[Span]:
    """List the lines of an entry: where it is defined, and where an environment says something of it."""
    for fragment in entry.fragments:
        if fragment.path == (entry.section, entry.key) or entry.section == MANIFESTS:
            found = fragment.document.source.span(fragment.path)
            if found is not None:
                yield Span(fragment.document.file, found[0], found[1] or _LAST_LINE)
