"""Edits of the files that people write, in; what they do, whether they may stand, and the files written, out.

An edit is checked in memory, on all environments that it can reach: one that brings an error which was not there before
is refused with its findings, and nothing is written. What commands do with `ProposedEdits` is up to them: show it, ask,
write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.companions import CompanionKey, read_key
from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editing.patch import drop, put, put_all, read_value
from kservegen.catalog.model import Catalog, Definition
from kservegen.catalog.resolve import Entry, EntryName, ResolvedEnvironment, resolve_environment
from kservegen.catalog.sections import EXTRA_MANIFESTS, SECTIONS
from kservegen.commands.plan import PlanOptions, plan_changes
from kservegen.commands.result import FilePlan, Result
from kservegen.commands.validate import report_on
from kservegen.core.diagnostics import Diagnostic, Location, Severity, merge_diagnostics
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import BASES_FOLDER, ENVIRONMENTS_FOLDER, LOCK_SUFFIX, Repository
from kservegen.core.suggest import did_you_mean, suggest_entry
from kservegen.evaluate.project import Project, open_project
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.git.log import Commit

_NEW_FILE: Final = b"version: 1\n"
# Called before an edit is judged; raises where nobody can agree to it.
Agree: TypeAlias = Callable[[], None]


class EditEffect(Struct, frozen=True, kw_only=True):
    """An entry in an environment whose words an edit changes, or (`why`) does not although one could think so."""

    environment: str
    subject: str
    why: str = ""


class HeldWord(Struct, frozen=True, kw_only=True):
    """A word by which an entry of an environment does not follow the catalog: `words` is the way to it.

    `here` is what the environment says, `beneath` what the catalog or a base says: None for the null that removes, or
    where nothing does. `since` is the commit that brought it, None where none has yet.
    """

    environment: str
    entry: str
    words: Path
    here: JsonValue
    beneath: JsonValue
    location: Location
    since: Commit | None


class ProposedEdits(Struct, frozen=True, kw_only=True, eq=False):
    """Edits that are not written yet, by file before and after; `refused` where they bring errors (in `result`).

    `refusal` says why nothing is written then. `origin` is the commit that values were taken from. `held` are words
    that do not follow the catalog before the edits; None where nobody asked. `judged` are the environments that the
    edits can reach, empty where that is all of them: the others are not judged, and what is said is not of them.
    """

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    result: Result = field(default_factory=lambda: Result(command="edit"))
    refused: bool = False
    refusal: str = "the edit brings what is found above"
    held: tuple[HeldWord, ...] | None = None
    judged: tuple[str, ...] = ()
    effects: tuple[EditEffect, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Commit | None = None

    @property
    def changes(self) -> dict[str, tuple[bytes, bytes]]:
        """The files that differ: their old content, empty for a new file, and their new one."""
        return {f: (self.before.get(f, b""), new) for f, new in self.after.items() if self.before.get(f) != new}

    @property
    def exit_code(self) -> int:
        """1 where the edits are refused."""
        return int(self.refused)


class DraftState(Struct, frozen=True, eq=False):
    """The files of a repository at one moment of its editing, loaded; what is resolved of them is resolved once."""

    texts: Mapping[str, bytes]
    project: Project
    in_common: dict[EntryName, Entry] = field(default_factory=dict)
    environments: dict[str, ResolvedEnvironment] = field(default_factory=dict)

    def resolved(self, name: str) -> ResolvedEnvironment:
        """Return an environment, or a base as if it were one."""
        if name not in self.environments:
            self.environments[name] = resolve_environment(self.project.catalog, name, self.in_common)[0]
        return self.environments[name]


class CatalogDraft(Struct, eq=False):
    """The files of a repository while they are edited in memory; `latest` is the state that was looked at last."""

    repository: Repository
    start: DraftState
    latest: DraftState
    texts: dict[str, bytes]
    notes: list[str] = field(default_factory=list)

    @property
    def before(self) -> Mapping[str, bytes]:
        """The files as they were."""
        return self.start.texts

    @property
    def project(self) -> Project:
        """The repository as it was."""
        return self.start.project

    @property
    def catalog(self) -> Catalog:
        """The catalog as it was before any edit."""
        return self.start.project.catalog

    @property
    def state(self) -> DraftState:
        """The texts as they stand now, loaded."""
        if self.texts == self.start.texts:
            return self.start
        if self.latest.texts != self.texts:
            edited = replace(self.repository, sources=dict(self.texts))
            self.latest = DraftState(self.texts.copy(), open_project(edited, tools=self.project.tools))
        return self.latest

    @property
    def current(self) -> Catalog:
        """The catalog as the texts stand now."""
        return self.state.project.catalog

    def put(self, file: str, path: Path, value: JsonValue) -> None:
        """Set a value."""
        self.texts[file] = put(self.text(file), path, value, file).encode()

    def put_all(self, file: str, edits: Sequence[tuple[Path, JsonValue]]) -> None:
        """Set values, one after the other, at one reading of the file."""
        if edits:
            self.texts[file] = put_all(self.text(file), edits, file).encode()

    def drop(self, file: str, path: Path) -> None:
        """Remove a value that is there."""
        self.texts[file] = drop(self.text(file), path, file).encode()

    def value(self, file: str) -> JsonObject:
        """Return what a file holds now."""
        return read_value(self.text(file), file)

    def text(self, file: str) -> str:
        """Return the text of a file now, of one that is not there the first line; GeneratorError for no UTF-8."""
        try:
            return self.texts.get(file, _NEW_FILE).decode()
        except UnicodeDecodeError as error:
            raise GeneratorError("the file is not UTF-8", subject=file, hint="Convert it first.") from error

    def resolved(self, environment: str) -> ResolvedEnvironment:
        """Return an environment, or a base as if it were one, as the texts stand now."""
        return self.state.resolved(environment)


def open_draft(repository: Repository) -> CatalogDraft:
    """Read a repository for editing."""
    texts = read_sources(repository)
    start = DraftState(texts, open_project(repository))
    return CatalogDraft(repository, start, start, texts.copy())


def catalog_of(repository: Repository, sources: Mapping[str, bytes]) -> Catalog:
    """Load a catalog from contents."""
    return open_project(replace(repository, sources=sources)).catalog


def environment_file(catalog: Catalog, environment: str) -> str:
    """Return the file of an environment or a base; GeneratorError where there is none, or it cannot be read."""
    is_base = environment in catalog.bases
    file = f"{BASES_FOLDER if is_base else ENVIRONMENTS_FOLDER}/{environment}.yaml"
    if environment in catalog.unreadable or (is_base and catalog.bases[environment] is None):
        raise GeneratorError("the file cannot be read as it is", subject=file, hint="Run kservegen validate.")
    if catalog.source_of(environment) is None:
        names = (*catalog.environments, *catalog.bases)
        known = f"Known: {', '.join(names) or 'none'}."
        hint = f"{did_you_mean(environment, names)} {known}".lstrip()
        raise GeneratorError(f"there is no environment {environment}", hint=hint)
    return file


def reached_environments(catalog: Catalog, names: Sequence[str]) -> tuple[str, ...]:
    """Return the environments that names stand for, a base for all that extend it; GeneratorError for no such one."""
    for name in names:
        environment_file(catalog, name)
        if not catalog.reached(name):
            raise GeneratorError(f"no environment extends {name}", hint="Name an environment.")
    return tuple(dict.fromkeys(environment for name in names for environment in catalog.reached(name)))


def find_definition(catalog: Catalog, name: str) -> Definition:
    """Find the entry that people mean: by key, name, namespace/name, section/key or kind/name."""
    exact = [d for d in catalog.definitions.values() if d.key == name]
    found = exact or [d for d in catalog.definitions.values() if name in _names(catalog, d)]
    if len(found) == 1:
        return found[0]
    if found:
        said = ", ".join(f"{d.section}/{d.key} ({d.location})" for d in found)
        raise GeneratorError(f"{name} can be several entries", hint=f"Say which: {said}.")
    if not catalog.complete:
        raise GeneratorError(f"{name} is not in what can be read of the catalog", hint="Run kservegen validate.")
    known = [d.key for d in catalog.definitions.values()]
    names = [*known, *(key.rpartition("/")[2] for key in known)]
    hint = suggest_entry(name, names, "Known")
    if name in catalog.environments:
        hint = f"{name} is an environment, and a model is named here: {', '.join(known[:5])}."
    raise GeneratorError(f"the catalog has no entry {name}", hint=hint)


def _names(catalog: Catalog, definition: Definition) -> Iterator[str]:
    key, section = definition.key, definition.section
    own = definition.document.section(section).get(key)
    said = own.get("kind") if isinstance(own, dict) else None
    base = key.rpartition("/")[2]
    if section == EXTRA_MANIFESTS:
        identity = read_key(key)
        kind = identity.kind if isinstance(identity, CompanionKey) else section
        yield from (base, f"{kind}/{base}", f"{kind.lower()}/{base}", f"{section}/{key}")
        return
    kinds = [said if isinstance(said, str) else SECTIONS[section][0].kind]
    namespace = own.get("namespace") if isinstance(own, dict) else None
    defaults = [mapping(part.value) for part in catalog.defaults_of(definition.document, section)]
    under = namespace or next((d["namespace"] for d in reversed(defaults) if "namespace" in d), None)
    yield base
    for name in (key, base):
        yield from (f"{word}/{name}" for word in (section, *kinds, *(kind.lower() for kind in kinds)))
    if isinstance(under, str) and "/" not in key:
        yield f"{under}/{key}"


def entry_in(environment: ResolvedEnvironment, section: str, key: str) -> Entry | None:
    """Return an entry of an environment; None where it does not live there."""
    return next((e for e in environment.entries if e.section == section and e.key == key), None)


def entries_by_name(environment: ResolvedEnvironment) -> dict[EntryName, Entry]:
    """Return the entries of an environment by section and key."""
    return {(entry.section, entry.key): entry for entry in environment.entries}


def agreed() -> None:
    """Agree to any edit."""


def finish_draft(
    draft: CatalogDraft,
    agree: Agree = agreed,
    *,
    origin: Commit | None = None,
    watched: tuple[tuple[str, str], ...] = (),
    held: tuple[HeldWord, ...] | None = None,
) -> ProposedEdits:
    """Check the edits on all environments that they can reach, whole.

    `watched` entries are reported where an edit leaves them alone, too.

    `agree` is asked first: what nobody can agree to is not judged. Nothing is, where nothing is edited.
    """
    if draft.texts == draft.before:
        effects, notes = tuple(_effects(draft, None, watched)), tuple(draft.notes)
        return ProposedEdits(
            before=draft.before, after=draft.texts, effects=effects, notes=notes, origin=origin, held=held
        )
    agree()
    edited = replace(draft.repository, sources=draft.texts)
    with without_collector():
        # What a plan asks for: its files come of the same evaluation. Errors are told as among all findings.
        judged = _reached(draft)
        before = {name: draft.start.resolved(name) for name in judged or draft.catalog.environments}
        wanted = EvaluationOptions(
            names=judged, out=draft.repository.output, lays_out=True, despite_findings=True, before=before
        )
        evaluated = evaluate_repository(edited, wanted, project=draft.state.project)
        refused = False
        if evaluated.has_errors:  # of what was asked: now of all, to tell which of them were there before
            wanted = replace(wanted, before=None)
            evaluated = evaluate_repository(edited, wanted, evaluated)
        result = report_on(evaluated, "edit", fail_on=Severity.ERROR)
        if evaluated.has_errors:
            already = {_identity(d) for d in evaluate_repository(draft.repository, wanted, evaluated).diagnostics}
            new = [d for told in result.diagnostics for d in told.apart() if d.severity is Severity.ERROR]
            new = [d for d in new if _identity(d) not in already]
            refused = bool(new)
            result = replace(result, diagnostics=merge_diagnostics(new))
        else:
            result = replace(result, diagnostics=(), plan=_plan(draft, edited, evaluated))
    return ProposedEdits(
        before=draft.before,
        after=draft.texts,
        result=result,
        refused=refused,
        judged=judged,
        effects=tuple(_effects(draft, evaluated, watched)),
        notes=tuple(draft.notes),
        origin=origin,
        held=held,
    )


def _reached(draft: CatalogDraft) -> tuple[str, ...]:
    """Return the environments whose files, bases' and locks among them, are edited; empty where it may be all."""
    names: set[str] = set()
    for file, text in draft.texts.items():
        if text != draft.before.get(file):
            folder, _, name = file.rpartition("/")
            is_beside = folder in (ENVIRONMENTS_FOLDER, BASES_FOLDER)
            reached = draft.catalog.reached(name.removesuffix(LOCK_SUFFIX).removesuffix(".yaml")) if is_beside else ()
            if not reached:
                return ()
            names.update(reached)
    known = tuple(draft.catalog.environments)
    return () if names.issuperset(known) else tuple(name for name in known if name in names)


