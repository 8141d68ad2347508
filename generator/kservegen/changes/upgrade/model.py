"""What there is to say about an upgrade, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from kservegen.changes.impact.model import Impact
from kservegen.core.assumptions import Assumption
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonObject


class Topic(StrEnum):
    """What a note is about, in the order of the report."""

    CRDS = "crds"
    CHARTS = "charts"
    VALUES = "values"
    RUNTIMES = "runtimes"
    DEFAULTS = "defaults"
    OBJECTS = "objects"
    IMAGES = "images"
    BEHAVIOUR = "behaviour"


class Note(Struct, frozen=True, kw_only=True):
    """Something that changes by itself: in a sentence, with what it is about and the line to look at, if any.

    `loses` says that something in the cluster goes.
    """

    topic: Topic
    text: str
    subjects: tuple[str, ...] = ()
    location: Location | None = None
    loses: bool = False


class UpgradeStep(Struct, frozen=True, kw_only=True):
    """One thing to do, why in this place, and the commands that do it.

    One that `merges` ends with its change merged, before the next step begins. `text` is what its commands write into
    `file`, for whoever pastes it; both are blank where that is no text of its own.
    """

    title: str
    why: str = ""
    commands: tuple[str, ...] = ()
    merges: bool = False
    file: str = ""
    text: str = ""


class VersionChange(NamedTuple):
    """What merging another version does to what runs, and by word of a permit what guards want to be told of it."""

    impact: Impact
    permits: Mapping[str, int]


class UpgradePermit(NamedTuple):
    """Who answers for the permits of an upgrade, blank where nobody was named, and their last day."""

    owner: str
    expires: date

    def words(self, counts: Mapping[str, int], after: str) -> JsonObject:
        """Return the words of a permit that allows so much for an upgrade to a version."""
        reason = f"upgrade to KServe {after}"
        return {**counts, "reason": reason, "owner": self.owner or "OWNER", "expires": self.expires.isoformat()}


def permit_name(after: str) -> str:
    """Return the name of the permits for an upgrade to a version: by it they are found again."""
    return f"kserve-{after}"


class RestartedModel(Struct, frozen=True, kw_only=True):
    """A model whose pods a new version replaces; not `certain`: it may."""

    subject: str
    pods: int
    accelerators: tuple[tuple[str, int], ...]
    why: str
    certain: bool


class EnvironmentUpgrade(Struct, frozen=True, kw_only=True, eq=False):
    """An upgrade of one environment.

    `before` is what runs now. `refusals` are findings that the new version brings, `gone` counts those that it takes
    away. `images` are pulled by the new version and not by the old one. `values` are those of the charts in use, by
    chart. `permits` are what guards of the environment have to be told before they let the upgrade pass, by word of a
    permit; empty where they do. `caveats` say which of the two releases is not `reviewed`, by whose rules it was
    checked, and which record is a user's.
    """

    environment: str
    before: str
    after: str
    refusals: tuple[Diagnostic, ...]
    gone: int
    notes: tuple[Note, ...]
    images: tuple[str, ...]
    values: Mapping[str, JsonObject]
    restarts: tuple[RestartedModel, ...]
    permits: Mapping[str, int]
    steps: tuple[UpgradeStep, ...]
    caveats: tuple[Assumption, ...] = ()
    reviewed: bool = True

    @property
    def pods(self) -> int:
        """How many pods restart for certain."""
        return sum(model.pods for model in self.restarts if model.certain)


class CarriedValues(Struct, frozen=True, kw_only=True, eq=False):
    """Values of the chart that was split, as values of the new charts.

    `lost` are keys that no chart reads, `pinned` those of images that stay at a tag or digest of their own: each the
    key as helm writes it, and what is known of it.
    """

    by_chart: JsonObject
    lost: tuple[tuple[str, str], ...]
    pinned: tuple[tuple[str, str], ...] = ()
