"""What teams run already, as they have it: manifests by hand, a build of kustomize for Kubeflow, OpenShift AI's."""

from __future__ import annotations

from pathlib import Path

# What `kustomize build` makes of an overlay for a profile of Kubeflow: Knative, Istio, labels on everything.
KUBEFLOW = """\
apiVersion: v1
kind: Namespace
metadata:
  name: team-vision
  labels: {app.kubernetes.io/part-of: kubeflow-profile, istio-injection: enabled}
  annotations: {owner: vision@example.com}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: default-editor
  namespace: team-vision
  labels: {app.kubernetes.io/part-of: models}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: models, namespace: team-vision, labels: {app.kubernetes.io/part-of: models}}
spec:
  action: ALLOW
  rules: [{from: [{source: {namespaces: [istio-system, knative-serving]}}]}]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: flowers
  namespace: team-vision
  labels: {app.kubernetes.io/part-of: models, app.kubernetes.io/name: flowers}
  annotations: {sidecar.istio.io/inject: "false", autoscaling.knative.dev/target: "10"}
spec:
  predictor:
    canaryTrafficPercent: 20
    containerConcurrency: 10
    minReplicas: 0
    serviceAccountName: default-editor
    tensorflow:
      storageUri: gs://kfserving-examples/models/tensorflow/flowers
      resources: {requests: {cpu: 1, memory: 2Gi}, limits: {cpu: 1000m, memory: 2048Mi}}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: digits
  namespace: team-vision
  labels: {app.kubernetes.io/part-of: models, app.kubernetes.io/name: digits}
  annotations: {sidecar.istio.io/inject: "false"}
spec:
  predictor:
    minReplicas: 1
    timeout: 60
    serviceAccountName: default-editor
    logger: {mode: all, url: http://broker-ingress.knative-eventing.svc.cluster.local/team-vision/default}
    pytorch:
      storageUri: pvc://models/digits
      resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}}
  transformer:
    containers:
    - name: kserve-container
      image: registry.example.com/digits-transformer:1.2
      env: [{name: STORAGE_URI, value: pvc://models/transformer}]
      resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {cpu: "1", memory: 256Mi}}
---
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: both, namespace: team-vision, labels: {app.kubernetes.io/part-of: models}}
spec:
  nodes:
    root:
      routerType: Sequence
      steps:
      - {serviceName: digits, data: $request}
      - {serviceName: flowers, data: $response}
"""
# The definition of the kind that kservegen has no schema of.
AUTHORIZATION_POLICY = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: authorizationpolicies.security.istio.io}
spec:
  group: security.istio.io
  names: {kind: AuthorizationPolicy, plural: authorizationpolicies}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
# What the dashboard of OpenShift AI makes: a ServingRuntime for each model, a connection, annotations of its own.
OPENSHIFT_AI = """\
apiVersion: v1
kind: Namespace
metadata:
  name: ranking
  labels: {opendatahub.io/dashboard: "true", modelmesh-enabled: "false", kubernetes.io/metadata.name: ranking}
  annotations: {openshift.io/display-name: Ranking, openshift.io/requester: someone}
---
apiVersion: v1
kind: Secret
metadata: {name: models, namespace: ranking, labels: {opendatahub.io/managed: "true"}}
type: Opaque
data: {AWS_SECRET_ACCESS_KEY: aHVzaA==}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ranker-sa, namespace: ranking}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ranker-view, namespace: ranking}
rules: [{apiGroups: [serving.kserve.io], resources: [inferenceservices], resourceNames: [ranker], verbs: [get]}]
---
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata:
  name: ranker
  namespace: ranking
  uid: 5b0c7e5e-0000-0000-0000-000000000001
  labels: {opendatahub.io/dashboard: "true"}
  annotations:
    opendatahub.io/apiProtocol: REST
    opendatahub.io/recommended-accelerators: '["nvidia.com/gpu"]'
    opendatahub.io/template-name: vllm-cuda-runtime-template
    openshift.io/display-name: vLLM NVIDIA GPU ServingRuntime for KServe
spec:
  annotations: {prometheus.io/path: /metrics, prometheus.io/port: "8080"}
  containers:
  - name: kserve-container
    image: registry.example.com/rhoai/vllm-cuda@sha256:%s
    command: [python, -m, vllm.entrypoints.openai.api_server]
    args: [--port=8080, --model=/mnt/models, "--served-model-name={{.Name}}"]
    env: [{name: HF_HOME, value: /tmp/hf_home}]
    ports: [{containerPort: 8080, protocol: TCP}]
    volumeMounts: [{mountPath: /dev/shm, name: shm}]
  multiModel: false
  supportedModelFormats: [{autoSelect: true, name: vLLM}]
  volumes: [{emptyDir: {medium: Memory, sizeLimit: 2Gi}, name: shm}]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ranker
  namespace: ranking
  uid: 5b0c7e5e-0000-0000-0000-000000000002
  finalizers: [inferenceservice.finalizers, odh.inferenceservice.finalizers]
  labels: {opendatahub.io/dashboard: "true", networking.kserve.io/visibility: exposed}
  annotations:
    openshift.io/display-name: ranker
    opendatahub.io/hardware-profile-name: gpu-profile
    security.opendatahub.io/enable-auth: "true"
    serving.kserve.io/deploymentMode: RawDeployment
spec:
  predictor:
    automountServiceAccountToken: false
    deploymentStrategy: {type: Recreate}
    maxReplicas: 1
    minReplicas: 1
    serviceAccountName: ranker-sa
    tolerations: [{effect: NoSchedule, key: nvidia.com/gpu, operator: Exists}]
    model:
      modelFormat: {name: vLLM}
      name: ""
      runtime: ranker
      args: [--max-model-len=8192]
      resources:
        limits: {cpu: "4", memory: 24Gi, nvidia.com/gpu: "1"}
        requests: {cpu: "2", memory: 16Gi, nvidia.com/gpu: "1"}
      storage: {key: models, path: ranker}
status:
  deploymentMode: RawDeployment
  conditions: [{type: Ready, status: "True"}]
""" % ("0" * 64)


def write_running(folder: Path, text: str) -> Path:
    """Write manifests to a file of a new folder, and return the folder."""
    folder.mkdir(parents=True)
    (folder / "running.yaml").write_text(text, "utf-8")
    return folder
