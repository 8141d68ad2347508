"""What environments/defaults.yaml says of stages in; the stages in their order, and what is wrong with them, out.

A stage is what a change reaches at once. Its conditions are what has to be true of it before the change moves on to the
next one. Environments belong to the platform, and so do stages: no file of a model's owner says anything of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.core.diagnostics import Diagnostic, Related
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import DEFAULTS_NAME, ENVIRONMENTS_FOLDER
from kservegen.core.suggest import did_you_mean

STAGES: Final = "stages"
STAGES_FILE: Final = f"{ENVIRONMENTS_FOLDER}/{DEFAULTS_NAME}.yaml"
# Days, hours and minutes, in this order: 24h, 7d, 1h30m. The schema's pattern.
SOAK: Final = "^([0-9]{1,4}d)?([0-9]{1,4}h)?([0-9]{1,4}m)?$"
_SOAK: Final = lazy_pattern(SOAK)
_IN_DAYS: Final = 2880  # minutes: what is shorter is told in hours


class RolloutStage(Struct, frozen=True, kw_only=True):
    """One stage: what is `listed` (environments and bases, as written) and the `environments` that these stand for.

    `number` counts from 1. `soak` is how long a change has to be in it, and `ready` whether its models have to be
    Ready, before the change moves on.
    """

    number: int
    name: str
    listed: tuple[str, ...]
    environments: tuple[str, ...]
    soak: timedelta = timedelta()
    ready: bool = False

    @property
    def label(self) -> str:
        """What people call it: its name, or what it lists."""
        return self.name or ", ".join(self.listed)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that means it."""
        return tuple(dict.fromkeys((*([self.name] if self.name else []), *self.listed, *self.environments)))


def read_stages(catalog: Catalog) -> tuple[RolloutStage, ...]:
    """Return the stages in their order, empty where none are said; what has a wrong shape is left out."""
    document = stages_document(catalog)
    said = sequence(document.value.get(STAGES)) if document is not None else ()
    return tuple(_stage(catalog, number, value) for number, value in enumerate(said, 1))


def stages_document(catalog: Catalog) -> CatalogDocument | None:
    """Return environments/defaults.yaml; None where there is none that can be read."""
    sources = (*catalog.environments.values(), *(source for source in catalog.bases.values() if source is not None))
    return next((d for source in sources for d in source.documents if d.file == STAGES_FILE), None)


