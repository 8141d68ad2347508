"""What a scheduler is told to do: its config and flags in, the config as the controller rewrites it out.

Source: scheduler.go schedulerConfigText, schedulerTransform, mutateSchedulerConfig. Every config that stands in a flag
is read as YAML and written back with its keys sorted; which names it may hold depends on the scheduler's version.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from math import ceil
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.manifest import load_manifests

CONFIG_TEXT: Final = "--config-text"
PLAIN_FLAGS: Final = frozenset({"-config-text", "--config-text"})
ALL_FLAGS: Final = PLAIN_FLAGS | {"-configText", "--configText"}
CONFIG_FLAGS: Final = ALL_FLAGS | {
    f"{dashes}{name}" for dashes in ("-", "--") for name in ("config-file", "configFile")
}
_VERSION: Final = lazy_pattern(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?(?:[-+].*)?")
_SOCKET: Final = "/tmp/tokenizer/tokenizer-uds.socket"  # noqa: S108 - where the preset's two containers meet
_PRECISE: Final = "precise-prefix-cache-scorer"
_PREFIX: Final = "prefix-cache-scorer"
_HANDLER: Final = "disagg-profile-handler"
_RENAMED: Final = {"prefill-header-handler": "disagg-headers-handler", "pd-profile-handler": _HANDLER}
_METRICS: Final = "model-server-protocol-metrics"
_EXTRACTOR: Final = "core-metrics-extractor"
_ALWAYS: Final = "always-disagg-pd-decider"
_BY_PREFIX: Final = "prefix-based-pd-decider"
_TOKEN_BYTES: Final = 4
# Flags of metrics' names, which newer schedulers refuse, by the field of the plugin that takes them over.
_METRIC_FLAGS: Final = {
    "total-queued-requests-metric": "queuedRequestsSpec",
    "total-running-requests-metric": "runningRequestsSpec",
    "kv-cache-usage-percentage-metric": "kvUsageSpec",
    "lora-info-metric": "loraSpec",
    "cache-info-metric": "cacheInfoSpec",
}
_LORA_SCORER: Final = "lora-affinity-scorer"
_LORA_WEIGHT: Final = 4
_FILTERS: Final = ("prefill-filter", "decode-filter")


class SchedulerVersion(NamedTuple):
    """The version that a scheduler's pods say they are of; 0.0.0 where they say nothing."""

    major: int
    minor: int
    patch: int


NEW_NAMES: Final = SchedulerVersion(0, 7, 0)
_EXTRACTORS: Final = SchedulerVersion(0, 8, 0)
_NO_TOKENIZER: Final = SchedulerVersion(0, 9, 0)


def scheduler_version(written: str) -> SchedulerVersion | None:
    """Read a version; None where it is none."""
    if not written:
        return SchedulerVersion(0, 0, 0)
    found = _VERSION.fullmatch(written)
    return SchedulerVersion(*(int(part or 0) for part in found.groups())) if found else None


def with_lora_scorer(config: JsonObject) -> JsonObject:
    """Score adapters, too: last among the plugins, first in every profile but for its filter."""
    own = copy.deepcopy(config)
    sequence(own["plugins"]).append({"type": _LORA_SCORER})
    for profile in sequence(own["schedulingProfiles"]):
        plugins = sequence(mapping(profile).get("plugins"))
        after = 1 if plugins and mapping(plugins[0]).get("pluginRef") in _FILTERS else 0
        plugins.insert(after, {"pluginRef": _LORA_SCORER, "weight": _LORA_WEIGHT})
    return own


def config_text(config: JsonValue) -> str:
    """Write a config as the flag takes it; what is text already stays as it is."""
    return config if isinstance(config, str) else emit(_sorted(mapping(config)))


class SchedulerConfigs:
    """The configs in those `flags` of a scheduler's main container that are read: `args` are changed in place."""

    def __init__(self, args: JsonArray, flags: frozenset[str]) -> None:
        self.args = args
        self.flags = flags
        self.configs = dict(self._read())

    def _read(self) -> Iterator[tuple[int, JsonObject | None]]:
        for place, word in enumerate(self.args[:-1]):
            if word in self.flags:
                yield place + 1, _parsed(text(self.args[place + 1]))

    def rewrite(self, version: SchedulerVersion, metrics: JsonObject, *, tokenizer: bool, newer: bool) -> bool:
        """Rewrite every config; say whether the tokenizer goes. `newer`: the release knows names since 0.8.0.

        The first text that cannot be read ends it.
        """
        removed = False
        for place, config in self.configs.items():
            if config is None:
                break
            own = copy.deepcopy(config)
            if tokenizer:
                _share_tokenizer(own)
            if version >= NEW_NAMES:
                _rename(own, _RENAMED)
                _decide(own)
                for plugin in _plugins(own):
                    _drop(plugin, "hashBlockSize")
                if metrics:
                    _add_metrics(own, metrics)
            if newer and version >= _EXTRACTORS:
                _rename(own, {_METRICS: _EXTRACTOR})
            if newer and version >= _NO_TOKENIZER:
                _reduce_prefix_scorers(own)
                removed = isinstance(own.get("plugins"), list) and all(
                    plugin.get("type") != _PRECISE for plugin in _plugins(own)
                )
            self.args[place] = emit(_sorted(own))
        return removed


