"""A parallel size is below 1, or set by a variable.

KServe computes the variables PIPELINE_PARALLEL_SIZE and TENSOR_PARALLEL_SIZE from workerSpec and refuses them beside
it, and it refuses sizes below 1.

Fix: Set pipelineParallelSize and tensorParallelSize in workerSpec, 1 or more, and remove the variables.
Bad:
    predictor: {model: {env: [{name: TENSOR_PARALLEL_SIZE, value: '2'}]}, workerSpec: {}}
Good:
    predictor: {model: {}, workerSpec: {tensorParallelSize: 2}}
Upstream: ISVC-09; ISVC-10; ISVC-17; ISVC-18; SR-05; SR-06; SR-09; SR-10;
pkg/apis/serving/v1beta1/inference_service_validation.go; pkg/webhook/admission/servingruntime/servingruntime_webhook.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.kserve._multi_node import MULTI_NODE_KINDS, heads, multi_node
from kservegen.core.document import integer

_VARIABLES: Final = ("PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE")
_SIZES: Final = ("pipelineParallelSize", "tensorParallelSize")


@rule(Stage.ADMISSION, *MULTI_NODE_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    found = multi_node(resource)
    if found is None:
        return
    for path, container in heads(resource, found):
        for name in _VARIABLES:
            index = variable(container, name)
            if index is not None:
                message = f"setting {name} in environment variables is not allowed"
                yield Problem((*path, "env", index), message, seen=name)
    for field in _SIZES:
        size = integer(found.worker.get(field))
        if size is not None and size < 1:
            message = f"WorkerSpec.{field[0].upper()}{field[1:]} cannot be less than 1({size})"
            yield Problem((*found.worker_path, field), message, seen=str(size), allowed="1 and more")
