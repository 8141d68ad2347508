"""A service or runtime that spans nodes in; findings out where its parallel sizes are below one or said elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.kserve._multi_node import KINDS, heads, multi_node
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/parallel-size",
    title="A parallel size is below 1, or set by a variable",
    why="KServe computes the variables PIPELINE_PARALLEL_SIZE and TENSOR_PARALLEL_SIZE from workerSpec and refuses "
    "them beside it, and it refuses sizes below 1.",
    fix="Set pipelineParallelSize and tensorParallelSize in workerSpec, 1 or more, and remove the variables.",
    bad="predictor: {model: {env: [{name: TENSOR_PARALLEL_SIZE, value: '2'}]}, workerSpec: {}}",
    good="predictor: {model: {}, workerSpec: {tensorParallelSize: 2}}",
    upstream=(
        "ISVC-09",
        "ISVC-10",
        "ISVC-17",
        "ISVC-18",
        "SR-05",
        "SR-06",
        "SR-09",
        "SR-10",
        "pkg/apis/serving/v1beta1/inference_service_validation.go",
        "pkg/webhook/admission/servingruntime/servingruntime_webhook.go",
    ),
)

_VARIABLES: Final = ("PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE")
_SIZES: Final = ("pipelineParallelSize", "tensorParallelSize")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    found = multi_node(resource)
    if found is None:
        return
    for path, container in heads(resource, found):
        for name in _VARIABLES:
            index = variable(container, name)
            if index is not None:
                message = f"setting {name} in environment variables is not allowed"
                yield Finding(rule=META.id, path=(*path, "env", index), message=message, hint=META.fix, seen=name)
    for field in _SIZES:
        size = integer(found.worker.get(field))
        if size is not None and size < 1:
            yield Finding(
                rule=META.id,
                path=(*found.worker_path, field),
                message=f"WorkerSpec.{field[0].upper()}{field[1:]} cannot be less than 1({size})",
                hint=META.fix,
                seen=str(size),
                allowed="1 and more",
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
