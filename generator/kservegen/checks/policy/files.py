"""Policy folders in, policies out: the user's own file stands over a shipped one of the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from kservegen.checks.policy.binding import PolicyCompilation
from kservegen.checks.policy.load import load
from kservegen.checks.policy.model import Policy, PolicySource
from kservegen.core.diagnostics import Diagnostic
from kservegen.formats.yaml.files import find_clashes, find_misplaced, read_bytes
from kservegen.formats.yaml.manifest import load_manifests

NameOf: TypeAlias = Callable[[Path], str]


class PolicyFiles(Struct, frozen=True):
    """The policies of some folders, what is wrong with their files, and those that an environment had compiled."""

    policies: tuple[Policy, ...]
    diagnostics: tuple[Diagnostic, ...]
    compiled: dict[str, PolicyCompilation] = field(default_factory=dict)


def read_policies(roots: Iterable[Path], name_of: NameOf) -> PolicyFiles:
    """Read `*.yaml` of each folder, in the order of folders and names; `name_of` writes a path as reports do."""
    diagnostics: list[Diagnostic] = []
    sources = list(_sources(roots, name_of, diagnostics))
    policies, found = load(sources)
    return PolicyFiles(policies, (*diagnostics, *found))


def _sources(roots: Iterable[Path], name_of: NameOf, diagnostics: list[Diagnostic]) -> Iterator[PolicySource]:
    for root in roots:
        misplaced = find_misplaced(root, name_of(root), root.parent)
        if misplaced is not None:
            diagnostics.append(misplaced)
            continue
        paths = sorted(root.glob("*.yaml"))
        diagnostics.extend(find_clashes(map(name_of, paths)))
        for path in paths:
            name = name_of(path)
            content = read_bytes(path, name, root.parent)
            if isinstance(content, Diagnostic):
                diagnostics.append(content)
                continue
            manifests = load_manifests(content, name)
            raw = content.decode("utf-8", "replace")
            diagnostics.extend(manifests.diagnostics)
            for document in manifests.documents:
                if isinstance(document.value, dict):
                    yield PolicySource(doc=document.value, locate=document.source.value, raw=raw)
