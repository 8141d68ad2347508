"""Tracing in pods: a pod in hand, the same with the flags and variables that send spans.

Source: tracing.go at v0.20.0; releases without the field have no service that asks for it.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.llm.pods import LlmPod, names_in_env, stored_source
from kservegen.kserve.controllers.llm.service import LlmService
from kservegen.kserve.workloads import LLM_CONTAINER

_SOURCE: Final = stored_source("tracing")


def trace_server(pod: LlmPod, service: LlmService, role: str) -> None:
    """Trace the server of a pod; `role` is decode or prefill."""
    tracing, container = _traced(pod, service)
    if container is None:
        return
    endpoint = text(tracing.get("exporterEndpoint"))
    for flag, value in (("--otlp-traces-endpoint", endpoint), ("--collect-detailed-traces", "all")):
        words = [text(word) for word in sequence(container.get("args"))]
        if not any(word == flag or word.startswith(f"{flag}=") for word in words):
            pod.add_to(container, "args", flag, _SOURCE)
            pod.add_to(container, "args", value, _SOURCE)
    _add_variables(pod, container, service, f"inference-server-{role}", tracing)


def trace_scheduler(pod: LlmPod, service: LlmService) -> None:
    """Trace the scheduler."""
    tracing, container = _traced(pod, service)
    if container is None:
        return
    words = [text(word) for word in sequence(container.get("args"))]
    if not any(word == "--tracing" or word.startswith("--tracing=") for word in words):
        pod.add_to(container, "args", "--tracing=true", _SOURCE)
    _add_variables(pod, container, service, "inference-scheduler", tracing)


def _traced(pod: LlmPod, service: LlmService) -> tuple[JsonObject, JsonObject | None]:
    tracing = service.spec.value.get("tracing")
    return mapping(tracing), pod.container(LLM_CONTAINER) if isinstance(tracing, dict) else None


def _add_variables(pod: LlmPod, container: JsonObject, service: LlmService, name: str, tracing: JsonObject) -> None:
    values = {
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": text(tracing.get("exporterEndpoint")),
        "OTEL_TRACES_EXPORTER": text(tracing.get("exporter")),
        "OTEL_TRACES_SAMPLER": text(tracing.get("sampler")),
        "OTEL_TRACES_SAMPLER_ARG": text(tracing.get("samplerArg")),
    }
    attributes = ",".join(
        (
            f"k8s.namespace.name={service.namespace}",
            "k8s.node.name=$(OTEL_RESOURCE_ATTRIBUTES_NODE_NAME)",
            "k8s.pod.name=$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME)",
            f"llmisvc.name={service.name}",
        )
    )
    variables: list[JsonObject] = [{"name": key, "value": value} for key, value in values.items()]
    for key, path in (("NODE_NAME", "spec.nodeName"), ("POD_NAME", "metadata.name")):
        reference: JsonObject = {"fieldRef": {"fieldPath": path}}
        variables.append({"name": f"OTEL_RESOURCE_ATTRIBUTES_{key}", "valueFrom": reference})
    variables.append({"name": "OTEL_RESOURCE_ATTRIBUTES", "value": attributes})
    known = names_in_env(container)
    for variable in variables:
        if mapping(variable).get("name") not in known:
            pod.add_to(container, "env", variable, _SOURCE)
