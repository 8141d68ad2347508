"""The words of a model entry and where each one goes in the object: the flattening table.

Words are Kubernetes' and KServe's own. A word that a Container has goes to the serving container, other component and
PodSpec words go to the component, metadata words to the object. A test holds these sets against the compiled schemas:
every field of the objects is reachable flat, in KServe's own form (`predictor: {...}`), or through `spec`.
"""

from __future__ import annotations

# Our own words (design, section 3): the only ones that are not a field of some Kubernetes object.
OWN = frozenset({"accelerator", "environments", "kind", "owner", "profile", "spec"})

# Words about the object as a whole.
OBJECT = frozenset({"annotations", "labels", "namespace"})

# Words that become KServe's annotations.
ANNOTATIONS = {
    "autoscalerClass": "serving.kserve.io/autoscalerClass",
    "deploymentMode": "serving.kserve.io/deploymentMode",
    "stop": "serving.kserve.io/stop",
}

# core/v1 Container without its name.
CONTAINER = frozenset(
    """
    args command env envFrom image imagePullPolicy lifecycle livenessProbe ports readinessProbe resizePolicy resources
    restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath
    terminationMessagePolicy tty volumeDevices volumeMounts workingDir
    """.split()
)

# core/v1 PodSpec without the words that Container has too (resources, restartPolicy, securityContext).
POD = frozenset(
    """
    activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks
    hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName
    nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims runtimeClassName
    schedulerName schedulingGates serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
    terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes
    """.split()
)

# What an InferenceService's component has beside its PodSpec (ComponentExtensionSpec).
COMPONENT = frozenset(
    """
    autoScaling batcher canaryTrafficPercent containerConcurrency deploymentStrategy logger maxReplicas minReplicas
    scaleMetric scaleMetricType scaleTarget storageUris timeout
    """.split()
)

# What only the predictor has; `model` is KServe's own form.
PREDICTOR = COMPONENT | frozenset({"model", "storageContainerName", "workerSpec"})

# What predictor.model has beside a Container (ModelSpec).
MODEL_SPEC = frozenset("confidential modelFormat protocolVersion runtime runtimeVersion storage storageUri".split())

# The predictor's fields of old, which KServe's webhook moves to predictor.model, in the webhook's order
# (v1beta1 inference_service_defaults.go).
OLD_FRAMEWORKS = (
    "sklearn",
    "tensorflow",
    "xgboost",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)

# spec of an LLMInferenceService, flat. `template` is KServe's own form of the words of CONTAINER and POD.
LLM_WORKLOAD = frozenset("parallelism replicas scaling template worker".split())
LLM_SPEC = LLM_WORKLOAD | frozenset(
    "baseRefs kvCacheOffloading model prefill router storageInitializer tracing".split()
)

INFERENCE_SERVICE_PARTS = frozenset({"canary", "explainer", "predictor", "transformer", "worker"})

INFERENCE_SERVICE = (
    OWN | OBJECT | frozenset(ANNOTATIONS) | CONTAINER | POD | PREDICTOR | MODEL_SPEC | INFERENCE_SERVICE_PARTS
)
LLM_INFERENCE_SERVICE = OWN | OBJECT | frozenset({"stop"}) | CONTAINER | POD | LLM_SPEC

MODEL_KINDS = {"InferenceService": INFERENCE_SERVICE, "LLMInferenceService": LLM_INFERENCE_SERVICE}
