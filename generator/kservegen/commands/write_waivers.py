"""Take over a catalog that policies would refuse: every open finding that may be waived gets a waiver with an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editing.patch import put
from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.write import NewWaiver, new_waivers
from kservegen.commands.render import validate
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.repository import ENVIRONMENTS_FOLDER, Repository
from kservegen.evaluate.project import open_project


def write_waivers(
    repository: Repository, given: NewWaiver, clock: Clock, *, environments: Sequence[str] = ()
) -> dict[str, int]:
    """Write waivers into the files of the environments; return how many by file. All files, or none."""
    result = validate(repository, environments=environments, clock=clock)
    sources = open_project(repository).catalog.environments
    before = read_sources(repository)
    after: dict[str, bytes] = {}
    counts: dict[str, int] = {}
    for name in result.environments:
        taken = {key for document in sources[name].documents for key in document.section("waivers")}
        here = (d for told in result.diagnostics for d in told.apart() if name in d.environments)
        wanted = new_waivers(here, given, taken)
        if wanted:
            file = f"{ENVIRONMENTS_FOLDER}/{name}.yaml"
            after[file] = _written(before[file].decode(), wanted, file).encode()
            counts[file] = len(wanted)
    replace_files(repository.root, before, after)
    return counts


def _written(text: str, waivers: Mapping[Path, JsonValue], file: str) -> str:
    for path, waiver in waivers.items():
        text = put(text, path, waiver, file)
    return text