def read_soak(said: JsonValue) -> timedelta:
    """Read a time such as 24h or 1d12h; none for what is no such text."""
    found = _SOAK.match(said) if isinstance(said, str) else None
    if found is None:
        return timedelta()
    days, hours, minutes = (int(part[:-1]) if part else 0 for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def write_soak(soak: timedelta) -> str:
    """Write a time as `read_soak` reads it, down to minutes: 24h, 2d6h, 25m; 0m for less than a minute."""
    minutes = int(soak.total_seconds() // 60)
    days = minutes // 1440 if minutes >= _IN_DAYS else 0
    parts = ((days, "d"), (minutes // 60 - 24 * days, "h"), (minutes % 60, "m"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0m"


def _stage(catalog: Catalog, number: int, said: JsonValue) -> RolloutStage:
    words: JsonObject = said if isinstance(said, dict) else {}
    listed = tuple(name for _, name in _listed((), said))
    reached = dict.fromkeys(environment for name in listed for environment in catalog.reached(name))
    return RolloutStage(
        number=number,
        name=text(words.get("name")),
        listed=listed,
        environments=tuple(reached),
        soak=read_soak(words.get("soak")),
        ready=words.get("ready") is True,
    )


def _listed(path: Path, said: JsonValue) -> Iterator[tuple[Path, str]]:
    """Yield the names of a stage, each with its path: a list, a name alone, or a map that has either."""
    if isinstance(said, str):
        yield path, said
    elif isinstance(said, dict):
        yield from _listed((*path, "environments"), said.get("environments"))
    elif isinstance(said, list):
        yield from (((*path, index), name) for index, name in enumerate(said) if isinstance(name, str))


def _has_shape(said: JsonValue) -> bool:
    """Whether every name of a stage can be read: an environment that is missing may be what is misspelt otherwise."""
    names = said.get("environments") if isinstance(said, dict) else said
    listed = names if isinstance(names, list) else [names]
    return bool(listed) and all(isinstance(name, str) for name in listed)


def misplaced_stages(document: CatalogDocument | None) -> Iterator[Diagnostic]:
    """Find `stages` in a file of one environment or a base: they are about all of them."""
    if document is not None and STAGES in document.value:
        yield by_manual(
            "catalog/misplaced-stages",
            f"{document.file} cannot say in which order a change goes through all environments",
            document.source.key((STAGES,)),
            path=STAGES,
        )


def check_stages(catalog: Catalog) -> Iterator[Diagnostic]:
    """Find names of stages that mean nothing or two things, environments in none, and conditions that nobody asks."""
    document = stages_document(catalog)
    said = document.value.get(STAGES) if document is not None else None
    if document is None or not isinstance(said, list) or not said:
        return
    wrong = [*_absent(catalog, document, said), *_repeated(catalog, document, said)]
    yield from wrong
    yield from _idle(document, said)
    if not (wrong or catalog.unreadable) and all(map(_has_shape, said)):
        staged = {environment for stage in read_stages(catalog) for environment in stage.environments}
        left = tuple(name for name in catalog.environments if name not in staged)
        if left:
            told = by_manual(
                "catalog/unstaged-environment",
                f"{', '.join(left)} {'is' if len(left) == 1 else 'are'} in no stage",
                document.source.key((STAGES,)),
                path=STAGES,
            )
            yield replace(told, environments=left)


def _absent(catalog: Catalog, document: CatalogDocument, said: list[JsonValue]) -> Iterator[Diagnostic]:
    known = (*catalog.environments, *catalog.unreadable, *catalog.bases)
    for path, name in _all_listed(said):
        is_unknown = name not in known
        if not is_unknown and (name not in catalog.bases or catalog.reached(name) or catalog.unreadable):
            continue
        told = by_manual(
            "catalog/unknown-environment" if is_unknown else "catalog/reaches-no-environment",
            f"there is no environment {name}" if is_unknown else f"no environment extends {name}",
            document.source.value(path),
            path=format_path(path),
            seen=name,
        )
        if is_unknown:
            hint = did_you_mean(name, known, f"Write environments/{name}.yaml, or remove the name.")
            told = replace(told, allowed=", ".join(sorted(known)), hint=hint)
        else:
            told = replace(told, hint=f"Write extends: [{name}] in an environment, or name one.")
        yield told


def _repeated(catalog: Catalog, document: CatalogDocument, said: list[JsonValue]) -> Iterator[Diagnostic]:
    """Find an environment that stands twice, by itself or through a base, and a stage's name that means another."""
    seen: dict[str, Path] = {}
    for path, name in _all_listed(said):
        for environment in catalog.reached(name) or (name,):
            if environment in seen:
                through = f" through {name}" if environment != name else ""
                yield _twice(document, path, seen[environment], f"{environment} is in a stage twice{through}", name)
                break
            seen[environment] = path
    names = {name: path for path, name in _all_listed(said)} | seen
    for index, value in enumerate(said):
        name = text(value.get("name")) if isinstance(value, dict) else ""
        path = (STAGES, index, "name")
        if not name:
            continue
        if name in names and names[name][:2] != path[:2]:
            yield _twice(document, path, names[name], f"{name} names two stages", name)
        names.setdefault(name, path)


def _twice(document: CatalogDocument, path: Path, first: Path, message: str, name: str) -> Diagnostic:
    related = (Related("it stands here, too", document.source.value(first)),)
    return by_manual(
        "catalog/repeated-stage",
        message,
        document.source.value(path),
        path=format_path(path),
        seen=name,
        related=related,
    )


def _idle(document: CatalogDocument, said: list[JsonValue]) -> Iterator[Diagnostic]:
    """Find conditions of the last stage: nothing moves on from there."""
    last = mapping(said[-1])
    for word in ("soak", "ready"):
        if word in last:
            path = (STAGES, len(said) - 1, word)
            yield by_manual(
                "catalog/idle-condition",
                f"no stage comes after the last one, so nothing waits for its {word}",
                document.source.key(path),
                path=format_path(path),
            )


def _all_listed(said: list[JsonValue]) -> Iterator[tuple[Path, str]]:
    for index, value in enumerate(said):
        yield from _listed((STAGES, index), value)
