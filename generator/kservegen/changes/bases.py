"""What a plan compares with: rendered files on disk, those of a commit, or what the catalog of a commit renders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from msgspec import Struct, field

from kservegen.changes.plan.trees import Differences
from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import CATALOG_SOURCES, OUTPUT_FOLDER, TEMPLATES_FOLDER, TOOL_SOURCES, Repository
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository
from kservegen.formats.templates import PageTemplates
from kservegen.git import tree
from kservegen.git.process import Git, open_git
from kservegen.git.remote import default_branch
from kservegen.git.tree import exported
from kservegen.render.output.changes import compare_files
from kservegen.render.output.conflicts import Conflict
from kservegen.render.output.existing import Existing
from kservegen.render.output.ownership import HEAD_SIZE, is_ours

_SHOWN: Final = 12  # digits of a commit's name
_DIGESTS: Final = (40, 64)  # digits of SHA-1 and SHA-256


class WantedBase(Struct, frozen=True, kw_only=True, eq=False):
    """What the catalog renders now, the output folder as it is, and the environments in scope (None: all)."""

    desired: Mapping[str, bytes]
    existing: Existing
    scope: tuple[str, ...] | None

    def covers(self, path: str) -> bool:
        """Whether a path of the output folder belongs to an environment in scope, and is no hidden file."""
        name, _, rest = path.partition("/")
        return bool(rest) and (self.scope is None or name in self.scope) and "/." not in f"/{path}"

    def foreign(self) -> frozenset[str]:
        """Return the files on disk that stay whatever is rendered: an engine syncs them like ours."""
        more = self.existing.files - self.desired.keys()
        return frozenset(path for path in more if not self.existing.is_ours(path))


class Compared(Struct, frozen=True, kw_only=True, eq=False):
    """Differences by environment; the words of the environments' files before, and their commit, where there is one."""

    differences: Mapping[str, Differences]
    words: Mapping[str, JsonObject] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    revision: BaseRevision | None = None

    def foreign(self, wanted: WantedBase) -> frozenset[str]:
        """Return the files that somebody else has in the output folder before the change, and perhaps some more.

        Files that do not differ are what they are now; the others tell by their first line.
        """
        old = {f"{name}/{path}": content for name, d in self.differences.items() for path, content in d.old.items()}
        found = {path for path, content in old.items() if not is_ours(content[:HEAD_SIZE], path)}
        return frozenset(found | (wanted.foreign() - old.keys()))


class DiskBase:
    """The output folder as it lies there: what a render would change."""

    label = f"{OUTPUT_FOLDER}/ as it is"
    revision = None

    def compare(self, wanted: WantedBase) -> Compared:
        """Compare with the files on disk; those that are not ours stay as they are."""
        existing = wanted.existing
        changes = compare_files(dict(wanted.desired), existing)
        standing = (*(path for path in changes.write if path in existing.files), *changes.remove)
        old = {path: existing.read(path) for path in standing}
        now = {*wanted.desired, *(existing.files - set(changes.remove))}
        differences = _by_environment(old, changes.write, was=existing.files, now=now)
        return Compared(differences=differences, conflicts=changes.conflicts)

    def templates(self, repository: Repository) -> PageTemplates:
        """Return the templates that the comment is written by: those of the work tree."""
        return PageTemplates(repository.root / TEMPLATES_FOLDER)


class NoBase:
    """Nothing: a first commit, of which everything is new."""

    label = "nothing: there is no commit before this one"
    revision = None

    def compare(self, wanted: WantedBase) -> Compared:
        """Find everything new."""
        return Compared(differences=_by_environment({}, wanted.desired, was=(), now=wanted.desired))

    def templates(self, repository: Repository) -> PageTemplates:
        """Return the templates of the work tree."""
        return PageTemplates(repository.root / TEMPLATES_FOLDER)


