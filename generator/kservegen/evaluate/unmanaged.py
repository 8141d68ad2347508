"""An environment's output folder in; what somebody else put there out: objects to be judged, and files refused.

An engine applies whatever lies in a folder that it syncs, whoever wrote it. So a file there is ours by its first line,
or the environment lists it under `unmanaged:` and what it holds is judged like all else, or it is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.locate import Locator, diagnose_environment
from kservegen.core.confined import leads_out
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import Path as DocumentPath
from kservegen.core.jsontypes import format_path
from kservegen.core.manual import by_manual
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.yaml.files import read_bytes
from kservegen.kserve.defaulting import Defaulted, Installation, default
from kservegen.kubernetes.metadata import CLUSTER_SCOPED
from kservegen.render.layout import lay_out_synced
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment
from kservegen.render.output.paths import is_confined
from kservegen.render.output.synced import SOURCE_IGNORE, FileNature, SyncedFile, is_steering, synced_files

if TYPE_CHECKING:  # of what others have, few environments list anything
    from kservegen.checks.capacity import OthersObject
    from kservegen.checks.manifests.documents import InputDocument
    from kservegen.checks.waivers.apply import Clock

_WORD: Final = "unmanaged"


class OutputFolder(Struct, frozen=True, eq=False):
    """Where rendered files lie, and what reports call it.

    Who renders compares files by itself, and needs no digests of them: see `find_stale`.
    """

    path: Path
    label: str
    renders: bool = False
    _listed: dict[str, tuple[SyncedFile, ...]] = field(default_factory=dict)

    def files(self, environment: str) -> tuple[SyncedFile, ...]:
        """List what an engine looks at in the folder of an environment, as `synced_files` does: it is read once."""
        if environment not in self._listed:
            self._listed[environment] = synced_files(self.path / environment, digests=not self.renders)
        return self._listed[environment]

    def location(self, environment: str, file: str) -> Location:
        """Return the place of a file; names on disk need not be UTF-8."""
        return Location(f"{self.label}/{environment}/{file}".encode("utf-8", "backslashreplace").decode())


class _Listed(Struct, frozen=True):
    """A file that an environment answers for: its key among the words, its path, who owns it."""

    key: str
    path: str
    owner: str


class UnmanagedObject(Struct, frozen=True, kw_only=True, eq=False):
    """An object that the environment lists: where it stands, as it was read, and as the cluster would store it."""

    key: str
    owner: str
    document: InputDocument
    defaulted: Defaulted

    @property
    def counted(self) -> OthersObject:
        """What budgets need of it."""
        from kservegen.checks.capacity import OthersObject  # noqa: PLC0415 - brings budgets

        return OthersObject(self.key, self.owner, self.defaulted, self._locate)

    def _locate(self, path: DocumentPath) -> Location:
        return self.document.locate(self.defaulted.resource.words(path))

    def diagnose(self, finding: Finding, severity: Severity, resource: Resource) -> Diagnostic:
        """Give a finding about the object, built or defaulted, its line; waivers know it by the key it is listed as."""
        return replace(self.document.diagnose(finding, severity, resource), entries=(self.key,))

    def refused(self, built: BuiltEnvironment) -> Iterator[Finding]:
        """Find what the engine may not create in that folder."""
        from kservegen.checks.rights import check_rights  # noqa: PLC0415

        path = built.environment.text(_WORD, self.key, "path")
        return check_rights(built, path, self.defaulted.resource)


class OthersFiles(Struct, frozen=True):
    """What others have in an environment's folder: objects that are to be judged, and what is wrong already."""

    objects: tuple[UnmanagedObject, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read_others(
    environment: ResolvedEnvironment, out: OutputFolder, installation: Installation, clock: Clock | None
) -> OthersFiles:
    """Find what others have in the folder of an environment. With a `clock` a list of files ends on its day."""
    files = {file.path: file for file in out.files(environment.name)}
    if not files and not environment.mapping(_WORD):
        return OthersFiles()
    listed: dict[str, _Listed] = {}
    found = list(diagnose_environment(environment, _check_words(environment, files, listed, clock)))
    found += (
        replace(diagnostic, environments=(environment.name,))
        for file in files.values()
        if file.path not in listed
        for diagnostic in _refuse(file, out, environment.name, _listed_by_change(environment))
    )
    objects = []
    for item in listed.values():
        for document in _read(item, out, environment.name):
            found += (replace(problem, environments=(environment.name,)) for problem in document.problems)
            if document.resource is not None:
                resource = _placed(document.resource, item.path, environment.kserve_namespace)
                defaulted = default(resource, installation)
                objects.append(UnmanagedObject(key=item.key, owner=item.owner, document=document, defaulted=defaulted))
    return OthersFiles(tuple(objects), tuple(found))


def unmanaged_paths(environment: ResolvedEnvironment) -> frozenset[str]:
    """Return the files that an environment answers for, relative to the output folder."""
    words = map(mapping, environment.mapping(_WORD).values())
    return frozenset(f"{environment.name}/{text(entry.get('path'))}" for entry in words)


def refuse_in_departed(out: OutputFolder, environments: Iterable[str]) -> Iterator[Diagnostic]:
    """Refuse what others have in a folder that we rendered for an environment which is no more: it is synced still.

    So with what lies beside the folders of environments and tells Flux to leave files of theirs out.
    """
    above = out.path / SOURCE_IGNORE
    if above.is_symlink() or above.exists():
        where = Location(f"{out.label}/{SOURCE_IGNORE}")
        yield by_manual(
            "gitops/engine-input", "this file leaves out what an engine reads below it, and so prunes it", where
        )
    for name, files in _departed(out, environments):
        for file in files:
            yield from _refuse(file, out, name)


def _departed(out: OutputFolder, environments: Iterable[str]) -> Iterator[tuple[str, tuple[SyncedFile, ...]]]:
    """Yield the folders that hold files of ours and belong to no environment, with all that an engine looks at."""
    known = set(environments)
    for name in sorted(path.name for path in out.path.iterdir()) if out.path.is_dir() else ():
        files = () if name in known or name.startswith(".") else out.files(name)
        if any(file.nature is FileNature.MARKED for file in files):
            yield name, files


def _check_words(
    environment: ResolvedEnvironment,
    files: Mapping[str, SyncedFile],
    listed: dict[str, _Listed],
    clock: Clock | None,
) -> Iterator[Finding]:
    """Say what is wrong with the list itself; note in `listed` what it answers for."""
    own = mapping(environment.written.get(_WORD))
    for key, value in environment.mapping(_WORD).items():
        words = mapping(value)
        path = text(words.get("path"))
        if not path:
            continue  # removed by a null, or a finding of the schema
        finding = _misplaced(key, path, files)
        if finding is not None:
            if key in own:  # else the change has taken it out
                yield finding
        elif path in listed:
            yield _finding(key, "unmanaged-path", f"{path} is listed as {listed[path].key} already", path)
        else:
            listed[path] = _Listed(key, path, text(words.get("owner")))
            yield from _near_its_end(key, words, clock)


def _misplaced(key: str, path: str, files: Mapping[str, SyncedFile]) -> Finding | None:
    file = files.get(path)
    if not is_confined(f"environment/{path}") and file is None:
        return _finding(key, "unmanaged-path", "this is no path below the environment's folder", path)
    if is_steering(path.rpartition("/")[2]):
        message = "a file that tells the engine what to make of others cannot be listed"
        return _finding(key, "unmanaged-path", message, path)
    if file is None:
        return _finding(key, "unmanaged-missing", f"there is no manifest {path}", path, hint="Remove the entry.")
    if file.nature is FileNature.LINK:
        return _finding(key, "unmanaged-path", "a symbolic link cannot be listed", path)
    if file.nature is FileNature.MARKED:
        message = "this file says that kservegen rendered it"
        hint = "Remove the entry; or, if the file is yours, remove its first line."
        return _finding(key, "unmanaged-path", message, path, hint=hint)
    return None


def _near_its_end(key: str, words: Mapping[str, object], clock: Clock | None) -> Iterator[Finding]:
    written = words.get("expires")
    if not isinstance(written, str):
        return  # the schema says so
    try:
        expires = date.fromisoformat(written)
    except ValueError:
        hint = "Write it as year-month-day."
        yield _finding(key, "unmanaged-expired", "this is no day of the calendar", written, word="expires", hint=hint)
        return
    if clock is None or expires - clock.day > timedelta(days=clock.notice):
        return
    ask = f"Ask {words.get('owner')}: move the file out of rendered/, or agree on a later day."
    if expires < clock.day:
        message = f"{words.get('path')} was accepted until {expires}"
        yield _finding(key, "unmanaged-expired", message, written, word="expires", hint=ask)
    else:
        message = f"{words.get('path')} is accepted until {expires}"
        yield _finding(key, "unmanaged-expires-soon", message, written, word="expires", hint=ask)


def _finding(key: str, slug: str, message: str, seen: str, *, word: str = "path", hint: str = "") -> Finding:
    return Finding(
        rule=f"gitops/{slug}",
        path=(_WORD, key, word),
        message=message,
        seen=seen,
        hint=hint or "Write the path of a manifest relative to the environment's folder: cluster/gateway.yaml.",
    )


_REFUSED: Final = {
    FileNature.MANIFEST: ("gitops/unlisted-file", "kservegen did not render this file, and an engine would apply it"),
    FileNature.STEERING: ("gitops/engine-input", "this file changes what an engine makes of the files around it"),
    FileNature.LINK: ("gitops/symlink-in-output", "a symbolic link lies among the files that an engine syncs"),
}


def _refuse(
    file: SyncedFile, out: OutputFolder, environment: str, asked: frozenset[str] = frozenset()
) -> Iterator[Diagnostic]:
    if file.nature in _REFUSED:
        rule, message = _REFUSED[file.nature]
        hint = "A list counts from the change after the one that brings it: merge the list first." * (
            file.path in asked
        )
        yield by_manual(rule, message, out.location(environment, file.path), hint=hint)


def _listed_by_change(environment: ResolvedEnvironment) -> frozenset[str]:
    """Return the paths that the environment's own file lists, whether or not its base does."""
    words = mapping(environment.written.get(_WORD)).values()
    return frozenset(text(mapping(entry).get("path")) for entry in words)


def _read(item: _Listed, out: OutputFolder, environment: str) -> Iterator[InputDocument]:
    from kservegen.checks.manifests.documents import InputDocument, read_documents  # noqa: PLC0415

    file = out.location(environment, item.path).file
    data = read_bytes(out.path / environment / item.path, file, out.path.parent)
    if isinstance(data, Diagnostic):
        yield InputDocument(file=file, number=1, resource=None, source=data.location, problems=(data,))
    else:
        yield from read_documents(data, file, named=True)


def _placed(resource: Resource, path: str, kserve: str) -> Resource:
    """Put an object where an engine would: in the namespace of its layer if it names none, in none if it has none."""
    if resource.kind in CLUSTER_SCOPED:
        return replace(resource, id=resource.id._replace(namespace=""))
    if resource.id.namespace:
        return resource
    parts = path.split("/")
    return replace(resource, id=resource.id._replace(namespace=parts[1] if len(parts) > 2 else kserve))


def find_stale(
    evaluated: Iterable[BuiltEnvironment],
    out: OutputFolder,
    environments: Iterable[str] | None,
    written: dict[BuiltEntry, bytes],
) -> Iterator[Diagnostic]:
    """Find files with our first line that are not what is rendered now, and say which of them we never rendered.

    `environments` are all that there are, where folders of others count, too; `written` what entries are in files, as
    far as it is known. Whoever compares the whole output (`render`, `plan`, `commit`) finds all of this as differences.
    """
    for built in evaluated:
        name = built.environment.name
        files = out.files(name)
        if files:
            yield from _stale(name, files, out, dict(lay_out_synced(built, written)))
    if environments is not None:
        for name, files in _departed(out, environments):
            yield from _stale(name, files, out, {})


def _stale(
    name: str, files: Iterable[SyncedFile], out: OutputFolder, desired: Mapping[str, bytes]
) -> Iterator[Diagnostic]:
    if leads_out(out.path / name, out.path.parent):
        return
    stale = []
    for file in files:
        path, content = file.path, desired.get(f"{name}/{file.path}")
        if file.nature is not FileNature.MARKED or (content is not None and file.holds(content)):
            continue
        data = read_bytes(out.path / name / path, path, None)  # no link was followed when they were listed
        if isinstance(data, Diagnostic):
            continue
        from kservegen.evaluate.forged import forged  # noqa: PLC0415 - reads manifests

        where = out.location(name, path)
        reason = forged(data, path)
        if reason:
            yield by_manual("gitops/forged-file", reason, where, environments=(name,))
        else:
            stale.append(where)
    if stale:
        others = len(stale) - 1
        more = f", nor {'is' if others == 1 else 'are'} {others} more" if others else ""
        message = f"this file is not what kservegen renders now{more}"
        found = by_manual("gitops/stale-output", message, stale[0], environments=(name,))
        yield replace(found, severity=Severity.WARNING)  # a catalog is edited before it is rendered


def find_doubles(built: BuiltEnvironment, objects: Iterable[UnmanagedObject]) -> Iterator[Diagnostic]:
    """Find objects that an unmanaged file holds a second time, beside ours or beside another's."""
    locator = Locator.of(built)
    rendered = {resource.identity: resource for resource in built.resources}
    others: dict[tuple[str, ResourceId], UnmanagedObject] = {}
    for item in objects:
        resource = item.defaulted.written
        if not resource.id.name:
            continue
        identity = resource.identity
        ours, other = rendered.get(identity), others.setdefault(identity, item)
        if ours is not None:
            yield _double(item, "kservegen renders it", locator.locate(ours, ()))
        elif other is not item:
            yield _double(item, "it stands here, too", other.document.locate(("metadata", "name")))


def _double(item: UnmanagedObject, why: str, where: Location) -> Diagnostic:
    resource, path = item.defaulted.written, ("metadata", "name")
    return replace(
        by_manual(
            "kubernetes/duplicate-object",
            f"{resource.id} stands in this environment twice",
            item.document.locate(path),
            path=format_path(item.document.inside + path),
            seen=resource.id.name,
            related=(Related(why, where),),
        ),
        severity=Severity.ERROR,  # the engine would apply now one, now the other
        subjects=(str(resource.id),),
        entries=(item.key,),
    )
