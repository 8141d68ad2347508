"""The manual of the rules about Helm values: what `explain` prints for each id that this package emits.

The samples are what stands under `kserve.values` of an environment; T1 to T21 are the ids of the project's table of
chart traps.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

_KEYS: Final = (
    RuleMeta(
        id="kserve/chart-unknown",
        title="every chart is one that the KServe version has",
        why="KServe v0.17 split and renamed its charts; values of a name that is gone reach nothing.",
        fix="Use the name that the finding proposes, or one of those it lists.",
        bad="kserve: {kserve: {version: v0.19.0}}",
        good="kserve-resources: {kserve: {version: v0.19.0}}",
    ),
    RuleMeta(
        id="kserve/chart-unknown-key",
        title="every value is a key of its chart",
        why="No KServe chart refuses a key that it does not know: a misspelt one is accepted, and changes nothing.",
        fix="Correct the key, or move it to the chart that the finding names.",
        bad="kserve-localmodel-resources: {kserve: {controller: {gateway: {domain: example.org}}}}",
        good="kserve-resources: {kserve: {controller: {gateway: {domain: example.org}}}}",
        upstream=("T6", "T17", "T21"),
    ),
    RuleMeta(
        id="kserve/chart-inert-key",
        title="every value is read by its chart",
        why="The charts' values files share a generated block; many of its keys are read by only some of the charts "
        "that have them, and some by none.",
        fix="Use the chart and key that the finding names, or drop the key.",
        bad="kserve-resources: {kserve: {localmodel: {agent: {image: registry.example.com/agent}}}}",
        good="kserve-localmodel-resources: {kserve: {localmodelnode: {controller: "
        "{image: registry.example.com/agent}}}}",
        upstream=("T4", "T5", "T7", "T13", "T17"),
    ),
    RuleMeta(
        id="kserve/chart-value-type",
        title="every value has the type that the chart reads",
        why='Templates ask and print values without looking at their type: the text "false" counts as true, a map '
        "is printed where a name belongs. Where the printed text happens to come out right it is a warning.",
        fix="Write the value as the finding says.",
        bad="kserve-llmisvc-resources: {kserve: {llmisvc: {controller: {imagePullSecrets: [{name: pull}]}}}}",
        good="kserve-llmisvc-resources: {kserve: {llmisvc: {controller: {imagePullSecrets: [pull]}}}}",
        upstream=("T1", "T11", "T12"),
    ),
    RuleMeta(
        id="kserve/chart-value-not-allowed",
        title="every value is one that KServe or Kubernetes accepts",
        why="The chart prints what it is given; the controller or the API server refuses it later, or a deprecated "
        "name is rewritten and shows as a difference.",
        fix="Choose one of the allowed values.",
        bad="kserve-resources: {kserve: {controller: {deploymentMode: RawDeployment}}}",
        good="kserve-resources: {kserve: {controller: {deploymentMode: Standard}}}",
        upstream=("T8",),
    ),
)

_TRAPS: Final = (
    RuleMeta(
        id="kserve/chart-powerless-switch",
        title="a shared object is not switched off beside the master switch",
        why="The template takes false for blank and falls back to createSharedResources: the object is rendered.",
        fix="Turn createSharedResources off, and on again what shall stay.",
        bad="kserve-resources: {kserve: {storagecontainer: {enabled: false}}}",
        good="kserve-resources: {kserve: {createSharedResources: false, inferenceServiceConfig: {enabled: true}, "
        "certManager: {enabled: true}}}",
        upstream=("T1",),
    ),
    RuleMeta(
        id="kserve/chart-broken-config",
        title="no value breaks the JSON of inferenceservice-config",
        why="The template prints values into JSON as they are. A double quote, a null where a number belongs, or any "
        "pull secret of the router leaves JSON that no controller can parse.",
        fix="Write the value without what breaks JSON; give the router's pull secrets to its ServiceAccount instead.",
        bad="kserve-resources: {kserve: {router: {imagePullSecrets: [{name: pull}]}}}",
        good="kserve-resources: {kserve: {router: {imagePullSecrets: []}}}",
        upstream=("T9",),
    ),
    RuleMeta(
        id="kserve/chart-create-gateway",
        title="a created Gateway is the one that the routes use",
        why="The Gateway of createGateway exists in Gateway API mode only, is named kserve-ingress-gateway, lies in "
        "the release's namespace and is of class envoy; no value changes that.",
        fix="Set enableGatewayApi and leave kserveGateway as it is, or bring a Gateway of your own.",
        bad="kserve-resources: {kserve: {controller: {gateway: {ingressGateway: {createGateway: true}}}}}",
        good="kserve-resources: {kserve: {controller: {gateway: {ingressGateway: {createGateway: true, "
        "enableGatewayApi: true}}}}}",
        upstream=("T7",),
    ),
    RuleMeta(
        id="kserve/chart-service-account",
        title="the LLM controller keeps its own ServiceAccount",
        why="serviceAccount.name reaches the Deployment and one ClusterRoleBinding. The ServiceAccount object and the "
        "right to elect a leader stay with the chart's own name.",
        fix="Leave the key out, or bring the ServiceAccount and a RoleBinding of your own.",
        bad="kserve-llmisvc-resources: {kserve: {llmisvc: {controller: {serviceAccount: {name: llm}}}}}",
        good='kserve-llmisvc-resources: {kserve: {llmisvc: {controller: {serviceAccount: {name: ""}}}}}',
        severity=Severity.WARNING,
        upstream=("T10",),
    ),
    RuleMeta(
        id="kserve/chart-metrics-port",
        title="the controller's metrics stay on the port that the proxy asks",
        why="kube-rbac-proxy forwards to 127.0.0.1:8080, and no value changes that: on another port nobody finds the "
        "metrics.",
        fix="Leave metricsBindPort out.",
        bad='kserve-resources: {kserve: {controller: {metricsBindPort: "9090"}}}',
        good='kserve-resources: {kserve: {controller: {metricsBindPort: "8080"}}}',
        severity=Severity.WARNING,
        upstream=("T12",),
    ),
    RuleMeta(
        id="kserve/chart-no-effect",
        title="shared memory values do what they say",
        why="The shared memory volume stands in the runtime's manifest; the values only merge a size into it, and "
        "only while their switch is on.",
        fix="Leave the key out, or change the volume in a ClusterServingRuntime of your own.",
        bad="kserve-runtime-configs: {kserve: {servingruntime: {enabled: true, huggingfaceserver: {devShm: "
        "{sizeLimit: 8Gi}}}}}",
        good="kserve-runtime-configs: {kserve: {servingruntime: {enabled: true, huggingfaceserver: {devShm: "
        "{enabled: true, sizeLimit: 8Gi}}}}}",
        severity=Severity.WARNING,
        upstream=("T13",),
    ),
    RuleMeta(
        id="kserve/chart-image-reference",
        title="repository and tag are given apart",
        why="The template joins both with a colon: a tag in the repository gives a reference with two.",
        fix="Move the tag to the key that the finding names.",
        bad="kserve-resources: {kserve: {agent: {image: 'registry.example.com/kserve/agent:v0.19.0'}}}",
        good="kserve-resources: {kserve: {agent: {image: registry.example.com/kserve/agent, tag: v0.19.0}}}",
    ),
)

_RELEASE: Final = (
    RuleMeta(
        id="kserve/chart-shared-owner",
        title="one chart renders the shared objects",
        why="kserve-resources and kserve-llmisvc-resources both render the Issuer, the ConfigMap and the "
        "ClusterStorageContainer by default: Helm refuses the second owner, and Argo CD fights itself.",
        fix="Set createSharedResources to false on one of the two.",
        bad="{kserve-resources: {}, kserve-llmisvc-resources: {}}",
        good="{kserve-resources: {}, kserve-llmisvc-resources: {kserve: {createSharedResources: false}}}",
        upstream=("T2",),
    ),
    RuleMeta(
        id="kserve/chart-shared-missing",
        title="some chart renders the ConfigMap and the Issuer",
        why="Without inferenceservice-config no controller starts; without the Issuer no webhook gets a certificate.",
        fix="Let one chart render them, or list the objects under prerequisites.",
        bad="kserve-resources: {kserve: {createSharedResources: false}}",
        good="kserve-resources: {kserve: {createSharedResources: true}}",
        upstream=("T2",),
    ),
    RuleMeta(
        id="kserve/chart-not-owner",
        title="what a shared object says is set on the chart that renders it",
        why="Deployment mode, gateway, storage and the like end up in the ConfigMap of the one chart that renders it; "
        "on the other chart the same key changes nothing.",
        fix="Move the value to the chart that the finding names.",
        bad="{kserve-resources: {}, kserve-llmisvc-resources: {kserve: {createSharedResources: false, "
        "controller: {deploymentMode: Standard}}}}",
        good="{kserve-resources: {kserve: {controller: {deploymentMode: Standard}}}, kserve-llmisvc-resources: "
        "{kserve: {createSharedResources: false}}}",
        upstream=("T2", "T4", "T8"),
    ),
    RuleMeta(
        id="kserve/chart-namespace",
        title="LLM charts are installed in namespace kserve",
        why="The conversion webhook and the certificate of the LLM CRDs, and the presets, name the namespace "
        "literally: elsewhere every read of an LLMInferenceService fails.",
        fix="Install KServe in namespace kserve.",
        upstream=("T15",),
    ),
    RuleMeta(
        id="kserve/chart-localmodel-off",
        title="cached models are looked for where they are cached",
        why="The controller of the local models downloads them; whether an InferenceService uses them is decided in "
        "the ConfigMap, which another chart renders.",
        fix="Set localmodel.enabled on the chart that renders the ConfigMap.",
        bad="{kserve-resources: {}, kserve-localmodel-resources: {}}",
        good="{kserve-resources: {kserve: {localmodel: {enabled: true}}}, kserve-localmodel-resources: {}}",
        severity=Severity.WARNING,
        upstream=("T4",),
    ),
    RuleMeta(
        id="kserve/chart-foreign-crds",
        title="the CRDs that the LLM controller needs come from somewhere",
        why="createGIECRDs: false leaves the Gateway API Inference Extension to somebody else; the controller does "
        "not work without it.",
        fix="List gateway-api-inference-extension under prerequisites, or leave the key out.",
        bad="kserve-llmisvc-resources: {kserve: {createSharedResources: true, llmisvc: {createGIECRDs: false}}}",
        good="kserve-llmisvc-resources: {kserve: {createSharedResources: true, llmisvc: {createGIECRDs: true}}}",
        severity=Severity.WARNING,
        upstream=("T18",),
    ),
    RuleMeta(
        id="kserve/chart-renders-nothing",
        title="kserve-runtime-configs renders something",
        why="Both switches of the chart are off by default: an install with defaults succeeds and brings no runtime.",
        fix="Turn on the runtimes, the presets, or both.",
        bad="kserve-runtime-configs: {}",
        good="{kserve-resources: {}, kserve-runtime-configs: {kserve: {servingruntime: {enabled: true}}}}",
        severity=Severity.WARNING,
    ),
)

RULES: Final[tuple[RuleMeta, ...]] = (*_KEYS, *_TRAPS, *_RELEASE)
