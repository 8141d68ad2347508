"""The API server refuses what KServe makes of the object, by the definition of its kind.

The object is admitted and its pods may run; what leads to them or scales them is refused: an HTTPRoute, an
InferencePool, a ScaledObject or a LeaderWorkerSet has a schema, and CEL rules, in its project's
CustomResourceDefinition. The controller tries again for ever, and the model never becomes ready. The definitions are
those of Gateway API 1.5 (experimental channel, which knows all fields), its Inference Extension 1.5, KEDA 2.17 and
LeaderWorkerSet 0.8.

Fix: Change the field that the message names; `kservegen simulate` shows what was made of it.
Bad:
    predictor: {timeout: 100000}          # where KServe makes HTTPRoutes: a duration has no more than five digits
Good:
    predictor: {timeout: 3600}
Upstream: config/crd of sigs.k8s.io/gateway-api, sigs.k8s.io/lws and kedacore/keda; reconcilers/ingress/httproute_reconciler.go
"""  # noqa: E501

from __future__ import annotations

from typing import Final

from kservegen.checks.rules._made import MadeView, made_of, once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.diagnostics import Finding
from kservegen.core.document import as_json, mapping, text
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import ResourceId
from kservegen.formats.jsonschema.cel_rules import UNSUPPORTED
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.store import SchemaStore

_KINDS: Final = frozenset(
    {
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("inference.networking.k8s.io/v1", "InferencePool"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
    }
)
# KServe writes objects through Go types: a field that a definition does not have is dropped.
_DROPPED: Final = frozenset({"schema/unknown-field", UNSUPPORTED})
_MOST_KEPT: Final = 1024
# A name that could be a part of a duration, which rules compare, or is too short to be told from other text.
_TELLING_NAME: Final = lazy_pattern(r"(?![hms0-9]+$)[a-z][-a-z0-9.]{3,}")


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is not None and context.installation is not None:
        yield from once(_all(view, context.installation.schemas, context.release.version))


def _all(view: MadeView, schemas: SchemaStore, version: str) -> Problems:
    for made in view.made.objects:
        for finding in _refusals(made.doc, view.resource.id, schemas, version):
            place = view.where(made.origins, finding.path)
            field = f"{format_path(finding.path)} of {made.label}"
            message = f"the API server refuses {field}: {finding.message}{place.told}"
            yield Problem(place.path, message, finding.seen, finding.allowed)


def _refusals(doc: JsonObject, owner: ResourceId, schemas: SchemaStore, version: str) -> list[Finding]:
    """List what the definition of a made object's kind refuses in it; nothing for kinds of which none is known."""
    named = text(doc.get("apiVersion")), text(doc.get("kind"))
    if named not in _KINDS or not schemas.has(*named, kserve_version=version):
        return []
    key = _shape(doc, owner, version)
    if key in _SOUND:
        return []
    # Metadata is not the definition's, and has no owner's uid before there is a cluster.
    bare: JsonObject = {**doc, "metadata": {"name": mapping(doc.get("metadata")).get("name")}}
    filled = apply_defaults(bare, schemas.shape(*named, kserve_version=version))
    found = schemas.validator(*named, kserve_version=version).check(filled)
    if not found and key is not None and len(_SOUND) < _MOST_KEPT:
        _SOUND.add(key)
    return [finding for finding in found if finding.rule not in _DROPPED]


# Shapes of objects that break no rule. Rules compare names with each other and look for signs that no name has, so what
# holds for one object holds for the next that differs in its name and its namespace alone, if these are as long.
_SOUND: Final[set[tuple[str, ...]]] = set()


def _shape(doc: JsonObject, owner: ResourceId, version: str) -> tuple[str, ...] | None:
    """Return what tells an object from others, without its owner's names; None where these cannot be told from it."""
    spec = as_json(doc.get("spec"))
    for mark, name in (("\1", owner.name), ("\2", owner.namespace)):
        if _TELLING_NAME.fullmatch(name) is None:
            return None
        spec = spec.replace(name, mark * len(name))
    return version, text(doc.get("kind")), spec
