"""A service as its controller has it in hand, and what the objects have in common that are made of it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.llm.facts import LlmFacts
from kservegen.kserve.controllers.made import STORED, MadeObject, Traced, inside, text_map
from kservegen.kserve.derived import child_name
from kservegen.kserve.storage_uris import written_url

WORKLOAD: Final = "llminferenceservice-workload"
ROUTER: Final = "llminferenceservice-router"
SCHEDULER: Final = "llminferenceservice-router-scheduler"
NAME_LABEL: Final = "app.kubernetes.io/name"
PART_LABEL: Final = "app.kubernetes.io/part-of"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
POOL_GROUP: Final = "inference.networking.k8s.io"
ALPHA_POOL_GROUP: Final = "inference.networking.x-k8s.io"
_PART: Final = "llminferenceservice"
_ROLE_LABEL: Final = "kserve.io/component"
DEFAULT_ACCOUNT: Final = "default"
LLM_CONFIG: Final = "LLMInferenceServiceConfig"


class LlmAdapter:
    """A LoRA adapter of a model."""

    __slots__ = ("name", "uri")

    def __init__(self, name: str, uri: str) -> None:
        self.name = name
        self.uri = written_url(uri)

    @property
    def scheme(self) -> str:
        """The scheme of its URI."""
        return self.uri.partition("://")[0]


class LlmService(Struct, frozen=True, kw_only=True, eq=False):
    """A service with its spec as it was combined; `adapters` in the order of the spec."""

    metadata: JsonObject
    spec: Traced
    plane: ControlPlane
    facts: LlmFacts
    adapters: tuple[LlmAdapter, ...] = ()

    @property
    def name(self) -> str:
        """The service's name."""
        return text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """Where it stands."""
        return text(self.metadata.get("namespace"))

    @property
    def annotations(self) -> dict[str, str]:
        """Its own annotations."""
        return text_map(mapping(self.metadata.get("annotations")))

    @property
    def labels(self) -> dict[str, str]:
        """Its own labels."""
        return text_map(mapping(self.metadata.get("labels")))

    @property
    def model(self) -> str:
        """The name that the model is served by."""
        return text(mapping(self.spec.value.get("model")).get("name"))

    @property
    def uri(self) -> str:
        """Where the model comes from."""
        return written_url(text(mapping(self.spec.value.get("model")).get("uri")))

    @property
    def router(self) -> JsonObject:
        """The router's part of the spec; empty where there is none."""
        return mapping(self.spec.value.get("router"))

    @property
    def has_prefill(self) -> bool:
        """Whether prefill and decode are apart."""
        return isinstance(self.spec.value.get("prefill"), dict)

    @property
    def tls(self) -> bool:
        """Whether servers speak TLS."""
        return self.facts.switches.tls and self.plane.settings.is_on("ingress", "enableLLMInferenceServiceTLS")

    @property
    def pool_reference(self) -> str:
        """The InferencePool that the service names instead of its own; blank where it names none."""
        return text(value_at(self.router, ("scheduler", "pool", "ref", "name")))

    @property
    def pool(self) -> str:
        """The InferencePool that requests go to, if any."""
        return self.pool_reference or self.child("-inference-pool")

    @property
    def has_own_scheduler(self) -> bool:
        """Whether a scheduler is made for it."""
        scheduler = self.router.get("scheduler")
        return isinstance(scheduler, dict) and isinstance(scheduler.get("template"), dict) and not self.pool_reference

    def child(self, ending: str) -> str:
        """Name an object that is made of the service."""
        return child_name(self.name, ending)

    def base_labels(self, component: str) -> dict[str, JsonValue]:
        """Return the labels that every object of a component has."""
        return {COMPONENT_LABEL: component, NAME_LABEL: self.name, PART_LABEL: _PART}

    @property
    def selector(self) -> JsonObject:
        """What the pods that take requests are selected by."""
        return {NAME_LABEL: self.name, PART_LABEL: _PART, _ROLE_LABEL: "workload"}

    def part(self, *path: str) -> Traced:
        """Return a map of the combined spec with its origins; empty where there is none."""
        return Traced(mapping(value_at(self.spec.value, path)), inside(path, self.spec.origins))

    def labels_of_metadata(self, prefixes: tuple[str, ...]) -> dict[str, JsonValue]:
        """Return the service's own labels that are handed on."""
        return {key: value for key, value in self.labels.items() if key.startswith(prefixes)}

    def annotations_of_metadata(self, prefixes: tuple[str, ...]) -> dict[str, JsonValue]:
        """Return the service's own annotations that are handed on."""
        return {key: value for key, value in self.annotations.items() if key.startswith(prefixes)}

    def make(
        self,
        kind: tuple[str, str],
        name: str,
        component: str,
        fields: JsonObject,
        *,
        origins: tuple[Origin, ...] = (),
        labels: JsonObject | None = None,
        annotations: JsonObject | None = None,
        namespaced: bool = True,
    ) -> MadeObject:
        """Make an object of a kind, (API version, kind); no reference to its owner, whose uid no file tells."""
        metadata: JsonObject = {"name": name}
        if namespaced:
            metadata["namespace"] = self.namespace
        if own := self.base_labels(component) if labels is None else labels:
            metadata["labels"] = own
        if annotations:
            metadata["annotations"] = annotations
        doc: JsonObject = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, **fields}
        named: Path = (STORED, "metadata", "name")
        return MadeObject(doc=doc, origins=(Origin(("metadata", "name"), named), *origins))

    def find(self, kind: str, name: str) -> JsonObject | None:
        """Return an object that stands beside it in its namespace."""
        return self.plane.beside.find(kind, self.namespace, name)


def stops_service(metadata: JsonObject) -> bool:
    """Whether a service is told to stop."""
    stop = mapping(metadata.get("annotations")).get("serving.kserve.io/stop")
    return text(stop).lower() == "true"


def adapters_in(spec: JsonObject) -> tuple[LlmAdapter, ...]:
    """List the LoRA adapters of a spec."""
    found = sequence(value_at(spec, ("model", "lora", "adapters")))
    return tuple(LlmAdapter(text(mapping(item).get("name")), text(mapping(item).get("uri"))) for item in found)
