"""A work tree in; the commit that its catalog is at out, or why there is none that could be named."""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from itertools import islice
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import (
    CATALOG_FILE,
    CATALOG_FOLDER,
    ENVIRONMENTS_FOLDER,
    MANIFESTS_FOLDER,
    OUTPUT_FOLDER,
    OWNERS_FILE,
    TEMPLATES_FOLDER,
)
from kservegen.git.checkout import uncommitted, under_way, unmerged
from kservegen.git.process import Git, without_user
from kservegen.git.tree import Blob, parse_tree, read

# What decides about the output, below the repository's folder.
CATALOG: Final = (
    CATALOG_FILE,
    CATALOG_FOLDER,
    OWNERS_FILE,
    ENVIRONMENTS_FOLDER,
    MANIFESTS_FOLDER,
    TEMPLATES_FOLDER,
    "policies",
    "schemas",
)
_READ: Final = frozenset({".yaml", ".yml", ".json", ".j2"})
_SHOWN: Final = 10
_SUBMODULE, _LINK = "160000", "120000"

_REFERENCE: Final = "Argocd-reference-commit-"


class RenderSource(Struct, frozen=True, kw_only=True):
    """The commit that the catalog stands in; `catalog` is a digest of the catalog's files alone.

    `references` are the commits that this one says it was made for, `body` its text without saying so.
    """

    name: str
    author: str
    date: str
    subject: str
    body: str
    references: tuple[JsonObject, ...]
    catalog: str


def read_source(git: Git) -> RenderSource:
    """Return the commit that the catalog of the work tree is at; GeneratorError where the two differ."""
    if git.attempt("rev-parse", "--verify", "--quiet", "HEAD").returncode:
        raise GeneratorError("nothing is committed yet", subject=str(git.top), hint="Commit the catalog first.")
    _check_nothing_under_way(git)
    _check_no_submodule(git)
    check_committed(git)
    shown = git.text("show", "--no-patch", "--format=%H%x00%an <%ae>%x00%aI%x00%s%x00%b", "HEAD")
    name, author, date, subject, text = shown.split("\0", 4)
    references, body = split_references(text)
    return RenderSource(
        name=name,
        author=author,
        date=date,
        subject=subject,
        body=body.strip("\n"),
        references=references,
        catalog=f"sha256:{digest(git, name)}",
    )


def check_committed(git: Git) -> None:
    """Refuse a catalog that HEAD does not hold as it is: the commit named as the source would lie."""
    paths = [git.inside(path) for path in CATALOG]
    paths += [_target(git, path) for path, blob in rendered_listing(git, "HEAD").items() if blob.mode == _LINK]
    dirty = sorted({path for path in uncommitted(git, paths) if _counts(path.removeprefix(git.prefix))})
    if dirty:
        more = f" and {len(dirty) - _SHOWN} more" if len(dirty) > _SHOWN else ""
        raise GeneratorError(
            f"not committed: {', '.join(islice(dirty, _SHOWN))}{more}",
            subject="the catalog",
            hint="Commit these first: the commit of the output names the commit that it was rendered from.",
        )


def _target(git: Git, path: str) -> str:
    """Return what a link among the catalog's files leads to, by path from the top: it is read like the others."""
    target = (git.top / git.inside(path)).resolve()
    if not target.is_relative_to(git.top):
        raise GeneratorError("leads out of the repository", subject=path, hint="No commit can name what is read there.")
    return target.relative_to(git.top).as_posix()


def _counts(path: str) -> bool:
    """Whether a file may decide about the output: editors leave others beside it."""
    pure = PurePosixPath(path)
    return pure.suffix in _READ and not any(part.startswith(".") for part in pure.parts)


def _check_nothing_under_way(git: Git) -> None:
    what = under_way(git)
    left = unmerged(git)
    if what or left:
        raise GeneratorError(
            f"{what} is under way" if what else f"not merged yet: {', '.join(left[:_SHOWN])}",
            subject=str(git.top),
            hint="End it or abort it first: what is committed now would be neither the old nor the new.",
        )


def _check_no_submodule(git: Git) -> None:
    found = [path for path, blob in rendered_listing(git, "HEAD").items() if blob.mode == _SUBMODULE]
    found += [path for path in (*CATALOG, OUTPUT_FOLDER) if (git.top / git.inside(path) / ".git").exists()]
    if found:
        raise GeneratorError(
            "a git repository of its own",
            subject=found[0],
            hint="The catalog and its output stand in one repository: run this inside the one that holds both.",
        )


def rendered_listing(git: Git, commit: str) -> dict[str, Blob]:
    """List the catalog's files, links and submodules in a commit, and what stands in place of the output folder."""
    paths = [git.inside(path) for path in CATALOG]
    output = git.inside(OUTPUT_FOLDER)
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    listed += git.run("ls-tree", "-z", "--full-tree", commit, "--", output)
    return {path.removeprefix(git.prefix): blob for path, blob in parse_tree(listed)}


def digest(git: Git, commit: str) -> str:
    """Return the SHA-256 of what `sha256sum` prints of a commit's catalog, sorted by path.

    What a link holds is where it leads to.
    """
    tree = {path: blob for path, blob in rendered_listing(git, commit).items() if path != OUTPUT_FOLDER}
    contents = read(git, (blob.name for blob in tree.values()))
    lines = (f"{sha256(contents[tree[path].name]).hexdigest()}  {path}\n" for path in sorted(tree))
    return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def split_references(text: str) -> tuple[tuple[JsonObject, ...], str]:
    """Take Argo CD's `Argocd-reference-commit-*` trailers out of a commit's text; what is not valid stays.

    As Argo CD does (its `GetReferences` in util/git): one reference at most, the last value wins.
    """
    found: JsonObject = {}
    kept = []
    for line in text.split("\n"):
        key, _, value = line.partition(": ")
        word = key.removeprefix(_REFERENCE)
        valid = _valid(word, value.strip()) if key.startswith(_REFERENCE) else None
        if valid is None:
            kept.append(line)
        else:
            found["repoURL" if word == "repourl" else word] = valid
    return (({"commit": found},) if found else ()), "\n".join(kept)


def _valid(word: str, value: str) -> str | None:
    try:
        if word == "repourl":
            return without_user(value) if urlsplit(value).scheme else None
        if word == "author":
            return value if "@" in parseaddr(value)[1] else None
        if word == "date":
            return value if datetime.fromisoformat(value).tzinfo else None
        if word == "body":
            body = json.loads(value)
            return body if isinstance(body, str) else None
        if word == "sha":
            return value if re.fullmatch("[0-9a-fA-F]{5,40}", value) else None
    except (ValueError, RecursionError):
        return None
    return value if word == "subject" and value else None
