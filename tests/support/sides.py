"""Two sides of an environment from a few lines of YAML, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from kservegen.changes.impact.assess import assess
from kservegen.changes.impact.model import Impact, ImpactSide, Restart
from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.runner import open_checker
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Installation
from kservegen.kserve.releases import Releases

_ROOTS = [packaged_data() / "schemas"]
_SCHEMAS = SchemaStore(_ROOTS)
RELEASES = Releases(_ROOTS)
CHECKER = open_checker(BuiltinEngine(_SCHEMAS))
RUNTIMES_ON: dict[str, JsonObject] = {
    "kserve-resources": {},
    "kserve-llmisvc-resources": {"kserve": {"createSharedResources": False}},
    "kserve-runtime-configs": {"kserve": {"servingruntime": {"enabled": True}, "llmisvcConfigs": {"enabled": True}}},
}
H100: JsonObject = {"h100": {"resource": "nvidia.com/gpu", "gpu": "H100", "nodeSelector": {"gpu": "h100"}}}
_GROUP = "serving.kserve.io"
_VERSIONS = {"InferenceService": "v1beta1", "LLMInferenceService": "v1alpha2", "LLMInferenceServiceConfig": "v1alpha2"}


def resource(doc: JsonObject) -> Resource:
    """Make a resource of a document, which may leave out what every object has."""
    kind, metadata = str(doc["kind"]), doc["metadata"]
    assert isinstance(metadata, dict)
    identity = ResourceId(kind, str(metadata.get("namespace", "")), str(metadata["name"]))
    version = f"{_GROUP}/{_VERSIONS.get(kind, 'v1alpha1')}"
    return Resource(
        id=identity,
        api_version=version,
        doc={"apiVersion": version, **doc},
        file=f"models/{identity.namespace}/{kind.lower()}-{identity.name}.yaml",
    )


def resources(text: str) -> dict[ResourceId, Resource]:
    """Read documents."""
    return {found.id: found for found in map(resource, yaml.safe_load_all(text))}


def joined(*documents: str) -> str:
    """Put documents into one text."""
    return "\n---\n".join(documents)


def side(
    objects: str | dict[ResourceId, Resource],
    *,
    version: str = "v0.19.0",
    mode: str = "Standard",
    values: dict[str, JsonObject] | None = None,
    engine: str = "none",
    synced_by: dict[str, str] | None = None,
) -> ImpactSide:
    """Make a side."""
    return ImpactSide(
        release=RELEASES.get(version),
        deployment_mode=mode,
        values=RUNTIMES_ON if values is None else values,
        resources=resources(objects) if isinstance(objects, str) else objects,
        engine=engine,
        synced_by=synced_by or {},
        accelerators=H100,
    )


def between(before: ImpactSide, after: ImpactSide) -> Impact:
    """Assess the change between two sides."""
    installation = Installation(kserve_version=after.release.version, deployment_mode=after.deployment_mode)
    return assess(before, after, installation, CHECKER, _SCHEMAS)


def service(predictor: str, *, more: str = "", metadata: str = "", name: str = "m") -> str:
    """Write an InferenceService: what stands in its predictor, in its spec, in its metadata."""
    return (
        f"kind: InferenceService\nmetadata: {{name: {name}, namespace: ns{', ' + metadata if metadata else ''}}}\n"
        f"spec:\n  predictor: {{{predictor}}}\n{more}"
    )


def llm(spec: str, *, metadata: str = "") -> str:
    """Write an LLMInferenceService."""
    return (
        f"kind: LLMInferenceService\nmetadata: {{name: m, namespace: ns{', ' + metadata if metadata else ''}}}\n"
        f"spec: {{model: {{uri: hf://a/b}}{', ' + spec if spec else ''}}}\n"
    )


def said(restarts: Iterable[Restart]) -> list[str]:
    """Write restarts as `name roles: cause [paths]?, …`, with a question mark where it is not certain."""
    return [
        f"{restart.subject.name} {'+'.join(restart.roles)}: "
        + ", ".join(
            f"{cause.through}[{' '.join(cause.paths)}]{'' if cause.certain else '?'}" for cause in restart.causes
        )
        for restart in restarts
    ]
