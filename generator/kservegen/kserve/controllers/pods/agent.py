"""The agent that logs, batches and pulls: a pod in, the pod with the container out.

Source: pkg/webhook/admission/pod/agent_injector.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.kserve.controllers.components import INTERNAL, SERVICE_LABEL
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import CONFIG_MAP
from kservegen.kserve.controllers.parts import append
from kservegen.kserve.controllers.pods.credentials import Credentials
from kservegen.kserve.controllers.pods.draft import MutatedPod
from kservegen.kserve.controllers.pods.initializer import configured_amounts
from kservegen.kserve.controllers.workloads import AGENT_PORT, DEFAULT_PORT, first_port
from kservegen.kserve.workloads import SERVING_CONTAINER, TRANSFORMER_CONTAINER

_NAME: Final = "agent"
_LOG_STORE_ACCOUNT: Final = "logger-sa"
_CA_PATH: Final = "/etc/tls/logger"
# Fields of a probe in the order in which Go writes them.
_PROBE_FIELDS: Final = (
    "exec",
    "httpGet",
    "tcpSocket",
    "grpc",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
)
_ACTION_FIELDS: Final = ("path", "port", "host", "scheme", "httpHeaders")


def inject_agent(draft: MutatedPod, plane: ControlPlane, pod_name: str) -> None:
    """Add the agent where an annotation asks for it, whatever its value; `pod_name` is what logs call the source."""
    asked = {name: f"{INTERNAL}{name}" in draft.annotations for name in ("logger", "agent", "batcher")}
    if not any(asked.values()) or draft.container(_NAME) is not None:
        return
    args: JsonArray = []
    if asked["agent"]:
        config, models = draft.annotation(f"{INTERNAL}configMountPath"), draft.annotation(f"{INTERNAL}modelDir")
        args += ["--enable-puller", "--config-dir", config, "--model-dir", models]
    if asked["batcher"]:
        args.append("--enable-batcher")
        for key in ("max-batchsize", "max-latency"):
            if value := draft.annotation(f"{INTERNAL}batcher-{key}"):
                args += [f"--{key}", value]
    section = plane.settings.section("agent")
    logger = _logger_of(draft, plane) if asked["logger"] else {}
    if asked["logger"]:
        args += _logging(draft, plane, logger, pod_name)
    args += ["--component-port", str(_component_port(draft))]
    agent: JsonObject = {
        "name": _NAME,
        "image": section.get("image"),
        "args": args,
        "ports": [{"name": "agent-port", "containerPort": AGENT_PORT, "protocol": "TCP"}],
        "resources": configured_amounts(section, "Limit", "Request"),
    }
    containers = draft.containers()
    context = containers[0].get("securityContext") if containers else None
    if context is not None:
        agent["securityContext"] = context
    _probe(draft, plane, agent)
    _add_credentials(draft, plane, agent, logger)
    if asked["agent"]:
        _add_model_volumes(draft, agent)
    bundle = plane.settings.text("logger", "caBundle")
    if asked["logger"] and bundle:
        draft.add_volume({"name": "agent-ca-bundle", "configMap": {"name": bundle, "optional": True}})
        append(agent, "volumeMounts", {"name": "agent-ca-bundle", "mountPath": _CA_PATH, "readOnly": True})
    draft.add("containers", agent, (CONFIG_MAP, _NAME))


def _logger_of(draft: MutatedPod, plane: ControlPlane) -> JsonObject:
    """Return the logger that storage and batching are read from: the predictor's, else the ConfigMap's."""
    name = text(draft.labels.get(SERVICE_LABEL))
    service = plane.beside.find("InferenceService", draft.namespace, name) or {}
    own = mapping(mapping(service.get("spec")).get("predictor")).get("logger")
    return own if isinstance(own, dict) else plane.settings.section("logger")


def _logging(draft: MutatedPod, plane: ControlPlane, logger: JsonObject, pod_name: str) -> JsonArray:
    settings = plane.settings
    args: JsonArray = [
        *("--log-url", draft.annotation(f"{INTERNAL}logger-sink-url") or settings.text("logger", "defaultUrl")),
        *("--source-uri", pod_name),
        *("--log-mode", draft.annotation(f"{INTERNAL}logger-mode") or "all"),
        *("--inference-service", text(draft.labels.get(SERVICE_LABEL))),
        *("--namespace", draft.namespace),
        *("--endpoint", text(draft.labels.get("endpoint"))),
        *("--component", text(draft.labels.get("component"))),
    ]
    storage = mapping(logger.get("storage"))
    if storage:
        if storage.get("path"):
            args += ["--log-store-path", storage["path"]]
        if form := mapping(storage.get("parameters")).get("format"):
            args += ["--log-store-format", form]
    for field, flag in (
        ("marshallerUrl", "marshaller-url"),
        ("batchSize", "batch-size"),
        ("batchInterval", "batch-interval"),
    ):
        if logger.get(field) is not None:
            args += [f"--log-{flag}", str(logger[field])]
    if headers := draft.annotation(f"{INTERNAL}logger-metadata-headers"):
        args += ["--metadata-headers", headers]
    if wanted := draft.annotation(f"{INTERNAL}logger-metadata-annotations"):
        pairs = (f"{key}={draft.annotations[key]}" for key in wanted.split(",") if key in draft.annotations)
        args += ["--metadata-annotations", ",".join(pairs)]
    if certificate := settings.text("logger", "caCertFile"):
        args += ["--logger-ca-cert-file", certificate]
    return [*args, "--logger-tls-skip-verify", "true" if settings.is_on("logger", "tlsSkipVerify") else "false"]


def _component_port(draft: MutatedPod) -> JsonValue:
    container = draft.container(TRANSFORMER_CONTAINER, SERVING_CONTAINER)
    port = None if container is None else first_port(container)
    return DEFAULT_PORT if port is None else port


def _probe(draft: MutatedPod, plane: ControlPlane, agent: JsonObject) -> None:
    containers = draft.containers()
    probed = draft.container(TRANSFORMER_CONTAINER) or (containers[0] if containers else {})
    probe = mapping(probed.get("readinessProbe"))
    action = mapping(probe.get("httpGet"))
    if action or isinstance(probe.get("tcpSocket"), dict):
        ordered: JsonObject = {field: probe[field] for field in _PROBE_FIELDS if probe.get(field) not in (None, 0)}
        if action:
            ordered["httpGet"] = {field: action[field] for field in _ACTION_FIELDS if action.get(field)}
        written = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)
        append(agent, "env", {"name": "SERVING_READINESS_PROBE", "value": written})
    agent["readinessProbe"] = {
        "httpGet": {
            "path": (plane.release.capabilities.agent_probe_path and action.get("path")) or "/",
            "port": AGENT_PORT,
            "httpHeaders": [{"name": "K-Network-Probe", "value": "queue"}],
        }
    }


def _add_credentials(draft: MutatedPod, plane: ControlPlane, agent: JsonObject, logger: JsonObject) -> None:
    credentials = Credentials(draft, plane)
    credentials.of_account(agent, text(draft.spec.get("serviceAccountName")))
    storage = mapping(logger.get("storage"))
    if storage:
        credentials.of_account(agent, text(storage.get("serviceAccountName")) or _LOG_STORE_ACCOUNT)


def _add_model_volumes(draft: MutatedPod, agent: JsonObject) -> None:
    config = draft.annotation(f"{INTERNAL}configVolumeName")
    directory, mounted = draft.annotation(f"{INTERNAL}modelDir"), draft.annotation(f"{INTERNAL}configMountPath")
    draft.add_volume({"name": "model-dir", "emptyDir": {}})
    draft.add_volume({"name": "model-config", "configMap": {"name": config}})
    append(agent, "volumeMounts", {"name": "model-dir", "mountPath": directory})
    append(agent, "volumeMounts", {"name": "model-config", "mountPath": mounted})
    serving = draft.container(SERVING_CONTAINER)
    if serving is not None:
        append(serving, "volumeMounts", {"name": "model-dir", "mountPath": directory})
