"""The page put together: head, table of models, one section for each thing that people come for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.resource import Resource
from kservegen.render.gitops.layers import plan_layers
from kservegen.render.objects.callees import callees
from kservegen.render.objects.platform import PlannedCharts
from kservegen.render.objects.settings import promises_of
from kservegen.render.readme.calling import recipes, table
from kservegen.render.readme.installing import install, uninstall
from kservegen.render.readme.operating import operate, watch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contents:
    """What a page is about: the objects of the environment itself, its sync objects among them, and of its entries."""

    environment: ResolvedEnvironment
    platform: PlannedCharts
    own: tuple[Resource, ...]
    entries: tuple[Resource, ...]


def build_readme(contents: Contents) -> str:
    """Write the page of one environment."""
    return "\n".join(_parts(contents))


def _parts(contents: Contents) -> Iterator[str]:
    environment = contents.environment
    called = callees(environment, contents.platform, contents.entries)
    yield _head(environment, contents.platform)
    yield table(called)
    yield from recipes(environment, called)
    services = [callee for callee in called if callee.is_service]
    if services:
        yield watch(services)
        yield operate(environment, services)
    sync = tuple(resource for resource in contents.own if _is_sync(resource))
    held = [*(resource for resource in contents.own if not _is_sync(resource)), *contents.entries]
    layers = plan_layers(contents.platform, held)
    yield install(environment, layers, sync)
    yield uninstall(environment, layers, sync)


def _is_sync(resource: Resource) -> bool:
    return resource.file.startswith("sync/")


def _head(environment: ResolvedEnvironment, platform: PlannedCharts) -> str:
    cluster = environment.text("cluster", "name") or environment.text("cluster", "server") or "not named"
    return (
        f"# {environment.name}\n\n"
        f"Cluster `{cluster}`, KServe {platform.version}, deployment mode "
        f"{environment.text('kserve', 'deploymentMode', default='Standard')}.\n\n"
        f"- Charts, in install order: {_quoted(platform.names)}.\n"
        f"- Expected to be there already: {_quoted(promises_of(environment))}.\n"
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
