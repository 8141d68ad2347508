"""A render and the index in; the render with what a commit would leave out, out: behind `kservegen render --staged`."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Location, merge_diagnostics
from kservegen.core.manual import by_manual
from kservegen.core.repository import CATALOG_SOURCES, OUTPUT_FOLDER, TOOL_SOURCES, Repository
from kservegen.git.process import open_git
from kservegen.git.staged import not_staged

_NAMED: Final = 3  # so many files fit in a line


def require_staged(repository: Repository, result: Result) -> Result:
    """Add a finding where the index does not hold the sources and rendered/ as they lie there.

    Raises GeneratorError outside of a git work tree.
    """
    git = open_git(repository.root)
    sources = tuple(not_staged(git, (*CATALOG_SOURCES, *TOOL_SOURCES)))
    # One that git ignores is in no commit at all.
    output = tuple(path for path in not_staged(git, (OUTPUT_FOLDER,), ignored=True) if "/." not in path)
    found = [
        by_manual(
            "gitops/not-staged",
            f"{what} is not staged as it lies here, so this commit would leave it out",
            Location(paths[0]),
            seen=f"{len(paths)} {'file' if len(paths) == 1 else 'files'}: {', '.join(paths[:_NAMED])}"
            f"{', …' if len(paths) > _NAMED else ''}",
            hint=f"Run git add {' '.join(add)}, and commit again.",
        )
        for what, paths, add in (
            ("what is rendered from", sources, sources[:_NAMED]),
            ("what was rendered", output, (OUTPUT_FOLDER,)),
        )
        if paths
    ]
    return replace(result, diagnostics=merge_diagnostics([*result.diagnostics, *found]))
