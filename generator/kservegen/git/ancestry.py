"""Two commits in; whether one led to the other out, with as much history fetched as that takes."""

from __future__ import annotations

from typing import Final

from kservegen.git.process import Git
from kservegen.git.tree import is_shallow

# Most questions are about neighbours: the whole history of a shallow clone is fetched only where this does not answer.
_DEEPEN: Final = ("--deepen=100", "--unshallow")


def is_known(git: Git, commit: str) -> bool:
    """Whether the clone holds a commit."""
    return git.attempt("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0


def leads_to(git: Git, older: str, newer: str, remote: str = "") -> bool:
    """Whether `older` is `newer` or in its history; asks `remote` for history that a shallow clone lacks."""
    for more in (*_DEEPEN, ""):
        if _leads_to(git, older, newer):
            return True
        if not more or not remote or not is_shallow(git):
            return False
        git.attempt("fetch", "--quiet", "--no-tags", more, remote)
    return False


def _leads_to(git: Git, older: str, newer: str) -> bool:
    return git.attempt("merge-base", "--is-ancestor", older, newer).returncode == 0


def fetch_commit(git: Git, commit: str, remote: str) -> bool:
    """Try to have a commit of a remote here, by its name or with all branches; say whether it is here."""
    for words in ((remote, commit), (remote,)):
        if is_known(git, commit):
            return True
        git.attempt("fetch", "--quiet", "--no-tags", *words)
    return is_known(git, commit)
