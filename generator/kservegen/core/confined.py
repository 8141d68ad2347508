"""A path in; whether what it names lies in its repository, out: links are followed before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_GIT: Final = ".git"
LEADS_OUT: Final = "the path leads out of the repository"
LEADS_OUT_HINT: Final = "Put a file in the link's place: what is read and written lies in the repository."


def leads_out(path: Path, root: Path) -> bool:
    """Tell whether a path below `root` leads out of the repository around it, or lies among what git keeps in there.

    Links inside a repository stay what they are: git has them, and so does every checkout. A link that leads nowhere,
    or back to itself, leads out only where its last step does.
    """
    if not _has_link(path, root):
        return _is_gits(path.relative_to(root))
    real, top = Path(os.path.realpath(path)), Path(os.path.realpath(repository_top(root) or root))
    return not real.is_relative_to(top) or _is_gits(real.relative_to(top))


def _is_gits(path: Path) -> bool:
    return any(part.lower() == _GIT for part in path.parts)


def _has_link(path: Path, root: Path) -> bool:
    if not path.is_relative_to(root) or ".." in path.parts:
        return True
    step = os.fspath(root)
    for part in path.relative_to(root).parts:
        step = os.path.join(step, part)  # noqa: PTH118 - asked for each file of a folder, and several times as fast
        if os.path.islink(step):  # noqa: PTH114 - Path raises an error for a name that no file system takes
            return True
    return False


def repository_top(path: Path) -> Path | None:
    """Return the folder at or above a path that git has a repository in; None where there is none."""
    where = Path(os.path.abspath(path))  # noqa: PTH100 - Path has nothing that takes `..` away and follows no link
    return next((folder for folder in (where, *where.parents) if os.path.lexists(folder / _GIT)), None)
