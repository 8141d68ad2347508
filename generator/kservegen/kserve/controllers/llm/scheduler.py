"""The scheduler of a service: what the router asks for in; the endpoint picker's objects and the InferencePool out.

Source: scheduler.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.resource import Origin, trace
from kservegen.kserve.controllers.llm.access import make_account, make_cluster_binding, make_role
from kservegen.kserve.controllers.llm.pods import LlmPod, stored_source
from kservegen.kserve.controllers.llm.scheduler_config import (
    ALL_FLAGS,
    CONFIG_FLAGS,
    CONFIG_TEXT,
    NEW_NAMES,
    PLAIN_FLAGS,
    SchedulerConfigs,
    config_text,
    scheduler_version,
    take_metric_flags,
    with_lora_scorer,
)
from kservegen.kserve.controllers.llm.service import ALPHA_POOL_GROUP, POOL_GROUP, SCHEDULER, LlmService
from kservegen.kserve.controllers.llm.sides import DEPLOYMENT
from kservegen.kserve.controllers.llm.storage import StorageTarget, attach_model
from kservegen.kserve.controllers.llm.tracing import trace_scheduler
from kservegen.kserve.controllers.made import KSERVE, MadeObject, below, inside
from kservegen.kserve.controllers.pods.draft import MODEL_MOUNT
from kservegen.kserve.derived import child_name
from kservegen.kserve.workloads import LLM_CONTAINER

_TOKENIZER: Final = "tokenizer"
_VERSION: Final = "app.kubernetes.io/version"
_PORTS: Final = ("grpc", "grpc-health", "metrics", "zmq")
_ELECTION: Final = "--ha-enable-leader-election"
_POD: Final = ("spec", "template", "spec")


class SchedulerError(Exception):
    """The scheduler cannot be made."""


def make_scheduler(service: LlmService) -> Iterator[MadeObject]:
    """Make the scheduler's objects in the order of writing; SchedulerError or StorageError where that ends."""
    template = service.part("router", "scheduler", "template")
    own = service.child("-epp-sa")
    account = text(template.value.get("serviceAccountName"))
    main_account = text(value_at(service.spec.value, ("template", "serviceAccountName")))
    if account == own:
        like = main_account if service.find("ServiceAccount", main_account) else ""
        used = make_account(service, own, SCHEDULER, like=like)
        yield used
        document = used.doc
    else:
        found = service.find("ServiceAccount", account)
        if found is None:
            raise SchedulerError(f'failed to fetch service account: ServiceAccount "{account}" not found')
        document = found
    yield make_cluster_binding(
        service,
        child_name(service.namespace, f"-{service.name}-epp-auth-rb"),
        "system:auth-delegator",
        account,
        SCHEDULER,
    )
    names = service.child("-epp-role"), service.child("-epp-rb")
    yield from make_role(service, names, account, service.facts.scheduler_rules, SCHEDULER)
    yield _deployment(service, document)
    yield _service(service)
    yield from _pools(service)


def _deployment(service: LlmService, account: JsonObject) -> MadeObject:
    scheduler = service.part("router", "scheduler")
    pod = LlmPod(service.part("router", "scheduler", "template"))
    main = pod.container(LLM_CONTAINER)
    replicas = integer(scheduler.value.get("replicas"))
    if main is not None:
        words = [text(word) for word in sequence(main.get("args"))]
        elects = any(word in (_ELECTION, _ELECTION[1:]) or word.startswith(f"{_ELECTION}=") for word in words)
        if (replicas or 0) > 1 and not elects:
            pod.add_to(main, "args", _ELECTION)
        _configure(pod, main, service)
        trace_scheduler(pod, service)
    annotations = mapping(scheduler.value.get("annotations"))
    has_tokenizer = pod.place(_TOKENIZER) is not None
    if has_tokenizer:
        path = f"{MODEL_MOUNT}/base"
        attach_model(pod, service, StorageTarget(container=_TOKENIZER, path=path, account=account, tokenizer_only=True))
    _rewrite(pod, main, service, text(annotations.get(_VERSION)), has_tokenizer=has_tokenizer)
    labels: JsonObject = {**service.base_labels(SCHEDULER), **mapping(scheduler.value.get("labels"))}
    metadata: JsonObject = {"labels": labels}
    if annotations:
        metadata["annotations"] = annotations
    spec: JsonObject = {
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {"metadata": metadata, "spec": pod.spec},
    }
    origins = below(_POD, pod.origins)
    for field in ("labels", "annotations"):
        at = ("spec", "template", "metadata", field)
        part = service.part("router", "scheduler", field)
        origins += [Origin((*at, key), trace((key,), part.origins)) for key in part.value]
    if replicas is not None:
        spec["replicas"] = replicas
        origins.append(Origin(("spec", "replicas"), trace(("replicas",), scheduler.origins)))
    name = service.child("-kserve-router-scheduler")
    return service.make(DEPLOYMENT, name, SCHEDULER, {"spec": spec}, origins=tuple(origins), labels=labels)


