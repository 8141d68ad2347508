"""A built environment in; its files out, by name and content: objects, values of charts, the README."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.evaluate.memory import Memory
from kservegen.formats.yaml.emit import emit
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.ownership import stamp
from kservegen.render.readme import Contents, build_readme


def lay_out(built: BuiltEnvironment, memory: Memory | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield every file of an environment, paths relative to the output folder."""
    name = built.environment.name
    texts = memory.texts if memory is not None else {}
    for resource in built.resources:
        known = texts.get(id(resource))
        if known is None:
            known = texts[id(resource)] = (resource, stamp(resource.file, emit(resource.doc)))
        yield f"{name}/{resource.file}", known[1]
    platform = built.platform.without(promises_of(built.environment))
    for chart in platform.charts:
        if chart.values:
            yield _file(f"{name}/platform/values/{chart.name}.yaml", emit(chart.values))
    entries = tuple(entry.resource for entry in built.entries)
    page = Contents(environment=built.environment, platform=platform, own=built.own, entries=entries)
    yield _file(f"{name}/README.md", build_readme(page))


def _file(path: str, text: str) -> tuple[str, bytes]:
    return path, stamp(path, text)
