"""A key of the ConfigMap inferenceservice-config is no JSON object.

Controllers and webhooks read the ConfigMap anew for each object, and stop at a key that they cannot read: of `ingress`,
`deploy` or `inferenceService` no service is made any more. What is judged beside such a ConfigMap is judged as if the
key were not written.

Fix: Write the key as one JSON object: double quotes, no comma behind the last field, no comments.
Bad:
    kind: ConfigMap
    metadata: {name: inferenceservice-config}
    data: {deploy: '{"defaultDeploymentMode": "Standard",}'}
Good:
    kind: ConfigMap
    metadata: {name: inferenceservice-config}
    data: {deploy: '{"defaultDeploymentMode": "Standard"}'}
Upstream: pkg/apis/serving/v1beta1/configmap.go
"""

import json

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.core.foreign_json import json_mistake
from kservegen.kserve.controllers.settings import CONFIG_NAME, READ_SECTIONS


@rule(Stage.RUN, "ConfigMap")
def check(resource: Resource, _context: Context) -> Problems:
    if resource.id.name != CONFIG_NAME:
        return
    for key, value in mapping(resource.doc.get("data")).items():
        if key not in READ_SECTIONS or not isinstance(value, str):
            continue
        try:
            read = json.loads(value)
        except (ValueError, RecursionError) as error:
            said = _said(error) if isinstance(error, json.JSONDecodeError) else ""
            yield Problem(("data", key), f"{key} is no JSON{said}: whatever of KServe reads it stops there")
        else:
            if read is not None and not isinstance(read, dict):
                yield Problem(("data", key), f"{key} is no JSON object: whatever of KServe reads it stops there")


def _said(error: json.JSONDecodeError) -> str:
    message, position = json_mistake(error)
    return f" ({message}, line {1 + error.doc.count(chr(10), 0, position)})"
