"""A stage in; the edits that make it run what the stage before runs, or why that may not move on yet, out.

The use case behind `promote --stage`. A stage moves as one: all its environments are edited, or none. What the stage
before asks for is held against Git, and against the cluster where somebody looked (docs/decisions/0050-stages.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby, pairwise
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.editing.assignment import PathStep
from kservegen.catalog.resolve import ResolvedEnvironment, resolve_environment
from kservegen.catalog.stages import STAGES, STAGES_FILE, RolloutStage, read_stages, stages_document, write_soak
from kservegen.changes.guards import most_permitted
from kservegen.checks.waivers.apply import Clock
from kservegen.commands.edits import (
    Agree,
    CatalogDraft,
    ProposedEdits,
    agreed,
    entries_by_name,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
)
from kservegen.commands.promote import Promotion, bring_over
from kservegen.commands.promoted_rest import some_of
from kservegen.commands.result import Result
from kservegen.commands.rollout.gather import ClusterSource, build_places, look
from kservegen.commands.rollout.places import EnvironmentPlaces, ModelPlace, PlaceState, RenderedFile, model_places
from kservegen.commands.rollout.soak import begun, left_of
from kservegen.commands.rollout.versions import pins_in, version_of, without_place
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import ENVIRONMENTS_FOLDER, Repository
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.sharing import SharedResults
from kservegen.git.blame import last_changes
from kservegen.git.log import FileCommit, Span, commit_time
from kservegen.git.process import Git, open_git
from kservegen.git.remote import leads_to
from kservegen.render.objects.environment import BuiltEntry
from kservegen.render.objects.settings import Settings

_SHOWN: Final = 5
_MINUTE: Final = timedelta(minutes=1)
_LAST_LINE: Final = 1 << 31  # beyond that of any file
# What is promoted of an environment itself, and what people call it.
_PLATFORM_WORDS: Final = ("kserve", "images")
_PLATFORM: Final = ("", "KServe and its images")
_SAID: Final[Mapping[PlaceState, str]] = {
    PlaceState.RENDERED: "nobody found it in the cluster",
    PlaceState.ABSENT: "the cluster does not have it",
    PlaceState.NOT_SYNCED: "the cluster has it otherwise than Git",
    PlaceState.NOT_OBSERVED: "its controller has not looked at it yet",
    PlaceState.NOT_READY: "not Ready",
    PlaceState.STOPPED: "it is stopped",
}

_Name: TypeAlias = tuple[str, str]  # section and key
# Names of environments in; where the cluster of each is read from out, of those that are to be looked into.
ClustersOf: TypeAlias = Callable[[Sequence[str]], Mapping[str, ClusterSource]]


class StagePromotion(Struct, frozen=True, kw_only=True):
    """What to bring on: to the stage of a name, or (blank) to the first that does not run what the one before runs.

    `names`, `fields` and `adds` are those of `Promotion`. `moment` is the time that soaks are judged by, `early` how
    many models somebody at a terminal lets move on before their time.
    """

    stage: str
    moment: datetime
    names: Sequence[str] = ()
    fields: Sequence[tuple[str, tuple[PathStep, ...]]] = ()
    adds: bool = False
    early: int = 0


class HeldBack(Struct, frozen=True, kw_only=True):
    """Why an entry, or the platform, may not move on from an environment yet. `rule` is the slug of the finding."""

    rule: str
    environment: str
    subject: str
    why: str


def promote_stage(
    repository: Repository, request: StagePromotion, clusters: ClustersOf, agree: Agree = agreed
) -> ProposedEdits:
    """Edit all environments of a stage so that they run what the stage before runs.

    Refused, with findings at the stage's conditions, where those are not met and no permit says otherwise.
    GeneratorError where there is no such stage, or none before it.
    """
    draft = open_draft(repository)
    if any(d.severity is Severity.ERROR for d in draft.project.diagnostics):
        raise GeneratorError("the catalog has errors", hint="Run kservegen validate.")
    source, target = _move(draft, request)
    left = sorted(draft.catalog.environments.keys() - {e for s in read_stages(draft.catalog) for e in s.environments})
    if left:
        draft.notes.append(f"in no stage, and left alone: {', '.join(left)}")
    moved = _moved(draft, target)
    if not moved:
        draft.notes.append(f"there is nothing to bring from {_names(source)} to {_names(target)}")
        return finish_draft(draft)
    draft.notes.insert(0, f"from {_names(source)} to {_names(target)}")
    held = tuple(_Conditions(draft, source, request.moment, clusters(source.environments)).unmet(moved))
    subjects = tuple(dict.fromkeys(each.subject for each in held))
    permitted = min(_permitted(draft, name, request.moment) for name in target.environments)
    if len(subjects) > max(permitted, request.early):
        found = merge_diagnostics(_diagnose(draft, source, target, held, len(subjects)))
        return ProposedEdits(
            before=draft.before,
            after=draft.texts,
            result=Result(command="promote", environments=source.environments, diagnostics=found),
            refused=True,
            refusal=f"{_names(source)} does not have what its stage asks for",
            notes=tuple(draft.notes),
        )
    by = f"a permit of {_names(target)}" if len(subjects) <= permitted else "--allow-early"
    draft.notes += [f"early, by {by}: {each.subject} ({each.environment}): {each.why}" for each in held]
    return finish_draft(draft, agree)


def _names(stage: RolloutStage) -> str:
    return f"{stage.name} ({', '.join(stage.environments)})" if stage.name else ", ".join(stage.environments)


def _move(draft: CatalogDraft, request: StagePromotion) -> tuple[RolloutStage, RolloutStage]:
    """Bring the words over in the draft; return the stage that they come from, and the one that they go to."""
    stages = read_stages(draft.catalog)
    if not stages:
        raise GeneratorError(
            "there are no stages",
            subject=STAGES_FILE,
            hint="Write them there, as stages: [[dev], [prod]], or name two environments: promote FROM TO.",
        )
    pairs = tuple(pairwise(stages))
    if not request.stage:
        return _next(draft, request, pairs)
    target = next((stage for stage in stages if request.stage in stage.names), None)
    if target is None:
        known = tuple(dict.fromkeys(name for stage in stages for name in stage.names))
        hint = did_you_mean(request.stage, known, f"Known: {', '.join(known)}.")
        raise GeneratorError(f"there is no stage {request.stage}", subject=STAGES_FILE, hint=hint)
    if target.number == 1:
        hint = f"Changes begin there: kservegen set MODEL PATH=VALUE --env {target.listed[0]}."
        raise GeneratorError(f"{_names(target)} is the first stage", subject=STAGES_FILE, hint=hint)
    source = stages[target.number - 2]
    _bring(draft, request, source, target)
    return source, target


def _next(
    draft: CatalogDraft, request: StagePromotion, pairs: Sequence[tuple[RolloutStage, RolloutStage]]
) -> tuple[RolloutStage, RolloutStage]:
    """Find the first stage that does not run what the one before runs; the last one, where all do.

    What stays as it is in the stages before is noted, too.
    """
    if not pairs:
        raise GeneratorError("there is but one stage", subject=STAGES_FILE, hint="Add the one that comes after it.")
    stays: dict[str, None] = {}
    for source, target in pairs:
        draft.texts, draft.notes = dict(draft.before), []
        if _lives_in(draft, request, source):
            _bring(draft, request, source, target)
            stays |= dict.fromkeys(draft.notes)
            if _moved(draft, target):
                break
    draft.notes = [*stays]
    return source, target


def _lives_in(draft: CatalogDraft, request: StagePromotion, stage: RolloutStage) -> bool:
    """Whether what was named lives in a stage; anything does where nothing was named."""
    wanted = {(d.section, d.key) for d in (find_definition(draft.catalog, name) for name in request.names)}
    there = {(e.section, e.key) for name in stage.environments for e in draft.resolved(name).entries}
    return not wanted or bool(wanted & there)


def _bring(draft: CatalogDraft, request: StagePromotion, source: RolloutStage, target: RolloutStage) -> None:
    """Bring what a stage runs to the next one: an entry from the first environment of the stage that has it."""
    wanted = {(d.section, d.key) for d in (find_definition(draft.catalog, name) for name in request.names)}
    for listed in target.listed:
        taken: set[_Name] = set()
        for number, name in enumerate(source.environments):
            there = {(e.section, e.key) for e in draft.resolved(name).entries}
            names = sorted((there & wanted if wanted else there) - taken)
            taken |= there
            is_whole = not wanted and number == 0
            if is_whole or names:
                chosen = () if is_whole else tuple(f"{section}/{key}" for section, key in names)
                bring_over(
                    draft,
                    Promotion(source=name, target=listed, names=chosen, fields=request.fields, adds=request.adds),
                )
        absent = sorted(wanted - taken)
        if absent:
            raise GeneratorError(f"{absent[0][1]} does not live in {_names(source)}", hint="Nothing was written.")


def _moved(draft: CatalogDraft, target: RolloutStage) -> tuple[_Name, ...]:
    """Return the entries, and the platform, of which the draft changes what a stage runs."""
    found: dict[_Name, None] = {}
    for name in target.environments:
        old, new = resolve_environment(draft.catalog, name)[0], draft.resolved(name)
        before = entries_by_name(old)
        pins = partial(pins_in, old, Settings.of(old)), partial(pins_in, new, Settings.of(new))
        if any(old.at(word) != new.at(word) for word in _PLATFORM_WORDS):
            found[_PLATFORM] = None
        for entry in new.entries:
            was = before.get((entry.section, entry.key))
            if was is None or was.words != entry.words or pins[0](was.words) != pins[1](entry.words):
                found[entry.section, entry.key] = None
    return tuple(found)


class _Conditions:
    """What a stage asks for, held against Git and against clusters: `unmet` says of each thing what it lacks."""

    def __init__(
        self, draft: CatalogDraft, stage: RolloutStage, moment: datetime, clusters: Mapping[str, ClusterSource]
    ) -> None:
        self._draft, self._stage, self._moment, self._clusters = draft, stage, moment, clusters
        self._shared = SharedResults()

    def unmet(self, moved: Sequence[_Name]) -> Iterator[HeldBack]:
        """Yield what is not as it should be, environment by environment."""
        yield from self._differing(moved)
        asks = self._stage.soak or self._stage.ready or self._clusters
        git = self._git() if asks else None
        entries = frozenset(moved) - {_PLATFORM}
        for name in self._stage.environments if asks else ():
            places = build_places(self._draft.project, name, git, self._shared)
            source = self._clusters.get(name)
            if source is not None:
                places = look(places, source)
            if _PLATFORM in moved:
                yield from self._platform(places, git)
            yield from self._entries(places, entries, git)

    def _git(self) -> Git | None:
        try:
            return open_git(self._draft.repository.root)
        except GeneratorError as problem:
            if not self._stage.soak:
                return None
            problem.hint = f"A soak is counted from commits. {problem.hint}"
            raise

    def _differing(self, moved: Sequence[_Name]) -> Iterator[HeldBack]:
        """Find what two environments of the stage run in different versions."""
        environments = [resolve_environment(self._draft.catalog, name)[0] for name in self._stage.environments]
        read = [(each, Settings.of(each), entries_by_name(each)) for each in environments]
        for section, key in moved:
            known: dict[str, ResolvedEnvironment] = {}
            for environment, settings, entries in read:
                entry = entries.get((section, key))
                if entry is not None:
                    version = repr(sorted(without_place(version_of(environment, settings, entry)).items()))
                    known.setdefault(version, environment)
            if len(known) > 1:
                names = [environment.name for environment in known.values()]
                yield HeldBack(
                    rule="stage-unsettled",
                    environment=names[1],
                    subject=key,
                    why=f"{' and '.join(names[:2])} run different versions of it",
                )

    def _entries(self, places: EnvironmentPlaces, wanted: Collection[_Name], git: Git | None) -> Iterator[HeldBack]:
        chosen = [built for built in places.built.entries if (built.entry.section, built.entry.key) in wanted]
        of_models = set(places.models)
        told = {
            place.built: place
            for place in model_places(places, self._draft.project.tools.schemas, [e for e in chosen if e in of_models])
        }
        is_elsewhere = places.branch is not None and not places.branch.files
        lines: dict[BuiltEntry, FileCommit | None] = {}
        if is_elsewhere and git is not None:
            from kservegen.commands.model_report import entry_spans  # noqa: PLC0415 - where nothing is rendered

            parts = [tuple(entry_spans(built.entry)) for built in chosen]
            lines = dict(zip(chosen, self._lines(places, git, parts), strict=True))
        for built in chosen:
            place, key = told.get(built), built.entry.key
            rendered = place.rendered if place is not None else places.rendered(built)
            if not is_elsewhere and (not rendered.is_current or rendered.is_merged is False):
                yield self._held(places, "stage-unsettled", key, _unsettled(rendered))
                continue
            if place is not None and (self._stage.ready or places.name in self._clusters):
                yield from self._ready(places, key, place)
            yield from self._soak(places, key, lines.get(built, rendered.since), place)

    def _platform(self, places: EnvironmentPlaces, git: Git | None) -> Iterator[HeldBack]:
        """Hold KServe's version and images against the soak; where Ready counts, against every model."""
        subject = _PLATFORM[1]
        spans = tuple(_platform_spans(places.built.environment))
        since = None if git is None else self._lines(places, git, [spans])[0]
        yield from self._soak(places, subject, since, None)
        if self._stage.ready or places.name in self._clusters:
            every = model_places(places, self._draft.project.tools.schemas, places.models)
            lacking = [place.built.entry.key for place in every if not place.is_ready]
            if lacking:
                yield self._held(places, "stage-ready", subject, f"not Ready there: {some_of(lacking)}")

    def _lines(self, places: EnvironmentPlaces, git: Git, parts: Sequence[Sequence[Span]]) -> list[FileCommit | None]:
        """Return the newest commit of each part's lines, if the synced branch has it; None where it is not known."""
        changes, branch = last_changes(git, parts), places.branch
        merged = {
            name: FileCommit(name, commit_time(git, name))
            for name in {change.commit for change in changes if change is not None}
            if branch is not None and leads_to(git, name, branch.commit)
        }
        return [merged.get(change.commit) if change is not None else None for change in changes]

    def _soak(
        self, places: EnvironmentPlaces, subject: str, since: FileCommit | None, place: ModelPlace | None
    ) -> Iterator[HeldBack]:
        live = place.live if place is not None else None
        ready_since = live.readiness.since if live is not None and live.readiness is not None else None
        start = begun(since.when if since is not None else None, ready_since)
        left = left_of(self._stage.soak, start, self._moment)
        if left is None or start is None:
            if self._stage.soak:
                why = "since when is not known: its lines are not merged, or the clone is shallow"
                yield self._held(places, "stage-soak", subject, why)
        elif left:
            there = max(timedelta(), self._moment - start)
            what = "Ready changed" if start == ready_since else f"commit {since.name[:9]}" if since else ""
            why = f"for {write_soak(there)}, since {start.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({what})"
            yield self._held(places, "stage-soak", subject, f"{why}; {write_soak(-(-left // _MINUTE) * _MINUTE)} to go")

    def _ready(self, places: EnvironmentPlaces, key: str, place: ModelPlace) -> Iterator[HeldBack]:
        if place.is_ready:
            return
        if place.live is None:
            yield self._held(places, "stage-ready", key, "nobody looked whether it is Ready")
            return
        why = _SAID.get(place.state, place.state.value)
        readiness = place.live.readiness
        if place.state is PlaceState.NOT_READY and readiness is not None and readiness.reasons:
            reason = readiness.reasons[0]
            why += f" ({': '.join(part for part in reason if part)})"
        yield self._held(places, "stage-ready", key, why)

    @staticmethod
    def _held(places: EnvironmentPlaces, rule: str, subject: str, why: str) -> HeldBack:
        return HeldBack(rule=rule, environment=places.name, subject=subject, why=why)


