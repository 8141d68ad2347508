"""The base of a change and the work tree, evaluated, in; what was wrong at the base out.

The base is judged as the work tree is, beside it, so that no step is taken twice for what is alike in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kservegen.core.repository import (
    CATALOG_FILE,
    CATALOG_FOLDER,
    CATALOG_SOURCES,
    ENVIRONMENTS_FOLDER,
    OUTPUT_FOLDER,
    TOOL_SOURCES,
    Repository,
)
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.git import tree
from kservegen.git.tree import Blob, exported


def evaluate_base(
    base: BaseRevision, now: EvaluatedRepository, options: EvaluationOptions, foreign: Iterable[str]
) -> EvaluatedRepository | None:
    """Evaluate the base's catalog in the environments that `now` was asked for; None where it has none of them.

    `options` are those of `now`, which is returned where nothing of it differs. `foreign` are files below the output
    folder, by path relative to it, that the base has and that kservegen did not write. GeneratorError where the base
    cannot be evaluated.
    """
    held = {path: blob for path, blob in tree.files(base.git, base.commit, "").items() if blob.is_file}
    names = tuple(name for name in now.chosen if f"{ENVIRONMENTS_FOLDER}/{name}.yaml" in held)
    if CATALOG_FILE not in held and not any(path.startswith(f"{CATALOG_FOLDER}/") for path in held):
        return None
    if now.is_partial and not names:
        return None
    known = frozenset(f"{OUTPUT_FOLDER}/{path}" for path in foreign)
    others = {path: blob for path, blob in held.items() if path in known or _steers(path)}
    root = now.project.repository.root
    words, tools = (
        {path: blob for path, blob in held.items() if _is_in(path, of)} for of in (CATALOG_SOURCES, TOOL_SOURCES)
    )
    has_same_tools = _is_same(root, tools, TOOL_SOURCES)
    if has_same_tools and _is_same(root, words, CATALOG_SOURCES):
        hidden = (path for path in _names(root, (OUTPUT_FOLDER,)) if _steers(path))
        if _is_same(root, others, {*known, *hidden}):
            return now
    with exported(base.git, {**words, **others, **({} if has_same_tools else tools)}) as folder:
        repository = Repository(folder)
        wanted = EvaluationOptions(
            names=names if now.is_partial else (),
            out=repository.output,
            any_version=True,
            clock=options.clock,
            engine=options.engine,
        )
        return evaluate_repository(repository, wanted, now if has_same_tools else None)


def _is_in(path: str, tops: Iterable[str]) -> bool:
    return path.partition("/")[0] in tops


def _is_same(root: Path, blobs: Mapping[str, Blob], tops: Iterable[str]) -> bool:
    """Whether the work tree has just these files in the places."""
    found = frozenset(_names(root, tops))
    if found != blobs.keys():
        return False
    try:
        return not tree.differing(blobs, {path: (root / path).read_bytes() for path in found})
    except OSError:
        return False


def _steers(path: str) -> bool:
    """Whether a path is a hidden one of the output folder: engines may be told by it what to leave out."""
    return path.startswith(f"{OUTPUT_FOLDER}/") and "/." in path


def _names(root: Path, tops: Iterable[str]) -> Iterator[str]:
    return (path.relative_to(root).as_posix() for top in tops for path in _files(root / top))


def _files(place: Path) -> Iterator[Path]:
    """List the plain files at a place and below it."""
    if place.is_dir() and not place.is_symlink():
        for inner in sorted(place.iterdir()):
            yield from _files(inner)
    elif place.exists() or place.is_symlink():
        yield place
