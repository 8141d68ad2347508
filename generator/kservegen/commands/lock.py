"""A project and what is to be locked in; the new text of a lock, or how the lock has drifted, out.

Where the facts come from is the caller's choice (`Facts`): the Hub, a folder, a file. Nothing here asks a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editing.patch import rewrite_value
from kservegen.catalog.lock.sense import senseless
from kservegen.catalog.sections import MODEL_SECTIONS
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, Path, format_path
from kservegen.core.resource import Resource
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import OwnSchema, Project
from kservegen.formats.yaml.load import load_strict
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.pins import HUB, PINNED, is_unpinned, served_addresses

_CACHES = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})


class LockTarget(Struct, frozen=True, kw_only=True):
    """One address, the models that are served from it, and the cache (if any) that is filled from it.

    One that `is_beside` is an adapter's, one of several, or a container's own: there no revision is written.
    """

    address: str
    models: tuple[str, ...]
    cache: str = ""
    is_beside: bool = False

    @property
    def on_hub(self) -> bool:
        """Whether the Hub has it."""
        return self.address.startswith(HUB)

    @property
    def repository(self) -> str:
        """The name of its repository on the Hub."""
        return self.address.removeprefix(HUB).partition(":")[0]

    @property
    def revision(self) -> str:
        """The revision that the address states itself."""
        return self.address.removeprefix(HUB).partition(":")[2]

    @property
    def pinnable(self) -> bool:
        """Whether a revision can be written behind it: KServe finds a cache by the address as the cache states it."""
        return is_unpinned(self.address) and not self.cache and not self.is_beside


# An address and a revision, blank for the newest -> the entry of the lock.
Facts = Callable[[LockTarget, str], JsonObject]

_NEW: Final = """\
# Revisions and facts of this environment's models: kservegen lock writes them, and they may be written by hand.
version: 1
"""


class Locked(Struct, frozen=True, kw_only=True):
    """What was written of one address; the revisions are blank where there is none."""

    address: str
    before: str
    revision: str
    models: tuple[str, ...]
    cache: str
    changed: bool


class Drift(Struct, frozen=True, kw_only=True):
    """One way in which a lock is behind, at its line."""

    location: Location
    address: str
    message: str


class EnvironmentLock:
    """The lock of one environment, there or not, and the addresses that it is about."""

    def __init__(self, project: Project, environment: str) -> None:
        self._repository = project.repository
        self.environment = project.choose_one(environment)
        evaluation = evaluate(project.catalog, self.environment, project.tools)
        if evaluation.built is None or project.diagnostics:
            raise GeneratorError("the catalog has errors", subject=environment, hint="Run kservegen validate.")
        self._built: BuiltEnvironment = evaluation.built
        self.targets = _targets_of(self._built)
        self._document = evaluation.environment.source.lock
        self._entries = evaluation.environment.locked

    @property
    def file(self) -> str:
        """The lock's name, relative to the repository."""
        return self._repository.relative(self._repository.lock_file(self.environment))

    def choose(self, names: Sequence[str]) -> tuple[LockTarget, ...]:
        """Return the addresses of models by key, name or address; GeneratorError for one that there is none of."""
        first = sorted(
            self.targets, key=lambda target: not target.is_beside
        )  # a model's name stands for its own address
        known = {name: target for target in first for key in target.models for name in (key, key.split("/")[-1])}
        known.update({target.address: target for target in self.targets})
        for name in names:
            if name not in known:
                raise GeneratorError(
                    f"no model of {self.environment} that is served from an address is called {name}",
                    hint=did_you_mean(name, known, f"Known: {', '.join(sorted(known)[:20]) or 'none'}."),
                )
        return tuple(dict.fromkeys(known[name] for name in names))

    def write(self, targets: Sequence[LockTarget], facts: Facts) -> tuple[Locked, ...]:
        """Fill in the facts of these addresses: all of them, or the file stays as it was."""
        entries = {target.address: _pinned(target, facts(target, target.revision)) for target in targets}
        _check({"version": 1, "models": {**entries}}, self.file)  # of some numbers there is no way to write them
        sources = read_sources(self._repository)
        before = _decoded(sources, self.file)
        after = before or _NEW
        for address, entry in entries.items():
            after = rewrite_value(after, ("models", address), entry, self.file)
        _check(mapping(load_strict(after.encode(), self.file).value), self.file)
        if after != before:
            replace_files(self._repository.root, sources, {self.file: after.encode()})
        return tuple(
            Locked(
                address=target.address,
                before=text(mapping(self._entries.get(target.address)).get("revision")),
                revision=text(entries[target.address].get("revision")) if target.pinnable else "",
                models=target.models,
                cache=target.cache,
                changed=entries[target.address] != mapping(self._entries.get(target.address)),
            )
            for target in targets
        )

    def drift(self, facts: Facts) -> Iterator[Drift]:
        """Tell what the lock holds and nobody serves, and what the Hub has changed since."""
        by_address = {target.address: target for target in self.targets}
        for address, value in self._entries.items():
            entry, target = mapping(value), by_address.get(address)
            if target is None:
                yield self._drifted(address, "no model of this environment is served from it any more")
                continue
            revision = text(entry.get("revision"))
            if not target.on_hub:
                continue
            newest = facts(target, target.revision)
            if revision and newest.get("revision") != revision:
                said = f"it has moved on: locked {revision[:12]}, now {text(newest.get('revision'))[:12]}"
                yield self._drifted(address, said, "revision")
                newest = facts(target, revision)
            wrong = [word for word, fact in newest.items() if word != "revision" and entry.get(word, fact) != fact]
            for word in wrong:
                yield self._drifted(address, f"its {word} is not what the locked revision has", word)

    def _drifted(self, address: str, message: str, word: str = "") -> Drift:
        assert self._document is not None  # noqa: S101 - it holds the entry
        path: Path = ("models", address, word) if word else ("models", address)
        return Drift(location=self._document.source.key(path), address=address, message=message)


