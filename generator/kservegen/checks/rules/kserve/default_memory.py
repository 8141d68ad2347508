"""A model on a GPU is left with the memory that its runtime gives to every model.

KServe lays the model's resources over the runtime's, key by key: who asks for a GPU alone keeps the charts' limits of
one cpu and 2Gi. The server of a model on a GPU needs more than that before it has read a weight: Python, PyTorch and
CUDA alone take some 3 GiB, and the kernel ends it.

Fix: State memory under requests and limits, as much as the model's files and 4Gi more, and cpu beside it.
Bad:
    model: {modelFormat: {name: huggingface}, resources: {limits: {nvidia.com/gpu: "1"}}}
Good:
    model: {modelFormat: {name: huggingface}, resources: {limits: {cpu: "4", memory: 24Gi, nvidia.com/gpu: "1"}}}
Upstream: kserve charts, section 3.1; pkg/controller/v1beta1/inferenceservice/utils/utils.go: MergeRuntimeContainers
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._serving import serving_containers
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, text
from kservegen.core.quantity import parse_quantity
from kservegen.kserve.servers.devices import DeviceMaker, devices_of, image_build

_LEAST: Final = parse_quantity("3Gi")
_ON_GPUS: Final = frozenset({DeviceMaker.NVIDIA, DeviceMaker.AMD})


@rule(Stage.RUN, "InferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    for serving in serving_containers(resource, context):
        build = image_build(text(serving.container.get("image")))
        if build is None or build.maker not in _ON_GPUS:
            continue
        limits = mapping(mapping(serving.container.get("resources")).get("limits"))
        stated = text(limits.get("memory"))
        memory = parse_quantity(stated) if stated else None
        if memory is None or _LEAST is None:
            continue
        devices = next((found for found in devices_of(serving.container) if found.maker is build.maker), None)
        if devices is None or memory.compare(_LEAST) >= 0 or serving.states("resources", "limits", "memory"):
            continue
        yield Problem(
            serving.where("resources", devices.side, devices.resource).path,
            f"a model on {devices.resource} is left with memory {stated}, of which its server alone needs more"
            f"{serving.where('resources', 'limits', 'memory').told}",
            seen=f"limits.memory: {stated}",
            at_key=True,
            severity=Severity.WARNING,  # how much a server takes by itself is no law; what a model takes, is estimated
        )
        return