def _unsettled(rendered: RenderedFile) -> str:
    if not rendered.is_current:
        return f"{rendered.file} is not what the catalog says: kservegen render, and merge that"
    return f"{rendered.branch} does not have {rendered.file} as it is here: merge that"


def _platform_spans(environment: ResolvedEnvironment) -> Iterator[Span]:
    for document in environment.source.documents:
        for word in _PLATFORM_WORDS:
            found = document.source.span((word,)) if word in document.value else None
            if found is not None and document.file.startswith(f"{ENVIRONMENTS_FOLDER}/"):
                yield Span(document.file, found[0], found[1] or _LAST_LINE)


def _permitted(draft: CatalogDraft, environment: str, moment: datetime) -> int:
    """Return how many models a permit of an environment lets come early."""
    words = resolve_environment(draft.catalog, environment)[0].value
    return most_permitted(words, "early", Clock(moment.date()))


def _diagnose(
    draft: CatalogDraft, source: RolloutStage, target: RolloutStage, held: Iterable[HeldBack], count: int
) -> Iterator[Diagnostic]:
    """Make a finding of each condition of each environment, at the line that says it."""
    document = stages_document(draft.catalog)
    assert document is not None  # noqa: S101 - it says the stages
    stage: Path = (STAGES, source.number - 1)
    ordered = sorted(held, key=lambda each: (each.rule, each.environment))
    for (rule, environment), some in groupby(ordered, key=lambda each: (each.rule, each.environment)):
        found = tuple(some)
        word = {"stage-soak": "soak", "stage-ready": "ready"}.get(rule, "")
        path = (*stage, word) if word and document.source.has((*stage, word)) else stage
        told = by_manual(
            f"gitops/{rule}",
            _message(rule, environment, source, found),
            document.source.value(path),
            path=format_path(path),
            seen="; ".join(f"{each.subject}: {each.why}" for each in found[:_SHOWN])
            + (f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""),
            hint=_hint(draft, rule, found, target, count),
        )
        subjects = tuple(dict.fromkeys(each.subject for each in found))
        yield replace(told, environments=(environment,), entries=subjects)


def _message(rule: str, environment: str, source: RolloutStage, found: Sequence[HeldBack]) -> str:
    names = some_of([each.subject for each in found])
    verb = "has" if len(found) == 1 else "have"
    if rule == "stage-soak":
        return f"{names} {verb} not been in {environment} for {write_soak(source.soak)}"
    if rule == "stage-ready":
        return f"{names} {'is' if len(found) == 1 else 'are'} not known to be Ready in {environment}"
    return f"{environment} does not run {names} as it would move on"


def _hint(draft: CatalogDraft, rule: str, found: Sequence[HeldBack], target: RolloutStage, count: int) -> str:
    where = " and ".join(environment_file(draft.catalog, name) for name in target.listed)
    permit = f"permits: {{NAME: {{early: {count}, reason: …, owner: …, expires: YEAR-MONTH-DAY}}}}"
    way = f"If it cannot wait: --allow-early {count} at a terminal; in CI, merge a permit first: {where}, {permit}."
    if rule == "stage-ready" and any(each.why.startswith("nobody looked") for each in found):
        return f"Ask the cluster with --from-cluster, or read what kubectl wrote with --from PATH. {way}"
    if rule == "stage-unsettled":
        return f"Merge what the stage before is to run first. {way}"
    return way
