"""The sources of what differs in pod templates in; why they differ, in words that people know, out.

A source counts where its own text is not the same on both sides: fields of the object itself, of a runtime, of a
configuration, of the ConfigMap that the charts' values write. What KServe's code works out of such texts has no line;
then all that changed in the object is named, or else in the charts' values, or the release.

Source: KServe v0.19.0 and v0.20.0. The controllers watch runtimes and configurations: an update reconciles who uses
them at once, unless annotation `serving.kserve.io/disable-auto-update` keeps a ready InferenceService as it is. A
runtime that is made or removed reconciles nobody. Nobody watches the ConfigMap inferenceservice-config: what a
controller takes from it reaches a template when the object is next looked at, for certain when the controller itself
restarts, which a new release makes it do.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from typing import Final

from kservegen.changes.impact.comparing import differences
from kservegen.changes.impact.effective import CONFIG_KIND, RUNTIME_KINDS, ImpactScene
from kservegen.changes.impact.model import Cause
from kservegen.changes.impact.templates import TemplateSource
from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import JsonValue, Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.charts.model import KeyPath, effective
from kservegen.kserve.charts.release import config_owner
from kservegen.kserve.controllers.made import CONFIG_MAP, STORED

_VERSION: Final[KeyPath] = ("kserve", "version")
_TAGS: Final = frozenset({"tag", "defaultVersion"})  # the release's own where they are left blank
# What of the ConfigMap other values write than those called as its key.
_WRITTEN_BY: Final[dict[str, KeyPath]] = {
    "credentials": ("kserve", "storage"),
    "explainers": ("kserve", "servingruntime", "art"),
    "ingress": ("kserve", "controller", "gateway"),
    "storageInitializer": ("kserve", "storage"),
}
# What a model is told about its runtime by.
_CHOICES: Final = frozenset({"modelFormat", "protocolVersion", "runtime"})
_MODEL: Final[Path] = ("spec", "predictor", "model")
_OPT_OUT: Final = "serving.kserve.io/disable-auto-update"
_KEPT_OUT: Final = f"annotation {_OPT_OUT} keeps a ready model as it is until its next own change"
_RUNTIME_LATER: Final = "when KServe next looks at the model, at the latest when its controller restarts"
_LATER: Final = "KServe's controller reads it when it next looks at the object"
_ANOTHER_RELEASE: Final = "a controller of another release may write another pod template"


class Installed:
    """What differs of KServe as it is installed on two sides."""

    def __init__(self, before: ImpactScene, after: ImpactScene) -> None:
        self._before, self._after = before, after
        releases = [scene.side.release for scene in (before, after)]
        self.is_new_release = releases[0].version != releases[1].version
        self.any_changed = self.is_new_release or before.side.values != after.side.values
        self._versions = " -> ".join(release.version for release in releases)
        self._is_known = all(release.is_reviewed for release in releases)
        self._differences: dict[ResourceId, tuple[Path, ...]] = {}

    def differences_in(self, identity: ResourceId) -> tuple[Path, ...]:
        """Return the paths at which the spec of a runtime or a configuration is another, whoever uses it."""
        if identity not in self._differences:
            documents = (scene.document(identity) for scene in (self._before, self._after))
            was, now = (doc.get("spec") if doc is not None else None for doc in documents)
            self._differences[identity] = tuple(differences(was, now, ("spec",)))
        return self._differences[identity]

    @cached_property
    def _keys(self) -> tuple[KeyPath, ...]:
        """The values that are others in the chart which writes the ConfigMap."""
        sides = (self._before.side, self._after.side)
        owners = [config_owner(side.release.charts, side.values) for side in sides]
        old, new = (side.release.charts.by_name.get(owner) for side, owner in zip(sides, owners, strict=True))
        if old is None or new is None:
            return ()
        values = [side.values.get(owner, {}) for side, owner in zip(sides, owners, strict=True)]
        found: list[KeyPath] = []
        for key in new.keys:
            was, now = effective(old, values[0], key), effective(new, values[1], key)
            if key[-1] in _TAGS:
                was = was or effective(old, values[0], _VERSION)
                now = now or effective(new, values[1], _VERSION)
            if was != now:
                found.append(key)
        return tuple(sorted(found))

    def values(self, source: Path) -> Cause | None:
        """Name the values that changed a field of the ConfigMap; None where none did."""
        section = str(source[1]) if len(source) > 1 else ""
        above = _WRITTEN_BY.get(section, ("kserve", section.lower()))
        keys = [key for key in self._keys if tuple(map(str.lower, key[: len(above)])) == above]
        named = [key for key in keys if _is_about(key[len(above) :], source[2:])] or keys
        if not named:
            return None
        paths = tuple(".".join(key) for key in named)
        return Cause("chart values", paths, certain=self.is_new_release, note="" if self.is_new_release else _LATER)

    def any_values(self, kind: str) -> Cause | None:
        """Name all values that controllers read for the pods of a kind; None where none of them changed."""
        sections = ("router",) if kind == "InferenceGraph" else ("storageInitializer", "explainers")
        found = [self.values((CONFIG_MAP, section)) for section in sections]
        causes = [cause for cause in found if cause is not None]
        return causes[0]._replace(paths=tuple(path for cause in causes for path in cause.paths)) if causes else None

    @property
    def release(self) -> Cause | None:
        """Another release, whose controllers write other templates."""
        return Cause(f"KServe {self._versions}") if self.is_new_release else None

    @property
    def unknown_release(self) -> Cause | None:
        """Another release of which it is not known what its controllers write."""
        if not self.is_new_release or self._is_known:
            return None
        return Cause(f"KServe {self._versions}", certain=False, note=_ANOTHER_RELEASE)

    def preset(self, name: str) -> Cause | None:
        """Name a preset of another release; None where the release is the same."""
        identity = ResourceId(CONFIG_KIND, self._after.side.namespace, name)
        return Cause(f"{identity} of KServe {self._versions}") if self.is_new_release else None


def _is_about(key: KeyPath, field: Path) -> bool:
    """Whether a value fills a field of the ConfigMap: `s3.region` fills `s3.s3Region`."""
    wanted = "".join(part for part in map(str, field[-1:])).lower()
    return bool(wanted) and (key[-1].lower() in wanted or (wanted == "image" and key[-1] == "tag"))


class Explained:
    """Why the templates of one object differ."""

    def __init__(self, subject: ResourceId, before: ImpactScene, after: ImpactScene, installed: Installed) -> None:
        self._subject = subject
        self._before, self._after = before, after
        self._old, self._new = before[subject], after[subject]
        self._installed = installed
        self._own = tuple(filter(self._is_written, own_differences(self._old, self._new)))

    def causes(self, sources: Iterable[TemplateSource]) -> tuple[Cause, ...]:
        """Return the causes, each once; none without sources."""
        sources = tuple(sources)
        if not sources:
            return ()
        own: dict[Path, None] = {}
        through: dict[str, Cause] = {}
        left: set[JsonValue] = set()
        for source in sources:
            moved = self._moved(source)
            if moved is not None:
                through.setdefault(moved.through, moved)
                left |= {source.old[0], source.new[0]}
        for side in (side for source in sources for side in self._sides(source, left)):
            paths = self._own_at(side)
            cause = self._through(side) if not paths else None
            own |= dict.fromkeys(paths)
            if cause is not None:
                through[cause.through] = _joined(through.get(cause.through), cause)
        if not own and not through:
            own |= dict.fromkeys(self._own)
            cause = None if own else self._installed.any_values(self._subject.kind)
            through |= {cause.through: cause} if cause is not None else {}
        mine = [Cause(paths=tuple(self._shown(path) for path in self._own if path in own))] if own else []
        return (*mine, *through.values()) or tuple(filter(None, (self._installed.release,)))

    def _sides(self, source: TemplateSource, left: Container[JsonValue]) -> Iterator[Path]:
        """Yield the side of a difference that tells why it is one: that after the change, if its text is another."""
        for side in filter(None, (source.new, source.old)):
            if side[0] not in left and (self._own_at(side) or self._through(side) is not None):
                yield side
                return

    def _is_written(self, path: Path) -> bool:
        """Whether labels and annotations were changed by people, and not by a webhook that writes what it found."""
        if path[0] != "metadata":
            return True
        written = (scene.side.resources[self._subject].doc for scene in (self._before, self._after))
        old, new = (value_at(doc, path) for doc in written)
        return old != new

    def _shown(self, path: Path) -> str:
        return format_path(self._after.defaulted(self._subject).original_path(path))

    def _own_at(self, source: Path) -> list[Path]:
        if not source or source[0] != STORED:
            return []
        return [path for path in self._own if _is_related(path, source[1:])]

    def _through(self, source: Path) -> Cause | None:
        """Say that a source beside the object changed; None where it did not, or is none."""
        owner = str(source[0])
        if owner == CONFIG_MAP:
            return self._installed.values(source)
        kind, _, name = owner.partition(" ")
        if kind not in RUNTIME_KINDS and kind != CONFIG_KIND:
            return None
        identity = self._identity(kind, name)
        old, new = self._before.document(identity), self._after.document(identity)
        if new is None and old is None:
            return self._installed.preset(name) if kind == CONFIG_KIND else None
        said = self._installed.differences_in(identity)
        paths = tuple(format_path(path) for path in said if _is_related(path, source[1:]))
        if kind in RUNTIME_KINDS and (old is None) != (new is None):
            return Cause(str(identity), certain=False, note=_RUNTIME_LATER)
        if not paths:
            return None
        kept_out = kind in RUNTIME_KINDS and text(self._new.annotations.get(_OPT_OUT)) == "true"
        return Cause(str(identity), paths, certain=not kept_out, note=_KEPT_OUT if kept_out else "")

    def _identity(self, kind: str, name: str) -> ResourceId:
        namespace = self._subject.namespace
        if kind == CONFIG_KIND:
            return (
                self._after.config(name, namespace)
                or self._before.config(name, namespace)
                or ResourceId(kind, self._after.side.namespace, name)
            )
        return ResourceId(kind, namespace if kind == "ServingRuntime" else "", name)

    def _moved(self, source: TemplateSource) -> Cause | None:
        """Tell of another runtime: at once where the model or the runtime that it leaves is updated, else some day."""
        if not (source.old and source.new) or source.old[0] == source.new[0]:
            return None
        kinds = [str(side[0]).partition(" ")[0] for side in source]
        if not RUNTIME_KINDS.issuperset(kinds):
            return None
        was = self._identity(*str(source.old[0]).split(" ", 1))
        asked = [path for path in self._own if path[:3] == _MODEL and path[3:4] and path[3] in _CHOICES]
        old, new = self._before.document(was), self._after.document(was)
        updated = bool(asked) or (old is not None and new is not None and old.get("spec") != new.get("spec"))
        return Cause(
            f"{was} -> {source.new[0]}",
            tuple(map(self._shown, asked)),
            certain=updated,
            note="" if updated else _RUNTIME_LATER,
        )


def own_differences(old: Resource, new: Resource) -> Iterator[Path]:
    """Yield the paths at which two stored objects mean something else, labels and annotations included."""
    if old is new:
        return
    before, after = (mapping(resource.doc.get("metadata")) for resource in (old, new))
    for word in ("labels", "annotations"):
        yield from differences(before.get(word), after.get(word), ("metadata", word))
    yield from differences(old.spec, new.spec, ("spec",))


def _is_related(path: Path, other: Path) -> bool:
    """Whether one path is the other, or lies above or below it."""
    return path[: len(other)] == other or other[: len(path)] == path


def _joined(known: Cause | None, cause: Cause) -> Cause:
    if known is None:
        return cause
    return known._replace(paths=tuple(dict.fromkeys((*known.paths, *cause.paths))))
