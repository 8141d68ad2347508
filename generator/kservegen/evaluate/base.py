"""A commit that a change is judged from in; what it says of each environment out.

A change cannot grant itself what it needs: guards, permits, severities and unmanaged manifests of an environment count
as the base has them, and so do owners. Everything else that looks at an environment reads these words where it always
does, in `ResolvedEnvironment.value`; what the file itself says stays in `written`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.extending import named_bases
from kservegen.catalog.load import load_catalog
from kservegen.catalog.merge import merge_values
from kservegen.catalog.model import Catalog
from kservegen.catalog.owners import Owners
from kservegen.catalog.resolve import Entry, EntryName, ResolvedEnvironment, resolve_environment
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import (
    BASES_FOLDER,
    BESIDE_SUFFIXES,
    CATALOG_FILE,
    CATALOG_FOLDER,
    DEFAULTS_NAME,
    ENVIRONMENTS_FOLDER,
    OWNERS_FILE,
    Repository,
)
from kservegen.formats.yaml.load import Loaded, load_held
from kservegen.git.process import Git
from kservegen.git.tree import contents, exported, files

if TYPE_CHECKING:
    from kservegen.checks.policy.files import PolicyFiles

# Words of an environment that hold from the change after the one that brings them. No file is rendered from them.
GRANTED: Final = ("guards", "permits", "severities", "unmanaged")


class BaseRevision(Struct, frozen=True, eq=False, dict=True):
    """A commit, and what its files say of environments. Files are read where they are asked for, and once.

    `label` says in words which commit it is. Links are not followed, and a file that cannot be read says nothing.
    """

    git: Git
    commit: str
    label: str
    _loaded: dict[str, Loaded] = field(default_factory=dict)
    _entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    _in_common: dict[EntryName, Entry] = field(default_factory=dict)

    @cached_property
    def environments(self) -> Mapping[str, JsonObject]:
        """The words of each environment that the commit has: its file over its bases over the defaults."""
        files = self._files(ENVIRONMENTS_FOLDER)
        own = {name: words for name, words in files.items() if name != DEFAULTS_NAME}
        return {name: self._whole(name, named_bases(words) or (), words) for name, words in own.items()}

    def words_of(self, name: str, bases: Sequence[str] = ()) -> JsonObject:
        """Return what the commit says of an environment.

        Of one that it lacks, what it says of all, and of the `bases` that the environment extends now.
        """
        known = self.environments.get(name)
        return known if known is not None else self._whole(name, bases, {})

    @cached_property
    def owners(self) -> Owners | None:
        """The teams that the commit lists; None where it has no owners.yaml."""
        held = contents(self.git, self.commit, (OWNERS_FILE,)).get(OWNERS_FILE)
        return Owners.of(self.loaded(held, OWNERS_FILE)) if held is not None else None

    def loaded(self, content: bytes, file: str) -> JsonObject:
        """Return what a file of the commit says, nothing where it is no map; it is held for whoever reads it next."""
        held = self._loaded[file] = load_held(content, file)
        return mapping(held.value)

    def entries_of(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of an environment; none where it is not there."""
        catalog = self._catalog
        if catalog is None or name not in catalog.environments:
            return ()
        if name not in self._entries:
            self._entries[name] = resolve_environment(catalog, name, self._in_common)[0].entries
        return self._entries[name]

    def owners_of(self, name: str) -> Mapping[EntryName, str]:
        """Return the owners of an environment's entries; blank ones included, none where it is not there."""
        return {(entry.section, entry.key): text(entry.words.get("owner")) for entry in self.entries_of(name)}

    @cached_property
    def policies(self) -> PolicyFiles:
        """The commit's own policies, and the shipped ones."""
        from kservegen.checks.policy.files import open_policies  # noqa: PLC0415 - brings the CEL interpreter

        held = {path: blob for path, blob in files(self.git, self.commit, "").items() if path.startswith("policies/")}
        with exported(self.git, held) as root:
            repository = Repository(root)
            return open_policies(repository)

    @cached_property
    def _words(self) -> Mapping[str, JsonObject]:
        """The words of each file of `environments/`, by path."""
        held = contents(self.git, self.commit, (ENVIRONMENTS_FOLDER,))
        return {
            path: self.loaded(content, path)
            for path, content in held.items()
            if path.endswith(".yaml") and not path.endswith(BESIDE_SUFFIXES)
        }

    def _files(self, folder: str) -> Mapping[str, JsonObject]:
        """Return the words of each file that lies in a folder itself, by its name without suffix."""
        parts = ((path.rpartition("/"), words) for path, words in self._words.items())
        return {name.removesuffix(".yaml"): words for (inside, _, name), words in parts if inside == folder}

    def _whole(self, name: str, bases: Sequence[str], own: JsonObject) -> JsonObject:
        """Return the words of an environment, with what teams bring beneath them."""
        said = merge_values(self._under(bases), own)
        if self.owners is None:
            return said
        return merge_values(self.owners.words_for((name, *bases), said).words, said)

    def _under(self, bases: Sequence[str]) -> JsonObject:
        """Return what lies under an environment that extends bases; those that the commit lacks say nothing."""
        merged = merge_values({}, self._files(ENVIRONMENTS_FOLDER).get(DEFAULTS_NAME, {}))
        known = self._files(BASES_FOLDER)
        for name in bases:
            merged = merge_values(merged, known.get(name, {}))
        return merged

    @cached_property
    def _catalog(self) -> Catalog | None:
        """The commit's catalog; None where it has none."""
        held = contents(self.git, self.commit, (CATALOG_FILE, CATALOG_FOLDER, ENVIRONMENTS_FOLDER, OWNERS_FILE))
        repository = Repository(self.git.top / self.git.prefix, held)
        try:
            return load_catalog(
                repository,
                check_models=_unchecked,
                check_environment=_unchecked,
                check_lock=_unchecked,
                check_inventory=_unchecked,
                check_owners=_unchecked,
            )[0]
        except GeneratorError:
            return None


def _unchecked(_: Loaded) -> tuple[()]:
    """Find nothing: what the base holds is not what is judged."""
    return ()


def judged_from(environment: ResolvedEnvironment, base: BaseRevision) -> ResolvedEnvironment:
    """Return an environment with the words that a change cannot grant itself as the base has them."""
    words = base.words_of(environment.name, environment.source.bases)
    value = {word: said for word, said in environment.value.items() if word not in GRANTED}
    value |= {word: words[word] for word in GRANTED if word in words}
    # Owners are asked for in budgets alone, and the whole catalog of the base has to be read for them.
    owners = base.owners_of(environment.name) if _limits_owners(value) else {}
    return replace(environment, value=value, owners=owners)


def _limits_owners(words: JsonObject) -> bool:
    return any(mapping(budget).get("owner") for budget in mapping(words.get("budgets")).values())
