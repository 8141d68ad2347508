"""A built environment in; its files out, by name and content: objects, values of charts, pages for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.manual import by_manual
from kservegen.core.repository import TEMPLATES_FOLDER, Repository, packaged_data
from kservegen.core.resource import Resource
from kservegen.core.suggest import did_you_mean
from kservegen.formats.yaml.emit import emit
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.ownership import stamp

if TYPE_CHECKING:
    from kservegen.formats.templates import PageTemplates

_NEAR: Final = 0.8  # `plan.md` means `plan.md.j2`, `README.md` means none of ours


def open_templates(repository: Repository) -> PageTemplates:
    """Return the templates of a repository's pages: its own, then those of the package."""
    from kservegen.formats.templates import PageTemplates  # noqa: PLC0415 - only where pages are written
    from kservegen.render.pages import SHIPPED_PAGES  # noqa: PLC0415

    return PageTemplates(repository.root / TEMPLATES_FOLDER, shipped=SHIPPED_PAGES)


def check_templates(repository: Repository, templates: PageTemplates) -> Iterator[Diagnostic]:
    """Compile what a repository has in `templates/`, and yield the files there that stand for no page.

    GeneratorError for a template that is wrong. Folders, hidden files and those of other names are others' own.
    """
    pages = sorted(path.name for path in (packaged_data() / TEMPLATES_FOLDER).glob("*.md.j2"))
    for path in sorted((repository.root / TEMPLATES_FOLDER).iterdir()):
        meant = did_you_mean(path.name, pages, cutoff=_NEAR)
        if path.name in pages:
            templates.compile(path.stem)
        elif (meant or path.suffix == ".j2") and not path.name.startswith(".") and not path.is_dir():
            yield by_manual(
                "catalog/unknown-template",
                "the file stands for no page",
                # Reports show the line of a finding: what a link leads to is not theirs to show.
                Location(repository.relative(path.parent if path.is_symlink() else path)),
                seen=path.name,
                allowed=", ".join(pages),
                hint=meant,
            )


def lay_out(
    built: BuiltEnvironment, templates: PageTemplates, written: dict[BuiltEntry, bytes] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield every file of an environment, paths relative to the output folder.

    `written` holds the files of entries that another environment has too; those of this one are added.
    """
    from kservegen.render.readme import build_pages  # noqa: PLC0415 - brings Jinja, too

    yield from lay_out_synced(built, {} if written is None else written)
    platform = built.platform.without(promises_of(built.environment))
    for path, page in build_pages(built, platform, templates):
        yield _file(f"{built.environment.name}/{path}", page)


def lay_out_synced(built: BuiltEnvironment, written: dict[BuiltEntry, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what `lay_out` does but the pages for people: all that reaches the cluster."""
    name = built.environment.name
    for resource in built.own:
        yield f"{name}/{resource.file}", rendered_file(resource)
    for entry in built.entries:
        content = written.get(entry)
        if content is None:
            content = written[entry] = rendered_file(entry.resource)
        yield f"{name}/{entry.resource.file}", content
    platform = built.platform.without(promises_of(built.environment))
    for chart in platform.charts:
        if chart.values:
            yield _file(f"{name}/platform/values/{chart.name}.yaml", emit(chart.values))


def rendered_file(resource: Resource) -> bytes:
    """Write the file of an object."""
    return stamp(resource.file, emit(resource.doc))


def _file(path: str, text: str) -> tuple[str, bytes]:
    return path, stamp(path, text)
