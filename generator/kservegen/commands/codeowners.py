"""A repository in; its CODEOWNERS, where it belongs and whether it is there, out; behind `kservegen codeowners`.

It is written by a command of its own, and not by a render: forges read it before anything is merged, so it comes with
the change of owners.yaml, also where a workflow renders after the merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.owners import Owners
from kservegen.core.confined import repository_top
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.manual import by_manual
from kservegen.core.repository import OWNERS_FILE, Repository
from kservegen.evaluate.project import Project, open_project
from kservegen.formats.yaml.files import read_bytes
from kservegen.render.codeowners import CODEOWNERS, build_codeowners
from kservegen.render.output.ownership import HEAD_SIZE, is_ours

if TYPE_CHECKING:
    from kservegen.evaluate.base import BaseRevision

# In the order in which forges look: GitHub from the first on, GitLab from the second.
_FOLDERS: Final = (".github", "", "docs", ".gitlab")
_GITHUB: Final = _FOLDERS[:3]
_GITLAB: Final = _FOLDERS[1:]
_GITLAB_CI: Final = ".gitlab-ci.yml"


class Codeowners(Struct, frozen=True):
    """The file: its path relative to the root, what it has to hold, and what it holds now (None: it is not there).

    `prefix` is the path of the repository below git's own root, where CODEOWNERS would have to lie; mostly blank.
    """

    path: str
    wanted: bytes
    present: bytes | None
    prefix: str

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else wrote the file."""
        return self.present is not None and not is_ours(self.present[:HEAD_SIZE], self.path)

    @property
    def is_current(self) -> bool:
        """Whether the file is there and says what it has to, whatever ends its lines."""
        return self.present is not None and self.present.replace(b"\r\n", b"\n") == self.wanted


def read_codeowners(project: Project) -> Codeowners | None:
    """Return the CODEOWNERS of a repository; None where it has no owners.yaml.

    GeneratorError where a link or a folder lies in its place.
    """
    catalog, root = project.catalog, project.repository.root
    if catalog.owners is None:
        return None
    there = [place for place in map(_place, _FOLDERS) if _is_there(root, place)]
    home = next((folder for folder in (".github", ".gitlab") if (root / folder).is_dir()), "")
    path = there[0] if there else _place(home)
    prefix = _below_git(root)
    wanted = build_codeowners(Owners.of(catalog.owners.value), catalog, prefix)
    return Codeowners(path, wanted, _content(root, path) if there else None, prefix)


def unreviewed_files(project: Project, *, gate: bool, base: BaseRevision | None = None) -> Iterator[Diagnostic]:
    """Find a CODEOWNERS that is not what owners.yaml stands for; one for all of git's repository is not judged.

    What is an error at a `gate` is a warning elsewhere: nothing that is rendered hangs on it. No change takes away the
    reviews that its `base` asks for: where that has ours, ours has to stay what the forge reads.
    """
    lost = tuple(_lost(project, base)) if base is not None else ()
    for found in lost or _stale(project):
        is_error = found.severity is Severity.ERROR
        yield replace(found, severity=Severity.WARNING) if is_error and not gate else found


def _stale(project: Project) -> Iterator[Diagnostic]:
    file = read_codeowners(project)
    if file is None or file.prefix or file.is_current:
        return
    if file.is_foreign:
        yield by_manual("owners/foreign-codeowners", f"{file.path} is not kservegen's", Location(file.path))
    elif file.present is None:
        absent = by_manual("owners/stale-codeowners", f"there is no {CODEOWNERS}", Location(OWNERS_FILE))
        yield replace(absent, severity=Severity.INFO)  # a forge need not have such a file
    else:
        yield by_manual("owners/stale-codeowners", f"{file.path} is not what {OWNERS_FILE} says", Location(file.path))


