"""Which of KServe's charts an environment needs, and the values they are installed with."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.merge import merge_values
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.core.document import mapping, nested
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.charts.model import Charts, default_images
from kservegen.render.objects.settings import Settings

CRD = "kserve-crd"
RESOURCES = "kserve-resources"
LLM_CRD = "kserve-llmisvc-crd"
LLM_RESOURCES = "kserve-llmisvc-resources"
CACHE_CRD = "kserve-localmodel-crd"
CACHE_RESOURCES = "kserve-localmodel-resources"
RUNTIME_CONFIGS = "kserve-runtime-configs"

# In the order they are installed.
CHART_ORDER = (CRD, LLM_CRD, CACHE_CRD, RESOURCES, LLM_RESOURCES, CACHE_RESOURCES, RUNTIME_CONFIGS)

_LLM_KINDS = frozenset({"LLMInferenceService", "LLMInferenceServiceConfig"})
_CACHE_KINDS = frozenset({"LocalModelCache", "LocalModelNamespaceCache", "LocalModelNodeGroup"})


class ChartUse(Struct, frozen=True, kw_only=True, eq=False):
    """A chart in use, the release that it is installed as, and its values: what follows, under what is said."""

    name: str
    release: str
    version: str
    values: JsonObject


class PlannedCharts(Struct, frozen=True, kw_only=True, eq=False):
    """The charts of an environment in install order, and the kinds that have no chart because it is switched off.

    `by_others`: somebody else has installed KServe. The charts then say what is there, and none is rendered.
    `namespace` is that of KServe's controllers.
    """

    version: str
    charts: tuple[ChartUse, ...]
    missing: tuple[tuple[str, str], ...]  # (kind, chart)
    by_others: bool = False
    namespace: str = KSERVE_NAMESPACE

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the charts in use."""
        return tuple(chart.name for chart in self.charts)

    def values(self) -> dict[str, JsonObject]:
        """Return values by chart."""
        return {chart.name: chart.values for chart in self.charts}

    def without(self, names: Collection[str]) -> PlannedCharts:
        """Return the platform without charts that somebody else has installed: those of `names`, or all."""
        kept = () if self.by_others else (chart for chart in self.charts if chart.name not in names)
        return replace(self, charts=tuple(kept))


def plan_platform(
    environment: ResolvedEnvironment, settings: Settings, kinds: Iterable[str], charts: Charts
) -> PlannedCharts:
    """Choose charts by the kinds in use, as the environment overrides it, and compute their values."""
    present = frozenset(kinds)
    needed = _needed(present)
    wanted = {name for names in needed.values() for name in names} | ({CRD, RESOURCES} if not needed else set())
    if present & {"InferenceService", "LLMInferenceService"} or not needed:
        wanted.add(RUNTIME_CONFIGS)
    for name, choice in environment.mapping("kserve", "charts").items():
        wanted = wanted | {name} if choice is True else wanted - {name}
    used = [name for name in CHART_ORDER if name in wanted] + sorted(wanted - set(CHART_ORDER))
    by_others = environment.at("kserve", "install") == "none"
    missing = [(kind, name) for kind, names in needed.items() for name in names if not _served(name, wanted)]
    return PlannedCharts(
        version=settings.kserve_version,
        by_others=by_others,
        namespace=environment.kserve_namespace,
        charts=tuple(
            ChartUse(
                name=name,
                release=environment.text("kserve", "releaseNames", name) or name,
                version=settings.kserve_version,
                values=_values(name, environment, settings, present, frozenset(used), charts),
            )
            for name in used
        ),
        missing=() if by_others else tuple(sorted(missing)),
    )


def _needed(kinds: frozenset[str]) -> dict[str, tuple[str, str]]:
    needed: dict[str, tuple[str, str]] = {}
    for kind in sorted(kinds - {"Namespace"}):
        if kind in _LLM_KINDS:
            needed[kind] = (LLM_CRD, LLM_RESOURCES)
        elif kind in _CACHE_KINDS:
            needed[kind] = (CACHE_CRD, CACHE_RESOURCES)
        else:
            needed[kind] = (CRD, RESOURCES)
    return needed


def _served(chart: str, wanted: set[str]) -> bool:
    return chart in wanted or f"{chart}-minimal" in wanted


def _values(
    name: str,
    environment: ResolvedEnvironment,
    settings: Settings,
    kinds: frozenset[str],
    used: frozenset[str],
    charts: Charts,
) -> JsonObject:
    said = environment.mapping("kserve", "values", name)
    return merge_values(
        merge_values(_computed(name, settings, kinds, used), _image_values(name, settings, charts)), said
    )


def _computed(name: str, settings: Settings, kinds: frozenset[str], used: frozenset[str]) -> JsonObject:
    """Return what the environment implies for a chart: see traps T2, T4 and T8 of the chart tables."""
    caches = bool(kinds & _CACHE_KINDS)
    owner: JsonObject = {"controller": {"deploymentMode": settings.deployment_mode}}
    if caches:
        owner["localmodel"] = {"enabled": True}
    if name == RESOURCES:
        return {"kserve": owner}
    if name == LLM_RESOURCES:
        return {"kserve": {"createSharedResources": False} if RESOURCES in used else owner}
    if name == RUNTIME_CONFIGS:
        return {
            "kserve": {
                "servingruntime": {"enabled": "InferenceService" in kinds or not kinds - {"Namespace"}},
                "llmisvcConfigs": {"enabled": "LLMInferenceService" in kinds},
            }
        }
    return {}


def _image_values(name: str, settings: Settings, charts: Charts) -> JsonObject:
    """Turn the environment's `images` into values of the chart that pulls them."""
    values: JsonObject = {}
    for key in default_images(charts, name):
        override = settings.images.by_name.get(key.repository)
        if override is None:
            continue
        if override.new_name:
            values = merge_values(values, mapping(nested(key.image, override.new_name)))
        if override.new_tag and key.tag is not None:
            values = merge_values(values, mapping(nested(key.tag, override.new_tag)))
    return values
