"""Files in; blobs, a tree, a commit and a moved branch out, without the work tree and beside the user's index."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.core.errors import GeneratorError
from kservegen.git.process import Git, git_failure
from kservegen.git.tree import blob_name

_MODE: Final = "100644"
_BESIDE: Final = "kservegen-"


class Edits(NamedTuple):
    """What a tree gets and loses, by path from the top: contents, and paths."""

    write: Mapping[str, bytes]
    remove: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


class Signature(NamedTuple):
    """Who commits, as variables for git; and whether the user's configuration wants a signature."""

    environment: Mapping[str, str]
    signs: bool


def signature(git: Git, author: tuple[str, str] | None) -> Signature:
    """Return who commits: as git is configured, or `author` (a name and an address) where one is given.

    Raises GeneratorError where neither says who: an address guessed from the machine's name helps nobody.
    """
    environment: dict[str, str] = {}
    if author is not None:
        environment |= {"GIT_AUTHOR_NAME": author[0], "GIT_AUTHOR_EMAIL": author[1]}
    for role in ("AUTHOR", "COMMITTER"):
        if f"GIT_{role}_NAME" in environment or _is_known(git, role):
            continue
        if author is None:
            raise GeneratorError(
                "git knows no name and address to commit with",
                subject=str(git.top),
                hint="Set user.name and user.email with git config, or say --author 'NAME <ADDRESS>'.",
            )
        environment |= {f"GIT_{role}_NAME": author[0], f"GIT_{role}_EMAIL": author[1]}
    signs = git.attempt("config", "--type=bool", "--get", "commit.gpgSign").stdout.strip() == b"true"
    return Signature(environment, signs)


def _is_known(git: Git, role: str) -> bool:
    return git.attempt("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT").returncode == 0


def write_tree(git: Git, base: str, edits: Edits) -> str:
    """Return the name of the tree of `base` (a commit; empty for nothing) with the edits in it.

    Bytes are stored as they are: no filter, no change of line ends, whatever the configuration or attributes say.
    """
    like = base or git.text("hash-object", "--stdin")  # of nothing: tells which digest the repository uses
    _write_blobs(git, edits.write.values())
    place = git.top / git.text("rev-parse", "--git-dir")
    for left in place.glob(f"{_BESIDE}*"):  # by a run that was killed: one that goes on holds the output's lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_BESIDE, dir=place) as folder:
        beside = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", base or "--empty", environment=beside)
        _update_index(git, edits, like, beside)
        return git.run("write-tree", environment=beside).decode().strip()


def stage(git: Git, edits: Edits, like: str) -> None:
    """Bring these paths of the user's own index up to date; its other entries stay as they are."""
    _update_index(git, edits, like, {})
    git.attempt("update-index", "-q", "--refresh")  # says nothing about other files: only spares the next look


def _update_index(git: Git, edits: Edits, like: str, environment: dict[str, str]) -> None:
    gone = (f"0 {'0' * len(like)}\t{path}" for path in edits.remove)
    there = (f"{_MODE} {blob_name(content, like)}\t{path}" for path, content in edits.write.items())
    lines = "".join(f"{line}\0" for line in (*gone, *there)).encode("utf-8", "surrogateescape")
    git.run("update-index", "-z", "--index-info", stdin=lines, environment=environment)


def _write_blobs(git: Git, contents: Iterable[bytes]) -> None:
    """Store contents; one process for all of them."""
    stream = b"".join(b"blob\ndata %d\n%b\n" % (len(content), content) for content in dict.fromkeys(contents))
    if stream:
        git.run("fast-import", "--quiet", stdin=stream)


def commit_tree(git: Git, tree: str, parents: Sequence[str], message: str, who: Signature) -> str:
    """Make a commit that no branch knows yet, and return its name."""
    words = [word for parent in parents for word in ("-p", parent)]
    sign = ["-S"] if who.signs else []
    done = git.attempt(
        "-c", "i18n.commitEncoding=UTF-8", "commit-tree", *sign, *words, "-F", "-", tree,
        stdin=message.encode("utf-8", "surrogateescape"), environment=dict(who.environment),
    )  # fmt: skip
    if done.returncode:
        raise git_failure(done, "git commit-tree", "Its signature failed? See commit.gpgSign." if who.signs else "")
    return done.stdout.decode().strip()


def with_trailers(git: Git, message: str, trailers: Mapping[str, str]) -> str:
    """Add trailers to a message, as git keeps them: one block at the end."""
    words = [word for key, value in trailers.items() for word in ("--trailer", f"{key}: {value}")]
    done = git.run("interpret-trailers", "--no-divider", *words, stdin=message.encode("utf-8", "surrogateescape"))
    return done.decode("utf-8", "surrogateescape")


def move_branch(git: Git, name: str, new: str, old: str | None, why: str) -> bool:
    """Move a local branch from `old` (None: it is made) to `new`; False where somebody moved it before."""
    ref = f"refs/heads/{name}"
    done = git.attempt("update-ref", "-m", why, "--create-reflog", ref, new, old or "0" * len(new))
    if done.returncode and branch_tip(git, name) == old:
        raise git_failure(done, "git update-ref")
    return done.returncode == 0


def branch_tip(git: Git, name: str) -> str | None:
    """Return the commit that a local branch is at; None where there is no such branch."""
    done = git.attempt("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
    return done.stdout.decode().strip() or None


def check_branch_name(git: Git, name: str) -> None:
    """Refuse what git takes for no name of a branch."""
    if git.attempt("check-ref-format", f"refs/heads/{name}").returncode or name.startswith("-"):
        raise GeneratorError("not a name for a branch", subject=name, hint="See git check-ref-format.")
