"""Changes in; a commit's message out: what it means for models, in whose words, rendered from what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from kservegen.render.commit.base import TRAILER_CATALOG, TRAILER_SOURCE
from kservegen.render.commit.contents import CommitContents
from kservegen.render.commit.source import RenderSource

_LISTED = 20
_SUFFIX = ".yaml"


def write_message(contents: CommitContents, environments: Iterable[str], words: str) -> str:
    """Return the message, trailers left out; `words` of the user stand in for the subject and text."""
    if words.strip():
        return words.strip() + "\n"
    touched = {path.partition("/")[0] for path in (*contents.added, *contents.changed, *contents.removed)}
    named = ", ".join(sorted(touched)) or ", ".join(environments)
    lines = list(_lines(contents))
    listed = [*islice(lines, _LISTED), *([f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else [])]
    return "\n".join([f"Render {named}: {_meaning(contents)}", *(["", *listed] if listed else [])]) + "\n"


def source_trailers(source: RenderSource) -> dict[str, str]:
    """Return the trailers that every commit of ours ends with."""
    return {TRAILER_SOURCE: source.name, TRAILER_CATALOG: source.catalog}


def _meaning(contents: CommitContents) -> str:
    """Say what happens to models; one that differs in three environments is one model."""
    counts = (
        ({_name(path) for path in contents.changed if _is_model(path)}, "changes", "change"),
        ({_name(path) for path in contents.added if _is_model(path)}, "added", "added"),
        ({_name(path) for path in contents.removed if _is_model(path)}, "removed", "removed"),
    )
    said: list[str] = []
    for names, one, many in counts:
        if names:
            noun = "" if said else " model" if len(names) == 1 else " models"
            said.append(f"{len(names)}{noun} {one if len(names) == 1 else many}")
    return ", ".join(said) or "no model changes"


def _lines(contents: CommitContents) -> Iterator[str]:
    marks = {**dict.fromkeys(contents.added, "+"), **dict.fromkeys(contents.changed, "~")}
    marks |= dict.fromkeys(contents.removed, "-")
    for path in sorted(marks):
        if _is_model(path):
            yield f"{marks[path]} {path.partition('/')[0]}: {_name(path)}"


def _is_model(path: str) -> bool:
    return path.split("/", 2)[1] == "models" and path.endswith(_SUFFIX)


def _name(path: str) -> str:
    """`prod/models/team-a/inferenceservice-iris.yaml` is `team-a/inferenceservice-iris`."""
    return path.split("/", 2)[2].removesuffix(_SUFFIX)
