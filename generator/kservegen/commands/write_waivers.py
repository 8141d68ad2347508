"""Take over a catalog that policies would refuse: waivers with an end cover every open finding that may be waived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editing.patch import put
from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.write import NewWaiver, new_waivers
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.repository import Repository
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector


def write_waivers(
    repository: Repository, given: NewWaiver, clock: Clock, *, environments: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Write waivers into the files of the environments; return the last day of each, by file. All files, or none."""
    wanted = EvaluationOptions(names=tuple(environments), out=repository.output, clock=clock)
    with without_collector():
        evaluated = evaluate_repository(repository, wanted)
    before = read_sources(repository)
    after: dict[str, bytes] = {}
    days: dict[str, tuple[str, ...]] = {}
    for evaluation in evaluated.evaluations.values():
        environment = evaluation.environment
        taken = {key for document in environment.source.documents for key in document.section("waivers")}
        waivers = new_waivers(evaluation.diagnostics, environment.entries, given, taken)
        if waivers:
            file = environment.source.own.file
            after[file] = _written(before[file].decode(), waivers, file).encode()
            days[file] = tuple(text(mapping(waiver).get("expires")) for waiver in waivers.values())
    replace_files(repository.root, before, after)
    return days


def _written(source: str, waivers: Mapping[Path, JsonValue], file: str) -> str:
    for path, waiver in waivers.items():
        source = put(source, path, waiver, file)
    return source