def _lost(project: Project, base: BaseRevision) -> Iterator[Diagnostic]:
    """Find that a forge which reads ours at the base would read another one, or none."""
    root = project.repository.root
    if base.owners is None or _below_git(root):
        return
    from kservegen.git.tree import contents  # noqa: PLC0415 - brings git, which only a base needs

    file = read_codeowners(project)
    git, commit = base.git, base.commit
    before = contents(git, commit, tuple(map(_place, _FOLDERS)))
    for forge in _forges(base):
        was = next((place for place in map(_place, forge) if place in before), None)
        if was is None or not is_ours(before[was][:HEAD_SIZE], was):
            continue
        now = next((place for place in map(_place, forge) if _is_there(root, place)), None)
        if now is None:
            yield by_manual("owners/stale-codeowners", f"the base has {was}, and the change removes it", Location(was))
            return
        content = _content(root, now)
        if not is_ours(content[:HEAD_SIZE], now):
            instead = "its place" if now == was else f"front of {was}"
            said = f"{now} is not kservegen's, and the change puts it in {instead}, which the base has"
            found = by_manual("owners/foreign-codeowners", said, Location(now))
            yield replace(found, severity=Severity.ERROR)
            return
        wanted = file.wanted if file is not None else before[was]
        if content.replace(b"\r\n", b"\n") != wanted.replace(b"\r\n", b"\n"):
            yield by_manual("owners/stale-codeowners", f"{now} is not what {OWNERS_FILE} says", Location(now))
            return


def _forges(base: BaseRevision) -> tuple[tuple[str, ...], ...]:
    """Return the folders in which each forge looks that may read the base: both, unless its files tell of one."""
    from kservegen.git.tree import contents, files  # noqa: PLC0415 - as above

    git, commit = base.git, base.commit
    by_gitlab = bool(files(git, commit, ".gitlab") or contents(git, commit, (_GITLAB_CI,)))
    if not by_gitlab or files(git, commit, ".github"):
        return (_GITHUB, _GITLAB) if by_gitlab else (_GITHUB,)
    return (_GITLAB,)


def _place(folder: str) -> str:
    return f"{folder}/{CODEOWNERS}".lstrip("/")


def _is_there(root: Path, place: str) -> bool:
    return (root / place).exists() or (root / place).is_symlink()


def write_codeowners(repository: Repository) -> Codeowners:
    """Write CODEOWNERS, and return what was there.

    GeneratorError where there is no owners.yaml, it has errors, or the file is somebody else's.
    """
    file = show_codeowners(repository)
    if file.prefix:
        raise GeneratorError(
            f"{CODEOWNERS} belongs to the top of git's repository, which is not this folder",
            subject=file.path,
            hint=f"Put the lines that kservegen codeowners prints into the {CODEOWNERS} there.",
        )
    if file.is_foreign:
        raise GeneratorError(
            "kservegen did not write this file, and does not overwrite it",
            subject=file.path,
            hint=f"Move lines of your own to platform.codeowners in {OWNERS_FILE}, and remove the file.",
        )
    if not file.is_current:
        from kservegen.catalog.editing.journal import replace_files  # noqa: PLC0415 - renders judge, and write no source

        before = {file.path: file.present} if file.present is not None else {}
        replace_files(repository.root, before, {file.path: file.wanted})
    return file


def show_codeowners(repository: Repository) -> Codeowners:
    """Return CODEOWNERS as it has to be; GeneratorError where there is no owners.yaml, or it has errors."""
    project = open_project(repository)
    errors = (found for found in project.diagnostics if found.severity is Severity.ERROR)
    wrong = next((found for found in errors if found.location.file == OWNERS_FILE), None)
    if wrong is not None:
        raise GeneratorError(wrong.message, subject=str(wrong.location), hint="Run kservegen validate.")
    file = read_codeowners(project)
    if file is None:
        raise GeneratorError(
            f"there is no {OWNERS_FILE}", subject=str(repository.root), hint="docs/teams.md says what stands in it."
        )
    return file


def _below_git(root: Path) -> str:
    """Return the path of a folder below git's repository around it; blank where it is its top, or there is none."""
    top = repository_top(root)
    return f"{root.relative_to(top).as_posix()}/" if top is not None and top != root else ""


def _content(root: Path, path: str) -> bytes:
    content = read_bytes(root / path, path, root)
    if isinstance(content, Diagnostic):
        raise GeneratorError(content.message, subject=path, hint=content.hint)
    return content