def take_metric_flags(args: JsonArray) -> JsonObject:
    """Take the flags of metrics' names out of a container's words; each with its value, by the plugin's field."""
    found: JsonObject = {}
    place = 0
    while place < len(args):
        name, equals, value = text(args[place]).partition("=")
        field = _METRIC_FLAGS.get(name.lstrip("-")) if name.startswith("-") else None
        if field is None:
            place += 1
            continue
        del args[place]
        if not equals and place < len(args) and not text(args[place]).startswith("-"):
            value = text(args.pop(place))
        found[field] = value
    return found


def _parsed(written: str) -> JsonObject | None:
    documents = load_manifests(written.encode("utf-8", "replace"), "config").documents
    value = documents[0].value if len(documents) == 1 else None
    return value if isinstance(value, dict) else None


def _sorted(value: JsonObject) -> JsonObject:
    return {key: _sorted_value(value[key]) for key in sorted(value)}


def _sorted_value(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _sorted(value)
    return [_sorted_value(item) for item in value] if isinstance(value, list) else value


def _plugins(config: JsonObject) -> list[JsonObject]:
    return [plugin for plugin in sequence(config.get("plugins")) if isinstance(plugin, dict)]


def _parameters(plugin: JsonObject) -> JsonObject:
    return mapping(plugin.get("parameters"))


def _drop(plugin: JsonObject, field: str) -> None:
    if isinstance(parameters := plugin.get("parameters"), dict):
        parameters.pop(field, None)


def _share_tokenizer(config: JsonObject) -> None:
    """Let scorers that need tokens ask the tokenizer beside the scheduler; what is missing on the way is made."""
    for plugin in _plugins(config):
        if plugin.get("type") == _PRECISE:
            parameters = _inner(plugin, "parameters")
            indexer = _inner(parameters, "indexerConfig")
            pool = _inner(indexer, "tokenizersPoolConfig")
            pool["modelName"] = "base"
            _inner(pool, "uds")["socketFile"] = _SOCKET
            if "tokenProcessorConfig" in indexer:
                parameters.setdefault("tokenProcessorConfig", copy.deepcopy(indexer["tokenProcessorConfig"]))
        elif plugin.get("type") == _PREFIX and "blockSize" in (parameters := _parameters(plugin)):
            parameters.setdefault("blockSizeTokens", parameters["blockSize"])


def _inner(owner: JsonObject, field: str) -> JsonObject:
    found = owner.get(field)
    if not isinstance(found, dict):
        found = owner[field] = {}
    return found


def _rename(config: JsonObject, names: dict[str, str]) -> None:
    for plugin in _plugins(config):
        for field in ("type", "name"):
            if (new := names.get(text(plugin.get(field)))) is not None:
                plugin[field] = new
    for profile in sequence(config.get("schedulingProfiles")):
        for reference in sequence(mapping(profile).get("plugins")):
            if isinstance(reference, dict) and (new := names.get(text(reference.get("pluginRef")))) is not None:
                reference["pluginRef"] = new


def _decide(config: JsonObject) -> None:
    """Say who decides whether prefill is done apart, in the words of newer handlers."""
    for handler in [plugin for plugin in _plugins(config) if plugin.get("type") == _HANDLER]:
        parameters = handler.get("parameters")
        if not isinstance(parameters, dict) or "deciders" in parameters:
            continue
        named = parameters.pop("deciderPluginName", None)
        threshold = parameters.pop("threshold", None)
        if named is not None:
            parameters["deciders"] = {"prefill": named}
        elif threshold is not None:
            size = integer(threshold) or 0
            decider: JsonObject = {"type": _ALWAYS}
            if size > 0:
                tokens = max(1, ceil(size / _TOKEN_BYTES))
                decider = {"type": _BY_PREFIX, "parameters": {"nonCachedTokens": tokens}}
            parameters["deciders"] = {"prefill": decider["type"]}
            _insert_decider(config, decider)


def _insert_decider(config: JsonObject, decider: JsonObject) -> None:
    plugins = sequence(config.get("plugins"))
    if any(decider["type"] in (plugin.get("type"), plugin.get("name")) for plugin in _plugins(config)):
        return
    place = next((at for at, plugin in enumerate(plugins) if mapping(plugin).get("type") == _HANDLER), len(plugins))
    plugins.insert(place, decider)


def _add_metrics(config: JsonObject, metrics: JsonObject) -> None:
    plugins = config.get("plugins")
    if not isinstance(plugins, list):
        return
    if any(plugin.get("type") in (_METRICS, _EXTRACTOR) for plugin in _plugins(config)):
        return
    engine: JsonObject = {"name": "vllm", **metrics}
    parameters: JsonObject = {
        "engineLabelKey": "inference.networking.k8s.io/engine-type",
        "defaultEngine": "vllm",
        "engineConfigs": [engine],
    }
    plugins.append({"name": _METRICS, "type": _METRICS, "parameters": parameters})


def _reduce_prefix_scorers(config: JsonObject) -> None:
    kept = "prefixMatchInfoProducerName"
    for plugin in _plugins(config):
        if plugin.get("type") == _PREFIX and "parameters" in plugin:
            producer = value_at(plugin, ("parameters", kept))
            del plugin["parameters"]
            if producer is not None:
                plugin["parameters"] = {kept: producer}
