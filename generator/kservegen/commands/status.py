"""A repository and what is known of clusters in; how far each model has come in each environment out.

The use case behind `kservegen status`: it reads, and says where the way from Git to Ready ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.stages import RolloutStage, read_stages
from kservegen.commands.edits import find_definition
from kservegen.commands.model_report import entry_spans
from kservegen.commands.rollout.gather import ClusterSource, build_places, look
from kservegen.commands.rollout.places import SETTLED, EnvironmentPlaces, ModelPlace, PlaceState, model_places
from kservegen.commands.rollout.versions import version_of
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.git.blame import BranchChange, last_changes
from kservegen.git.process import Git, open_git
from kservegen.render.objects.environment import BuiltEntry


class StatusRow(Struct, frozen=True, kw_only=True, eq=False):
    """One model in one environment. `stage` is its number, None where the environment is in none.

    `version` are the words that say what runs, by path. `change` is the newest commit of its lines; None where git does
    not know it.
    """

    environment: str
    stage: int | None
    place: ModelPlace
    version: Mapping[str, str]
    change: BranchChange | None

    @property
    def id(self) -> str:
        """What programs know the row by."""
        entry = self.place.built.entry
        return f"{self.environment}/{entry.section}/{entry.key}"

    @property
    def state(self) -> PlaceState:
        """How far the model has come."""
        return self.place.state

    @property
    def is_settled(self) -> bool:
        """Whether nothing is wrong as far as anybody looked."""
        return self.state in SETTLED


class StatusReport(Struct, frozen=True, kw_only=True, eq=False):
    """Rows by model, each in the order of stages. `failures` are clusters that were to be asked and could not be."""

    stages: tuple[RolloutStage, ...]
    environments: tuple[str, ...]
    rows: tuple[StatusRow, ...]
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def report_status(
    project: Project, names: Sequence[str], environments: Sequence[str], clusters: Mapping[str, ClusterSource]
) -> StatusReport:
    """Tell how far models have come: of `names` (all without one), in these environments (all without one).

    Where the catalog has errors, what they are in may be missing: a failure, unless models are named.
    """
    stages = read_stages(project.catalog)
    wanted = {(d.section, d.key) for d in (find_definition(project.catalog, name) for name in names)}
    chosen = in_order(stages, project.choose(environments))
    git, notes = _open_git(project.repository)
    # Those that are named are there; of all others nobody knows.
    failures = [project.doubt] if project.doubt and not wanted else []
    notes += [project.doubt] if project.doubt and wanted else []
    shared = SharedResults()
    held: list[tuple[StatusRow, BuiltEntry]] = []
    for name in chosen:
        places, problem = _places(project, name, git, clusters.get(name), shared)
        failures += problem
        entries = [e for e in places.models if not wanted or (e.entry.section, e.entry.key) in wanted]
        stage = next((stage.number for stage in stages if name in stage.environments), None)
        if places.live is not None:
            notes += [f"{name}: {note}" for note in places.live.notes]
        for place in model_places(places, project.tools.schemas, entries):
            version = version_of(places.built.environment, places.built.settings, place.built.entry)
            row = StatusRow(environment=name, stage=stage, place=place, version=version, change=None)
            held.append((row, place.built))
    rows = _with_changes(git, held)
    _check_found(wanted, rows, chosen)
    order = {key: index for index, key in enumerate(dict.fromkeys(_key(row) for row in rows))}
    rows.sort(key=lambda row: order[_key(row)])
    return StatusReport(
        stages=stages, environments=chosen, rows=tuple(rows), notes=tuple(notes), failures=tuple(failures)
    )


def in_order(stages: Sequence[RolloutStage], environments: Iterable[str]) -> tuple[str, ...]:
    """Return environments in the order of their stages; those that are in none follow."""
    places = {name: stage.number for stage in stages for name in stage.environments}
    return tuple(sorted(environments, key=lambda name: (places.get(name, len(stages) + 1), name)))


def _places(
    project: Project, name: str, git: Git | None, source: ClusterSource | None, shared: SharedResults
) -> tuple[EnvironmentPlaces, list[str]]:
    places = build_places(project, name, git, shared)
    if source is None:
        return places, []
    try:
        return look(places, source), []
    except GeneratorError as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        return places, [f"{name}: {problem}{hint}"]


def _open_git(repository: Repository) -> tuple[Git | None, list[str]]:
    try:
        return open_git(repository.root), []
    except GeneratorError as problem:
        return None, [f"what Git has is not known: {problem.message}"]


def _with_changes(git: Git | None, held: Sequence[tuple[StatusRow, BuiltEntry]]) -> list[StatusRow]:
    if git is None:
        return [row for row, _ in held]
    changes = last_changes(git, [tuple(entry_spans(built.entry)) for _, built in held])
    return [replace(row, change=change) for (row, _), change in zip(held, changes, strict=True)]


def _check_found(wanted: Iterable[tuple[str, str]], rows: Sequence[StatusRow], chosen: Sequence[str]) -> None:
    """Tell an entry that is no model, or lives in none of the environments."""
    found = {_key(row) for row in rows}
    for section, key in sorted(wanted):
        if (section, key) not in found:
            raise GeneratorError(
                f"it is no model of {', '.join(chosen)}",
                subject=f"{section}/{key}",
                hint="Told of are models, graphs and trained models, where they live.",
            )


def _key(row: StatusRow) -> tuple[str, str]:
    return row.place.built.entry.section, row.place.built.entry.key
