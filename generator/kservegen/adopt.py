"""Take over a catalog that policies would refuse: every open finding that may be waived gets a waiver with an end."""

from __future__ import annotations

from collections.abc import Sequence

from kservegen.app import validate
from kservegen.editing.file import replace_file
from kservegen.editing.text import set_values
from kservegen.errors import GeneratorError
from kservegen.project import open_project
from kservegen.repository import ENVIRONMENTS_FOLDER, Repository
from kservegen.waivers.apply import Clock
from kservegen.waivers.write import Promise, new_waivers


def write_waivers(
    repository: Repository, given: Promise, clock: Clock, *, environments: Sequence[str] = ()
) -> dict[str, int]:
    """Write waivers into the files of the environments; return how many by file. All files, or none is read wrongly."""
    result = validate(repository, environments=environments, clock=clock)
    sources = open_project(repository).catalog.environments
    edits: dict[str, tuple[str, int]] = {}
    for name in result.environments:
        taken = {key for document in sources[name].documents for key in document.section("waivers")}
        wanted = new_waivers((d for d in result.diagnostics if name in d.environments), given, taken)
        if wanted:
            file = f"{ENVIRONMENTS_FOLDER}/{name}.yaml"
            edits[file] = (set_values(_read(repository, file), wanted, file), len(wanted))
    for file, (text, _) in edits.items():
        replace_file(repository.root / file, text, subject=file)
    return {file: count for file, (_, count) in edits.items()}


def _read(repository: Repository, file: str) -> str:
    try:
        return (repository.root / file).read_bytes().decode()
    except OSError as error:
        raise GeneratorError(f"the file cannot be read: {error.strerror}", subject=file) from error
