"""What an environment says to every builder: mode, accelerators, URI prefixes, images, default resources."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.defaulting.model import CHART_RESOURCES, CHART_RESOURCES_VALUE
from kservegen.render.objects.images import ImageOverrides
from kservegen.render.objects.pins import pins_of

_MODES = frozenset({"Standard", "Knative", "ModelMesh"})


def promises_of(environment: ResolvedEnvironment) -> tuple[str, ...]:
    """Return the environment's prerequisites, in the order they are written in."""
    return tuple(item for item in sequence(environment.at("prerequisites")) if isinstance(item, str))


def stated_mode(mode: str, defects: frozenset[str]) -> str:
    """Return the deployment mode that services state where their words have none; blank for none."""
    return "" if mode != "Standard" and "mode-annotation" in defects else mode


class Settings(Struct, frozen=True, kw_only=True):
    """The environment's choices in the form that builders use them.

    `stated_mode` is the deployment mode that services state where their words have none; blank where the release would
    never reconcile a service that states it, and takes the cluster's own mode by itself.
    """

    kserve_version: str
    deployment_mode: str
    stated_mode: str
    accelerators: JsonObject
    uri_prefixes: tuple[tuple[str, str], ...]  # longest first
    pins: Mapping[str, str]  # by address: the revision that the lock holds
    images: ImageOverrides
    default_requests: JsonObject
    default_limits: JsonObject
    keep: tuple[str, str] | None = None  # the engine's annotation of what stays in the cluster when it leaves Git

    @classmethod
    def of(cls, environment: ResolvedEnvironment, defects: frozenset[str] = frozenset()) -> Settings:
        """Read the settings of a resolved environment; `defects` are those of its KServe release."""
        prefixes = [(old, new) for old, new in environment.mapping("uriPrefixes").items() if isinstance(new, str)]
        said = environment.text("kserve", "deploymentMode")
        mode = said if said in _MODES else "Standard"  # the schema has a finding for another one
        chart = CHART_RESOURCES_VALUE
        engine = ENGINES.get(environment.text("gitops", "engine"))
        return cls(
            kserve_version=environment.text("kserve", "version"),
            deployment_mode=mode,
            stated_mode=stated_mode(mode, defects),
            accelerators=environment.mapping("accelerators"),
            uri_prefixes=tuple(sorted(prefixes, key=lambda pair: (-len(pair[0]), pair))),
            pins=pins_of(environment.locked),
            images=ImageOverrides.of(environment.at("images")),
            default_requests={**CHART_RESOURCES, **environment.mapping(*chart, "requests")},
            default_limits={**CHART_RESOURCES, **environment.mapping(*chart, "limits")},
            keep=engine.keep if engine is not None else None,
        )

    def rewrite_uri(self, uri: str) -> str:
        """Apply the environment's `uriPrefixes`; the longest matching prefix wins."""
        for old, new in self.uri_prefixes:
            if uri.startswith(old):
                return new + uri[len(old) :]
        return uri
