"""Rendered files and a commit in; what the commit's tree would have to get and lose out, foreign files left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kservegen.core.errors import GeneratorError
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.git.process import Git
from kservegen.git.tree import Blob, differing, files, parse_tree, read
from kservegen.git.write import Edits
from kservegen.render.output.ownership import is_ours
from kservegen.render.output.paths import folders_of, is_confined, parents
from kservegen.render.output.synced import is_read

_PLAIN: Final = "100644"
_FOLDER: Final = "040000"


class CommitContents(NamedTuple):
    """The difference, by path below the output folder, each part in the order of paths."""

    added: Mapping[str, bytes]
    changed: Mapping[str, bytes]
    removed: tuple[str, ...]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def edits(self, git: Git) -> Edits:
        """Return the same by path from the top of the repository."""
        write = {_place(git, path): content for path, content in {**self.added, **self.changed}.items()}
        return Edits(write, [_place(git, path) for path in self.removed])


def _place(git: Git, path: str) -> str:
    return git.inside(f"{OUTPUT_FOLDER}/{path}")


def compare_with(
    git: Git,
    commit: str,
    desired: Mapping[str, bytes],
    environments: Sequence[str] | None,
    unmanaged: Collection[str] = (),
) -> CommitContents:
    """Find what a commit (empty: nothing yet) lacks of the rendered files of these environments, or of all.

    Raises GeneratorError where it holds what an engine would apply beside them, and `unmanaged` does not list it.
    """
    if commit:
        _check_folders(git, commit)
    tree = files(git, commit, OUTPUT_FOLDER) if commit else {}
    differ = differing(tree, desired) | {path for path in desired if path in tree and tree[path].mode != _PLAIN}
    stale = [path for path in sorted(tree.keys() - desired.keys()) if _in_scope(path, environments)]
    stale = [path for path in stale if is_confined(path) and tree[path].is_file]
    heads = read(git, (tree[path].name for path in (*stale, *differ) if path in tree and tree[path].is_file))
    in_the_way = sorted(_in_the_way(tree, desired, differ, heads))
    if in_the_way:
        raise GeneratorError(
            "files that kservegen did not write are in the way",
            subject=f"{commit[:12]}:{_place(git, in_the_way[0])}",
            hint="Move them away on that branch first; nothing was committed.",
        )
    ours = {path for path in stale if is_ours(heads[tree[path].name], path)}
    _refuse_others(git, commit, tree, {*desired, *ours, *unmanaged})
    return CommitContents(
        added={path: desired[path] for path in sorted(differ) if path not in tree},
        changed={path: desired[path] for path in sorted(differ) if path in tree},
        removed=tuple(path for path in stale if path in ours),
        unchanged=len(desired) - len(differ),
    )


def _refuse_others(git: Git, commit: str, tree: Mapping[str, Blob], known: Collection[str]) -> None:
    """Refuse what somebody else put into the folders that are rendered: whoever syncs the branch would apply it."""
    tops = {path.partition("/")[0] for path in known}
    others = sorted(
        path
        for path in tree.keys() - known
        if path.partition("/")[0] in tops and (is_read(path) or not tree[path].is_file)
    )
    if others:
        raise GeneratorError(
            "a file that kservegen did not write would be synced with the output",
            subject=f"{commit[:12]}:{_place(git, others[0])}",
            hint="Remove it on that branch, or list it under unmanaged in its environment; nothing was committed.",
        )


def _in_scope(path: str, environments: Sequence[str] | None) -> bool:
    return environments is None or path.partition("/")[0] in environments


def _in_the_way(
    tree: Mapping[str, Blob], desired: Mapping[str, bytes], differ: set[str], heads: Mapping[str, bytes]
) -> Iterator[str]:
    for path in differ & tree.keys():
        if not tree[path].is_file or not is_ours(heads[tree[path].name], path):
            yield path
    if tree.keys() - desired.keys():
        wanted = set(folders_of(desired))
        yield from (path for path in tree if path in wanted)
        yield from (path for path in tree if any(folder in desired for folder in parents(path)))


def _check_folders(git: Git, commit: str) -> None:
    """Refuse a link, a file or a submodule where the output folder or one above it belongs."""
    place = git.inside(OUTPUT_FOLDER)
    wanted = (*parents(place), place)
    listed = git.run("ls-tree", "-z", "--full-tree", commit, "--", *wanted)
    # What lies beside is listed, too, where git looks into a folder for the sake of another one.
    odd = [path for path, entry in parse_tree(listed) if path in wanted and entry.mode != _FOLDER]
    if odd:
        raise GeneratorError("no folder", subject=f"{commit[:12]}:{odd[0]}", hint="The output goes into a folder.")
