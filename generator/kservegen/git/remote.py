"""A remote in; where its branches are, whether one commit led to another, and whether a push moved one out.

Nothing is ever forced.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.errors import GeneratorError
from kservegen.git.checkout import current_branch
from kservegen.git.process import Git, git_failure, mask
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


_QUIET: Final = ("--quiet", "--no-tags")
# Somebody else is writing the same ref in this instant: it need not show yet that it moved.
_LOCKED: Final = ("cannot lock ref", "failed to update ref", "incorrect old value", "reference already exists")


def choose_remote(git: Git, branch: str) -> str:
    """Return the remote that a branch is pushed to: as git is configured, else the only one, else origin."""
    for key in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
        name = git.attempt("config", "--get", key).stdout.decode().strip()
        if name and name != ".":  # a dot is this clone itself
            return name
    names = git.text("remote").split()
    if len(names) == 1 or "origin" in names:
        return names[0] if len(names) == 1 else "origin"
    hint = f"Name one: --push {names[0]}." if names else "Add one: git remote add origin URL."
    raise GeneratorError("there is no remote to push to", subject=str(git.top), hint=hint)


def default_branch(git: Git) -> str | None:
    """Return the default branch of the remote that HEAD's branch belongs to, as this clone last saw it.

    None where the clone was not told: `git clone` is, a checkout of CI may not be.
    """
    try:
        remote = choose_remote(git, current_branch(git) or "")
    except GeneratorError:
        return None
    found = git.attempt("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD").stdout
    return found.decode("utf-8", "surrogateescape").strip().removeprefix("refs/remotes/") or None


def remote_url(git: Git, remote: str) -> str:
    """Return the address of a remote; empty where none is known by that name."""
    return git.attempt("remote", "get-url", remote).stdout.decode("utf-8", "replace").strip()


def remote_tip(git: Git, remote: str, ref: str) -> str | None:
    """Return the commit that a ref of a remote is at, fetched; None where there is no such ref."""
    for _ in range(2):  # it may move between the two questions
        lines = _listed(git, remote, ref).splitlines()
        tip = next((name for name, _, found in (line.partition("\t") for line in lines) if found == ref), None)
        if tip is None:
            return None
        if not is_known(git, tip):
            git.run("fetch", *_QUIET, remote, ref)
        if is_known(git, tip):
            return tip
    raise GeneratorError("keeps moving", subject=f"{mask(remote)} {ref}", hint="Run the command again.")


def _listed(git: Git, *words: str) -> str:
    done = git.attempt("ls-remote", "--quiet", *words)
    if done.returncode:
        raise git_failure(done, "git ls-remote", "See that the remote can be reached from here, and who may read it.")
    return done.stdout.decode("utf-8", "replace")


def is_published(git: Git, commit: str, remote: str) -> bool:
    """Whether a commit is on a branch of a remote, as far as this clone can tell after a fetch."""
    listed = _listed(git, "--heads", remote).split()[::2]
    if commit in listed or _is_tracked(git, commit, remote):
        return True
    git.attempt("fetch", *_QUIET, remote)
    return _is_tracked(git, commit, remote) or any(leads_to(git, commit, tip) for tip in listed if is_known(git, tip))


def _is_tracked(git: Git, commit: str, remote: str) -> bool:
    done = git.attempt("for-each-ref", "--count=1", f"--contains={commit}", f"refs/remotes/{remote}/")
    return bool(done.stdout.strip())


def push(git: Git, remote: str, ref: str, new: str, old: str | None) -> bool:
    """Move a remote's ref from `old` to its descendant `new`; False where somebody moved it before.

    The lease lets git refuse what is not built on what the remote has.
    """
    lease = f"--force-with-lease={ref}:{old or ''}"
    done = git.attempt(
        "push", "--porcelain", "--quiet", "--no-follow-tags", "--recurse-submodules=no", lease, remote, f"{new}:{ref}"
    )
    if not done.returncode:
        return True
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if "(stale info)" in said or "(fetch first)" in said or any(word in said for word in _LOCKED):
        return False
    done.stderr = _reason(done.stdout, done.stderr)
    raise git_failure(done, "git push", "The remote refused: see its rules for this branch, and who may push.")


def _reason(out: bytes, err: bytes) -> bytes:
    """Return the line that says why: of a refusal by the remote, else the last that git printed."""
    refusals = [line for line in out.splitlines() if line.startswith(b"!")]
    return refusals[-1].replace(b"\t", b" ") if refusals else err
