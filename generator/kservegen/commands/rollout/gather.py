"""An environment and where its cluster is read from in; all that is known of its models together out."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import resolve_environment
from kservegen.commands.rollout.branch import synced_branch
from kservegen.commands.rollout.live import Ask, LiveObjects, ask_engine, ask_models, ask_pods
from kservegen.commands.rollout.places import EnvironmentPlaces, engine_objects, environment_places
from kservegen.core.diagnostics import Finding
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.environment import build_objects
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.git.process import Git
from kservegen.kserve.readiness import readiness_of


class ClusterSource(Struct, frozen=True, kw_only=True, eq=False):
    """Where the cluster of an environment is read from: files, which are read already (`live`), or whom to `ask`."""

    name: str
    live: LiveObjects | None = None
    ask: Ask | None = None


def build_places(project: Project, name: str, git: Git | None, shared: SharedResults) -> EnvironmentPlaces:
    """Build an environment, and take together what files and Git tell of it.

    GeneratorError where its version of KServe is not known.
    """
    resolved, _ = resolve_environment(project.catalog, name, shared.entries)
    built = build_objects(resolved, project.tools, shared=shared)
    if isinstance(built, Finding):
        raise GeneratorError(built.message, subject=name, hint="Run kservegen validate.")
    branch = synced_branch(git, resolved) if git is not None else None
    return environment_places(project.repository, built, branch, None, shared.files)


def look(places: EnvironmentPlaces, source: ClusterSource) -> EnvironmentPlaces:
    """Look into the cluster of an environment, or into the files that tell of it.

    GeneratorError where its models cannot be read; what cannot be read beside them is noted.
    """
    if source.ask is None:
        return replace(places, live=source.live)
    models = [entry.resource for entry in places.models]
    live = ask_models(source.ask, models, source.name)
    ask_engine(source.ask, engine_objects(places.built).values(), live)
    found = ((model, live.find(model)) for model in models)
    waiting = [model for model, doc in found if doc is not None and not readiness_of(doc).ready]
    ask_pods(source.ask, waiting, live)
    return replace(places, live=live)
