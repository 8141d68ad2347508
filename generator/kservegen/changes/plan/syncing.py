"""The objects of a GitOps engine in; what it syncs, by whom, what it would prune, and which charts it installs out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from kservegen.catalog.engines import ENGINES
from kservegen.changes.plan.model import Fate
from kservegen.core.document import mapping, sequence, text
from kservegen.core.resource import Resource
from kservegen.render.gitops.syncers import syncers, with_applications

_NOT_PRUNED: Final[Mapping[str, str]] = {engine.keep[0]: engine.not_pruned for engine in ENGINES.values()}


class Syncing(Struct, frozen=True, eq=False):
    """Who syncs what on one side. `by_folder` has folders relative to the environment's, and charts by name.

    `kinds` are the namespaced kinds that each of Argo CD's projects permits, where it lists any: group and kind.
    """

    engine: str
    by_folder: Mapping[str, Resource]
    charts: Mapping[str, str]  # chart -> version
    kinds: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Collection[Resource]) -> Syncing:
        """Read the engine's objects among all objects of an environment."""
        sync = [resource for resource in resources if resource.file.startswith("sync/")]
        groups = {resource.group for resource in sync}
        engine = next((engine.name for engine in ENGINES.values() if engine.group in groups), "")
        folders = {resource.file.rpartition("/")[0] for resource in resources} if sync else frozenset()
        return cls(engine, syncers(sync, _home(sync, folders)), _chart_versions(sync), _permitted(sync))

    def owner(self, file: str) -> str:
        """Name the object that syncs a file; blank where none does."""
        resource = self.by_folder.get(file.rpartition("/")[0])
        return f"{resource.kind} {resource.id.name}" if resource is not None else ""

    def prunes(self, file: str) -> bool:
        """Whether what goes from the file's folder goes from the cluster."""
        resource = self.by_folder.get(file.rpartition("/")[0])
        if resource is None:
            return False
        spec = resource.spec
        policy = mapping(spec.get("syncPolicy"))
        if resource.kind == "Application":
            options = [str(option).lower() for option in sequence(policy.get("syncOptions"))]
            return mapping(policy.get("automated")).get("prune") is True and "prune=false" not in options
        return spec.get("prune") is True

    def forgetful(self, gone: Resource) -> str:
        """Name the project that does not permit the kind of an object: Argo CD forgets those. Blank where none does."""
        syncer = self.by_folder.get(gone.file.rpartition("/")[0])
        project = text(syncer.spec.get("project")) if syncer is not None else ""
        kinds = self.kinds.get(project)
        forgets = kinds is not None and bool(gone.id.namespace) and (gone.group, gone.kind) not in kinds
        return project if forgets else ""


def _permitted(sync: Iterable[Resource]) -> dict[str, frozenset[tuple[str, str]]]:
    return {
        resource.id.name: frozenset(
            (text(kind.get("group")), text(kind.get("kind")))
            for kind in map(mapping, sequence(resource.spec["namespaceResourceWhitelist"]))
        )
        for resource in sync
        if resource.kind == "AppProject" and "namespaceResourceWhitelist" in resource.spec
    }


def fate_of(gone: Resource, before: Syncing, after: Syncing) -> tuple[Fate, str]:
    """Say what becomes of an object that Git no longer has, and who decides it."""
    owner = after.owner(gone.file)
    if not owner:
        if not before.engine:
            return Fate.UNKNOWN, ""
        was = before.owner(gone.file)
        return Fate.LEFT, f"{was} goes, too, and prunes nothing any more" if was else "nothing synced it"
    if _is_protected(gone):
        return Fate.LEFT, "an annotation of its own keeps it"
    if project := after.forgetful(gone):
        return Fate.LEFT, f"project {project} permits no {gone.kind} any more, and so none is pruned"
    if after.prunes(gone.file):
        return Fate.DELETED, f"{owner} prunes it"
    return Fate.LEFT, f"{owner} does not prune"


def _home(sync: Iterable[Resource], folders: Collection[str]) -> str:
    """Find the environment's own folder in the repository: what the paths that are synced have before its folders."""
    for resource in with_applications(sync):
        spec = resource.spec
        for source in (spec, mapping(spec.get("source")), *map(mapping, sequence(spec.get("sources")))):
            path = "/" + text(source.get("path")).removeprefix("./").strip("/")
            for folder in folders:
                if path.endswith(f"/{folder}"):
                    return path.removesuffix(f"/{folder}").removeprefix("/")
    return ""


def _is_protected(resource: Resource) -> bool:
    annotations = resource.annotations
    return any(word.lower() in text(annotations.get(name)).lower() for name, word in _NOT_PRUNED.items())


def _chart_versions(sync: Iterable[Resource]) -> dict[str, str]:
    """Find the versions of charts in Applications, also those that an ApplicationSet makes, and in OCIRepositories."""
    found: dict[str, str] = {}
    for resource in with_applications(sync):
        spec = resource.spec
        for source in (mapping(spec.get("source")), *map(mapping, sequence(spec.get("sources")))):
            chart = text(source.get("chart")) or _last(text(source.get("repoURL")), "oci://")
            if chart:
                found[chart] = text(source.get("targetRevision"))
        if resource.kind == "OCIRepository":
            reference = mapping(spec.get("ref"))
            found[_last(text(spec.get("url")), "oci://")] = text(reference.get("tag")) or text(reference.get("semver"))
    return {chart: version for chart, version in found.items() if version}


def _last(address: str, scheme: str) -> str:
    return address.rpartition("/")[2] if address.startswith(scheme) else ""