class CommitBase(Struct, frozen=True, eq=False):
    """A commit: its rendered files, or where it carries none, what its catalog renders."""

    revision: BaseRevision

    @property
    def git(self) -> Git:
        """Git, in the repository."""
        return self.revision.git

    @property
    def commit(self) -> str:
        """The name of the commit."""
        return self.revision.commit

    @property
    def label(self) -> str:
        """Which commit it is, in words."""
        return self.revision.label

    def compare(self, wanted: WantedBase) -> Compared:
        """Compare with the commit; a file is read only where its bytes differ."""
        blobs = tree.files(self.git, self.commit, OUTPUT_FOLDER)
        words = self.revision.environments
        held = {path: blob for path, blob in blobs.items() if blob.is_file and wanted.covers(path)}
        # A stray file must not make an environment look new that the commit has and does not carry.
        missing = words.keys() - set(_environments(held))
        rendered = self._rendered(wanted, missing) if any(wanted.covers(f"{name}/x") for name in missing) else {}
        kept = {path: wanted.existing.read(path) for path in wanted.foreign() if wanted.covers(path)}
        now = {**wanted.desired, **kept}
        new = {path: now[path] for path in sorted(tree.differing(held, now))}
        gone = {path: held[path].name for path in held if path not in now or path in new}
        contents = tree.read(self.git, gone.values())
        old = {path: contents[name] for path, name in gone.items()}
        carried = _by_environment(old, new, was=held, now=now)
        return Compared(differences=dict(sorted((carried | rendered).items())), words=words, revision=self.revision)

    def carries(self, environment: str) -> bool:
        """Whether the commit has rendered files of an environment."""
        return any(
            blob.is_file for blob in tree.files(self.git, self.commit, f"{OUTPUT_FOLDER}/{environment}").values()
        )

    def output(self) -> dict[str, bytes]:
        """Return the rendered files that the commit carries."""
        held = tree.contents(self.git, self.commit, (OUTPUT_FOLDER,))
        return {path.removeprefix(f"{OUTPUT_FOLDER}/"): content for path, content in held.items()}

    def templates(self, _repository: Repository) -> PageTemplates:
        """Return the templates that the comment is written by: those of the commit, or ours.

        What is proposed does not say how it is shown.
        """
        held = tree.contents(self.git, self.commit, (TEMPLATES_FOLDER,))
        own = {path.removeprefix(f"{TEMPLATES_FOLDER}/"): content for path, content in held.items()}
        return PageTemplates(own=own)

    @contextmanager
    def catalog(self) -> Iterator[Repository]:
        """Write what the commit's catalog is made of to a folder of its own, and remove it at the end."""
        blobs = {
            path: blob
            for path, blob in tree.files(self.git, self.commit, "").items()
            if path.split("/", 1)[0] in (*CATALOG_SOURCES, *TOOL_SOURCES)
        }
        with exported(self.git, blobs) as root:
            yield Repository(root)

    def _rendered(self, wanted: WantedBase, names: Collection[str]) -> dict[str, Differences]:
        """Render these environments of the commit; GeneratorError where its catalog has errors: nothing says them."""
        with self.catalog() as repository:
            evaluated = evaluate_repository(
                repository,
                EvaluationOptions(
                    names=(), out=repository.output, lays_out=True, judges_output=False, any_version=True
                ),
            )
        if evaluated.has_errors:
            errors = [found for found in evaluated.diagnostics if found.severity is Severity.ERROR]
            first = min(errors, key=lambda found: (found.location, found.rule))
            raise GeneratorError(
                f"the catalog of this commit has errors, so that nothing says what it stood for: {first.message}",
                subject=f"{self.commit[:_SHOWN]} ({first.location})",
                hint=f"Compare with a commit that renders, or with one that carries {OUTPUT_FOLDER}/.",
            )
        before = {path: content for path, content in evaluated.desired.items() if wanted.covers(path)}
        found = rendered_differences(before, wanted.desired)
        return {name: differences for name, differences in found.items() if name in names}


def open_base(repository: Repository, revision: str | None) -> DiskBase | CommitBase:
    """Return what to compare with: the disk, or the commit where `revision` and HEAD part, as pull requests do.

    GeneratorError where git does not know the revision, or no common commit of the two.
    """
    return DiskBase() if revision is None else open_commit(open_git(repository.root), revision)


def open_commit(git: Git, revision: str) -> CommitBase:
    """Return the commit where `revision` and HEAD part; GeneratorError where git knows none."""
    named = tree.resolve_revision(git, revision)
    common = tree.merge_base(git, named, tree.resolve_revision(git, "HEAD"))
    if common is None:
        shallow = tree.is_shallow(git)
        raise GeneratorError(
            "this clone does not know where it and HEAD part" if shallow else "it and HEAD have no commit in common",
            subject=revision,
            hint="The clone is shallow: check out with fetch-depth: 0, or run git fetch --unshallow."
            if shallow
            else "Name a revision that HEAD comes from.",
        )
    name = common[:_SHOWN]
    label = name if named.startswith(revision) else f"{name} ({revision})"
    if common != named:
        label = f"{name}, where {revision} and HEAD part"
    return CommitBase(BaseRevision(git, common, label))


def open_change_base(repository: Repository, revision: str | None) -> CommitBase | NoBase:
    """Return what a change is judged from: where `revision` and HEAD part, or HEAD and the remote's default branch.

    There is none before the first commit, nor where `revision` is git's name for no commit, as the event of a branch's
    first push has it. GeneratorError where it cannot be told: a gate that guesses is none.
    """
    git = open_git(repository.root)
    if revision is None:
        if not tree.has_commits(git):
            return NoBase()
        revision = default_branch(git)
    elif revision and not revision.strip("0") and len(revision) in _DIGESTS:
        return NoBase()
    if revision is None:
        raise GeneratorError(
            "nothing says which commit this is a change of",
            subject=str(repository.root),
            hint="Name it: --base origin/main in a clone, --base HEAD for what is not committed yet.",
        )
    return open_commit(git, revision)


def rendered_differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, Differences]:
    """Compare rendered files, by path in the output folder, and sort what differs by environment."""
    new = {path: content for path, content in after.items() if before.get(path) != content}
    old = {path: content for path, content in before.items() if after.get(path) != content}
    return _by_environment(old, new, was=before, now=after)


def _by_environment(
    old: Mapping[str, bytes], new: Mapping[str, bytes], *, was: Iterable[str], now: Iterable[str]
) -> dict[str, Differences]:
    """Sort differing files by environment; those in which nothing differs are there, too."""
    there, here = set(_environments(was)), set(_environments(now))
    olds, news = _sorted(old), _sorted(new)
    return {
        name: Differences(
            old=olds.get(name, {}), new=news.get(name, {}), was_there=name in there, is_there=name in here
        )
        for name in sorted(there | here)
    }


def _environments(paths: Iterable[str]) -> Iterator[str]:
    return (path.partition("/")[0] for path in paths if "/" in path)


def _sorted(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        name, _, rest = path.partition("/")
        if rest:
            found.setdefault(name, {})[rest] = content
    return found
