"""Files that go and files that are wanted in; findings about layers that have nothing left to sync out.

No engine removes what the last file of a layer stood for: the folder goes, the engine's object stays, finds nothing to
compare with, and leaves the cluster as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.locate import diagnose_environment
from kservegen.core.diagnostics import Diagnostic, Finding
from kservegen.render.gitops.layers import LayerPart

# What leaves a layer of these otherwise leaves the cluster, too. The others stay in any case.
_PRUNED: Final = frozenset({LayerPart.POLICIES, LayerPart.QUOTAS, LayerPart.RUNTIMES, LayerPart.MODELS})
_VALUES: Final = "platform/values"


def left_behind(
    environments: Iterable[ResolvedEnvironment], removed: Collection[str], desired: Iterable[str]
) -> Iterator[Diagnostic]:
    """Say of every layer that leaves Git whole that it stays in the cluster; paths begin with the environment."""
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
                    yield from _told(environment, engine.kind, folder.replace("/", "-"), folder.partition("/")[2])
            for path in sorted(path for path in paths if path.startswith(f"{_VALUES}/")):
                yield from _told(environment, engine.kind, path.removeprefix(f"{_VALUES}/").removesuffix(".yaml"), "")


def _told(environment: ResolvedEnvironment, kind: str, layer: str, namespace: str) -> Iterator[Diagnostic]:
    known = namespace in environment.mapping("namespaces")
    finding = Finding(
        rule="gitops/left-behind",
        path=("namespaces", namespace) if known else ("gitops",),
        message=f"nothing of {layer} is left to sync, so what it has synced stays in the cluster",
        hint=f"When this is merged, delete the {kind} {environment.name}-{layer}, then what it has synced.",
        at_key=True,
    )
    yield from diagnose_environment(environment, [finding])
