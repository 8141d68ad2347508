"""What an installation of KServe offers: its charts and their values in, runtimes, presets and settings out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.charts.model import Chart, KeyPath, effective, is_on
from kservegen.kserve.charts.release import config_owner
from kservegen.kserve.charts.runtimes import RuntimeTable
from kservegen.kserve.charts.traps import (
    CREATE_GATEWAY,
    CREATED_GATEWAY,
    ENABLE_GATEWAY_API,
    KSERVE_GATEWAY,
    SHARED_RESOURCES,
)
from kservegen.kserve.controllers.settings import ControllerSettings, read_settings, shipped_settings
from kservegen.kserve.releases import Release
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_chart, of_document

_REFERENCE_PROMISES: Final = frozenset(
    {"cert-manager", "gateway-api", "gateway-api-inference-extension", "leaderworkerset"}
)

_RESOURCES: Final = "kserve-resources"
_RUNTIME_CONFIGS: Final = "kserve-runtime-configs"
_RUNTIMES_ON: Final[KeyPath] = ("kserve", "servingruntime", "enabled")
_PRESETS_ON: Final[KeyPath] = ("kserve", "llmisvcConfigs", "enabled")
_STORAGE_CONTAINER_ON: Final[KeyPath] = ("kserve", "storagecontainer", "enabled")
_STORAGE: Final[KeyPath] = ("kserve", "storage")
_GATEWAY: Final[KeyPath] = ("kserve", "controller", "gateway")


class Platform(Struct, frozen=True, kw_only=True, eq=False):
    """An installation of KServe, without what the catalog itself brings.

    `namespace` is that of its controllers. `ingress_gateway` is the Gateway (namespace, name) that routes of LLM
    services lead to where they name none.

    `runtimes` are its ClusterServingRuntimes by name, disabled ones included; `presets` name the
    LLMInferenceServiceConfigs in KServe's own namespace; `gateways` are the Gateways (namespace, name) that its charts
    make. The rest are settings of the ConfigMap inferenceservice-config, at the charts' defaults; `storage_container`
    says whether the default ClusterStorageContainer is there.
    """

    runtimes: Mapping[str, ServingRuntime]
    presets: frozenset[str]
    namespace: str = KSERVE_NAMESPACE
    ingress_gateway: tuple[str, str] = (KSERVE_NAMESPACE, CREATED_GATEWAY)
    gateways: frozenset[tuple[str, str]] = frozenset()
    gateway_api: bool = False
    domain: str = "example.com"
    domain_template: str = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"
    modelcar: bool = True
    storage_secret: str = "storage-config"  # noqa: S105 - the name of a Secret
    storage_container: bool = True


def installed_platform(
    release: Release,
    values_by_chart: Mapping[str, JsonObject],
    inventory: Inventory | None = None,
    *,
    namespace: str = KSERVE_NAMESPACE,
) -> Platform:
    """Say what the charts in use, the keys of `values_by_chart`, install with their values in `namespace`.

    What an inventory lists is there beside it; its ConfigMap counts where none of the charts writes one.
    """
    charts = release.charts
    used = {
        name: _Installed(charts.by_name[name], values)
        for name, values in values_by_chart.items()
        if name in charts.by_name
    }
    runtimes, presets = _contents(release.runtimes, used.get(_RUNTIME_CONFIGS))
    resources = used.get(_RESOURCES)
    created = resources is not None and resources.is_on(CREATE_GATEWAY) and resources.is_on(ENABLE_GATEWAY_API)
    installed = Platform(
        runtimes=runtimes,
        presets=presets,
        namespace=namespace,
        gateways=frozenset({(namespace, CREATED_GATEWAY)} if created else ()),
        storage_container=any(chart.has_storage_container for chart in used.values()),
    )
    owner = used.get(config_owner(charts, values_by_chart))
    installed = owner.configure(installed) if owner else installed
    return installed if inventory is None else _beside(installed, inventory, configured=owner is not None)


def _beside(installed: Platform, inventory: Inventory, *, configured: bool) -> Platform:
    """Add what a cluster has of KServe that others installed."""
    listed = {
        doc.name: doc
        for doc in (of_document(found, namespace="") for _, found in inventory.documents("ClusterServingRuntime"))
    }
    presets = installed.presets.union(inventory.names("LLMInferenceServiceConfig", installed.namespace))
    default = inventory.has("ClusterStorageContainer", "", "default")
    both = replace(
        installed,
        runtimes={**listed, **installed.runtimes},
        presets=presets,
        storage_container=installed.storage_container or default,
    )
    config = None if configured else inventory.kserve_config(installed.namespace)
    if config is None:
        return both
    settings = read_settings(config, shipped_settings())
    return replace(
        both,
        ingress_gateway=_named(settings.text("ingress", "kserveIngressGateway"), both.namespace),
        gateway_api=settings.is_on("ingress", "enableGatewayApi"),
        domain=settings.text("ingress", "ingressDomain"),
        domain_template=settings.text("ingress", "domainTemplate"),
        modelcar=settings.is_on("storageInitializer", "enableModelcar"),
        storage_secret=settings.text("credentials", "storageSpecSecretName"),
    )


def reference_promises(platform: Platform) -> frozenset[str]:
    """Return what was there beside KServe where its controllers were watched, as a lone object has it."""
    return _REFERENCE_PROMISES | {f"Gateway/{'/'.join(platform.ingress_gateway)}"}


def reference_platform(release: Release, settings: ControllerSettings | None = None) -> Platform:
    """Return what an object alone is checked against: everything that the charts of a release can install.

    `settings` are those of KServe's own ConfigMap, where there is one. Beside it there is what `reference_promises`
    lists.
    """
    on: JsonObject = {"kserve": {"servingruntime": {"enabled": True}, "llmisvcConfigs": {"enabled": True}}}
    values: dict[str, JsonObject] = {_RESOURCES: {}, _RUNTIME_CONFIGS: on}
    if settings is None:
        return installed_platform(release, values)
    gateway = _named(settings.text("ingress", "kserveIngressGateway"), settings.namespace)
    return replace(installed_platform(release, values, namespace=settings.namespace), ingress_gateway=gateway)


class _Installed(Struct, frozen=True, eq=False):
    """A chart in use with what is set on it."""

    chart: Chart
    values: JsonObject

    def is_on(self, path: KeyPath) -> bool:
        return self.chart.reads(path) and is_on(self.chart, self.values, path)

    def is_true(self, path: KeyPath) -> bool:
        """Whether a value that is printed as text reads `true`; quotes around it make no difference."""
        return effective(self.chart, self.values, path) in (True, "true")

    def text(self, path: KeyPath) -> str:
        value = effective(self.chart, self.values, path)
        return value if isinstance(value, str) else ""

    @property
    def has_storage_container(self) -> bool:
        return self.is_on(SHARED_RESOURCES) or self.is_on(_STORAGE_CONTAINER_ON)

    def configure(self, installed: Platform) -> Platform:
        """Add what the chart, being the owner of the ConfigMap, writes there."""
        return replace(
            installed,
            ingress_gateway=_named(self.text(KSERVE_GATEWAY), installed.namespace),
            gateway_api=self.is_true(ENABLE_GATEWAY_API),
            domain=self.text((*_GATEWAY, "domain")),
            domain_template=self.text((*_GATEWAY, "domainTemplate")),
            modelcar=self.is_true((*_STORAGE, "enableModelcar")),
            storage_secret=self.text((*_STORAGE, "storageSpecSecretName")),
        )


def _named(gateway: str, namespace: str) -> tuple[str, str]:
    """Read `namespace/name`; a name alone is one in KServe's own namespace."""
    place, slash, name = gateway.partition("/")
    return (place, name) if slash else (namespace, gateway)


def _contents(table: RuntimeTable, chart: _Installed | None) -> tuple[Mapping[str, ServingRuntime], frozenset[str]]:
    """Return what the chart of runtimes and presets installs; nothing where it is not in use."""
    if chart is None:
        return {}, frozenset()
    runtimes = table.runtimes.values() if chart.is_on(_RUNTIMES_ON) else ()
    presets = table.presets.names if chart.is_on(_PRESETS_ON) else ()
    return {r.name: of_chart(r, disabled=chart.is_true(r.disabled_path)) for r in runtimes}, frozenset(presets)
