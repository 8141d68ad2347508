"""What inputs are grown from: small catalogs, environments, locks, policies, waivers, values, facts and manifests.

Each is sound by itself and says many words; the mutator mixes and breaks them.
"""

from __future__ import annotations

from typing import Final

import yaml

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue


def _read(written: str) -> JsonObject:
    read: JsonValue = yaml.load(written, Loader=yaml.CSafeLoader)
    return mapping(read)


def _read_all(written: str) -> tuple[JsonObject, ...]:
    return tuple(map(mapping, yaml.load_all(written, Loader=yaml.CSafeLoader)))


CATALOGS: Final[tuple[JsonObject, ...]] = (
    _read("""
version: 1
shared: {defaults: {timeout: 60}, profiles: {small: {minReplicas: 1}, big: {maxReplicas: 4}}}
defaults: {namespace: ml, owner: team, profile: small, labels: {a: b}}
profiles:
  small: {resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}}
  gpu: {accelerator: {type: l4, count: 1}, args: ["--tensor-parallel-size=1", "--max-model-len=8k"]}
models:
  iris:
    modelFormat: sklearn
    storageUri: s3://b/x
    env: [{name: A, value: b}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
    minReplicas: 1
    maxReplicas: 3
    tolerations: [{key: k, operator: Exists, effect: NoSchedule}]
    volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}]
    volumeMounts: [{name: v, mountPath: /v}]
    annotations: {serving.kserve.io/deploymentMode: Standard}
    environments: [dev]
  big:
    modelFormat: huggingface
    storageUri: hf://org/m
    profile: [small, gpu]
    resources: {requests: {memory: 24Gi}, limits: {memory: 24Gi}}
"""),
    _read("""
version: 1
defaults: {namespace: ml}
models:
  chat:
    kind: LLMInferenceService
    model: hf://org/m
    replicas: 2
    accelerator: {type: l4, count: 2}
    parallelism: {tensor: 2}
    lora: {adapters: [{name: x, uri: hf://org/lora}]}
    router: {route: {}, gateway: {}, scheduler: {}}
    env: [{name: VLLM_ADDITIONAL_ARGS, value: --enable-prefix-caching}]
    scaling: {minReplicas: 1, maxReplicas: 4, wva: {hpa: {}}}
graphs:
  g: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
runtimes:
  rt:
    supportedModelFormats: [{name: custom, autoSelect: true, priority: 1}]
    containers: [{name: kserve-container, image: "r.example.com/x:1", args: ["--model={{.Name}}"]}]
storageContainers:
  s: {container: {name: storage-initializer, image: "r.example.com/x:1"}, supportedUriFormats: [{regex: "^zz://"}]}
localModelCaches:
  c: {sourceModelUri: hf://org/m, modelSize: 10Gi, nodeGroups: [ng]}
trainedModels:
  t: {inferenceService: iris, model: {framework: sklearn, memory: 1Gi, storageUri: s3://b/t}}
"""),
    _read("""
version: 1
models:
  team/graphy:
    modelFormat: {name: pytorch, version: "1"}
    storageUri: pvc://claim/p
    runtime: kserve-torchserve
    transformer: {containers: [{name: kserve-container, image: "r/x:1"}]}
    readinessProbe: {httpGet: {path: /, port: 8080}}
    workerSpec: {pipelineParallelSize: 2, tensorParallelSize: 4}
    scaleMetric: cpu
    scaleTarget: 80
    deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
    nodeSelector: {pool: a}
    affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: t}]}}
    topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]
  multi: {modelFormat: onnx, storageUris: [{uri: s3://a/b, mountPath: /mnt/a}], canaryTrafficPercent: 10}
extraManifests:
  ServiceAccount/team/reader: {metadata: {labels: {a: b}}, owner: team, environments: [dev]}
  ConfigMap/ml/settings: {data: {a: b}}
  rbac.authorization.k8s.io/ClusterRole/system:a: {rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
  PersistentVolumeClaim/team/claim: {spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}
  Secret/team/token: {type: kubernetes.io/service-account-token}
  apps/Deployment/team/web:
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "r/x:1", resources: {limits: {cpu: 500m, nvidia.com/gpu: 1}}}]}
"""),
)