def _targets_of(built: BuiltEnvironment) -> tuple[LockTarget, ...]:
    """Return every address that models of this environment are served from, in a fixed order."""
    users: dict[str, list[str]] = {}
    own: set[str] = set()
    caches: dict[str, str] = {}
    for item in built.entries:
        resource = item.resource
        if resource.kind in _CACHES:
            source = text(resource.spec.get("sourceModelUri"))
            caches[source] = resource.id.name
        main = _own_address(resource, built)
        own.update(main.values())
        named = served_addresses(resource.spec) if item.entry.section in MODEL_SECTIONS else ()
        for address in dict.fromkeys(main.get(written, written) for written in named):
            users.setdefault(address, []).append(item.entry.key)
    return tuple(
        LockTarget(address=address, models=tuple(models), cache=caches.get(address, ""), is_beside=address not in own)
        for address, models in sorted(users.items())
    )


def _own_address(resource: Resource, built: BuiltEnvironment) -> dict[str, str]:
    """Return the address that a revision is written behind, as it is rendered and as it is without one; or nothing."""
    path = PINNED.get(resource.kind)
    if path is None:
        return {}
    holder = resource.doc
    for part in path[:-1]:
        holder = mapping(holder.get(str(part)))
    written = text(holder.get(str(path[-1])))
    base, _, revision = written.rpartition(":")
    is_ours = built.settings.pins.get(base, "") == revision and revision  # the lock wrote the revision
    return {written: base if is_ours else written}


def facts_by_hand(content: bytes, file: str) -> JsonObject:
    """Read an entry that somebody wrote: YAML or JSON, in the lock's words."""
    loaded = load_strict(content, file)
    if loaded.diagnostics or not isinstance(loaded.value, dict):
        problem = loaded.diagnostics[0].message if loaded.diagnostics else "it holds no map"
        raise GeneratorError(f"the facts cannot be read: {problem}", subject=file, hint="Write revision, config, ….")
    return loaded.value


def _pinned(target: LockTarget, entry: JsonObject) -> JsonObject:
    """Leave out the revision where it would part a model from its cache, and where nothing is pinned by it."""
    return {k: v for k, v in entry.items() if k != "revision"} if target.cache or target.is_beside else entry


def _decoded(sources: Mapping[str, bytes], file: str) -> str:
    try:
        return sources.get(file, b"").decode()
    except UnicodeDecodeError as error:
        raise GeneratorError("the file is not UTF-8", subject=file, hint="Convert it first.") from error


def _check(lock: JsonObject, file: str) -> None:
    """Refuse to write what would not be read."""
    for finding in OwnSchema("lock").check(lock):
        raise GeneratorError(
            f"{format_path(finding.path)}: {finding.message}", subject=file, hint=finding.hint or "Mend the facts."
        )
    for address, entry in mapping(lock.get("models")).items():
        for problem in senseless(mapping(mapping(entry).get("config"))):
            raise GeneratorError(
                f"these facts make no sense: {problem.message}", subject=address, hint=f"Expected: {problem.allowed}."
            )
