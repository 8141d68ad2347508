"""What one change may do without being told so: files that go and pods that restart in, findings out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.changes.impact.model import Impact
from kservegen.checks.locate import diagnose_environment
from kservegen.core.diagnostics import Diagnostic, Finding, Location
from kservegen.core.manual import by_manual
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.render.gitops.layers import LayerPart

# How many files a change may remove where the environment sets no guard.
DEFAULT_MAX_REMOVALS = 10

_PAGE = ".md"
_NAMED = 3  # so many names fit in a line

# What leaves a layer of these otherwise leaves the cluster, too. The others stay in any case.
_PRUNED: Final = frozenset({LayerPart.POLICIES, LayerPart.QUOTAS, LayerPart.RUNTIMES, LayerPart.MODELS})
_VALUES: Final = "platform/values"


class Removals(NamedTuple):
    """Files that would go and files that are wanted, how many the caller lets go, and the command that says so."""

    paths: Sequence[str]
    desired: Iterable[str]
    allowed: int
    command: str


def guard_removals(environments: Iterable[ResolvedEnvironment], asked: Removals) -> Iterator[Diagnostic]:
    """Refuse to remove more than an environment allows, or everything."""
    by_name = {environment.name: environment for environment in environments}
    removed: dict[str, list[str]] = {}
    for path in asked.paths:
        if path.endswith(_PAGE):
            continue  # nothing of the cluster goes with it
        removed.setdefault(path.partition("/")[0], []).append(path)
    for name, paths in sorted(removed.items()):
        environment = by_name.get(name)
        limit = environment.at("guards", "maxRemovals") if environment else None
        allowed = max(limit if isinstance(limit, int) else DEFAULT_MAX_REMOVALS, asked.allowed)
        models = f"{name}/models/"
        emptied = any(p.startswith(models) for p in paths) and not any(p.startswith(models) for p in asked.desired)
        if len(paths) <= allowed and not (emptied and len(paths) > asked.allowed):
            continue
        finding = Finding(
            rule="gitops/removal-guard",
            path=("guards", "maxRemovals"),
            message=f"rendering {name} would remove every model" if emptied else f"rendering {name} removes too much",
            seen=f"{len(paths)} files removed: {_some(paths)}",
            allowed=f"at most {allowed}" if not emptied else "never an empty render over a full one",
            hint=f"If that is meant, run: kservegen {asked.command} --allow-removals {len(paths)}.",
            at_key=True,
        )
        if environment is not None:
            yield from diagnose_environment(environment, [finding])
        else:
            yield _gone(name, finding)


def left_behind(
    environments: Iterable[ResolvedEnvironment], removed: Collection[str], desired: Iterable[str]
) -> Iterator[Diagnostic]:
    """Say of every layer that leaves Git whole that it stays in the cluster; paths begin with the environment.

    No engine removes what the last file of a layer stood for: the folder goes, the engine's object stays, finds nothing
    to compare with, and leaves the cluster as it is.
    """
    if not removed:
        return
    wanted = frozenset(path.rpartition("/")[0] for path in desired)
    for environment in environments:
        engine = ENGINES.get(environment.text("gitops", "engine"))
        own = f"{environment.name}/"
        paths = [path.removeprefix(own) for path in removed if path.startswith(own)]
        if engine and paths:
            for folder in sorted({path.rpartition("/")[0] for path in paths}):
                if f"{own}{folder}" not in wanted and folder.partition("/")[0] in _PRUNED:
                    yield from _left_layer(environment, engine.kind, folder.replace("/", "-"), folder.partition("/")[2])
            for path in sorted(path for path in paths if path.startswith(f"{_VALUES}/")):
                yield from _left_layer(
                    environment, engine.kind, path.removeprefix(f"{_VALUES}/").removesuffix(".yaml"), ""
                )


def _left_layer(environment: ResolvedEnvironment, kind: str, layer: str, namespace: str) -> Iterator[Diagnostic]:
    known = namespace in environment.mapping("namespaces")
    finding = Finding(
        rule="gitops/left-behind",
        path=("namespaces", namespace) if known else ("gitops",),
        message=f"nothing of {layer} is left to sync, so what it has synced stays in the cluster",
        hint=f"When this is merged, delete the {kind} {environment.name}-{layer}, then what it has synced.",
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])


def guard_restarts(
    environment: ResolvedEnvironment, impact: Impact, *, allowed: int, command: str
) -> Iterator[Diagnostic]:
    """Refuse to restart pods that hold more accelerators together than an environment allows."""
    limit = max_restarting(environment)
    if limit is None:
        return
    holding = {str(restart.subject): sum(restart.accelerators.values()) for restart in impact.certain}
    total, most = sum(holding.values()), max(limit, allowed)
    if total <= most:
        return
    largest = sorted((name for name in holding if holding[name]), key=lambda name: (-holding[name], name))
    finding = Finding(
        rule="gitops/restart-guard",
        path=("guards", "maxRestartingAccelerators"),
        message=f"the change restarts too much of {environment.name} at once",
        seen=f"pods with {total} accelerators: {_some([f'{name} ({holding[name]})' for name in largest])}",
        allowed=f"at most {most}",
        hint=f"Change fewer models at once; if it is meant, run: kservegen {command} --allow-restarts {total}.",
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])


def max_restarting(environment: ResolvedEnvironment) -> int | None:
    """Return how many accelerators may restart at once; None where the environment does not say."""
    limit = environment.at("guards", "maxRestartingAccelerators")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else None


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _gone(name: str, finding: Finding) -> Diagnostic:
    return by_manual(
        finding.rule,
        f"{OUTPUT_FOLDER}/{name} belongs to no environment any more",
        Location(f"environments/{name}.yaml"),
        seen=finding.seen,
        allowed=finding.allowed,
        hint=finding.hint,
        environments=(name,),
    )
