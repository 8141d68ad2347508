"""An environment whose file is gone in; its guards and permits out, as the last commit that had the file has them.

The permit to remove an environment lies in its own file, and goes with it: what renders after the merge has to look
where the change that took the file away was judged from.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kservegen.changes.guards import Allowances, GuardLimits
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import ENVIRONMENTS_FOLDER
from kservegen.evaluate.base import BaseRevision
from kservegen.git.process import open_git
from kservegen.git.tree import has_commits, is_shallow, last_with

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock

_SHOWN: Final = 12  # digits of a commit's name


def departed_limits(
    root: Path,
    name: str,
    allowed: Allowances,
    *,
    revision: BaseRevision | None = None,
    clock: Clock | None = None,
    command: str = "",
) -> GuardLimits:
    """Read the limits of an environment that has no file any more, up to `revision`, or to HEAD where it is None.

    Where no commit that had the file is known, nothing is permitted, and the limits say why that is so.
    """
    words, remark = _last_words(root, name, revision)
    return GuardLimits.of(words, allowed, clock=clock, command=command, remark=remark)


def _last_words(root: Path, name: str, revision: BaseRevision | None) -> tuple[JsonObject, str]:
    """Return the environment's words, and what has to be known of them before a permit is written; blank: nothing."""
    path = f"{ENVIRONMENTS_FOLDER}/{name}.yaml"
    try:
        git = open_git(root) if revision is None else revision.git
    except GeneratorError as error:
        return {}, f"No permit of {path} was read, as it is gone and there is no git to ask: {error.message}."
    if revision is None and not has_commits(git):
        return {}, f"No permit of {path} was read, as it is gone and there is no commit yet."
    asked = "HEAD" if revision is None else revision.commit
    held = last_with(git, asked, path)
    if held is None:
        why = "this clone is shallow: check out with fetch-depth: 0" if is_shallow(git) else "no commit has it"
        return {}, f"No permit of {path} was read: {why}."
    last = BaseRevision(git, held.commit, held.commit[:_SHOWN])
    if held.is_newest:
        return last.words_of(name), ""
    shown = f"git show {last.label}:{git.inside(path)}"
    return last.words_of(name), f"The file is gone: {shown} prints it as it was; remove it again after the permit."