def _plan(draft: CatalogDraft, edited: Repository, evaluated: EvaluatedRepository) -> FilePlan | None:
    """Return what a render would do to the output; what would stand in its way is noted, and may be wanted."""
    planned = plan_changes(edited, PlanOptions(), evaluated=evaluated).result
    wrong = (d for d in planned.diagnostics if d.severity is Severity.ERROR)
    draft.notes += [f"{d.message} ({d.rule}: kservegen plan)" for d in wrong]
    return planned.plan


def _identity(diagnostic: Diagnostic) -> tuple[str, str, str, str]:
    return diagnostic.rule, diagnostic.location.file, diagnostic.path, diagnostic.message


def changed_entries(before: Catalog, after: Catalog) -> Iterator[tuple[str, str, str]]:
    """Yield the entries whose words differ, by environment, section and key; environments of both alone."""
    for name in after.environments:
        if name in before.environments:
            old, new = (resolve_environment(side, name)[0] for side in (before, after))
            words, now = ({(e.section, e.key): e.words for e in side.entries} for side in (old, new))
            for entry in dict.fromkeys((*words, *now)):
                if words.get(entry) != now.get(entry):
                    yield name, *entry


def _effects(
    draft: CatalogDraft, evaluated: EvaluatedRepository | None, watched: tuple[tuple[str, str], ...]
) -> Iterator[EditEffect]:
    """Say what the edits do in the environments that are judged, and of `watched` entries that all others stay."""
    after = {environment.name: environment for environment in evaluated.environments} if evaluated is not None else {}
    tells_all = bool(watched) and (evaluated is None or evaluated.is_partial)
    for name in draft.catalog.environments:
        if name not in after and not tells_all:
            continue
        old = draft.start.resolved(name)
        new = after.get(name, old)
        words = {(e.section, e.key): e.words for e in old.entries}
        now = {(e.section, e.key): e.words for e in new.entries}
        for section, key in dict.fromkeys((*words, *now)):
            said = words.get((section, key)), now.get((section, key))
            if said[0] != said[1]:
                yield EditEffect(environment=name, subject=key)
            elif (section, key) in watched:
                why = "it does not live there" if said[0] is None else "its words there stay as they are"
                yield EditEffect(environment=name, subject=key, why=why)
        for section, key in watched:
            if (section, key) not in words and (section, key) not in now:
                yield EditEffect(environment=name, subject=key, why="it does not live there")


def write_edits(repository: Repository, edits: ProposedEdits) -> None:
    """Write the edited files: all of them, or none."""
    replace_files(repository.root, edits.before, {f: new for f, (_, new) in edits.changes.items()})


def own_location(draft: CatalogDraft, file: str, path: Path) -> Location:
    """Return the line of a value before the edit."""
    for document in (*draft.catalog.documents, *(d for s in draft.catalog.environments.values() for d in s.documents)):
        if document.file == file:
            return document.source.key(path)
    return Location(file)
