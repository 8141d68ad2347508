"""What goes wrong in one chart though every value has its type: values in, findings out.

The ids T1 to T13 are those of the project's table of chart traps, given as `upstream` in the manual.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Final

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.charts.model import Chart, Key, KeyPath, effective, explicit, is_on
from kservegen.kserve.charts.show import dotted, show

SHARED_RESOURCES: Final[KeyPath] = ("kserve", "createSharedResources")
SWITCHES: Final[tuple[KeyPath, ...]] = tuple(
    ("kserve", name, "enabled") for name in ("inferenceServiceConfig", "certManager", "storagecontainer")
)
_INGRESS: Final[KeyPath] = ("kserve", "controller", "gateway", "ingressGateway")
ENABLE_GATEWAY_API: Final[KeyPath] = (*_INGRESS, "enableGatewayApi")
CREATE_GATEWAY: Final[KeyPath] = (*_INGRESS, "createGateway")
KSERVE_GATEWAY: Final[KeyPath] = (*_INGRESS, "kserveGateway")
CREATED_GATEWAY: Final = "kserve-ingress-gateway"
_CLASS_NAME: Final[KeyPath] = (*_INGRESS, "className")
_CREATED_CLASS: Final = "envoy"
_METRICS_PORT: Final[KeyPath] = ("kserve", "controller", "metricsBindPort")
_LLM: Final[KeyPath] = ("kserve", "llmisvc", "controller")
_SHARED_MEMORY: Final[tuple[KeyPath, ...]] = (
    ("kserve", "servingruntime", "huggingfaceserver", "devShm"),
    ("kserve", "servingruntime", "huggingfaceserver_multinode", "shm"),
)
_NAMESPACED: Final = lazy_pattern(r"[^/\s]+/[^/\s]+")
_TAG: Final = lazy_pattern(r"\w[\w.-]{0,127}", re.ASCII)
_PINNED: Final = "@sha256"


def key_traps(chart: Chart, key: Key, value: JsonValue) -> Iterator[Finding]:
    """Look at one value by itself; what is found here makes a finding about its type needless."""
    if "config" in key.feeds:
        yield from _broken_config(chart, key, value)
    if key.tag is not None and isinstance(value, str):
        yield from _reference_in_repository(chart, key, value)


def chart_traps(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """Look at values beside each other."""
    for trap in _TRAPS:
        yield from trap(chart, values)


def _broken_config(chart: Chart, key: Key, value: JsonValue) -> Iterator[Finding]:
    """T9: the template writes JSON without quoting what it prints."""
    reason = _json_break(key, value)
    if reason:
        yield Finding(
            rule="kserve/chart-broken-config",
            path=key.path,
            message=f"{key.dotted} of {chart.name} breaks the JSON of the ConfigMap inferenceservice-config",
            hint=reason,
            seen=show(value),
        )


def _json_break(key: Key, value: JsonValue) -> str:
    if key.read == "raw":
        return "" if value == [] else "The template prints a list as Go does, [map[...]]: only [] is valid JSON."
    if value is None and key.type in ("bool", "int"):
        return "The template prints nothing for null: leave the key out, or write a value."
    if isinstance(value, str) and not _fits_in_json(value):
        return "The template prints it between quotes as it is: write no double quotes, backslashes or line breaks."
    return ""


def _fits_in_json(text: str) -> bool:
    try:
        return isinstance(json.loads(f'"{text}"'), str)
    except ValueError:
        return False


def _reference_in_repository(chart: Chart, key: Key, value: str) -> Iterator[Finding]:
    last = value.rpartition("/")[2]
    if key.tag is None or last.endswith(_PINNED) or not (":" in last or "@" in last):
        return
    yield Finding(
        rule="kserve/chart-image-reference",
        path=key.path,
        message=f"{key.dotted} of {chart.name} takes a repository without tag or digest",
        hint=f"The template appends a colon and the tag: {_apart(last, dotted(key.tag))}.",
        seen=show(value),
        allowed="an image repository",
    )


def _apart(name: str, tag_key: str) -> str:
    if "@" in name:
        return f'end the repository in "{_PINNED}" and write the hex to {tag_key}'
    return f"write the tag to {tag_key}"


def _impossible_tag(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    for tag in {key.tag for key in chart.keys.values() if key.live and key.tag is not None}:
        value = value_at(values, tag)
        if isinstance(value, str) and value and not _TAG.fullmatch(value):
            yield Finding(
                rule="kserve/chart-image-reference",
                path=tag,
                message=f"{dotted(tag)} of {chart.name} is no image tag",
                hint='Tag and repository are joined by a colon: for a digest write "name@sha256" and the hex as tag.',
                seen=show(value),
                allowed="letters, digits, _ . and -, at most 128",
            )


def _powerless_switch(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """T1: the template takes false for blank, and falls back to the master switch."""
    if not is_on(chart, values, SHARED_RESOURCES):
        return
    for switch in SWITCHES:
        if value_at(values, switch) is False and chart.reads(switch):
            yield Finding(
                rule="kserve/chart-powerless-switch",
                path=switch,
                message=f"{dotted(switch)} of {chart.name} turns nothing off while createSharedResources is true",
                hint=f"Set {dotted(SHARED_RESOURCES)} to false, and the switches that shall stay on to true.",
                seen=show(value=False),
                allowed='true or ""',
            )


def _gateway(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """T7: what Gateway API mode needs, and what createGateway does not do."""
    if not is_on(chart, values, ENABLE_GATEWAY_API):
        yield from _gateway_without_api(chart, values)
        return
    name = value_at(values, KSERVE_GATEWAY)
    if isinstance(name, str) and not _NAMESPACED.fullmatch(name):
        yield Finding(
            rule="kserve/chart-value-not-allowed",
            path=KSERVE_GATEWAY,
            message=f"{dotted(KSERVE_GATEWAY)} of {chart.name} must name a Gateway as namespace/name",
            seen=show(name),
            allowed="namespace/name",
        )
    class_name = value_at(values, _CLASS_NAME)
    if _creates_gateway(chart, values) and class_name not in (None, _CREATED_CLASS):
        yield Finding(
            rule="kserve/chart-create-gateway",
            path=_CLASS_NAME,
            message=f"the Gateway that {chart.name} creates is of class {_CREATED_CLASS}, whatever className says",
            hint=f"Bring a Gateway of your own and leave {dotted(CREATE_GATEWAY)} out.",
            seen=show(class_name),
            allowed=_CREATED_CLASS,
            severity=Severity.WARNING,
        )


def _gateway_without_api(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    if _creates_gateway(chart, values):
        yield Finding(
            rule="kserve/chart-create-gateway",
            path=CREATE_GATEWAY,
            message=f"{chart.name} creates no Gateway while enableGatewayApi is false",
            hint=f"Set {dotted(ENABLE_GATEWAY_API)} to true as well.",
            seen=show(value_at(values, CREATE_GATEWAY)),
        )


def _creates_gateway(chart: Chart, values: JsonObject) -> bool:
    return chart.reads(CREATE_GATEWAY) and is_on(chart, values, CREATE_GATEWAY)


def _service_account(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """T10: the account and its leader election keep the chart's own name."""
    path = (*_LLM, "serviceAccount", "name")
    name = value_at(values, path)
    if name and chart.reads(path):
        yield Finding(
            rule="kserve/chart-service-account",
            path=path,
            message=f"{chart.name} neither creates the ServiceAccount {name} nor lets it elect a leader",
            hint="Leave the key out, or bring the ServiceAccount and a RoleBinding for leases of your own.",
            seen=show(name),
            allowed='""',
        )


