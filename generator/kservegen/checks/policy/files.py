"""Policy folders in, policies out: the user's own file stands over a shipped one of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.checks.policy.binding import PolicyCompilation
from kservegen.checks.policy.load import load
from kservegen.checks.policy.model import Policy, PolicySource
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import Path as FieldPath
from kservegen.core.repository import Repository, packaged_data
from kservegen.formats.yaml.files import find_clashes, find_misplaced, read_bytes
from kservegen.formats.yaml.manifest import ManifestDocument, load_manifests

NameOf: TypeAlias = Callable[[Path], str]


class PolicyFile(Struct, frozen=True, dict=True, eq=False):
    """A file that holds one policy, and is read when that is asked for."""

    path: Path
    name: str

    @cached_property
    def policy(self) -> Policy:
        """The policy, which is sound: tests compile and try all that are shipped."""
        (policy,), _ = load(_documents(self.path, self.path.parent.parent, self.name, []))
        return replace(policy, compiles=True)


class PolicyFiles(Struct, frozen=True, dict=True, eq=False):
    """The policies of some folders, what is wrong with their files, and those that an environment had compiled.

    `shipped` are those that travel with the package, by name, without any that stands among the `own`.
    """

    own: tuple[Policy, ...]
    diagnostics: tuple[Diagnostic, ...]
    shipped: dict[str, PolicyFile] = field(default_factory=dict)
    compiled: dict[str, PolicyCompilation] = field(default_factory=dict)

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """All policies, which reads them all."""
        return self._with(self.shipped)

    def among(self, names: Iterable[str]) -> tuple[Policy, ...]:
        """Return those of some names at least; all where there is none of a name, for who says which there are."""
        wanted = set(names).difference(policy.name for policy in self.own)
        return self._with(sorted(wanted)) if wanted <= self.shipped.keys() else self.policies

    def _with(self, names: Iterable[str]) -> tuple[Policy, ...]:
        return (*self.own, *(self.shipped[name].policy for name in names))


def open_policies(repository: Repository) -> PolicyFiles:
    """Read a repository's own policies, before those that travel with the package."""
    shipped = packaged_data() / "policies"
    own = read_policies([repository.policies], repository.relative)
    if shipped == repository.policies:
        return own
    names = {policy.name for policy in own.own}
    paths = (path for path in sorted(shipped.glob("*.yaml")) if path.stem not in names)
    return replace(own, shipped={path.stem: PolicyFile(path, repository.relative(path)) for path in paths})


def read_policies(roots: Iterable[Path], name_of: NameOf) -> PolicyFiles:
    """Read `*.yaml` of each folder, in the order of folders and names; `name_of` writes a path as reports do."""
    diagnostics: list[Diagnostic] = []
    sources = list(_sources(roots, name_of, diagnostics))
    own, found = load(sources)
    return PolicyFiles(own, (*diagnostics, *found))


def _sources(roots: Iterable[Path], name_of: NameOf, diagnostics: list[Diagnostic]) -> Iterator[PolicySource]:
    for root in roots:
        misplaced = find_misplaced(root, name_of(root), root.parent)
        if misplaced is not None:
            diagnostics.append(misplaced)
            continue
        paths = sorted(root.glob("*.yaml"))
        diagnostics.extend(find_clashes(map(name_of, paths)))
        for path in paths:
            yield from _documents(path, root.parent, name_of(path), diagnostics)


def _documents(path: Path, above: Path, name: str, diagnostics: list[Diagnostic]) -> Iterator[PolicySource]:
    content = read_bytes(path, name, above)
    if isinstance(content, Diagnostic):
        diagnostics.append(content)
        return
    manifests = load_manifests(content, name)
    raw = content.decode("utf-8", "replace")
    diagnostics.extend(manifests.diagnostics)
    for document in manifests.documents:
        if isinstance(document.value, dict):
            yield PolicySource(doc=document.value, locate=partial(_locate, document), raw=raw)


def _locate(document: ManifestDocument, path: FieldPath) -> Location:
    return document.source.value(path)