ENVIRONMENTS: Final[tuple[JsonObject, ...]] = (
    _read("""
version: 1
cluster: {name: dev, server: https://kubernetes.default.svc, kubernetesVersion: "1.34"}
kserve: {version: v0.19.0, deploymentMode: Standard}
namespaces: {ml: {labels: {owner: team}, quotas: {q: {limits.memory: 64Gi}}}, team: {}}
prerequisites: [cert-manager, nvidia-gpu-operator, Gateway/kserve/kserve-ingress-gateway]
gitops: {engine: argocd, repoURL: https://example.com/org/models.git, targetRevision: main}
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: L4}, tolerations: [{key: g, operator: Exists}]}
  part: {resource: nvidia.com/mig-1g.10gb, gpu: H100}
  big: {resource: nvidia.com/gpu, memory: 80Gi, computeCapability: "9.0", pricePerHour: 3.5, share: {neighbours: 3}}
bandwidths: {disk: 200Mi, download: 1Gi, pull: 50Mi}
imageSizes: {vllm/vllm-openai: 9Gi}
nodePools: {p: {nodes: {min: 0, max: 4}, allocatable: {cpu: 8, memory: 32Gi}, accelerator: l4, labels: {pool: a}}}
budgets: {team: {owner: team, gpus: 4, memory: 100Gi}}
guards: {maxRemovals: 3, maxRestarts: 2}
severities: {kserve/storage-uri: warning}
waivers:
  w: {rule: policy/memory-limit, model: iris, owner: team, reason: later, expires: "2026-12-31"}
  all: {rules: [policy/probes-set], models: [ns/*, iris], owner: team, reason: later, expires: "2026-12-31"}
  own: {rules: [policy/probes-set], models: {owner: team}, owner: team, reason: later, expires: "2026-12-31"}
"""),
    _read("""
version: 1
cluster: {name: dev, server: https://h.example.com, kubernetesVersion: "1.33"}
kserve:
  version: v0.20.0
  deploymentMode: Knative
  values:
    kserve-resources: {kserve: {controller: {gateway: {domain: d.example.com, disableIngressCreation: true}}}}
namespaces: {ml: {}}
prerequisites: [cert-manager, knative-serving]
gitops: {engine: flux}
uriPrefixes: {"s3://b/": "s3://c/"}
images: {"kserve/sklearnserver": "r.example.com/sklearn:v1"}
models: {iris: {minReplicas: 2, env: [{name: A, value: c}, {name: B, $patch: delete}]}, chat: null}
"""),
    _read("""
version: 1
cluster: {name: dev}
kserve: {version: v0.19.0}
namespaces: {ml: {}}
prerequisites: [cert-manager]
gitops: {engine: none}
policies:
  bindings:
    memory-limit: {actions: [Deny]}
    no-privileged: {actions: [Warn], matchResources: {namespaceSelector: {matchLabels: {a: b}}}}
    storage-scheme: {actions: [Audit], params: {schemes: [hf, s3]}}
"""),
)

LOCK: Final = _read("""
version: 1
models:
  hf://org/m:
    revision: "0123456789012345678901234567890123456789"
    license: mit
    downloadBytes: 1000
    weightBytes: {BF16: 16000000000}
    quantization: ""
    config: {architecture: LlamaForCausalLM, model_type: llama, hidden_size: 4096, num_hidden_layers: 32,
      num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, vocab_size: 128256, intermediate_size: 14336,
      max_position_embeddings: 8192, torch_dtype: bfloat16, tie_word_embeddings: false}
""")

