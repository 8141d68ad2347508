"""Upgrades that are looked at in; their edits of environments' files out: version, permits, and clearing both away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.editing.patch import at, drop, put, read_value
from kservegen.catalog.model import CatalogDocument, EnvironmentSource
from kservegen.changes.upgrade.model import UpgradePermit, permit_name
from kservegen.changes.upgrade.split import OLD_RELEASE, is_before_split
from kservegen.commands.upgrade import Upgrades, stated_in
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import Path
from kservegen.core.repository import ENVIRONMENTS_FOLDER
from kservegen.render.objects.charts import RESOURCES

_WORD: Final = ("kserve", "version")
# Texts of files by name, edited in place.
_Texts = dict[str, str]


def write_version(upgrades: Upgrades) -> tuple[str, ...]:
    """Set the version, comments kept; return the files that were changed.

    It is set where it stands today, but never for environments that were not asked about: where one of those has that
    file among its own, in each one's own file. GeneratorError where guards want a permit first: what would be rendered
    is refused then, and of what is written already nobody can tell what it takes.
    """
    guarded = [upgrade.environment for upgrade in upgrades.upgrades if upgrade.permits]
    if guarded:
        raise GeneratorError(
            f"merge a permit first, in a change of its own: guards of {', '.join(guarded)} want one",
            subject="--write",
            hint=f"kservegen upgrade {' '.join(guarded)} --to {upgrades.after} --write-permit --owner NAME writes it.",
        )
    return _edit(upgrades, _set_versions)


def write_permits(upgrades: Upgrades, given: UpgradePermit) -> tuple[str, ...]:
    """Permit in each environment's own file what its upgrade takes; return the files that were changed.

    GeneratorError where nobody answers for it.
    """
    if not given.owner and any(upgrade.permits for upgrade in upgrades.upgrades):
        raise GeneratorError("a permit needs somebody who answers for it", subject="--owner", hint="Add --owner NAME.")

    def permit(upgrades: Upgrades, texts: _Texts) -> None:
        for upgrade in upgrades.upgrades:
            if upgrade.permits:
                file = f"{ENVIRONMENTS_FOLDER}/{upgrade.environment}.yaml"
                words = given.words(upgrade.permits, upgrades.after)
                texts[file] = put(texts[file], ("permits", permit_name(upgrades.after)), words, file)

    return _edit(upgrades, permit)


def tidy(upgrades: Upgrades) -> tuple[str, ...]:
    """Clear away what the way to a version took, in environments that run it; return the files that were changed.

    Permits of the upgrade go. Where all environments that share a file run the version, that file states it, and
    those that lie over it do no more.
    """
    return _edit(upgrades, _clear)


def _edit(upgrades: Upgrades, change: Callable[[Upgrades, _Texts], None]) -> tuple[str, ...]:
    repository = upgrades.project.repository
    before = read_sources(repository)
    files = {document.file for source in _sources(upgrades) for document in source.documents}
    texts = {file: before[file].decode() for file in sorted(files)}
    change(upgrades, texts)
    changed = {file: text.encode() for file, text in texts.items() if text.encode() != before[file]}
    replace_files(repository.root, before, changed)
    return tuple(changed)


def _sources(upgrades: Upgrades) -> Iterator[EnvironmentSource]:
    """Yield the environments that are edited: of others a file may not even be text."""
    environments = upgrades.project.catalog.environments
    names = (*(upgrade.environment for upgrade in upgrades.upgrades), *upgrades.same)
    return (environments[name] for name in names)


def _set_versions(upgrades: Upgrades, texts: _Texts) -> None:
    sources = upgrades.project.catalog.environments
    asked = {upgrade.environment for upgrade in upgrades.upgrades} | set(upgrades.same)
    for upgrade in upgrades.upgrades:
        documents = sources[upgrade.environment].documents
        stated = documents[stated_in(documents)]
        file = (stated if upgrades.sharing(stated) <= asked else documents[-1]).file
        texts[file] = put(texts[file], _WORD, upgrades.after, file)
        if is_before_split(upgrade.before):
            texts[file] = put(texts[file], ("kserve", "releaseNames", RESOURCES), OLD_RELEASE, file)


def _clear(upgrades: Upgrades, texts: _Texts) -> None:
    there = set(upgrades.same)
    for name in upgrades.same:
        documents = upgrades.project.catalog.environments[name].documents
        _drop(texts, documents[-1].file, ("permits", permit_name(upgrades.after)))
        lowest = next((one for one in documents if _states(one, texts)), None)
        if lowest is not None and upgrades.sharing(lowest) <= there:
            texts[lowest.file] = put(texts[lowest.file], _WORD, upgrades.after, lowest.file)
            for document in _over(documents, lowest):
                if upgrades.sharing(document) <= there:
                    _drop(texts, document.file, _WORD)


def _states(document: CatalogDocument, texts: _Texts) -> bool:
    return at(read_value(texts[document.file], document.file), _WORD) is not None


def _over(documents: Sequence[CatalogDocument], lowest: CatalogDocument) -> Sequence[CatalogDocument]:
    return documents[documents.index(lowest) + 1 :]


def _drop(texts: _Texts, file: str, path: Path) -> None:
    """Remove a word where it is there, and the map around it where nothing else is in it."""
    said = mapping(at(read_value(texts[file], file), path[:1]))
    if path[1] in said:
        texts[file] = drop(texts[file], path if len(said) > 1 else path[:1], file)
