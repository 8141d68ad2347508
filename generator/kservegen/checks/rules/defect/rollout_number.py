"""The rollout of new Deployments is a number, which KServe writes as text.

deploymentRolloutStrategy of the ConfigMap reaches a Deployment as strings, and as a string Kubernetes takes a
percentage only. The Deployment of every service without a deploymentStrategy of its own is refused.

Fix: Write percentages, such as 25%.
Bad:
    kind: ConfigMap
    metadata: {name: inferenceservice-config}
    data: {deploy: '{"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "1", "maxUnavailable": "0"}}}'}
Good:
    kind: ConfigMap
    metadata: {name: inferenceservice-config}
    data: {deploy: '{"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "25%", "maxUnavailable": "0%"}}}'}
Upstream: kserve derive-isvc-2, part 7; pkg/controller/v1beta1/inferenceservice/reconcilers/deployment
"""

import json
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text, value_at
from kservegen.kserve.controllers.settings import CONFIG_NAME

_DEPLOY: Final = ("data", "deploy")


@rule(Stage.DEPLOYMENT, "ConfigMap")
def check(resource: Resource, _context: Context) -> Problems:
    if resource.id.name != CONFIG_NAME:
        return
    try:
        deploy = json.loads(text(value_at(resource.doc, _DEPLOY)))
    except (ValueError, RecursionError):
        return
    rollout = mapping(mapping(mapping(deploy).get("deploymentRolloutStrategy")).get("defaultRollout"))
    for field in ("maxSurge", "maxUnavailable"):
        value = text(rollout.get(field))
        if value.isdigit():
            message = f"{field} is written to every Deployment as the text {value!r}, which Kubernetes refuses"
            yield Problem(_DEPLOY, message, seen=value, allowed="a percentage such as 25%")
