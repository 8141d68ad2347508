"""One environment under two KServe versions in; what changes by itself out, in notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kservegen.catalog.engines import ENGINES
from kservegen.changes.plan.fields import compare_fields
from kservegen.changes.plan.model import FieldChange
from kservegen.changes.upgrade.model import Note, Topic
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.charts.model import Chart, Charts, KeyPath, default_images, effective, explicit, is_on, leaves_out
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.platform import Platform
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.images import split_image

_NAMED: Final = 4  # so many fields fit in a line
_VERSION: Final[KeyPath] = ("kserve", "version")
_RUNTIME_CONFIGS: Final = "kserve-runtime-configs"
_RUNTIMES_ON: Final[KeyPath] = ("kserve", "servingruntime", "enabled")


class VersionSide(NamedTuple):
    """An environment under one version: built, as it would be stored, and what is installed beside it."""

    built: BuiltEnvironment
    defaulted: tuple[Defaulted, ...]
    release: Release
    platform: Platform

    @property
    def values(self) -> dict[str, JsonObject]:
        """The values of the charts in use."""
        return self.built.platform.values()


def notes(before: VersionSide, after: VersionSide, passed: Iterable[Release]) -> Iterator[Note]:
    """Say what changes in the cluster although nobody edits anything but the version."""
    for release in passed:
        yield from _removed_crds(before, release)
        yield from _behaviour(after, release)
    yield from _charts(before, after)
    yield from _chart_defaults(before, after)
    yield from left_behind_by_upgrade(before, after)
    yield from _runtimes(before, after)
    yield from _objects(before, after)


def left_behind_by_upgrade(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    """Say only what the environment's own words hold back, for who comes from a version that nothing is known of."""
    yield from _pinned_values(before, after)
    yield from _pinned_images(before, after)


def _removed_crds(before: VersionSide, release: Release) -> Iterator[Note]:
    for removed in release.removed:
        chart = before.release.charts.by_name.get(removed.chart)
        values = before.values.get(removed.chart)
        if chart is None or values is None or leaves_out(chart, values, removed.when):
            continue
        # Argo CD prunes no Application of a chart; Helm, and Flux through it, delete what a chart has dropped.
        engine = ENGINES.get(before.built.environment.text("gitops", "engine"))
        stays = engine is not None and not engine.removes_charts
        what = "stay until you delete them, and nothing serves them" if stays else "go, and every object of their kinds"
        yield Note(
            topic=Topic.CRDS,
            text=f"{removed.chart} {release.version} no longer carries these: they {what}. {removed.instead}",
            subjects=removed.names,
            loses=not stays,
        )


def _behaviour(after: VersionSide, release: Release) -> Iterator[Note]:
    kinds = {resource.kind for resource in after.built.resources}
    for change in release.changes:
        if change.kinds & kinds:
            yield Note(topic=Topic.BEHAVIOUR, text=change.text, subjects=tuple(sorted(change.kinds & kinds)))


def _charts(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    old, new = before.built.platform.names, after.built.platform.names
    for names, what in ((set(new) - set(old), "is needed now"), (set(old) - set(new), "is needed no longer")):
        for name in sorted(names):
            yield Note(topic=Topic.CHARTS, text=f"chart {name} {what}", subjects=(name,), loses=name in old)


def _chart_defaults(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    """Tell which values that nobody sets are others now."""
    for name, values in after.values.items():
        old, new = before.release.charts.by_name.get(name), after.release.charts.by_name.get(name)
        if old is None or new is None:
            continue
        for path, key in new.keys.items():
            was = old.keys.get(path)
            if was is None or not key.live or path == _VERSION or explicit(values, path) or was.default == key.default:
                continue
            yield Note(
                topic=Topic.VALUES,
                text=f"{key.dotted} of {name}, set nowhere, goes from {_show(was.default)} to {_show(key.default)}",
                subjects=(name,),
            )


def _pinned_values(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    """Find values that say the old version and so stay behind."""
    environment = after.built.environment
    version = before.release.charts.version
    for path in _places(environment.mapping("kserve", "values"), version, ("kserve", "values")):
        yield Note(
            topic=Topic.VALUES,
            text=f"{'.'.join(map(str, path[3:]))} of {path[2]} says {version} and stays there",
            subjects=(str(path[2]),),
            location=environment.locate(path),
        )


def _places(value: JsonValue, wanted: str, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, wanted, (*path, name))
    elif value == wanted:
        yield path


def _pinned_images(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    """Find overrides that hold an image of KServe's own at the old version."""
    environment = after.built.environment
    own = {key.repository for name in after.values for key in default_images(after.release.charts, name)}
    for override in after.built.settings.images.by_name.values():
        if override.name in own and (override.new_tag == before.release.charts.version or override.digest):
            stays = override.digest or override.new_tag
            yield Note(
                topic=Topic.IMAGES,
                text=f"{override.name} stays at {stays}, beside charts of another version",
                subjects=(override.name,),
                location=environment.locate(("images", override.index)),
            )


def _runtimes(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    old, new = before.platform, after.platform
    for what, was, now in (
        ("runtime", old.runtimes.keys(), new.runtimes.keys()),
        ("preset", old.presets, new.presets),
    ):
        for names, verb in ((now - was, "comes"), (was - now, "goes")):
            for name in sorted(names):
                yield Note(topic=Topic.RUNTIMES, text=f"{what} {name} {verb}", subjects=(name,), loses=verb == "goes")
    for name in sorted(old.runtimes.keys() & new.runtimes.keys()):
        if old.runtimes[name] != new.runtimes[name]:
            yield Note(topic=Topic.RUNTIMES, text=f"runtime {name} serves otherwise than before", subjects=(name,))


def _objects(before: VersionSide, after: VersionSide) -> Iterator[Note]:
    """Compare each object as it is rendered and, where that is the same, as it is stored."""
    old = {item.written.id: item for item in before.defaulted}
    for item in after.defaulted:
        was = old.get(item.written.id)
        if was is None:
            continue
        written = compare_fields(was.written.doc, item.written.doc)
        stored = compare_fields(was.resource.doc, item.resource.doc)
        if written and item.written.section:
            yield Note(
                topic=Topic.OBJECTS,
                text=f"{item.written.id} is rendered with other {_listed(written)}",
                subjects=(str(item.written.id),),
            )
        elif stored and not written:
            yield Note(
                topic=Topic.DEFAULTS,
                text=f"{item.written.id} is stored with other defaults: {_listed(stored)}",
                subjects=(str(item.written.id),),
            )


def _listed(changes: Sequence[FieldChange]) -> str:
    """Name the first few fields, and count the rest."""
    more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return ", ".join(change.path for change in changes[:_NAMED]) + more


def images(side: VersionSide) -> frozenset[str]:
    """List the images that the charts in use pull, as they are named there or by the environment's overrides."""
    found: set[str] = set()
    for name, values in side.values.items():
        chart = side.release.charts.by_name.get(name)
        if chart is not None and (name != _RUNTIME_CONFIGS or is_on(chart, values, _RUNTIMES_ON)):
            found.update(_of_chart(chart, values, side.release.charts))
    if side.platform.presets:
        found.update(side.release.runtimes.presets.images.values())
    return frozenset(found)


def _of_chart(chart: Chart, values: JsonObject, charts: Charts) -> Iterator[str]:
    for key in default_images(charts, chart.name):
        image = text(effective(chart, values, key.image))
        if key.tag is not None:
            yield f"{image}:{effective(chart, values, key.tag) or charts.version}"
        elif image:
            yield str(split_image(image))


def _show(value: JsonValue) -> str:
    return "blank" if value in ("", None) else str(value)
