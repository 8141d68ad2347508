"""The image of the server is built for other devices than the pod gets.

KServe takes `nvidia.com/gpu` and `nvidia.com/mig-*` for GPUs and then appends `-gpu` to the Hugging Face server's tag;
to other names (`nvidia.com/gpu.shared`, `amd.com/gpu`) it appends nothing, and a `runtimeVersion` stands as it is
written. vLLM's images are built for the devices of one maker each and stop where they find none; a server for CPUs
leaves a GPU idle. What another container of the pod asks for does not reach the one that serves.

Fix: Choose the build of the image for these devices (`runtimeVersion: v0.20.0-gpu`, or an image of its own), or ask for
the devices that the image is built for.
Bad:
    model: {modelFormat: {name: huggingface}, resources: {limits: {nvidia.com/gpu.shared: "1"}}}
Good:
    model:
      modelFormat: {name: huggingface}
      runtimeVersion: v0.20.0-gpu
      resources: {limits: {nvidia.com/gpu.shared: "1"}}
Upstream: pkg/controller/v1beta1/inferenceservice/utils/utils.go: UpdateImageTag; vllm/platforms
"""

from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._serving import ServingContainer, serving_containers
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import Path
from kservegen.kserve.servers.devices import (
    DeviceMaker,
    ImageBuild,
    devices_of,
    image_build,
    may_have_unstated_devices,
)

# The one server that KServe ships for CPUs and for GPUs.
_HAS_BUILDS: Final = "huggingfaceserver"


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(problem for serving in serving_containers(resource, context) for problem in _misfit(serving))


def _misfit(serving: ServingContainer) -> Problems:
    image = text(serving.container.get("image"))
    build, asked = image_build(image), devices_of(serving.container)
    if not asked:
        elsewhere = list(_elsewhere(serving))
        yield from elsewhere
        if not elsewhere and build is not None and build.is_bound and build.maker is not DeviceMaker.CPU:
            yield from _lacking(serving, build, image)
        return
    if build is None or any(devices.maker is build.maker for devices in asked):
        return
    devices = asked[0]
    is_idle = build.maker is DeviceMaker.CPU or not build.is_bound
    effect = "and leaves them idle" if is_idle else "and finds none: it does not start"
    built = f"its image {image} is built for {_named(build.maker)}"
    yield Problem(
        serving.where("resources", devices.side, devices.resource).path,
        f"the pod gets {devices.resource}, while {built}, {effect}{serving.where('image').told}",
        seen=devices.resource,
        hint="" if _HAS_BUILDS in image else f"Choose an image that is built for {devices.resource}, or leave it out.",
        at_key=True,
        severity=Severity.WARNING if is_idle else None,
    )


def _elsewhere(serving: ServingContainer) -> Problems:
    """Yield what is wrong where the devices go to a container that does not serve."""
    own = serving.path[-1]
    for index, container in enumerate(map(mapping, sequence(serving.spec.get("containers")))):
        for devices in devices_of(container) if index != own else ():
            path: Path = ("spec", "containers", index, "resources", devices.side, devices.resource)
            yield Problem(
                serving.view.where(serving.pod.origins, path).path,
                f"{devices.resource} goes to the container {text(container.get('name'))}, and the model is served by "
                f"{text(serving.container.get('name'))}, which has none",
                seen=devices.resource,
                hint=f"Ask for it in {text(serving.container.get('name'))}.",
                at_key=True,
                severity=Severity.WARNING,
            )
            return


def _lacking(serving: ServingContainer, build: ImageBuild, image: str) -> Problems:
    if may_have_unstated_devices(serving.spec, serving.container):
        return
    place = serving.where("resources") if serving.states("resources") else serving.where("image")
    yield Problem(
        place.path,
        f"the image {image} is built for {_named(build.maker)} and the pod asks for none: vLLM stops at the start"
        f"{serving.where('image').told}",
        hint="Ask for the device under resources.limits, or use a build for CPUs.",
        at_key=True,
        severity=Severity.WARNING,  # some clusters hand GPUs out to whoever lands on a node
    )


def _named(maker: DeviceMaker) -> str:
    return {DeviceMaker.CPU: "CPUs", DeviceMaker.TPU: "TPUs"}.get(maker, f"{maker} devices")