CONFIGS: Final[tuple[JsonObject, ...]] = (
    _read("""
{architectures: [LlamaForCausalLM], model_type: llama, hidden_size: 4096, num_hidden_layers: 32, vocab_size: 128256,
 num_attention_heads: 32, num_key_value_heads: 8, intermediate_size: 14336, max_position_embeddings: 8192,
 torch_dtype: bfloat16, rope_scaling: {type: linear, factor: 2}}
"""),
    _read("""
{architectures: [DeepseekV3ForCausalLM], hidden_size: 7168, num_hidden_layers: 61, vocab_size: 129280,
 num_attention_heads: 128, num_key_value_heads: 128, n_routed_experts: 256, n_shared_experts: 1, num_experts_per_tok: 8,
 moe_intermediate_size: 2048, intermediate_size: 18432, first_k_dense_replace: 3, kv_lora_rank: 512, q_lora_rank: 1536,
 qk_rope_head_dim: 64, qk_nope_head_dim: 128, v_head_dim: 128, quantization_config: {quant_method: fp8}}
"""),
    _read("""
{architectures: [Qwen3NextForCausalLM], hidden_size: 2048, num_hidden_layers: 48, vocab_size: 151936, head_dim: 256,
 num_attention_heads: 16, num_key_value_heads: 2, num_experts: 512, num_experts_per_tok: 10, moe_intermediate_size: 512,
 shared_expert_intermediate_size: 512, linear_num_value_heads: 32, linear_num_key_heads: 16, linear_key_head_dim: 128,
 linear_value_head_dim: 128, linear_conv_kernel_dim: 4, full_attention_interval: 4}
"""),
    _read("""
{architectures: [Gemma3ForConditionalGeneration], text_config: {hidden_size: 3840, num_hidden_layers: 48,
 vocab_size: 262208, num_attention_heads: 16, num_key_value_heads: 8, head_dim: 256, intermediate_size: 15360,
 sliding_window: 1024, layer_types: [sliding_attention, full_attention], model_type: gemma3_text}}
"""),
    _read("""
{architectures: [NemotronHForCausalLM], hidden_size: 4480, num_hidden_layers: 56, vocab_size: 131072,
 num_attention_heads: 40, num_key_value_heads: 8, head_dim: 128, intermediate_size: 15680, mamba_num_heads: 128,
 mamba_head_dim: 80, ssm_state_size: 128, conv_kernel: 4, n_groups: 8, hybrid_override_pattern: "M-M*M-ME",
 mamba_ssm_dtype: float32}
"""),
)

MANIFESTS: Final = _read_all("""
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: a, namespace: ml, labels: {x: "1"}, annotations: {serving.kserve.io/deploymentMode: Standard}}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 3
    tolerations: [{key: k, operator: Exists, effect: NoSchedule}]
    volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}]
    model:
      modelFormat: {name: sklearn}
      storageUri: s3://b/x
      resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: "1", memory: 1Gi, nvidia.com/gpu: 1}}
      env: [{name: A, value: b}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
      readinessProbe: {httpGet: {path: /, port: 8080}}
  transformer:
    containers: [{name: kserve-container, image: "r/x:1", args: ["a"]}]
---
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: c, namespace: ml}
spec:
  model: {uri: hf://org/m, name: m, lora: {adapters: [{name: x, uri: hf://org/l}]}}
  replicas: 1
  parallelism: {tensor: 2, data: 2, dataLocal: 1}
  baseRefs: [{name: kserve-config-llm-template}]
  router:
    route: {http: {spec: {rules: [{backendRefs: [{name: x, port: 80}]}]}}}
    gateway: {refs: [{name: g, namespace: n}]}
    scheduler: {pool: {}, template: {containers: [{name: main, image: "r/s:1"}]}}
  template:
    containers:
    - name: main
      image: r/v:1
      args: ["--x={{ .Name }}"]
      env: [{name: VLLM_ADDITIONAL_ARGS, value: --a b}]
      resources: {limits: {nvidia.com/gpu: "1"}}
  worker: {containers: [{name: main}]}
  prefill: {replicas: 1, template: {containers: [{name: main}]}}
---
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata: {name: rt}
spec:
  supportedModelFormats: [{name: custom, version: "1", autoSelect: true, priority: 2}]
  protocolVersions: [v2]
  containers: [{name: kserve-container, image: "r/x:1", args: ["--model_name={{.Name}}"]}]
  workerSpec: {pipelineParallelSize: 2, tensorParallelSize: 2, containers: [{name: worker-container, image: "r/x:1"}]}
---
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: {name: g, namespace: ml}
spec: {nodes: {root: {routerType: Splitter, routes: [{serviceName: a, weight: 50}, {nodeName: x, weight: 50}]}}}
---
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterStorageContainer
metadata: {name: s}
spec: {container: {name: storage-initializer, image: "x:1"}, supportedUriFormats: [{regex: "^(a+)+$"}, {prefix: "zz://"}]}
---
apiVersion: serving.kserve.io/v1alpha1
kind: TrainedModel
metadata: {name: t, namespace: ml}
spec: {inferenceService: a, model: {framework: sklearn, memory: 1Gi, storageUri: s3://b/t}}
---
apiVersion: serving.kserve.io/v1alpha1
kind: LocalModelCache
metadata: {name: l}
spec: {sourceModelUri: hf://org/m, modelSize: 10Gi, nodeGroups: [ng]}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: ml}, stringData: {k: v}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: c}]}}}}
---
{pi: 3.14, image: {tag: x}}
""")

