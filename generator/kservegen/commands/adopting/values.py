"""Values that KServe's charts were installed with in; what of them the catalog has to say, so that they read the same.

A value that is the chart's default is left out, and so is what follows from the environment's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.catalog.merge import merge_values
from kservegen.changes.upgrade.split import carry
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, nested, text, value_at
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.suggest import did_you_mean
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.charts.model import Charts, KeyPath, effective, explicit
from kservegen.kserve.defaulting.inference_service import MODES, NEW_MODE

# What `helm get values` prints above the values where no --output is given.
_HEAD: Final = lazy_pattern(rb"\A(?:USER-SUPPLIED|COMPUTED) VALUES:[ \t]*\r?\n")
_MODE: Final[KeyPath] = ("kserve", "controller", "deploymentMode")
_FOLLOWING: Final = frozenset({"kserve.version", ".".join(_MODE)})
_TAG: Final = ".tag"


class ValuesFile(NamedTuple):
    """A file of values: of a chart, in an environment, blank for every one."""

    environment: str
    chart: str
    path: Path
    content: bytes


class ChartValues(NamedTuple):
    """What a chart was installed with, and what of it the catalog says.

    `follows` are keys that follow from the environment's own words, `lost` those that the chart does not read or the
    catalog cannot say, each with why.
    """

    chart: str
    given: JsonObject
    stated: JsonObject
    follows: frozenset[str]
    lost: tuple[tuple[str, str], ...]


def read_values(files: Sequence[ValuesFile], environment: str, charts: Charts) -> tuple[ChartValues, ...]:
    """Read the values of an environment's charts; GeneratorError for what is none, and for an unknown chart."""
    found: dict[str, ChartValues] = {}
    for file in files:
        if file.environment not in ("", environment):
            continue
        chart = charts.by_name.get(file.chart)
        if chart is None or not chart.info.has_values:
            named = [name for name, each in charts.by_name.items() if each.info.has_values]
            raise GeneratorError(
                f"KServe {charts.version} has no chart of this name that has values",
                subject=file.chart,
                hint=did_you_mean(file.chart, named, f"Known: {', '.join(named)}."),
            )
        if file.chart in found:
            raise GeneratorError("the chart has two files of values", subject=file.chart, hint="Name one of them.")
        given = _parsed(file)
        carried = carry(given, charts, {chart.name: {}}, before=charts.version)
        stated = mapping(carried.by_chart.get(chart.name))
        follows = frozenset(key for key, _ in carried.lost if key in _FOLLOWING or _is_own_tag(given, key, charts))
        lost = tuple(item for item in carried.lost if item[0] not in follows)
        found[chart.name] = ChartValues(chart.name, given, stated, follows, lost)
    return tuple(found.values())


def _is_own_tag(given: JsonObject, key: str, charts: Charts) -> bool:
    """Whether a key only says the version of KServe that the chart is of."""
    return key.endswith(_TAG) and value_at(given, tuple(key.split("."))) == charts.version


def _parsed(file: ValuesFile) -> JsonObject:
    """Read values as Helm does: nothing, or null, is no values."""
    loaded = load_manifests(_HEAD.sub(b"", file.content, count=1), str(file.path))
    wrong = [problem for problem in loaded.diagnostics if problem.severity is Severity.ERROR]
    if wrong:
        raise GeneratorError(wrong[0].message, subject=str(wrong[0].location), hint=wrong[0].hint)
    documents = [document.value for document in loaded.documents if document.value is not None]
    if len(documents) > 1 or not all(isinstance(each, dict) for each in documents):
        raise GeneratorError(
            "values of a chart are a map", subject=str(file.path), hint="Take them from helm get values."
        )
    return mapping(documents[0]) if documents else {}


def installed_mode(values: Sequence[ChartValues], charts: Charts) -> str:
    """Return the deployment mode that charts were installed with; blank where none of them says it."""
    for each in values:
        said = text(effective(charts.by_name[each.chart], each.given, _MODE))
        mode = NEW_MODE.get(said, said)
        if mode in MODES:
            return mode
    return ""


def restated(values: ChartValues, rendered: JsonObject, charts: Charts) -> ChartValues:
    """Say also those keys that the chart would read otherwise from the catalog than it was installed with.

    The environment's own words imply some. A key that is stated already and is read otherwise all the same is lost.
    """
    chart = charts.by_name[values.chart]
    known = values.follows.union(key for key, _ in values.lost)
    for key in chart.keys.values():
        was = effective(chart, values.given, key.path)
        if not key.live or key.dotted in known or was == effective(chart, rendered, key.path):
            continue
        if explicit(values.stated, key.path) or was is None:
            values = values._replace(lost=(*values.lost, (key.dotted, "a catalog cannot say it")))
        else:
            values = values._replace(stated=merge_values(values.stated, mapping(nested(key.path, was))))
    return values
