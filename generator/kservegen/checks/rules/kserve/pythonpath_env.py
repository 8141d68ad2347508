"""A container sets PYTHONPATH.

Whoever sets it decides which code the model server imports, so KServe's webhook refuses it in every container of an
InferenceService but those of canaries, and in the serving and worker containers of a runtime.

Fix: Install the packages in the image, or set PYTHONPATH in the image itself.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, env: [{name: PYTHONPATH, value: /x}]}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}, env: [{name: PYTHONUNBUFFERED, value: '1'}]}}
Upstream: ISVC-03; ISVC-04; ISVC-05; ISVC-06; ISVC-07; SR-11; SR-12; pkg/validation/env_policy.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.kserve._multi_node import MULTI_NODE_KINDS, RUNTIMES, is_disabled
from kservegen.checks.rules.view import containers_of
from kservegen.core.document import text


@rule(Stage.ADMISSION, *MULTI_NODE_KINDS)
def check(resource: Resource, context: Context) -> Problems:
    if is_disabled(resource) or not context.release.capabilities.pythonpath_refused:
        return
    for at in containers_of(resource):
        index = variable(at.container, "PYTHONPATH")
        # A runtime's init containers and canaries are not looked at.
        overlooked = (at.init and resource.kind in RUNTIMES) or at.path[:2] == ("spec", "canary")
        if index is not None and not overlooked:
            name = text(at.container.get("name"))
            message = f'setting PYTHONPATH in container "{name}" is not allowed for security reasons'
            yield Problem((*at.path, "env", index), message, seen="PYTHONPATH")