def _metrics_port(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """T12: kube-rbac-proxy asks 127.0.0.1:8080, and no value changes that."""
    if not chart.reads(_METRICS_PORT) or not explicit(values, _METRICS_PORT):
        return
    port = value_at(values, _METRICS_PORT)
    default = chart.keys[_METRICS_PORT].default
    if isinstance(port, str | int) and str(port) != default:
        yield Finding(
            rule="kserve/chart-metrics-port",
            path=_METRICS_PORT,
            message=f"kube-rbac-proxy of {chart.name} asks port {default} for metrics, whatever metricsBindPort says",
            hint="Leave the key out.",
            seen=show(port),
            allowed=show(default),
        )


def _shared_memory(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """T13: the volume stands in the base manifest; the values only merge a size into it."""
    for volume in _SHARED_MEMORY:
        enabled, size = (*volume, "enabled"), (*volume, "sizeLimit")
        if not chart.reads(enabled) or is_on(chart, values, enabled):
            continue
        if value_at(values, size):
            hint = f"Set {dotted(enabled)} to true as well."
            yield _no_effect(chart, size, f"is read only where {dotted(enabled)} is true", hint, values=values)
        elif effective(chart, {}, enabled):
            hint = "Leave the key out, or bring a ClusterServingRuntime of your own without the volume."
            yield _no_effect(chart, enabled, "leaves the volume in place: the manifest has it", hint, values=values)


def _no_effect(chart: Chart, path: KeyPath, why: str, hint: str, *, values: JsonObject) -> Finding:
    return Finding(
        rule="kserve/chart-no-effect",
        path=path,
        message=f"{dotted(path)} of {chart.name} {why}",
        hint=hint,
        seen=show(value_at(values, path)),
    )


def _strategy(chart: Chart, values: JsonObject) -> Iterator[Finding]:
    """Helm keeps the default rollingUpdate beside Recreate, and the API server refuses the pair."""
    kind, rolling = (*_LLM, "strategy", "type"), (*_LLM, "strategy", "rollingUpdate")
    if value_at(values, kind) == "Recreate" and chart.reads(kind) and effective(chart, values, rolling):
        yield Finding(
            rule="kserve/chart-value-not-allowed",
            path=kind,
            message=f"{dotted(kind)} of {chart.name} is Recreate beside rollingUpdate, which the API server refuses",
            hint=f"Set {dotted(rolling)} to null: that takes the chart's default away.",
            seen=show(value="Recreate"),
        )


_TRAPS: Final[tuple[Callable[[Chart, JsonObject], Iterator[Finding]], ...]] = (
    _powerless_switch,
    _gateway,
    _service_account,
    _metrics_port,
    _shared_memory,
    _strategy,
    _impossible_tag,
)
