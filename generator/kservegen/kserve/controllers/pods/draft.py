"""A pod in the hands of the webhook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import named
from kservegen.kserve.controllers.parts import append, container_named, pod_containers

MODEL_MOUNT: Final = "/mnt/models"
WEBHOOK: Final = "KServe's pod webhook"


class PodRefusedError(Exception):
    """The webhook, or the API server, does not take the pod; `at` is the path in it that is refused."""

    def __init__(self, message: str, at: Path = ()) -> None:
        super().__init__(message)
        self.at = at


class PodLacksError(PodRefusedError):
    """Another object that the pod needs is not there."""


class MutatedPod:
    """A pod that is one's own to change, with the origins of its fields."""

    def __init__(self, pod: JsonObject, origins: Iterable[Origin] = ()) -> None:
        self.pod = pod
        self.origins = list(origins)
        self.metadata = mapping(pod["metadata"])
        self.spec = mapping(pod["spec"])
        annotations = self.metadata.setdefault("annotations", {})
        self.annotations = mapping(annotations)
        self.labels = mapping(self.metadata.get("labels"))
        self.lawful_inits: list[JsonObject] = []  # parts of init containers that were checked before

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return text(self.metadata.get("namespace"))

    def annotation(self, key: str) -> str:
        """Return an annotation; blank where there is none."""
        return text(self.annotations.get(key))

    def containers(self) -> list[JsonObject]:
        """List the containers."""
        return pod_containers(self.spec)

    def container(self, *names: str) -> JsonObject | None:
        """Return the first container that has the first of the names that any has."""
        return container_named(self.spec, *names)

    def has_init(self, name: str) -> bool:
        """Whether there is an init container of a name."""
        return named(sequence(self.spec.get("initContainers")), name) is not None

    def add(self, field: str, item: JsonObject, words: Path = (WEBHOOK,)) -> None:
        """Append to a list of the spec."""
        append(self.spec, field, item)
        self.origins.append(Origin(("spec", field, len(sequence(self.spec[field])) - 1), words))

    def add_volume(self, volume: JsonObject, words: Path = (WEBHOOK,)) -> None:
        """Append a volume unless one of its name is there."""
        if named(sequence(self.spec.get("volumes")), text(volume.get("name"))) is None:
            self.add("volumes", volume, words)

    def mount(self, container: JsonObject, mount: JsonObject) -> None:
        """Mount a volume unless the container mounts one of that name already."""
        if named(sequence(container.get("volumeMounts")), text(mount.get("name"))) is None:
            append(container, "volumeMounts", mount)
            if container in self.containers():
                place = len(sequence(container["volumeMounts"])) - 1
                number = self.containers().index(container)
                self.origins.append(Origin(("spec", "containers", number, "volumeMounts", place), (WEBHOOK,)))
