"""What owners.yaml says in, of any shape; the teams, and who holds which files, namespaces, kinds and words, out.

Only the platform owns that file. What no team holds is the platform's. What an entry brings to each environment (its
namespaces, its quota) are words that lie under those of the environment's own files, by the one merge law.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Self

from msgspec import Struct, field

from kservegen.catalog.sections import GROUP, KindInfo
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error
from kservegen.core.repository import CATALOG_FOLDER

# Who holds what no team does; no team is called so.
PLATFORM: Final = "platform"
ANY: Final = "*"
# Words of entries that only a team may use that lists them, where the platform says nothing else.
GUARDED_WORDS: Final = ("spec",)
# So many teams, and so many names in one list: what is more is refused, and not looked at.
MOST_TEAMS: Final = 1_000
MOST_NAMES: Final = 200
# What a quota limits in one kind of accelerator: left out where an environment has none of that name.
_OF_ACCELERATOR: Final = ("accelerator", "limit")


def holds(pattern: str, namespace: str) -> bool:
    """Tell whether a namespace is the one of a name, or begins as a pattern that ends in `*` says."""
    return namespace.startswith(pattern[:-1]) if pattern.endswith(ANY) else namespace == pattern


def lies_in(place: str, file: str) -> bool:
    """Tell whether a file is the one of a path, or lies below a folder, whose path ends in a slash."""
    return file.startswith(place) if place.endswith("/") else file == place


def is_of_kserve(info: KindInfo) -> bool:
    """Tell whether a kind is one of KServe's own."""
    return info.api_version.startswith(f"{GROUP}/")


class Team(Struct, frozen=True, kw_only=True):
    """Who holds what. `environments` is None for all; `files` are paths, folders end in a slash.

    `kinds` is None for those of KServe that have a namespace, else their names, with the group or without. `namespaces`
    are names, and patterns that end in `*`. `words` are guarded ones that it may use.
    """

    name: str
    reviewers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()
    environments: tuple[str, ...] | None = None
    quota: JsonObject = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, said: JsonObject) -> Self:
        """Read an entry; what has a wrong shape, which the schema tells, is as if it were not there."""
        files = _texts(said.get("files")) or (f"{CATALOG_FOLDER}/{name}.yaml", f"{CATALOG_FOLDER}/{name}/")
        return cls(
            name=name,
            reviewers=_texts(said.get("reviewers")) or (),
            files=tuple(place for place in files if "/" in place.strip("/")),  # never a whole folder of the catalog
            namespaces=_texts(said.get("namespaces")) or (),
            kinds=_texts(said.get("kinds")),
            words=_texts(said.get("words")) or (),
            environments=_texts(said.get("environments")),
            quota=mapping(said.get("quota")),
        )

    def holds_file(self, file: str) -> bool:
        """Whether a file, relative to the root, is the team's."""
        return any(lies_in(place, file) for place in self.files)

    def holds_namespace(self, namespace: str) -> bool:
        """Whether the team may have objects in a namespace."""
        return any(holds(pattern, namespace) for pattern in self.namespaces)

    def holds_kind(self, info: KindInfo) -> bool:
        """Whether the team may have objects of a kind."""
        if self.kinds is None:
            return info.namespaced and is_of_kserve(info)
        group = info.api_version.rpartition("/")[0]
        return info.kind in self.kinds or f"{group}/{info.kind}" in self.kinds

    def lives_in(self, names: Iterable[str]) -> bool:
        """Whether the team is in an environment, which is called by its own name and those of its bases."""
        return self.environments is None or any(name in self.environments for name in names)

    @property
    def named_namespaces(self) -> tuple[str, ...]:
        """The namespaces that come with the team: a pattern names none, nor does what is no name."""
        return tuple(name for name in self.namespaces if not label_error(name))


class TeamWords(NamedTuple):
    """What teams bring to an environment, and for each part of it the path in owners.yaml that it comes from."""

    words: JsonObject
    origins: Mapping[Path, Path]


class Owners(Struct, frozen=True, kw_only=True):
    """What owners.yaml says. `guarded` are words of entries that a team has to list before it uses them.

    `labelled` is what each Namespace of a team has: labels and annotations. `codeowners` are more lines for CODEOWNERS,
    reviewers by path.
    """

    reviewers: tuple[str, ...]
    guarded: tuple[str, ...]
    labelled: JsonObject
    teams: tuple[Team, ...]
    codeowners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, value: JsonObject) -> Self:
        """Read the file's words."""
        platform = mapping(value.get("platform"))
        guarded = _texts(platform.get("words"))
        teams = sorted(mapping(value.get("teams")).items())
        return cls(
            reviewers=_texts(platform.get("reviewers")) or (),
            guarded=GUARDED_WORDS if guarded is None else guarded,
            labelled=mapping(platform.get("namespaces")),
            codeowners={path: _texts(who) or () for path, who in mapping(platform.get("codeowners")).items()},
            teams=tuple(Team.of(name, mapping(said)) for name, said in teams[:MOST_TEAMS]),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What an entry's `owner` may say."""
        return (PLATFORM, *(team.name for team in self.teams))

    def holder_of_file(self, file: str) -> Team | None:
        """Return the team whose file it is; None for the platform."""
        return next((team for team in self.teams if team.holds_file(file)), None)

    def holder_of(self, namespace: str, environment: Collection[str]) -> Team | None:
        """Return the team that holds a namespace in an environment of these names; None for the platform."""
        return next((team for team in self._in(environment) if team.holds_namespace(namespace)), None)

    def words_for(self, environment: Collection[str], beneath: JsonObject) -> TeamWords:
        """Return what the teams bring to an environment of these names.

        `beneath` is what its files say: a namespace that it promises is there already, and of an accelerator that it
        does not have nothing is limited.
        """
        words: dict[str, JsonObject] = {"namespaces": {}, "budgets": {}}
        origins: dict[Path, Path] = {}
        promised = sequence(beneath.get("prerequisites"))
        for team in self._in(environment):
            quota = _within(team.quota, mapping(beneath.get("accelerators")))
            for index, name in _named(team):
                place: Path = ("teams", team.name, "namespaces", index)
                if f"Namespace/{name}" not in promised:
                    words["namespaces"][name] = dict(self.labelled)
                    origins["namespaces", name] = place
                    for word in self.labelled:
                        origins["namespaces", name, word] = (PLATFORM, "namespaces", word)
                if quota:
                    words["budgets"][f"team-{name}"] = {**quota, "namespace": name, "quota": True}
                    origins["budgets", f"team-{name}"] = ("teams", team.name, "quota")
                    origins["budgets", f"team-{name}", "namespace"] = place
        return TeamWords({word: said for word, said in words.items() if said}, origins)

    def _in(self, environment: Collection[str]) -> Iterator[Team]:
        return (team for team in self.teams if team.lives_in(environment))


def _named(team: Team) -> Iterator[tuple[int, str]]:
    return ((index, name) for index, name in enumerate(team.namespaces) if name in team.named_namespaces)


def _within(quota: JsonObject, accelerators: JsonObject) -> JsonObject:
    if text(quota.get("accelerator")) in accelerators:
        return quota
    return {word: amount for word, amount in quota.items() if word not in _OF_ACCELERATOR}


def _texts(value: JsonValue) -> tuple[str, ...] | None:
    """Return a list of texts; None where it is not there."""
    return tuple(item for item in value[:MOST_NAMES] if isinstance(item, str)) if isinstance(value, list) else None
