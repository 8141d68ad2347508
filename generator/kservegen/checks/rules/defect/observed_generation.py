"""Flux waits for ever for an InferenceService.

The status of a service carries the generation that its child was observed at. Flux compares it with the service's own,
finds them unequal after the first change, and the health check never passes.

Fix: Add healthCheckExprs for InferenceService that read its condition Ready.
Severity: warning
Bad:
    kind: Kustomization
    spec: {healthChecks: [{apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, name: iris}]}
Good:
    kind: Kustomization
    spec:
      healthChecks: [{apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, name: iris}]
      healthCheckExprs:
        - kind: InferenceService
          current: status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')
Upstream: kserve/kserve#6081
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence

_KIND: Final = "InferenceService"
_FLUX: Final = "kustomize.toolkit.fluxcd.io/"


@rule(Stage.RUN, "Kustomization")
def check(resource: Resource, _context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    own = any(mapping(item).get("kind") == _KIND for item in sequence(spec.get("healthCheckExprs")))
    if own or not resource.api_version.startswith(_FLUX):
        return
    for index, item in enumerate(sequence(spec.get("healthChecks"))):
        if mapping(item).get("kind") == _KIND:
            message = "Flux compares generations of a status that carries its child's, and waits for ever"
            yield Problem(("spec", "healthChecks", index), message, at_key=True)