POLICIES: Final = _read_all("""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: fuzzed
  annotations:
    kservegen.io/title: t
    kservegen.io/why: w
    kservegen.io/remediation: R.
    kservegen.io/severity: error
    kservegen.io/path: spec.predictor | spec.template
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [serving.kserve.io], apiVersions: ["*"], operations: [CREATE, UPDATE],
       resources: [inferenceservices, llminferenceservices]}
  matchConditions: [{name: c, expression: "has(object.spec)"}]
  variables: [{name: uri, expression: "object.?spec.?predictor.?model.?storageUri.orValue('')"}]
  validations:
  - {expression: "!variables.uri.matches('^(a+)+$')", messageExpression: "'seen ' + variables.uri"}
  - {expression: "quantity('8Gi').compareTo(quantity('1e99')) < 0", message: m, reason: Invalid}
  - {expression: "variables.uri.find('[a-z]+') != 'x' && size(object.metadata.name) < 64"}
""")

EXPRESSIONS: Final[tuple[str, ...]] = (
    "true", "1", "object.spec", "object.spec.x.y.z == 1", "variables.nope", "object.metadata.name.matches('(')",
    "object.metadata.name.findAll('(a+)+$', 3).size() > 0", "quantity(object.metadata.name).isInteger()",
    "[1,2,3].map(x, x * 9223372036854775807).size() > 0", "int('9999999999999999999999') > 0", "1/0 == 1",
    "object.metadata.labels['a'] == 'b'", "object.?metadata.?labels[?'a'].orValue('') == ''", "'a'.charAt(99) == ''",
    "url('https://[::1').getHost() == ''", "ip('::1').family() == 6", "cidr('10.0.0.0/99').prefixLength() == 1",
    "semver('1.2.3-²').major() == 1", "format.dns1123Label().validate('A').hasValue()", "request.operation == 'CREATE'",
    "params.x", "object.spec.predictor.containers.all(c, c.name.startsWith('a'))", "((((((((((1))))))))))", "a b", "",
    "'\\u0000' == ''", "b'\\xff' == b''", "duration('99999999999h') > duration('1s')",
    "timestamp('x') == timestamp('y')",
    "object.spec.all(k, has(object.spec[k]))", "[0].exists_one(x, x == 0)", "{1: 2}[1] == 2", "dyn(1) == dyn('1')",
)  # fmt: skip

OWNERS: Final[JsonObject] = _read("""
version: 1
platform:
  reviewers: ["@acme/platform"]
  words: [spec, image]
  namespaces: {labels: {tier: models, pod-security.kubernetes.io/enforce: baseline}, annotations: {a: b}}
  codeowners: {docs/: ["@acme/writers"]}
teams:
  team:
    reviewers: ["@acme/team", a@b.org]
    files: [models/team.yaml, models/more/]
    namespaces: [ml, ml-*]
    kinds: [InferenceService, ClusterServingRuntime]
    words: [spec]
    environments: [dev]
    quota: {accelerator: l4, limit: 4, cpu: "64", memory: 256Gi, ephemeral-storage: 1Ti}
  other: {reviewers: ["@@maintainer"], namespaces: [other]}
""")