def _configure(pod: LlmPod, main: JsonObject, service: LlmService) -> None:
    """Tell the scheduler what to do, unless its own flags do."""
    inline = value_at(service.router, ("scheduler", "config", "inline"))
    source = stored_source("router", "scheduler", "config")
    if inline is None:
        if any(word in CONFIG_FLAGS for word in sequence(main.get("args"))):
            return
        inline = service.facts.scheduler_configs["disaggregated" if service.has_prefill else "single"]
        if service.adapters and service.facts.switches.lora_scorer:
            inline = with_lora_scorer(mapping(inline))
        source = (KSERVE,)
    pod.add_to(main, "args", CONFIG_TEXT, source)
    pod.add_to(main, "args", config_text(inline), source)


def _rewrite(pod: LlmPod, main: JsonObject | None, service: LlmService, written: str, *, has_tokenizer: bool) -> None:
    switches = service.facts.switches
    version = scheduler_version(written if switches.config_rewriting else "")
    if version is None:
        raise SchedulerError(f"failed to parse scheduler version {written!r}")
    if main is None:
        return
    args: JsonArray = pod.items(main, "args")
    metrics: JsonObject = {}
    if version >= NEW_NAMES:
        before = list(args)
        metrics = take_metric_flags(args)
        if metrics and not SchedulerConfigs(args, ALL_FLAGS).configs:
            args[:] = before
            raise SchedulerError("metric flags cannot be moved into a config that stands in a file")
    if not switches.config_rewriting and not has_tokenizer:
        return
    flags = ALL_FLAGS if switches.config_rewriting else PLAIN_FLAGS
    newer = switches.tokenizer_removed
    removed = SchedulerConfigs(args, flags).rewrite(version, metrics, tokenizer=has_tokenizer, newer=newer)
    if removed and has_tokenizer:
        pod.drop("containers", _TOKENIZER)


def _service(service: LlmService) -> MadeObject:
    name = text(value_at(service.router, ("scheduler", "pool", "spec", "endpointPickerRef", "name")))
    containers = sequence(value_at(service.router, ("scheduler", "template", "containers")))
    found = {
        text(mapping(port).get("name")): mapping(port)
        for container in containers
        for port in sequence(mapping(container).get("ports"))
    }
    ports: JsonArray = [
        {
            "name": each,
            "protocol": found[each].get("protocol", "TCP"),
            "port": found[each]["containerPort"],
            "targetPort": each,
        }
        for each in _PORTS
        if each in found
    ]
    labels = service.base_labels(SCHEDULER)
    spec: JsonObject = {"selector": dict(labels), "ports": ports, "type": "ClusterIP"}
    origins = (Origin(("metadata", "name"), stored_source("router", "scheduler", "pool", "spec")),)
    return service.make(("v1", "Service"), name, SCHEDULER, {"spec": spec}, origins=origins)


def _pools(service: LlmService) -> Iterator[MadeObject]:
    path = ("router", "scheduler", "pool", "spec")
    part = service.part(*path)
    picker = {
        "failureMode": "FailClose",
        "group": "",
        "kind": "Service",
        **mapping(part.value.get("endpointPickerRef")),
    }
    spec: JsonObject = {**part.value, "endpointPickerRef": picker}
    labels = mapping(mapping(part.value.get("selector")).get("matchLabels"))
    if not labels:
        labels = service.selector
        spec["selector"] = {"matchLabels": labels}
    origins = tuple(below(("spec",), inside((), part.origins)))
    name = service.child("-inference-pool")
    yield service.make((f"{POOL_GROUP}/v1", "InferencePool"), name, SCHEDULER, {"spec": spec}, origins=origins)
    if service.facts.switches.alpha_pool_always:
        ports = sequence(part.value.get("targetPorts"))
        reference = {key: value for key, value in picker.items() if key != "port"}
        if (number := value_at(picker, ("port", "number"))) is not None:
            reference["portNumber"] = number
        old: JsonObject = {"extensionRef": reference, "selector": labels}
        if ports:
            old["targetPortNumber"] = mapping(ports[0]).get("number")
        yield service.make((f"{ALPHA_POOL_GROUP}/v1alpha2", "InferencePool"), name, SCHEDULER, {"spec": old})
