"""The use case `eject`: the rendered files without their first line, and a page on how to go on without kservegen.

Files stay where they are: paths and bytes are what an engine knows them by, and a comment is no difference to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.engines import ENGINES
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.gitops.layers import LAYER_ORDER
from kservegen.render.gitops.repository import CHART_REPOSITORY
from kservegen.render.layout import open_templates
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of
from kservegen.render.output.changes import compare_files
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import unstamped

PAGE_WITHOUT: Final = f"{OUTPUT_FOLDER}/WITHOUT-KSERVEGEN.md"
# Folders of an environment that nobody applies as they are: values of charts, and what starts an engine.
_NOT_APPLIED: Final = frozenset({"platform/", "sync/"})
_ORDER: Final = {f"{part}/": order for part, order in LAYER_ORDER.items()}
# What only kservegen reads.
_SOURCES: Final = ("models.yaml", "models/", "manifests/", "environments/", "policies/", "owners.yaml")


class Ejection(Struct, frozen=True, kw_only=True):
    """The rendered files before and after, by path; nothing is written yet."""

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]


def eject(repository: Repository) -> Ejection:
    """Make plain files of what is rendered; GeneratorError where that is not what the catalog says now."""
    out = repository.output
    with without_collector():
        evaluated = evaluate_repository(repository, EvaluationOptions(names=(), out=out, lays_out=True))
        if evaluated.has_errors:
            raise GeneratorError("the catalog has errors", hint="Run kservegen validate, and mend what it finds.")
        existing = scan(out, None)
        changes = compare_files(evaluated.desired, existing)
        if changes.blocked:
            first = changes.conflicts[0]
            raise GeneratorError(
                "files that kservegen did not write are in the way",
                subject=f"{OUTPUT_FOLDER}/{first.path}",
                hint="Move them away first: kservegen render names each, and why.",
            )
        if changes:
            raise GeneratorError("the output is not what the catalog says", hint="Run kservegen render first.")
        before = {f"{OUTPUT_FOLDER}/{path}": content for path, content in evaluated.desired.items()}
        after = {path: unstamped(content, path) for path, content in before.items()}
        page = open_templates(repository).write("without.md", **_page(repository, evaluated))
        if (repository.root / PAGE_WITHOUT).exists():
            raise GeneratorError("the file is there already", subject=PAGE_WITHOUT, hint="Move it away.")
        return Ejection(before=before, after={**after, PAGE_WITHOUT: page.encode()})


def _page(repository: Repository, evaluated: EvaluatedRepository) -> Mapping[str, object]:
    environments = []
    for name, built in evaluated.built.items():
        promises = promises_of(built.environment)
        engine = ENGINES.get(built.environment.text("gitops", "engine"))
        files = sorted({path.partition("/")[2] for path in evaluated.desired if path.startswith(f"{name}/")})
        folders = {f"{PurePosixPath(path).parts[0]}/" for path in files if "/" in path} - _NOT_APPLIED
        environments.append(
            {
                "name": name,
                "registry": f"oci://{_charts(built).removeprefix('oci://')}",
                "engine": engine.title if engine is not None else "",
                "promises": sorted(promises),
                "charts": [
                    {
                        "name": chart.name,
                        "release": chart.release,
                        "version": chart.version,
                        "values": f"{OUTPUT_FOLDER}/{name}/platform/values/{chart.name}.yaml" if chart.values else "",
                    }
                    for chart in built.platform.without(promises).charts
                ],
                "folders": [f"{OUTPUT_FOLDER}/{name}/{folder}" for folder in sorted(folders, key=_place)],
            }
        )
    there = [path for path in _SOURCES if (repository.root / path).exists()]
    return {"environments": environments, "sources": there}


def _place(folder: str) -> tuple[int, str]:
    """Put a folder where engines put its layer: what others need comes first."""
    return _ORDER[folder], folder


def _charts(built: BuiltEnvironment) -> str:
    return built.environment.text("gitops", "chartRepository", default=CHART_REPOSITORY)


def write_ejection(repository: Repository, ejection: Ejection) -> None:
    """Write all files, or none."""
    replace_files(repository.root, ejection.before, ejection.after)
