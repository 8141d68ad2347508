"""A KServe version and a mode in; the cluster that a document is checked against by itself out."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import reference_installation
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.defaulting import Installation
from kservegen.kserve.platform import reference_platform, reference_promises
from kservegen.kserve.releases import Release

# A cluster whose default mode is Knative has it.
_NEEDED: Final = {"Knative": frozenset({"knative-serving"})}


class Cluster(Struct, frozen=True, kw_only=True):
    """What documents are checked against: what is in the cluster, and how KServe is installed there."""

    context: Context
    installation: Installation


def reference_cluster(
    release: Release,
    deployment_mode: str,
    schemas: SchemaStore,
    assumed: frozenset[str] = frozenset(),
    settings: ControllerSettings | None = None,
) -> Cluster:
    """Return a cluster with this KServe, its chart's runtimes and presets and the default Gateway.

    What is `assumed` is there too, as `prerequisites` of an environment name it; nothing else is. `settings` are
    those of its KServe, where they are known.
    """
    platform = reference_platform(release, settings)
    supposed = reference_promises(platform) | _NEEDED.get(deployment_mode, frozenset())
    context = Context(
        environment="",
        release=release,
        deployment_mode=deployment_mode,
        platform=platform,
        resources={},
        prerequisites=supposed | assumed,
        promised_by={
            **dict.fromkeys(supposed, "any cluster is taken to have it"),
            **dict.fromkeys(assumed, "--assume"),
        },
        installation=reference_installation(release, deployment_mode, schemas),
    )
    installation = Installation(kserve_version=release.version, deployment_mode=deployment_mode)
    return Cluster(context=context, installation=installation)
