"""A stored service in; its spec with presets and bases under it, templates evaluated, out, or why there is none.

Source: config_merge.go combineBaseRefsConfig, mergeSpecs, ReplaceVariables; config_loader.go for the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.core.resource import Origin
from kservegen.formats.gotemplate.values import GoValue, UntoldError
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.llm.conversion import put_at, upgraded_spec
from kservegen.kserve.controllers.llm.facts import LlmFacts
from kservegen.kserve.controllers.llm.rendering import RenderError, TemplateRenderer, plain_parts
from kservegen.kserve.controllers.llm.service import LLM_CONFIG, LlmAdapter, LlmService, adapters_in
from kservegen.kserve.controllers.llm.template_data import service_values
from kservegen.kserve.controllers.made import DERIVED, KSERVE, STORED, ReconcileError, Traced, source_of
from kservegen.kserve.controllers.merging import merge, without_empty
from kservegen.kserve.derived import child_name
from kservegen.kserve.llm_laws import LLM_LAWS
from kservegen.kserve.presets import PREFIX, presets_for

_VERSION: Final = "serving.kserve.io/v1alpha2"
_STEP: Final = "PresetsCombined"
_NOT_FOUND: Final = "ConfigNotFound"
_FAILED: Final = "CombineBaseError"
# No reason of KServe's: what it would come to cannot be said.
_NOT_TOLD: Final = "NotTold"
_GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
_PREDICTED_LATENCY: Final = "predicted-latency-producer"
_SHARED_CONFIGS: Final = "config-scheduler-"
_CONFIG_KEY: Final = "epp"
_PICKER_PORT: Final = 9002
_TEMPLATE: Final = ("router", "scheduler", "template")
_ADAPTER_SCHEMES: Final = ("hf", "s3", "pvc")


class _Layer(NamedTuple):
    name: str
    spec: Traced


class _MergedPresets(NamedTuple):
    """Presets laid over each other, and the identities of the parts that hold no template."""

    spec: Traced
    plain: frozenset[int]


def combine_service(stored: JsonObject, plane: ControlPlane, facts: LlmFacts) -> LlmService:
    """Do what comes before any object is made; ReconcileError where the controller stops."""
    return _Combination(stored, plane, facts).service()


def _refuse(reason: str, message: str) -> ReconcileError:
    return ReconcileError(_STEP, reason, message)


class _Combination:
    def __init__(self, stored: JsonObject, plane: ControlPlane, facts: LlmFacts) -> None:
        self.metadata = mapping(stored.get("metadata"))
        self.name = text(self.metadata.get("name"))
        self.namespace = text(self.metadata.get("namespace"))
        self.own = upgraded_spec(stored)
        self.plane = plane
        self.facts = facts

    def service(self) -> LlmService:
        bases = [self.layer(text(mapping(ref).get("name"))) for ref in sequence(self.own.get("baseRefs"))]
        resolved = Traced(without_empty(self.own), [])
        for base in bases:
            resolved = merge(resolved, Traced(base.spec.value, []))
        if named := text(mapping(resolved.value.get("model")).get("name")):
            self.own = put_at(self.own, ("model", "name"), named)
        presets = self.merged_presets(tuple(self.presets(resolved.value)))
        own = Traced(without_empty(self.own), [Origin((), (STORED, "spec"))])
        spec = presets.spec
        for layer in (*(base.spec for base in bases), own):
            spec = merge(spec, layer)
        spec = self.completed(self.rendered(self.accounted(spec), presets.plain))
        self.judge(spec)
        adapters = tuple(self.checked_adapters(spec.value))
        return LlmService(metadata=self.metadata, spec=spec, plane=self.plane, facts=self.facts, adapters=adapters)

    def judge(self, spec: Traced) -> None:
        """Hold the whole to the laws that admission had for the service alone; the first that is broken ends it."""
        doc: JsonObject = {"apiVersion": _VERSION, "kind": "LLMInferenceService", "metadata": self.metadata}
        for law in LLM_LAWS.values():
            for problem in law({**doc, "spec": spec.value}, self.plane.release.capabilities):
                if problem.severity is None:
                    said = f"{format_path(problem.path)}: {problem.message}"
                    raise _refuse(_FAILED, f"LLMInferenceService.serving.kserve.io {self.name!r} is invalid: {said}")

    def merged_presets(self, names: tuple[str, ...]) -> _MergedPresets:
        """Lay presets over each other; where all are KServe's own that was done once for all services."""
        find, system = self.plane.beside.find, self.plane.settings.namespace
        is_shipped = self.plane.installed.presets and all(
            name in self.facts.presets and not any(find(LLM_CONFIG, each, name) for each in (self.namespace, system))
            for name in names
        )
        if is_shipped:
            return _shipped_presets(self.facts, names)
        return _MergedPresets(_merged([self.layer(name).spec for name in names]), frozenset())

    def layer(self, name: str) -> _Layer:
        """Find a configuration: in the service's namespace, in KServe's, among KServe's own."""
        system = self.plane.settings.namespace
        for namespace in (self.namespace, system):
            if (found := self.plane.beside.find(LLM_CONFIG, namespace, name)) is not None:
                return _Layer(name, _traced(name, upgraded_spec(found)))
        preset = self.facts.presets.get(name)
        if preset is not None and self.plane.installed.presets:
            return _Layer(name, _traced(name, preset))
        message = f'LLMInferenceServiceConfig "{name}" not found in namespaces [{self.namespace} {system}]'
        if self.facts.switches.config_not_found:
            raise _refuse(_NOT_FOUND, message)
        raise ReconcileError(_STEP, _FAILED, message, missing=True)  # which is tried again, until it is there

    def presets(self, spec: JsonObject) -> Iterator[str]:
        """Name the presets in their order; what a release has none of is not asked for by what it does not know."""
        names = [preset.name for preset in presets_for(spec)]
        added = {f"{PREFIX}router-route": f"{PREFIX}tracing"} if spec.get("tracing") is not None else {}
        plugins = sequence(value_at(spec, ("router", "scheduler", "config", "inline", "plugins")))
        if any(mapping(plugin).get("type") == _PREDICTED_LATENCY for plugin in plugins):
            added[f"{PREFIX}scheduler"] = f"{PREFIX}scheduler-latency-predictor"
        before = [name for name in names if name in (f"{PREFIX}scheduler", f"{PREFIX}router-route")]
        optional = [f"{PREFIX}scheduler-latency-predictor", f"{PREFIX}tracing"]
        order = [f"{PREFIX}scheduler", optional[0], f"{PREFIX}router-route", optional[1]]
        wanted = {*before, *added.values()} - {name for name in optional if name not in self.facts.presets}
        yield from (name for name in order if name in wanted)
        yield from (name for name in names if name not in before)

    def accounted(self, spec: Traced) -> Traced:
        """Name the scheduler's ServiceAccount, which templates may ask for."""
        template = value_at(spec.value, _TEMPLATE)
        if not isinstance(template, dict) or template.get("serviceAccountName"):
            return spec
        path = (*_TEMPLATE, "serviceAccountName")
        value = put_at(spec.value, path, child_name(self.name, "-epp-sa"))
        return Traced(value, [*spec.origins, Origin(path, (KSERVE,))])

    def rendered(self, spec: Traced, plain: frozenset[int]) -> Traced:
        settings = self.plane.settings
        gateway = settings.text("ingress", "kserveIngressGateway")
        namespace, slash, name = gateway.partition("/")
        pool = text(value_at(spec.value, ("router", "scheduler", "pool", "ref", "name")))
        values: dict[str, GoValue] = {
            "SystemNamespace": settings.namespace,
            "IngressGatewayName": name if slash else gateway,
            "IngressGatewayNamespace": namespace if slash else settings.namespace,
            "EnableTLS": self.facts.switches.tls and settings.is_on("ingress", "enableLLMInferenceServiceTLS"),
            "ModelBasedRoutingHeaderName": settings.text("ingress", "modelBasedRoutingHeaderName")
            or "X-Gateway-Model-Name",
            "InferencePoolNamespacedName": f"{self.namespace}/{pool or child_name(self.name, '-inference-pool')}",
        }
        renderer = TemplateRenderer(*service_values(self.metadata, self.own, values), plain)
        whole: JsonObject = {"metadata": self.metadata, "spec": spec.value}
        try:
            rendered = renderer.render(whole)
        except UntoldError as error:
            raise _refuse(_NOT_TOLD, f"templates cannot be evaluated here: {error}") from error
        except RenderError as error:
            raise ReconcileError(
                _STEP, _FAILED, str(error), self.source(renderer.first_failing(whole), spec)
            ) from error
        return Traced(mapping(rendered["spec"]), spec.origins)

    def source(self, path: Path | None, spec: Traced) -> Path:
        """Return the source of a text of the merged whole; empty where there is none."""
        if path is None:
            return ()
        return source_of(path[1:], spec.origins) if path[0] == "spec" else (STORED, *path)

    def completed(self, spec: Traced) -> Traced:
        """Do what the controller does to the rendered spec."""
        value, origins = spec.value, [*spec.origins]
        route = ("router", "route", "http", "spec")
        gateways = sequence(value_at(value, ("router", "gateway", "refs")))
        if gateways and isinstance(value_at(value, route), dict):
            always = () if self.facts.switches.parent_by_service else ("namespace",)
            parents: JsonArray = [_parent(reference, always) for reference in gateways]
            value = put_at(value, (*route, "parentRefs"), parents)
            origins.append(Origin((*route, "parentRefs"), (STORED, "spec", "router", "gateway", "refs")))
        if isinstance(rules := value_at(value, (*route, "rules")), list):
            value = put_at(value, (*route, "rules"), [self.routed(rule, value) for rule in rules])
        config = ("router", "scheduler", "config")
        if isinstance(value_at(value, (*config, "ref")), dict):
            inline = self.referenced_config(mapping(value_at(value, (*config, "ref"))))
            value = put_at(value, config, {"inline": inline})
            origins.append(Origin((*config, "inline"), (STORED, "spec", *config, "ref", DERIVED)))
        picker = ("router", "scheduler", "pool", "spec", "endpointPickerRef")
        found = value_at(value, picker)
        is_service = isinstance(found, dict) and found.get("kind") in (None, "", "Service")
        if is_service and value_at(found, ("port", "number")) is None:
            value = put_at(value, (*picker, "port"), {"number": _PICKER_PORT})
            origins.append(Origin((*picker, "port"), (KSERVE,)))
        return Traced(value, origins)

    def routed(self, rule: JsonValue, spec: JsonObject) -> JsonValue:
        """Point a rule's default pool to what takes its place: the workload's Service, or a pool of another name."""
        backends = value_at(rule, ("backendRefs",))
        if not isinstance(rule, dict) or not isinstance(backends, list):
            return rule
        default = child_name(self.name, "-inference-pool")
        scheduler = value_at(spec, ("router", "scheduler"))
        other = text(value_at(scheduler, ("pool", "ref", "name")))
        instead: JsonObject = {}
        if scheduler is None:
            instead = {"group": "", "kind": "Service", "name": child_name(self.name, "-kserve-workload-svc")}
        elif other:
            instead = {"name": other}

        def pointed(backend: JsonValue) -> JsonValue:
            own = mapping(backend)
            is_pool = own.get("kind") == "InferencePool" and own.get("name") == default
            return {**own, **instead} if is_pool else backend

        return {**rule, "backendRefs": [pointed(backend) for backend in backends]}

    def referenced_config(self, reference: JsonObject) -> JsonValue:
        """Read a scheduler's config from the ConfigMap that is named."""
        name, key = text(reference.get("name")), text(reference.get("key")) or _CONFIG_KEY
        found = self.plane.beside.find("ConfigMap", self.namespace, name)
        if found is None and name.startswith(_SHARED_CONFIGS):
            found = self.plane.beside.find("ConfigMap", self.plane.settings.namespace, name)
        data = mapping(mapping(found).get("data"))
        if found is not None and not data:
            raise _refuse(_NOT_TOLD, f"nothing is known of ConfigMap {name} but its name")
        if key not in data:
            place = f"{self.namespace}/{name}" if found is not None else "/"
            raise _refuse(_FAILED, f'ConfigMap {place} doesn\'t have key "{key}" in data')
        return data[key]

    def checked_adapters(self, spec: JsonObject) -> Iterator[LlmAdapter]:
        found = adapters_in(spec) if self.plane.release.capabilities.lora_adapters else ()
        downloads = value_at(spec, ("storageInitializer", "enabled")) is not False
        for adapter in found:
            problem = ""
            if not downloads:
                problem = "LoRA adapters need the storage initializer, which is disabled"
            elif adapter.scheme == "oci":
                problem = "oci:// is not supported for LoRA adapters; use hf://, s3://, or pvc:// instead"
            elif adapter.scheme not in _ADAPTER_SCHEMES or "://" not in adapter.uri:
                problem = f'unsupported URI scheme "{adapter.scheme}://"; supported schemes are hf://, s3://, pvc://'
            if problem:
                raise _refuse(_FAILED, f'failed to enumerate LoRA adapters: LoRA adapter "{adapter.name}": {problem}')
            yield adapter


@cache
def _shipped_presets(facts: LlmFacts, names: tuple[str, ...]) -> _MergedPresets:
    spec = _merged([_traced(name, facts.presets[name]) for name in names])
    return _MergedPresets(spec, plain_parts(spec.value))


def _merged(layers: Iterable[Traced]) -> Traced:
    spec = Traced({}, [])
    for layer in layers:
        spec = merge(spec, layer)
    return spec


def _traced(name: str, spec: JsonObject) -> Traced:
    return Traced(without_empty(spec), [Origin((), (f"{LLM_CONFIG} {name}", "spec"))])


def _parent(reference: JsonValue, always: tuple[str, ...]) -> JsonValue:
    """Return the parent that a reference to a Gateway becomes; the fields of `always` are there even when empty."""
    own = mapping(reference)
    parent: JsonObject = {"group": _GATEWAY_GROUP, "kind": "Gateway", "name": own.get("name")}
    parent.update({key: text(own.get(key)) for key in always})
    return {**parent, **{key: own[key] for key in ("namespace", "sectionName") if own.get(key)}}
