"""How long a server takes to start: bytes and bandwidths in; seconds for each part, and what a probe does to them, out.

A start downloads, loads, compiles and captures graphs. What a bandwidth decides is known only where the environment
states it; the rest stands as the least and the most that recorded starts took. A finding rests on the least alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from kservegen.checks.gpu.check import Fit, gib
from kservegen.checks.gpu.model import Seconds, StartFacts
from kservegen.checks.gpu.requests import device_of
from kservegen.checks.rules._made import MadeView
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.quantity import parse_quantity
from kservegen.core.values import whole_number
from kservegen.kserve.controllers.made import MadePod
from kservegen.render.objects.images import split_image

_DEPLOYMENT_DEADLINE: Final = 600
_KNATIVE_DEADLINE: Final = "serving.knative.dev/progress-deadline"
_INITIALIZER: Final = "storage-initializer"
_MOUNTED: Final = ("pvc://", "oci://", "file://")


class StartTime(Struct, frozen=True):
    """The parts of a start. `download` is nothing where nobody states a bandwidth, or where nothing is downloaded.

    `fetched` tells that the model comes over a network at all, whatever the bandwidth.
    """

    download: Seconds
    load: Seconds
    prepare: Seconds
    bytes: int
    fetched: bool

    @property
    def serving(self) -> Seconds:
        """From the start of the server's container on."""
        return self.load + self.prepare

    @property
    def whole(self) -> Seconds:
        """From the start of the pod on, but for pulling its images."""
        return self.download + self.serving


