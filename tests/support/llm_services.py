"""LLM services as the API server stores them, and what their controller makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.control_plane import ControlPlane, shipped_objects
from kservegen.kserve.controllers.llm.controller import make_llm_service
from kservegen.kserve.controllers.made import Made, Surroundings
from kservegen.kserve.controllers.settings import read_settings, shipped_settings
from kservegen.kserve.defaulting import Installation, default
from kservegen.kserve.releases import Releases

_SCHEMAS: Final = SchemaStore([Path(__file__).parents[2] / "schemas"])
_RELEASES: Final = Releases(_SCHEMAS.roots)
OLDER, NEWER = "v0.19.0", "v0.20.0"


def stored(doc: JsonObject, version: str) -> JsonObject:
    """Return an object with the defaults of its schema and of KServe's webhook."""
    metadata = mapping(doc.get("metadata"))
    identity = ResourceId(text(doc["kind"]), text(metadata.get("namespace")), text(metadata.get("name")))
    resource = Resource(id=identity, api_version=text(doc["apiVersion"]), doc=doc, file="")
    shape = None
    if _SCHEMAS.has(resource.api_version, resource.kind, kserve_version=version):
        shape = _SCHEMAS.shape(resource.api_version, resource.kind, kserve_version=version)
    return default(resource, Installation(kserve_version=version), shape).resource.doc


def llm_service(
    spec: Mapping[str, object], *, alpha1: bool = False, metadata: Mapping[str, object] | None = None
) -> JsonObject:
    """Return a service m in namespace n, whose model comes from hf://a/b unless the spec says another."""
    version = f"serving.kserve.io/v1alpha{1 if alpha1 else 2}"
    doc = {
        "apiVersion": version,
        "kind": "LLMInferenceService",
        "metadata": {"name": "m", "namespace": "n", **(metadata or {})},
        "spec": {"model": {"uri": "hf://a/b"}, **spec},
    }
    plain: JsonObject = json.loads(json.dumps(doc))
    return plain


def beside(kind: str, name: str, namespace: str = "n", api_version: str = "v1", **fields: object) -> JsonObject:
    """Return an object that stands beside a service."""
    doc = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}
    plain: JsonObject = json.loads(json.dumps(doc))
    return plain


def llm_config(name: str, spec: object, namespace: str = "n") -> JsonObject:
    """Return a configuration that services may have as base."""
    return beside("LLMInferenceServiceConfig", name, namespace, "serving.kserve.io/v1alpha2", spec=spec)


@cache
def _plane(version: str, config: str) -> ControlPlane:
    settings = shipped_settings()
    if config:
        settings = read_settings({"data": json.loads(config)}, settings)
    return ControlPlane(
        release=_RELEASES.get(version), settings=settings, installed=shipped_objects(version), beside=Surroundings()
    )


def plane_of(version: str, around: Iterable[JsonObject] = ()) -> ControlPlane:
    """Return a release as it is installed by itself, with objects beside."""
    return replace(_plane(version, ""), beside=Surroundings(stored(doc, version) for doc in around))


def make_llm(
    service: JsonObject,
    version: str = NEWER,
    around: Iterable[JsonObject] = (),
    config: object = None,
    *,
    presets: bool = True,
) -> Made:
    """Make what the controller of a release makes; `config` are keys of the ConfigMap inferenceservice-config."""
    plane = _plane(version, json.dumps(config) if config else "")
    documents = [stored(doc, version) for doc in around]
    installed = replace(plane.installed, presets=presets)
    whole = replace(plane, installed=installed, beside=Surroundings(documents))
    return make_llm_service(stored(service, version), whole)


def labels(made: Made) -> list[str]:
    """List what was made, in the order of writing."""
    return [item.label for item in made.objects]


def doc_of(made: Made, kind: str, ending: str = "") -> JsonObject:
    """Return the one object of a kind, and of an ending of its name."""
    (found,) = (item.doc for item in made.objects if item.doc["kind"] == kind and item.label.endswith(ending))
    return found
