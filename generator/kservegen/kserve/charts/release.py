"""What no single chart shows: the values of all charts of an environment in, findings out.

A path starts with the chart's name; below it lies the path in that chart's values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.charts.model import (
    Chart,
    ChartResource,
    Charts,
    Key,
    KeyPath,
    effective,
    explicit,
    is_on,
    leaves_out,
)
from kservegen.kserve.charts.show import dotted, listing_of_values, show
from kservegen.kserve.charts.traps import (
    CREATE_GATEWAY,
    CREATED_GATEWAY,
    ENABLE_GATEWAY_API,
    KSERVE_GATEWAY,
    SHARED_RESOURCES,
    SWITCHES,
)

_RESOURCES = "kserve-resources"
_LLM = "kserve-llmisvc-resources"
_LOCAL_MODELS = "kserve-localmodel-resources"
_RUNTIMES = "kserve-runtime-configs"

_OBJECTS: Final[Mapping[ChartResource, str]] = {
    "config": "ConfigMap/inferenceservice-config",
    "issuer": "Issuer/selfsigned-issuer",
    "storageContainer": "ClusterStorageContainer/default",
}
_SWITCH: Final[Mapping[ChartResource, KeyPath]] = dict(zip(_OBJECTS, SWITCHES, strict=True))
# KServe does without the ClusterStorageContainer; without the others no controller starts.
_VITAL: Final[tuple[ChartResource, ...]] = ("config", "issuer")

_LOCAL_MODELS_ON: Final[KeyPath] = ("kserve", "localmodel", "enabled")
_PRESETS_ON: Final[KeyPath] = ("kserve", "llmisvcConfigs", "enabled")
_RUNTIMES_ON: Final[KeyPath] = ("kserve", "servingruntime", "enabled")
_GIE_CRDS: Final[KeyPath] = ("kserve", "llmisvc", "createGIECRDs")
_GIE: Final = "gateway-api-inference-extension"


class _Release(Struct, frozen=True):
    """The charts in use with what is set on them."""

    charts: Charts
    values: Mapping[str, JsonObject]
    namespace: str
    is_there: Callable[[str], bool]

    def chart(self, name: str) -> Chart | None:
        return self.charts.by_name.get(name) if name in self.values else None

    def is_on(self, name: str, path: KeyPath) -> bool:
        chart = self.chart(name)
        return chart is not None and chart.reads(path) and is_on(chart, self.values[name], path)

    def owners(self, resource: ChartResource) -> tuple[str, ...]:
        """Name the charts that render a shared object."""
        if resource == "gateway":
            return tuple(name for name in (_RESOURCES,) if self.is_on(name, CREATE_GATEWAY))
        paths = (_SWITCH[resource], SHARED_RESOURCES)
        return tuple(name for name in (_RESOURCES, _LLM) if any(self.is_on(name, path) for path in paths))

    def place(self, name: str, *candidates: KeyPath) -> Path:
        """Give the first of the keys that was written, else the chart itself."""
        written = (path for path in candidates if explicit(self.values[name], path))
        return (name, *next(written, ()))


def check_release(
    charts: Charts,
    values_by_chart: Mapping[str, JsonObject],
    namespace: str,
    *,
    is_there: Callable[[str], bool] = lambda _: False,
) -> tuple[Finding, ...]:
    """Check the charts in use, the keys of `values_by_chart`, against each other and their namespace.

    `is_there` is asked of what they leave out, as prerequisites call it: `ConfigMap/kserve/inferenceservice-config`.
    """
    release = _Release(charts=charts, values=values_by_chart, namespace=namespace, is_there=is_there)
    return (
        *_namespace(release),
        *_two_owners(release),
        *_no_owner(release),
        *_not_the_owner(release),
        *_created_gateway(release),
        *_local_models_off(release),
        *_foreign_crds(release),
        *_renders_nothing(release),
    )


def config_owner(charts: Charts, values_by_chart: Mapping[str, JsonObject]) -> str:
    """Name the chart whose values fill the ConfigMap inferenceservice-config; blank where no chart renders it."""
    release = _Release(charts=charts, values=values_by_chart, namespace="", is_there=lambda _: False)
    return next(iter(release.owners("config")), "")


def _namespace(release: _Release) -> Iterator[Finding]:
    """T15: the conversion webhook of the LLM CRDs and the presets name their namespace literally."""
    fixed = {name: info.info.namespace for name, info in release.charts.by_name.items() if name in release.values}
    if release.is_on(_RUNTIMES, _PRESETS_ON):
        fixed[_RUNTIMES] = release.charts.by_name[_LLM].info.namespace
    bound = [name for name, namespace in fixed.items() if namespace not in ("", release.namespace)]
    if bound:
        yield Finding(
            rule="kserve/chart-namespace",
            path=(bound[0],),
            message=f"{listing_of_values(bound, word='and')} must be installed in namespace {fixed[bound[0]]}",
            hint="The CRDs' conversion webhook, its certificate and the presets name that namespace literally.",
            seen=release.namespace,
            allowed=fixed[bound[0]],
            at_key=True,
        )


def _two_owners(release: _Release) -> Iterator[Finding]:
    """T2: Helm and Argo CD both refuse an object that two releases render."""
    clashing = [resource for resource in _OBJECTS if len(release.owners(resource)) > 1]
    if clashing:
        switches = (_SWITCH[resource] for resource in clashing)
        objects = listing_of_values([_OBJECTS[resource] for resource in clashing], word="and")
        yield Finding(
            rule="kserve/chart-shared-owner",
            path=release.place(_LLM, SHARED_RESOURCES, *switches),
            message=f"{_RESOURCES} and {_LLM} both render {objects}",
            hint=f"Set {dotted(SHARED_RESOURCES)} to false on one of them.",
            at_key=not explicit(release.values[_LLM], SHARED_RESOURCES),
        )


def _no_owner(release: _Release) -> Iterator[Finding]:
    candidates = [name for name in (_RESOURCES, _LLM) if release.chart(name) is not None]
    missing = [
        _OBJECTS[resource]
        for resource in _VITAL
        if not release.owners(resource)
        and not release.is_there(_OBJECTS[resource].replace("/", f"/{release.namespace}/"))
    ]
    if candidates and missing:
        yield Finding(
            rule="kserve/chart-shared-missing",
            path=release.place(candidates[0], SHARED_RESOURCES),
            message=f"nothing renders {listing_of_values(missing, word='and')}",
            hint=f"Set {dotted(SHARED_RESOURCES)} to true on one chart, or list the object under prerequisites.",
            seen=show(value=False),
        )


def _not_the_owner(release: _Release) -> Iterator[Finding]:
    """T4, T8: what a chart says of an object that another chart renders changes nothing."""
    for name in (_RESOURCES, _LLM):
        chart = release.chart(name)
        for key in chart.keys.values() if chart is not None else ():
            if key.live and key.feeds and explicit(release.values[name], key.path):
                yield from _unheard(release, name, key)


def _unheard(release: _Release, name: str, key: Key) -> Iterator[Finding]:
    owners = {owner for resource in key.feeds for owner in release.owners(resource)}
    value = value_at(release.values[name], key.path)
    if not owners or name in owners or value == _heard(release, min(owners), key):
        return
    owner = min(owners)
    yield Finding(
        rule="kserve/chart-not-owner",
        path=(name, *key.path),
        message=f"{key.dotted} changes nothing on {name}: {owner} renders {_object(key)}",
        hint=f"Set {key.dotted} on {owner}.",
        seen=show(value),
        allowed=show(_heard(release, owner, key)),
        at_key=True,
    )


def _heard(release: _Release, owner: str, key: Key) -> JsonValue:
    return effective(release.charts.by_name[owner], release.values[owner], key.path)


def _object(key: Key) -> str:
    return listing_of_values([_OBJECTS[resource] for resource in key.feeds if resource in _OBJECTS], word="and")


def _created_gateway(release: _Release) -> Iterator[Finding]:
    """T7: the Gateway that the chart creates has a fixed name, in the namespace of the release."""
    if not (release.is_on(_RESOURCES, CREATE_GATEWAY) and release.is_on(_RESOURCES, ENABLE_GATEWAY_API)):
        return
    created = f"{release.namespace}/{CREATED_GATEWAY}"
    named = effective(release.charts.by_name[_RESOURCES], release.values[_RESOURCES], KSERVE_GATEWAY)
    if named != created:
        yield Finding(
            rule="kserve/chart-create-gateway",
            path=release.place(_RESOURCES, KSERVE_GATEWAY, CREATE_GATEWAY),
            message=f"{_RESOURCES} creates the Gateway {created}, and its routes point at {named}",
            hint=f"Set {dotted(KSERVE_GATEWAY)} to {created}, or leave {dotted(CREATE_GATEWAY)} out.",
            seen=show(named),
            allowed=created,
        )


def _local_models_off(release: _Release) -> Iterator[Finding]:
    """T4: the controller caches models, and the defaulters look for none."""
    owner = config_owner(release.charts, release.values)
    if release.chart(_LOCAL_MODELS) is not None and owner and not release.is_on(owner, _LOCAL_MODELS_ON):
        yield Finding(
            rule="kserve/chart-localmodel-off",
            path=release.place(owner, _LOCAL_MODELS_ON),
            message=f"{_LOCAL_MODELS} is installed, and {owner} tells KServe to use no cached model",
            hint=f"Set {dotted(_LOCAL_MODELS_ON)} to true on {owner}.",
            seen=show(value=False),
            allowed=show(value=True),
        )


def _foreign_crds(release: _Release) -> Iterator[Finding]:
    """T18: the LLM controller needs those CRDs, whoever brings them."""
    chart = release.chart(_LLM)
    if chart is not None and leaves_out(chart, release.values[_LLM], _GIE_CRDS) and not release.is_there(_GIE):
        yield Finding(
            rule="kserve/chart-foreign-crds",
            path=release.place(_LLM, _GIE_CRDS),
            message=f"{_LLM} leaves out the CRDs of the Gateway API Inference Extension, which its controller needs",
            hint=f"List {_GIE} under prerequisites where something else installs them, or leave the key out.",
            seen=show(value=False),
            severity=Severity.WARNING,
        )


def _renders_nothing(release: _Release) -> Iterator[Finding]:
    if release.chart(_RUNTIMES) is None or any(release.is_on(_RUNTIMES, on) for on in (_RUNTIMES_ON, _PRESETS_ON)):
        return
    yield Finding(
        rule="kserve/chart-renders-nothing",
        path=release.place(_RUNTIMES, _RUNTIMES_ON, _PRESETS_ON),
        message=f"{_RUNTIMES} renders nothing: its two switches are off",
        hint=f"Set {dotted(_RUNTIMES_ON)} or {dotted(_PRESETS_ON)} to true, or leave the chart out.",
    )
