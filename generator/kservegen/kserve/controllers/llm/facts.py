"""What a release's controller of LLM services brings along: a version in; presets, rights, default scheduling out.

facts/presets is compiled from the release (tools/presets.py); facts/controllers was read from its code, and states by
name what sets releases apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.repository import packaged_data
from kservegen.kserve.releases import Release

if TYPE_CHECKING:  # importing it takes 13 ms, a tenth of a small render
    from importlib.resources.abc import Traversable

_PRESETS: Final = "presets"
_CONTROLLERS: Final = "controllers"


class LlmSwitches(Struct, frozen=True, kw_only=True):
    """How the controller of a release does what another does otherwise.

    `tls`: servers speak TLS where the ConfigMap says so.
    `local_caches`: models are looked for in local caches.
    `config_not_found`: a preset or base that is not there has a reason of its own.
    `parent_by_service`: a route's parent without a namespace is looked for beside the service, otherwise it is refused.
    `worker_sets_first`: what fails in a service's pods fails in the step of those that span nodes, though it has none.
    `handed_accounts`: ServiceAccounts that are made hand on what those have that they are made after.
    `service_after_spec`: the workload's Service has the labels and annotations of the spec, and says whether TLS is on.
    `hub_settings`: what downloads from the Hub is told how to be quick.
    `scaling`: scaling makes autoscalers; without, nothing reads it.
    `routes_by_model`: matches that ask for a model's name are written for every adapter.
    `config_rewriting`: a scheduler's config is rewritten for the version of the scheduler, and its metric flags moved.
    `initializer_kept`: a container storage-initializer of the user's stays beside KServe's.
    `initializer_overlay`: a container storage-initializer of the user's is laid over KServe's, otherwise it is dropped.
    `alpha_pool_always`: the v1alpha2 InferencePool is written whether or not its CRD is served.
    `routing_by_annotation`: routes by model name need spec.annotations to ask for them.
    `adapters_by_name`: routes list LoRA adapters by name, otherwise as they stand.
    `lora_scorer`: the default scheduling of a service with adapters scores them.
    `pool_needs_route`: a pool is ready by the gateways of the service's own routes alone: without one, never.
    `tokenizer_removed`: the scheduler's tokenizer goes where nothing asks for it, and newer names of plugins are known.
    """

    tls: bool
    local_caches: bool
    config_not_found: bool
    parent_by_service: bool
    worker_sets_first: bool
    handed_accounts: bool
    service_after_spec: bool
    hub_settings: bool
    scaling: bool
    routes_by_model: bool
    config_rewriting: bool
    initializer_kept: bool
    initializer_overlay: bool
    alpha_pool_always: bool
    routing_by_annotation: bool
    adapters_by_name: bool
    lora_scorer: bool
    pool_needs_route: bool
    tokenizer_removed: bool


class LlmFacts(Struct, frozen=True, kw_only=True, eq=False):
    """Presets by name, each a spec; rules of Roles; what the scheduler is told where nobody says anything."""

    presets: Mapping[str, JsonObject]
    switches: LlmSwitches
    sidecar_rules: JsonArray
    scheduler_rules: JsonArray
    scheduler_configs: Mapping[str, JsonObject]


def llm_facts(release: Release) -> LlmFacts:
    """Return the facts of a release, or of the one that it goes by."""
    return _facts(release.version if _file(_CONTROLLERS, release.version).is_file() else release.nearest)


@cache
def _facts(version: str) -> LlmFacts:
    controllers = mapping(json.loads(_file(_CONTROLLERS, version).read_bytes())["llm"])
    presets = json.loads(_file(_PRESETS, version).read_bytes())["presets"]
    return LlmFacts(
        presets=cast("Mapping[str, JsonObject]", presets),
        switches=LlmSwitches(**cast("dict[str, bool]", controllers["switches"])),
        sidecar_rules=sequence(controllers["sidecarRules"]),
        scheduler_rules=sequence(controllers["schedulerRules"]),
        scheduler_configs=cast("Mapping[str, JsonObject]", controllers["schedulerConfig"]),
    )


def _file(folder: str, version: str) -> Traversable:
    return packaged_data() / "facts" / folder / f"{version}.json"
