"""A built environment in; its files out, by name and content: objects, values of charts, the README."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.core.resource import Resource
from kservegen.formats.yaml.emit import emit
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.ownership import stamp
from kservegen.render.readme import Contents, build_readme


def lay_out(built: BuiltEnvironment, written: dict[BuiltEntry, bytes] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield every file of an environment, paths relative to the output folder.

    `written` holds the files of entries that another environment has too; those of this one are added.
    """
    name = built.environment.name
    written = {} if written is None else written
    for resource in built.own:
        yield f"{name}/{resource.file}", _content(resource)
    for entry in built.entries:
        content = written.get(entry)
        if content is None:
            content = written[entry] = _content(entry.resource)
        yield f"{name}/{entry.resource.file}", content
    platform = built.platform.without(promises_of(built.environment))
    for chart in platform.charts:
        if chart.values:
            yield _file(f"{name}/platform/values/{chart.name}.yaml", emit(chart.values))
    entries = tuple(entry.resource for entry in built.entries)
    page = Contents(environment=built.environment, platform=platform, own=built.own, entries=entries)
    yield _file(f"{name}/README.md", build_readme(page))


def _content(resource: Resource) -> bytes:
    return stamp(resource.file, emit(resource.doc))


def _file(path: str, text: str) -> tuple[str, bytes]:
    return path, stamp(path, text)
