"""A built environment in; its objects as the cluster would store them, and what rules may look at beside them, out."""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.checks.rules.base import Context
from kservegen.core.resource import Resource
from kservegen.evaluate.memory import Memory
from kservegen.formats.jsonschema.shape import Shape
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted, Installation, default
from kservegen.kserve.platform import Platform, installed_platform
from kservegen.kserve.releases import Release
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import Settings, promises_of


def installation_of(settings: Settings) -> Installation:
    """Return what KServe's defaulter reads of an environment."""
    return Installation(
        kserve_version=settings.kserve_version,
        deployment_mode=settings.deployment_mode,
        default_requests=settings.default_requests,
        default_limits=settings.default_limits,
    )


def store(built: BuiltEnvironment, memory: Memory, schemas: SchemaStore | None = None) -> list[Defaulted]:
    """Default every object as the cluster would, once for all environments that default it alike.

    With `schemas`, the defaults that they state are put in too: policies, which may ask about any field, see them.
    """
    installation = installation_of(built.settings)
    stored: list[Defaulted] = []
    for resource in built.resources:
        key = (id(resource), schemas is not None)
        known = memory.defaulted.get(key)
        if known is None or known[0] != installation:
            shape = _shape(resource, schemas, installation.kserve_version)
            known = memory.defaulted[key] = (installation, default(resource, installation, shape))
        stored.append(known[1])
    return stored


def _shape(resource: Resource, schemas: SchemaStore | None, version: str) -> Shape | None:
    kind = (resource.api_version, resource.kind)
    if schemas is None or not schemas.has(*kind, kserve_version=version):
        return None
    return schemas.shape(*kind, kserve_version=version)


def context_of(built: BuiltEnvironment, stored: Iterable[Defaulted], release: Release) -> Context:
    """Return what rules may look at beside an object of this environment."""
    return Context(
        environment=built.environment.name,
        release=release,
        deployment_mode=built.settings.deployment_mode,
        platform=platform_of(built, release),
        resources={item.resource.id: item.resource for item in stored},
        prerequisites=frozenset(promises_of(built.environment)),
    )


def platform_of(built: BuiltEnvironment, release: Release) -> Platform:
    """Say what the charts of a built environment install."""
    return installed_platform(release, built.platform.values())
