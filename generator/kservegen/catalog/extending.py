"""What an environment says that it extends in, the bases that lie under it out; whatever is wrong with that is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.model import Catalog, CatalogDocument, EnvironmentSource
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.jsontypes import JsonObject
from kservegen.core.manual import by_manual
from kservegen.core.names import label_error
from kservegen.core.repository import BASES_FOLDER, DEFAULTS_NAME
from kservegen.core.suggest import did_you_mean

EXTENDS: Final = "extends"


def named_bases(words: JsonObject) -> tuple[str, ...] | None:
    """Return the names that a file extends, in merge order; None for a shape that is no list of names."""
    said = words.get(EXTENDS, [])
    if not isinstance(said, list):
        return None
    names = tuple(name for name in said if isinstance(name, str))
    return names if len(names) == len(said) else None


def base_name_error(name: str, environments: Collection[str]) -> str:
    """Say why a base cannot be called so; blank for a good name. `environments` are the names that are taken."""
    if name == DEFAULTS_NAME:
        return "is that of what lies under all environments"
    if name in environments:
        return f"is an environment's, too: {name}"
    problem = label_error(name)
    return f"is no base's name: {problem}" if problem else ""


def misplaced_extends(document: CatalogDocument | None) -> Iterator[Diagnostic]:
    """Find `extends` in a file that is no environment's own: nothing would read it."""
    if document is not None and EXTENDS in document.value:
        yield by_manual(
            "catalog/misplaced-extends",
            f"{document.file} extends nothing: environments do",
            document.source.key((EXTENDS,)),
            path=EXTENDS,
        )


def extended_bases(
    own: CatalogDocument,
    bases: Mapping[str, EnvironmentSource | None],
    environments: Collection[str],
    diagnostics: list[Diagnostic],
) -> tuple[EnvironmentSource, ...] | None:
    """Return what an environment extends; None where a base is not there or cannot be read, which is told once.

    Without it nothing can be said of the environment that would not follow from that.
    """
    names = named_bases(own.value)
    if names is None:
        return None  # the schema has its finding
    found = [bases.get(name) for name in names]
    for index, name in enumerate(names):
        if name not in bases:
            where = own.source.value((EXTENDS, index))
            place = f"{EXTENDS}[{index}]"
            told = by_manual("catalog/unknown-base", f"there is no base {name}", where, path=place, seen=name)
            hint = did_you_mean(name, bases, f"Write {BASES_FOLDER}/{name}.yaml, or remove the name.")
            if name in environments:
                told = replace(told, message=f"{name} is an environment and no base")
                hint = f"Move what both have in common to a file in {BASES_FOLDER}/, which both extend."
            known_names = ", ".join(bases) or f"{BASES_FOLDER}/ holds none"
            diagnostics.append(replace(told, hint=hint, allowed=known_names))
    known = tuple(source for source in found if source is not None)
    return known if len(known) == len(names) else None


def unused_bases(catalog: Catalog, told: Collection[str]) -> Iterator[Diagnostic]:
    """Find bases that no environment extends; `told` are those that another finding names already."""
    if catalog.unreadable:
        return  # one of them may extend it
    for name, source in catalog.bases.items():
        if source is not None and name not in told and not catalog.reached(name):
            place = source.own.source.key(("version",))
            yield by_manual("catalog/unused-base", f"no environment extends {name}", place)
