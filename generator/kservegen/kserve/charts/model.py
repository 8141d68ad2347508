"""What is known of one KServe version's Helm charts, as values: charts, the keys they have, what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, JsonValue

KeyPath: TypeAlias = tuple[str, ...]

# How a template reads a key: printed into text, asked by `if` (where "false" counts as true), or printed as Go
# prints a list.
ReadBy: TypeAlias = Literal["text", "condition", "raw"]

# The objects that kserve-resources and kserve-llmisvc-resources may both render.
ChartResource: TypeAlias = Literal["config", "issuer", "storageContainer", "gateway"]


class Instead(Struct, frozen=True):
    """The chart and key that do what an inert key promises."""

    chart: str
    key: str


class ValueNeed(Struct, frozen=True):
    """One of these charts or operators has to be there first; `when` names a value that must be on for it to matter."""

    one_of: tuple[str, ...]
    when: KeyPath | None = None


class ImageKey(Struct, frozen=True):
    """Where a chart takes an image from: `tag` is None where `image` holds the whole reference."""

    image: KeyPath
    tag: KeyPath | None
    repository: str


class Key(Struct, frozen=True, kw_only=True):
    """A value of a chart. Not live: the chart's values.yaml has it (or a helper asks for it) and nothing shows it.

    `feeds` names the shared objects that the value ends up in, if it ends up nowhere else. `names` are the only
    names that are read inside a map; `enforced` says that the chart's own schema refuses another type.
    """

    path: KeyPath
    type: str
    about: str
    default: JsonValue = None
    live: bool = True
    declared: bool = True
    read: ReadBy = "text"
    feeds: tuple[ChartResource, ...] = ()
    allowed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    pattern: str = ""
    form: str = ""
    minimum: int | None = None
    names: tuple[str, ...] = ()
    required: bool = False
    enforced: bool = False
    tag: KeyPath | None = None
    inert: str = ""
    instead: Instead | None = None

    @property
    def dotted(self) -> str:
        """The path as `helm --set` writes it."""
        return ".".join(self.path)


class ChartInfo(Struct, frozen=True, kw_only=True, eq=False):
    """A chart's place: layer 1 brings CRDs, 2 controllers, 3 runtimes and presets.

    `namespace` is the only one that works, or "" where the release's own will do. `completed_by` names what must
    run beside the chart although it comes later.
    """

    name: str
    layer: int
    release: str
    needs: tuple[ValueNeed, ...] = ()
    crds: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    namespace: str = ""
    completed_by: tuple[str, ...] = ()
    minimal_of: str = ""
    has_values: bool = False

    @property
    def crd(self) -> bool:
        """Whether the chart brings CRDs and nothing else."""
        return bool(self.crds)


class Chart(Struct, frozen=True, kw_only=True, eq=False):
    """A chart with all its keys. `branches` holds the names below every path that is no key itself.

    `mistaken` maps keys that people write to the ones they mean; `absent` says of others that no value does it. A
    branch that is `printed_whole` may be null: no template reads below it.
    """

    info: ChartInfo
    keys: Mapping[KeyPath, Key]
    branches: Mapping[KeyPath, tuple[str, ...]]
    mistaken: Mapping[KeyPath, KeyPath] = field(default_factory=dict)
    absent: Mapping[KeyPath, str] = field(default_factory=dict)
    printed_whole: frozenset[KeyPath] = frozenset()

    @property
    def name(self) -> str:
        """The chart's name."""
        return self.info.name

    def reads(self, path: KeyPath) -> bool:
        """Whether the chart reads the key at `path`, or any key below it."""
        key = self.keys.get(path)
        if key is not None:
            return key.live
        return any(self.reads((*path, name)) for name in self.branches.get(path, ()))


class Charts(Struct, frozen=True, kw_only=True, eq=False):
    """All charts of a KServe version, in the order they are installed in."""

    version: str
    by_name: Mapping[str, Chart]

    @property
    def names(self) -> tuple[str, ...]:
        """The charts' names, in order of installation."""
        return tuple(self.by_name)

    def readers(self, path: KeyPath) -> tuple[str, ...]:
        """Name the charts that read the key at `path` or any key below it."""
        return tuple(name for name, chart in self.by_name.items() if chart.reads(path))


def explicit(values: JsonObject, path: KeyPath) -> bool:
    """Tell whether `values` say something at `path`, null included."""
    node: JsonValue = values
    for name in path:
        if not isinstance(node, dict) or name not in node:
            return False
        node = node[name]
    return True


def effective(chart: Chart, values: JsonObject, path: KeyPath) -> JsonValue:
    """Give what the templates see at `path`: the value, or the chart's default where there is none."""
    if explicit(values, path):
        return value_at(values, path)
    key = chart.keys.get(path)
    return key.default if key is not None else None


def is_on(chart: Chart, values: JsonObject, path: KeyPath) -> bool:
    """Tell whether a template's `if` holds: any text that is not empty does, "false" included."""
    return bool(effective(chart, values, path))


def leaves_out(chart: Chart, values: JsonObject, switch: KeyPath) -> bool:
    """Tell whether a switch takes away what a chart renders; a chart from before the switch renders it always."""
    return chart.reads(switch) and not is_on(chart, values, switch)


def default_images(charts: Charts, chart: str) -> tuple[ImageKey, ...]:
    """List the live image keys of `chart`; none for a chart that is not known or has no values.

    A key with a tag of its own has the bare repository as default; the others hold the whole reference.
    """
    table = charts.by_name.get(chart)
    keys = table.keys.values() if table is not None else ()
    return tuple(ImageKey(key.path, key.tag, str(key.default)) for key in keys if key.type == "image" and key.live)
