"""Files in; those out that are the input of Helm or kustomize and no manifests yet, with a note for each chart."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from kservegen.checks.manifests.files import ManifestFile
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.manual import by_manual
from kservegen.formats.yaml.manifest import load_manifests

_CHART: Final = "Chart.yaml"
_CHART_FOLDERS: Final = frozenset({"templates", "charts"})
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml"})
_NAMED_INPUTS: Final = _KUSTOMIZATIONS | {_CHART}
# Fields of a kustomization whose files are no whole objects.
_NAMES: Final = ("patchesStrategicMerge", "configurations", "crds", "openapi")
_MAPS: Final = ("patches", "patchesJson6902", "replacements")


def find_inputs(files: Iterable[ManifestFile]) -> tuple[frozenset[Path], tuple[Diagnostic, ...]]:
    """Return the files that are not to be checked, and what to say of them."""
    files = tuple(files)
    if not any(file.name.rpartition("/")[2] in _NAMED_INPUTS for file in files):
        return frozenset(), ()  # as of most folders
    by_path = {file.path: file for file in files}
    left_out: set[Path] = set()
    notes = []
    for path, file in by_path.items():
        found: set[Path] = set()
        if path.name == _CHART:
            found = set(_of_chart(path.parent, by_path))
            what = f"a Helm chart: {len(found)} of its files are not checked"
        elif path.name in _KUSTOMIZATIONS:
            found = {path, *_of_kustomization(file)} & by_path.keys()
            patches = len(found) - 1
            what = f"a kustomization: {f'it and {patches} of its patches are' if patches else 'it is'} not checked"
        if found:
            left_out |= found
            notes.append(_note(file.name, what, builder_of(path)))
    return frozenset(left_out), tuple(notes)


def builder_of(path: Path) -> str:
    """Return the command that makes manifests of the input which a file stands for."""
    return "helm template" if path.name == _CHART else "kustomize build"


def _of_chart(folder: Path, files: Mapping[Path, ManifestFile]) -> Iterator[Path]:
    for path in files:
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).parts
            if parts[0] in _CHART_FOLDERS or len(parts) == 1:
                yield path


def _of_kustomization(file: ManifestFile) -> Iterator[Path]:
    data = file.read()
    if isinstance(data, Diagnostic):
        return
    for document in load_manifests(data, file.name).documents:
        for name in _named_files(mapping(document.value)):
            yield Path(posixpath.normpath(file.path.parent / name))


def _named_files(kustomization: JsonObject) -> Iterator[str]:
    entries: list[JsonValue] = []
    for field in _NAMES:
        entries += sequence(kustomization.get(field))
    for field in _MAPS:
        entries += [mapping(entry).get("path") for entry in sequence(kustomization.get(field))]
    entries += [mapping(entry).get("valuesFile") for entry in sequence(kustomization.get("helmCharts"))]
    yield from (entry for entry in entries if isinstance(entry, str) and "\n" not in entry)


def _note(file: str, what: str, command: str) -> Diagnostic:
    return by_manual(
        "gitops/not-rendered",
        what,
        Location(file),
        hint=f"Check what becomes of it: {command} {Path(file).parent.as_posix()} | kservegen validate -.",
    )
