"""A revision and a folder in; the files that it holds there out, told apart by digest and read only where asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1, sha256
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.git.process import Git, GitError

_REGULAR: Final = frozenset({"100644", "100755"})
_SHA1_DIGITS: Final = 40


class Blob(Struct, frozen=True):
    """A file of a commit: `name` is the object's name, a hexadecimal digest."""

    name: str
    mode: str

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file: no link, no submodule."""
        return self.mode in _REGULAR


def resolve_revision(git: Git, revision: str) -> str:
    """Return the name of the commit that a revision means; GeneratorError for one that there is none of."""
    # An option in place of a revision would be read as one; --end-of-options is newer than many gits.
    if revision.startswith("-"):
        raise GeneratorError("not a revision", subject=revision, hint="Name a branch, a tag or a commit.")
    done = git.attempt("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if done.returncode:
        deepen = " This clone is shallow: fetch with more depth, or check out with fetch-depth: 0."
        raise GeneratorError(
            "no such revision in this clone",
            subject=revision or '""',
            hint=f"Fetch it first (git fetch origin BRANCH).{deepen if is_shallow(git) else ''}",
        )
    return done.stdout.decode().strip()


def has_commits(git: Git) -> bool:
    """Whether HEAD is a commit: not so before the first one."""
    return git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode == 0


def merge_base(git: Git, one: str, other: str) -> str | None:
    """Return the commit where two revisions parted; None where they share none that this clone knows."""
    done = git.attempt("merge-base", one, other)
    return done.stdout.decode().split("\n", 1)[0] or None if done.returncode == 0 else None


class Held(Struct, frozen=True):
    """The last commit that has a file; `is_newest` where that is the one that was asked for."""

    commit: str
    is_newest: bool


def last_with(git: Git, commit: str, path: str) -> Held | None:
    """Return the last commit up to `commit` that has a file; None where this clone knows of none.

    Of merges the first parent counts: what was merged last, without what a branch held on its way there.
    """
    if _file(git, commit, path):
        return Held(commit, is_newest=True)
    removal = git.text("rev-list", "-1", "--first-parent", commit, "--", f":(top,literal){git.inside(path)}")
    found = git.attempt("rev-parse", "--verify", "--quiet", f"{removal}^1") if removal else None
    if found is None or found.returncode:
        return None
    before = found.stdout.decode().strip()
    return Held(before, is_newest=False) if _file(git, before, path) else None


def is_shallow(git: Git) -> bool:
    """Whether the clone lacks history."""
    return git.text("rev-parse", "--is-shallow-repository") == "true"


def files(git: Git, commit: str, folder: str) -> dict[str, Blob]:
    """List the files below a folder (relative to the folder that git was opened for), by path relative to it.

    Empty where the commit has no such folder. Links and submodules are listed too: see `Blob.is_file`.
    """
    inside = git.inside(folder.strip("/")).rstrip("/")
    base = f"{inside}/" if inside else ""
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", commit, *(["--", base] if base else []))
    return {path.removeprefix(base): blob for path, blob in parse_tree(listed)}


def parse_tree(listed: bytes) -> Iterator[tuple[str, Blob]]:
    """Read what `git ls-tree -z` prints: paths and what is there."""
    for line in listed.split(b"\0"):
        if line:
            facts, _, path = line.decode("utf-8", "surrogateescape").partition("\t")
            mode, _, name = facts.split(" ")
            yield path, Blob(name, mode)


def read(git: Git, names: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of blobs by name; one process for all of them."""
    wanted = tuple(dict.fromkeys(names))
    if not wanted:
        return {}
    answer = memoryview(git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in wanted).encode()))
    found: dict[str, bytes] = {}
    start = 0
    for name in wanted:
        end = start + bytes(answer[start : start + 256]).index(b"\n")
        words = bytes(answer[start:end]).split(b" ")
        if words[-1] == b"missing":
            raise GitError("the clone lacks an object", subject=name, hint="It is partial or damaged: run git fsck.")
        size = int(words[-1])
        found[name] = bytes(answer[end + 1 : end + 1 + size])
        start = end + 1 + size + 1
    return found


def blob_name(content: bytes, like: str) -> str:
    """Return the name that git would give to a file's content, in the digest of a repository that has `like`."""
    digest = sha1(usedforsecurity=False) if len(like) == _SHA1_DIGITS else sha256()
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()


def differing(tree: Mapping[str, Blob], contents: Mapping[str, bytes]) -> set[str]:
    """Return the paths of `contents` that the tree lacks or holds with other bytes."""
    return {
        path
        for path, content in contents.items()
        if path not in tree or tree[path].name != blob_name(content, tree[path].name)
    }


@contextmanager
def exported(git: Git, blobs: Mapping[str, Blob]) -> Iterator[Path]:
    """Write plain files of a commit, by path, to a folder of their own, and remove it at the end.

    Links and submodules are left out, and so is a path that would lead out of the folder.
    """
    wanted = {path: blob for path, blob in blobs.items() if blob.is_file and _stays_inside(path)}
    contents = read(git, (blob.name for blob in wanted.values()))
    import tempfile  # noqa: PLC0415 - few commands write a commit's files

    with tempfile.TemporaryDirectory(prefix="kservegen-") as folder:
        for path, blob in wanted.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[blob.name])
        yield Path(folder)


def _stays_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in PurePosixPath(path).parts


def contents(git: Git, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the plain files that a commit holds at these paths and below them."""
    found: dict[str, str] = {}
    for path in paths:
        held = files(git, commit, path)
        found.update({f"{path}/{file}": blob.name for file, blob in held.items() if blob.is_file})
        if not held and (blob := _file(git, commit, path)):
            found[path] = blob
    blobs = read(git, found.values())
    return {path: blobs[name] for path, name in found.items()}


def _file(git: Git, commit: str, path: str) -> str:
    done = git.attempt("rev-parse", "--verify", "--quiet", f"{commit}:{git.inside(path)}")
    return done.stdout.decode().strip() if done.returncode == 0 else ""