def start_time(found: Fit, facts: StartFacts, bandwidths: JsonObject, download: int | None) -> StartTime | None:
    """Return how long a server takes to start; None without an estimate. `download` is what a lock says of its size."""
    done, server = found.estimate, found.workload.server
    if done is None or found.model is None:
        return None
    loaded = done.weights * server.tensor * server.pipeline
    size = download or found.model.weight_bytes or loaded
    disk, network = _rate(bandwidths, "disk"), _rate(bandwidths, "download")
    slowest, fastest = (disk, disk) if disk else facts.disk
    fetched = not found.workload.address.startswith(_MOUNTED)
    prepare = facts.other
    if not server.eager:
        prepare += facts.compile + facts.graphs
    return StartTime(
        download=Seconds(size // network, -(-size // network)) if network and fetched else Seconds(0, 0),
        load=Seconds(loaded // fastest, -(-loaded // slowest)),
        prepare=prepare,
        bytes=size,
        fetched=fetched,
    )


def _rate(bandwidths: JsonObject, word: str) -> int:
    said = parse_quantity(text(bandwidths.get(word)))
    return int(said.value) if said is not None else 0


class StartSettings(Struct, frozen=True):
    """What an environment says of starts: `bandwidths`, and sizes of images as a registry holds them, by name."""

    bandwidths: JsonObject
    image_sizes: JsonObject

    def pull(self, pod: JsonObject) -> int:
        """Return the seconds that the images of a pod's spec take at the least; those of no stated size take none."""
        rate = _rate(self.bandwidths, "pull")
        containers = [mapping(item) for side in ("initContainers", "containers") for item in sequence(pod.get(side))]
        names = {split_image(text(item.get("image"))).name for item in containers}
        return sum(_rate(self.image_sizes, name) for name in names) // rate if rate else 0


def start_findings(
    fits: Sequence[Fit], times: Sequence[StartTime], view: MadeView, facts: StartFacts, settings: StartSettings
) -> Iterator[Finding]:
    """Yield what keeps the pods of one object from becoming ready in time: probes, deadlines, an initializer."""
    fastest = min(times, key=lambda time: time.serving.least)
    inside = all(not found.workload.address for found in fits)  # the server itself downloads what --model names
    seen: set[Path] = set()
    for pod in view.pods():
        for finding in _probe_findings(pod, view, fastest, inside=inside):
            if finding.path not in seen:
                seen.add(finding.path)
                yield finding
    yield from _deadline_findings(fits, fastest, view, settings)
    if settings.bandwidths:
        yield from _initializer_findings(fits, min(times, key=lambda time: time.bytes), view, facts)


def _initializer_findings(fits: Sequence[Fit], time: StartTime, view: MadeView, facts: StartFacts) -> Iterator[Finding]:
    """Compare the memory of the storage initializer with what downloads of this size from the Hub were seen to take."""
    workload = fits[0].workload
    if not workload.address.startswith("hf://") or not time.fetched or time.bytes <= facts.initializer:
        return
    for pod in view.pods():
        inits = sequence(mapping(mapping(pod.pod).get("spec")).get("initContainers"))
        for item in map(mapping, inits):
            said = mapping(mapping(item.get("resources")).get("limits")).get("memory")
            limit = parse_quantity(said) if isinstance(said, (str, int, float)) else None
            if item.get("name") != _INITIALIZER or limit is None or limit.value >= facts.initializer_memory:
                continue
            yield Finding(
                rule="gpu/start-in-time",
                path=workload.model_path,
                message="the storage initializer may be killed for want of memory (OOMKilled), over and over, while it "
                f"downloads from the Hub: it is limited to {said}",
                seen=f"{said} of memory, {gib(time.bytes)} to download",
                allowed=f"{gib(facts.initializer_memory)} or more, by reports of such downloads",
                hint="Raise the memory of the ClusterStorageContainer (kserve.storage.resources of the chart), for LLM "
                "services storageInitializer.memoryLimit of inferenceservice-config; or keep the model on the nodes.",
                severity=Severity.WARNING,
                cause=f"memory of {_INITIALIZER}: {said}",
            )
            return


def _probe_findings(pod: MadePod, view: MadeView, time: StartTime, *, inside: bool) -> Iterator[Finding]:
    for index, container in enumerate(sequence(mapping(mapping(pod.pod).get("spec")).get("containers"))):
        entry = mapping(container)
        if device_of(entry) is None:
            continue
        kind = next((kind for kind in ("startupProbe", "livenessProbe") if entry.get(kind)), None)
        if kind is None:
            continue
        probe = mapping(entry.get(kind))
        allowed = _lasts(probe)
        needed = time.whole if inside else time.serving
        if needed.least <= allowed:
            continue
        place = view.where(pod.origins, ("spec", "containers", index, kind, "failureThreshold"))
        yield Finding(
            rule="gpu/start-in-time",
            path=place.path,
            message=f"the kubelet kills the server before it is up, over and over: its {kind} gives up after "
            f"{allowed} s, and loading {gib(time.bytes)} takes longer{place.told}",
            seen=f"{allowed} s of {kind}, {_described(time, inside=inside)}",
            allowed=f"{needed.least} s or more",
            hint=f"Set failureThreshold of a startupProbe to {-(-needed.most // _period(probe))} or more "
            f"(periodSeconds {_period(probe)}), or load from a faster disk.",
        )


def _period(probe: JsonObject) -> int:
    return integer(probe.get("periodSeconds")) or 10


def _lasts(probe: JsonObject) -> int:
    """Return the seconds after which a container that never answers is killed."""
    return (integer(probe.get("initialDelaySeconds")) or 0) + (integer(probe.get("failureThreshold")) or 3) * _period(
        probe
    )


def _described(time: StartTime, *, inside: bool) -> str:
    parts = [f"at least {time.load.least} s to load", f"{time.prepare.least} s to compile and prepare"]
    if inside and time.download.least:
        parts.insert(0, f"at least {time.download.least} s to download {gib(time.bytes)}")
    return ", ".join(parts)


def _deadline_findings(
    fits: Sequence[Fit], time: StartTime, view: MadeView, settings: StartSettings
) -> Iterator[Finding]:
    """Compare pull, download and start with the deadlines of Deployments and of Knative's revisions."""
    for made in view.made.objects:
        spec = mapping(made.doc.get("spec"))
        if made.doc.get("kind") == "Deployment" and _asks(mapping(spec.get("template"))):
            deadline, severity = integer(spec.get("progressDeadlineSeconds")) or _DEPLOYMENT_DEADLINE, Severity.WARNING
            what = "the Deployment is told as failed (ProgressDeadlineExceeded), and its engine shows it Degraded"
        elif made.doc.get("kind") == "Service" and _asks(mapping(spec.get("template"))):
            notes = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("annotations"))
            deadline, severity = _seconds(text(notes.get(_KNATIVE_DEADLINE))) or _DEPLOYMENT_DEADLINE, None
            what = "Knative gives the revision up (ProgressDeadlineExceeded) and scales it to nothing"
        else:
            continue
        pull = settings.pull(mapping(mapping(spec.get("template")).get("spec")))
        least, most = time.whole.least + pull, time.whole.most + pull
        if least <= deadline:
            continue
        pulled = f"at least {pull} s to pull images, " if pull else ""
        yield Finding(
            rule="gpu/start-in-time",
            path=fits[0].workload.model_path,
            message=f"{what}: its deadline is {deadline} s, and the download and the start of {gib(time.bytes)} take "
            "longer",
            seen=f"{pulled}at least {time.download.least} s to download, {_described(time, inside=False)}",
            allowed=f"{least} s or more" + ("" if severity else f", by the annotation {_KNATIVE_DEADLINE}"),
            hint="Keep the model on the nodes (LocalModelCache, pvc://, oci://), or "
            + ("accept it: the pod itself goes on starting." if severity else f"set {_KNATIVE_DEADLINE}: {most}s."),
            severity=severity,
        )
        return


def _asks(template: JsonObject) -> bool:
    """Tell whether a pod template has a container with GPUs."""
    listed = sequence(mapping(template.get("spec")).get("containers"))
    return any(device_of(mapping(item)) is not None for item in listed)


def _seconds(said: str) -> int:
    """Read Go's durations as far as deadlines are written: `600s`, `10m`, `1h`."""
    scale = {"s": 1, "m": 60, "h": 3600}.get(said[-1:], 0)
    return (whole_number(said[:-1]) or 0) * scale
