"""A built environment in; its objects as the cluster would store them, and what rules may look at beside them, out."""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.checks.rules.base import Context
from kservegen.checks.simulation import chart_installation
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.kserve.defaulting import Defaulted, Installation, default
from kservegen.kserve.platform import installed_platform
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment
from kservegen.render.objects.settings import Settings, promises_of


def installation_of(settings: Settings) -> Installation:
    """Return what KServe's defaulter reads of an environment."""
    return Installation(
        kserve_version=settings.kserve_version,
        deployment_mode=settings.deployment_mode,
        default_requests=settings.default_requests,
        default_limits=settings.default_limits,
    )


def default_objects(
    built: BuiltEnvironment,
    schemas: SchemaStore | None = None,
    shared: dict[tuple[BuiltEntry, bool], Defaulted] | None = None,
) -> tuple[Defaulted, ...]:
    """Default every object as the cluster would, in the order of `built.resources`.

    With `schemas`, the defaults that they state are put in too: policies, which may ask about any field, see them.
    `shared` holds entries that another environment has had defaulted, with such defaults or without.
    """
    installation = installation_of(built.settings)
    shared = {} if shared is None else shared

    def defaulted(resource: Resource) -> Defaulted:
        kind = (resource.api_version, resource.kind)
        if schemas is None or not schemas.has(*kind, kserve_version=installation.kserve_version):
            return default(resource, installation)
        return default(resource, installation, schemas.shape(*kind, kserve_version=installation.kserve_version))

    objects = [defaulted(resource) for resource in built.own]
    for entry in built.entries:
        key = (entry, schemas is not None)
        known = shared.get(key)
        if known is None:
            known = shared[key] = defaulted(entry.resource)
        objects.append(known)
    return tuple(objects)


def context_of(
    built: BuiltEnvironment,
    objects: Iterable[Defaulted],
    release: Release,
    schemas: SchemaStore,
    shared: SharedMade | None = None,
) -> Context:
    """Return what rules may look at beside an object of this environment."""
    values, mode = built.installed_values, built.settings.deployment_mode
    by_others = built.platform.names if built.platform.by_others else ()
    inventory = built.environment.inventory
    namespace = built.platform.namespace
    return Context(
        environment=built.environment.name,
        release=release,
        deployment_mode=mode,
        platform=installed_platform(release, values, inventory, namespace=namespace),
        resources={item.resource.id: item.resource for item in objects},
        prerequisites=frozenset((*promises_of(built.environment), *by_others)),
        promised_by=dict.fromkeys(by_others, "kserve.install is none"),
        installation=chart_installation(release, values, mode, schemas, shared, inventory, namespace=namespace),
        inventory=inventory,
        kubernetes_version=built.environment.text("cluster", "kubernetesVersion"),
    )
