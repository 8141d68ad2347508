"""What the controller makes of LLM services: the laws of the fact sheets, each through the whole pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from tests.support.llm_services import NEWER, OLDER, beside, doc_of, labels, llm_config, llm_service, make_llm

from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.made import Made, source_of, source_text

_POD: Final = ("spec", "template", "spec")
_WORKLOAD: Final = ["Secret/m-kserve-self-signed-certs", "Deployment/m-kserve", "Service/m-kserve-workload-svc"]
_SIDECAR: Final = ["ServiceAccount/m-kserve", "Role/m-kserve-role", "RoleBinding/m-kserve-rb"]
_SCHEDULER: Final = [
    "ServiceAccount/m-epp-sa",
    "ClusterRoleBinding/n-m-epp-auth-rb",
    "Role/m-epp-role",
    "RoleBinding/m-epp-rb",
    "Deployment/m-kserve-router-scheduler",
    "Service/m-epp-service",
    "InferencePool/m-inference-pool",
]
_PARALLEL: Final[Mapping[str, object]] = {"parallelism": {"data": 4, "dataLocal": 2}, "worker": {}}
_MAIN: Final[Mapping[str, object]] = {"name": "main"}


def with_main(**fields: object) -> dict[str, object]:
    return {"template": {"containers": [{**_MAIN, **fields}]}}


def main_of(made: Made, ending: str = "m-kserve") -> JsonObject:
    containers = sequence(value_at(doc_of(made, "Deployment", f"/{ending}"), (*_POD, "containers")))
    return next(mapping(item) for item in containers if mapping(item)["name"] == "main")


def words(container: JsonObject) -> list[object]:
    """Return the command line that a container's script starts."""
    (script,) = (item for item in sequence(container["command"]) if isinstance(item, dict))
    return list(sequence(script["script"]))


@pytest.mark.parametrize(
    ("spec", "version", "made"),
    [
        ({}, NEWER, _WORKLOAD),
        ({"router": {"route": {}}}, NEWER, [*_WORKLOAD, "HTTPRoute/m-kserve-route"]),
        ({"router": {"route": {}, "scheduler": {}}}, NEWER, [*_WORKLOAD, *_SCHEDULER, "HTTPRoute/m-kserve-route"]),
        ({"router": {"scheduler": {}}}, OLDER, [*_WORKLOAD, *_SCHEDULER, "InferencePool/m-inference-pool"]),
        (
            {"prefill": {}},
            NEWER,
            [_WORKLOAD[0], *_SIDECAR, _WORKLOAD[1], "Deployment/m-kserve-prefill", _WORKLOAD[2]],
        ),
        (
            _PARALLEL,
            NEWER,
            [_WORKLOAD[0], "ServiceAccount/m-kserve-mn", "LeaderWorkerSet/m-kserve-mn", _WORKLOAD[2]],
        ),
        (
            {"scaling": {"maxReplicas": 2, "wva": {"hpa": {}}}},
            NEWER,
            [*_WORKLOAD, "VariantAutoscaling/m-kserve-va", "HorizontalPodAutoscaler/m-kserve-hpa"],
        ),
    ],
)
def test_what_is_made_in_which_order(spec: Mapping[str, object], version: str, made: list[str]) -> None:
    found = make_llm(llm_service(spec), version)
    assert found.outcome is None
    assert labels(found) == made


_MISSING: Final = "ReconcileMultiNodeWorkloadError"
_DISK: Final[Mapping[str, object]] = {"fileSystem": {"emptyDir": {"size": "7Gi"}}}


@pytest.mark.parametrize(
    ("spec", "reason", "last"),
    [
        ({"baseRefs": [{"name": "gone"}]}, "ConfigNotFound", None),
        ({**_PARALLEL, "parallelism": {"pipeline": 2}}, "ConfigNotFound", None),
        (with_main(args=["{{ .Nope }}"]), "CombineBaseError", None),
        (with_main(args=["{{ range"]), "CombineBaseError", None),
        (with_main(args=['{{ print "x" }}']), "CombineBaseError", None),
        ({"router": {"scheduler": {"config": {"ref": {"name": "gone", "key": "k"}}}}}, "CombineBaseError", None),
        ({"model": {"uri": "hf://a", "lora": {"adapters": [{"name": "a", "uri": "gs:x"}]}}}, "CombineBaseError", None),
        ({"model": {"uri": "gs://b/x"}}, "ReconcileSingleNodeWorkloadError", _WORKLOAD[0]),
        ({"model": {"uri": "no-scheme"}}, "ReconcileSingleNodeWorkloadError", _WORKLOAD[0]),
        ({"model": {"uri": "gs://b/x"}, "prefill": {}}, "ReconcileSingleNodeWorkloadError", _WORKLOAD[0]),
        ({"template": {"containers": [], "serviceAccountName": "gone"}}, _MISSING, _WORKLOAD[0]),
        (with_main(livenessProbe={"tcpSocket": {"port": 1}}), "ReconcileSingleNodeWorkloadError", _WORKLOAD[0]),
        (
            {"prefill": {"template": {"containers": [{"name": "other"}]}}},
            "ReconcileSingleNodeWorkloadError",
            "Deployment/m-kserve",
        ),
        (
            {"scaling": {"maxReplicas": 2, "wva": {"keda": {}}}, "router": {"route": {}}},
            "ReconcileScalingError",
            "VariantAutoscaling/m-kserve-va",
        ),
        (
            {"router": {"route": {}, "scheduler": {}, "gateway": {"refs": [{"name": "gone"}]}}},
            "RefsInvalid",
            _WORKLOAD[2],
        ),
        ({"router": {"route": {"http": {"refs": [{"name": "gone"}]}}}}, "RefsInvalid", _WORKLOAD[2]),
        (
            {"router": {"route": {}, "scheduler": {"pool": {"ref": {"name": "p"}}}}},
            "InferencePoolFetchError",
            "HTTPRoute/m-kserve-route",
        ),
        (
            {"router": {"scheduler": {"template": {"containers": [], "serviceAccountName": "gone"}}}},
            "SchedulerReconcileError",
            _WORKLOAD[2],
        ),
        (
            {"router": {"scheduler": {"annotations": {"app.kubernetes.io/version": "new"}}}},
            "SchedulerReconcileError",
            "RoleBinding/m-epp-rb",
        ),
        (
            {"model": {"uri": "hf://a/b", "name": "M 1"}, "router": {"route": {}}},
            "HTTPRouteReconcileError",
            _WORKLOAD[2],
        ),
        (
            {
                **with_main(resources={"limits": {"ephemeral-storage": "1Gi"}}),
                "kvCacheOffloading": {"cpu": "1Gi", "secondary": [_DISK]},
            },
            "ReconcileSingleNodeWorkloadError",
            _WORKLOAD[0],
        ),
    ],
)  # fmt: skip
def test_where_it_stops(spec: Mapping[str, object], reason: str, last: str | None) -> None:
    found = make_llm(llm_service(spec))
    assert found.outcome is not None
    assert found.outcome.reason == reason
    assert (labels(found)[-1] if labels(found) else None) == last


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ .Nope }}", "CombineBaseError"),
        ("{{ .Spec.Parallelism.Tensor }}", "CombineBaseError"),
        ("{{ .UID }}", "NotTold"),
        ("{{ (index .Spec.Template.Containers 0).Name }}", "NotTold"),
    ],
)
def test_templates_that_cannot_be_evaluated(text: str, reason: str) -> None:
    """What KServe refuses is told at the text; of what no file tells nothing is said."""
    found = make_llm(llm_service({"template": {"containers": [{"name": "main", "args": [text]}]}}))
    assert found.outcome is not None
    at = ("", "spec", "template", "containers", 0, "args", 0) if reason == "CombineBaseError" else ()
    assert (found.outcome.reason, found.outcome.source) == (reason, at)


def test_a_stopped_service_has_nothing() -> None:
    found = make_llm(
        llm_service({"baseRefs": [{"name": "gone"}]}, metadata={"annotations": {"serving.kserve.io/stop": "TRUE"}})
    )
    assert (labels(found), found.outcome, found.runs) == ([], None, False)


@pytest.mark.parametrize(
    ("spec", "version", "runs"),
    [
        ({}, NEWER, True),
        ({"router": {"scheduler": {}}}, OLDER, True),
        ({"router": {"scheduler": {}}}, NEWER, False),
        ({"router": {"scheduler": {}, "route": {}}}, NEWER, True),
        ({"model": {"uri": "gs://b/x"}}, NEWER, False),
        ({"router": {"route": {}, "gateway": {"refs": [{"name": "nope", "namespace": "a"}]}}}, NEWER, None),
    ],
)
def test_what_can_be_ready(spec: Mapping[str, object], version: str, *, runs: bool | None) -> None:
    assert make_llm(llm_service(spec), version).runs is runs


def test_bases_win_over_presets_and_the_service_over_bases() -> None:
    base = llm_config(
        "b",
        {
            "model": {"uri": "", "name": "named"},
            "template": {
                "containers": [{"name": "main", "image": "base:1", "env": [{"name": "HOME", "value": "/base"}]}]
            },
        },
    )
    own = with_main(image="own:1", env=[{"name": "FOO", "value": ""}, {"name": "HF_HUB_CACHE", "value": "/own"}])
    found = make_llm(llm_service({**own, "baseRefs": [{"name": "b"}]}), around=[base])
    main = main_of(found)
    assert main["image"] == "own:1"
    assert [(mapping(item)["name"], mapping(item).get("value")) for item in sequence(main["env"])] == [
        ("FOO", None),
        ("HOME", "/base"),
        ("VLLM_LOGGING_LEVEL", "INFO"),
        ("HF_HUB_CACHE", "/own"),
    ]
    assert '"named"' in words(main)


def test_every_field_knows_its_source() -> None:
    base = llm_config("b", {"template": {"containers": [{"name": "main", "image": "base:1"}]}})
    own: dict[str, object] = {
        **with_main(args=["--x"]),
        "labels": {"team": "a"},
        "baseRefs": [{"name": "b"}],
        "replicas": 2,
    }
    own["model"] = {"uri": "hf://a/b", "lora": {"adapters": [{"name": "ad", "uri": "hf://a/c"}]}}
    found = make_llm(llm_service(own), around=[base])
    made = next(item for item in found.objects if item.label == "Deployment/m-kserve")
    main = (*_POD, "containers", 0)
    initializer = (*_POD, "initContainers", 0)
    sources = {
        (*main, "image"): "LLMInferenceServiceConfig b: spec.template.containers[0].image",
        (*main, "args", 0): "spec.model.lora",
        (*main, "args", 4): "spec.template.containers[0].args[0]",
        (*main, "ports", 0, "containerPort"): (
            "LLMInferenceServiceConfig kserve-config-llm-template: spec.template.containers[0].ports[0].containerPort"
        ),
        (*initializer, "args", 0): "spec.model.uri",
        (*initializer, "image"): "ConfigMap inferenceservice-config: storageInitializer.image",
        (*initializer, "terminationMessagePolicy"): "KServe",
        ("spec", "replicas"): "spec.replicas",
        ("spec", "template", "metadata", "labels", "team"): "spec.labels.team",
        ("metadata", "name"): "metadata.name",
    }
    assert value_at(made.doc, (*main, "args", 4)) == "--x"
    assert {path: source_text(source_of(path, made.origins)) for path in sources} == sources


@pytest.mark.parametrize(
    ("spec", "version", "flags"),
    [
        ({"parallelism": {"tensor": 2}}, NEWER, ["--tensor-parallel-size", "2"]),
        ({"parallelism": {"tensor": 2}}, OLDER, []),
        ({"parallelism": {"data": 2, "dataLocal": 1}}, NEWER, []),
    ],
)
def test_sizes_that_reach_the_server(spec: Mapping[str, object], version: str, flags: list[str]) -> None:
    line = words(main_of(make_llm(llm_service(spec), version)))
    assert [word for word in line if word not in words(main_of(make_llm(llm_service({}), version)))] == flags


def test_templates_of_the_user_are_evaluated() -> None:
    own = with_main(args=["{{ .Name }}-{{ .Spec.Model.Name }}", "{{ if .On }}", "{{ end }}"])
    assert make_llm(llm_service(own)).outcome is not None  # there is no .On
    own = with_main(args=["{{ .Name }}", "a{{ if .Spec.Prefill }}b", "c{{ end }}d", "{{`{{`}}"])
    assert main_of(make_llm(llm_service(own)))["args"] == ["m", "ad", "{{"]


def test_a_group_of_pods() -> None:
    found = make_llm(llm_service({**_PARALLEL, "labels": {"team": "a"}}))
    spec = mapping(doc_of(found, "LeaderWorkerSet")["spec"])
    group = mapping(spec["leaderWorkerTemplate"])
    assert (spec["replicas"], group["size"]) == (1, 2)
    assert [pod.of for pod in found.pods] == [
        "LeaderWorkerSet/m-kserve-mn/leaderTemplate",
        "LeaderWorkerSet/m-kserve-mn/workerTemplate",
    ]
    leader, worker = (mapping(group[name]) for name in ("leaderTemplate", "workerTemplate"))
    line = words(mapping(sequence(value_at(worker, ("spec", "containers")))[0]))
    assert line[9:15] == [
        "--data-parallel-size",
        "4",
        "--data-parallel-size-local",
        "2",
        "--data-parallel-address",
        "${DP_ADDRESS}",
    ]
    assert "--headless" in line
    assert value_at(leader, ("metadata", "labels", "llm-d.ai/role")) == "both"
    assert value_at(worker, ("metadata", "labels", "team")) == "a"


_DOWNLOADED: Final[Mapping[str, object]] = {
    "name": "kserve-provision-location",
    "readOnly": True,
    "mountPath": "/mnt/models",
}
_HF: Final = ["HF_HUB_ENABLE_HF_TRANSFER", "HF_XET_HIGH_PERFORMANCE", "HF_XET_NUM_CONCURRENT_RANGE_GETS"]


@pytest.mark.parametrize(
    ("uri", "init", "mount"),
    [
        ("hf://a/b", "storage-initializer", _DOWNLOADED),
        ("s3://b/m", "storage-initializer", _DOWNLOADED),
        ("pvc://c/d/e", None, {**_DOWNLOADED, "name": "kserve-pvc-source", "subPath": "d/e"}),
        ("oci://r/m:1", "modelcar-init", {"name": "kserve-provision-location", "mountPath": "/mnt"}),
        ("oci+native://r/m:1", None, None),
        ("PVC://c/d e", None, {**_DOWNLOADED, "name": "kserve-pvc-source", "subPath": "d%20e"}),
    ],
)  # fmt: skip
def test_where_the_model_comes_from(uri: str, init: str | None, mount: Mapping[str, object] | None) -> None:
    found = make_llm(llm_service({"model": {"uri": uri}}))
    inits = sequence(value_at(doc_of(found, "Deployment"), (*_POD, "initContainers")))
    assert [mapping(item)["name"] for item in inits] == ([init] if init else [])
    mounts = [
        item for item in sequence(main_of(found)["volumeMounts"]) if str(mapping(item)["mountPath"]).startswith("/mnt")
    ]
    assert mounts == ([mount] if mount else [])


def test_secrets_reach_the_download_alone() -> None:
    around = [
        beside("ServiceAccount", "default", secrets=[{"name": "hf"}]),
        beside("Secret", "hf", data={"HF_TOKEN": "eA=="}),
    ]
    found = make_llm(llm_service({}), around=around)
    (download,) = sequence(value_at(doc_of(found, "Deployment"), (*_POD, "initContainers")))
    assert [mapping(item)["name"] for item in sequence(mapping(download)["env"])] == ["HF_TOKEN", *_HF]
    assert "HF_TOKEN" not in str(main_of(found)["env"])
    missing = make_llm(llm_service({}), around=around[:1])
    assert missing.outcome is not None
    assert missing.outcome.reason == "ReconcileSingleNodeWorkloadError"


@pytest.mark.parametrize(("version", "kept"), [(OLDER, _HF), (NEWER, ["A", *_HF])])
def test_a_storage_initializer_of_ones_own(version: str, kept: list[str]) -> None:
    own: dict[str, object] = {"name": "storage-initializer", "args": ["x"], "env": [{"name": "A", "value": "1"}]}
    found = make_llm(llm_service({"template": {"containers": [], "initContainers": [own]}}), version)
    (download,) = (mapping(item) for item in sequence(value_at(doc_of(found, "Deployment"), (*_POD, "initContainers"))))
    assert download["args"] == ["hf://a/b", "/mnt/models"]
    assert [mapping(item)["name"] for item in sequence(download["env"])] == kept


def test_adapters() -> None:
    adapters = [{"name": "z", "uri": "hf://a/z"}, {"name": "a b", "uri": "pvc://c/x"}]
    spec: Mapping[str, object] = {
        "model": {"uri": "hf://a/b", "lora": {"adapters": adapters, "maxRank": 8}},
        "router": {"route": {}},
    }
    found = make_llm(llm_service(spec), around=[])
    assert found.outcome is not None  # a volume has no blank in its name
    adapters[1]["name"] = "ab"
    found = make_llm(llm_service(spec))
    main = main_of(found)
    assert sequence(main["args"])[:4] == [
        "--enable-lora",
        "--max-lora-rank=8",
        "--lora-modules",
        '\'{"name":"ab","path":"/mnt/lora/ab"}\'',
    ]
    mounts = [(mapping(item)["mountPath"], mapping(item).get("subPath")) for item in sequence(main["volumeMounts"])]
    assert mounts[-2:] == [("/mnt", None), ("/mnt/lora/ab", "x")]
    (rule,) = (
        rule
        for rule in sequence(value_at(doc_of(found, "HTTPRoute"), ("spec", "rules")))
        if mapping(rule)["name"] == "v1-catch-all-model-routing"
    )
    headers = [value_at(match, ("headers", 0, "value")) for match in sequence(mapping(rule)["matches"])]
    assert headers == ["publishers/n/models/m", "publishers/n/models/ab", "publishers/n/models/z"]


def test_hostnames_alone_take_the_rules_away() -> None:
    found = make_llm(llm_service({"router": {"route": {"http": {"spec": {"hostnames": ["a.example"]}}}}}))
    assert value_at(doc_of(found, "HTTPRoute"), ("spec", "rules")) == [
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    ]


@pytest.mark.parametrize(
    ("version", "inline", "text", "tokenizer"),
    [
        (
            NEWER,
            {"plugins": [{"type": "pd-profile-handler", "parameters": {"threshold": 10, "hashBlockSize": 5}}]},
            """plugins:
- parameters:
    nonCachedTokens: 3
  type: prefix-based-pd-decider
- parameters:
    deciders:
      prefill: prefix-based-pd-decider
  type: disagg-profile-handler
""",
            False,
        ),
        (
            NEWER,
            {
                "plugins": [
                    {"type": "prefix-cache-scorer", "parameters": {"blockSize": 5}},
                    {"type": "precise-prefix-cache-scorer"},
                ]
            },
            """plugins:
- type: prefix-cache-scorer
- parameters:
    indexerConfig:
      tokenizersPoolConfig:
        modelName: base
        uds:
          socketFile: /tmp/tokenizer/tokenizer-uds.socket
  type: precise-prefix-cache-scorer
""",
            True,
        ),
        (OLDER, {"plugins": [{"type": "x"}]}, "plugins:\n- type: x\n", True),
    ],
)  # fmt: skip
def test_the_scheduler_is_told_in_its_own_words(
    version: str, inline: Mapping[str, object], text: str, *, tokenizer: bool
) -> None:
    found = make_llm(llm_service({"router": {"scheduler": {"config": {"inline": inline}}}}), version)
    scheduler = doc_of(found, "Deployment", "-scheduler")
    assert main_of(found, "m-kserve-router-scheduler")["args"] == ["--config-text", text]
    names = [mapping(item)["name"] for item in sequence(value_at(scheduler, (*_POD, "containers")))]
    assert ("tokenizer" in names) is tokenizer


def test_metric_flags_move_into_the_config() -> None:
    scheduler: dict[str, object] = {"containers": [{"name": "main", "args": ["--lora-info-metric=x", "-v=4"]}]}
    found = make_llm(llm_service({"router": {"scheduler": {"template": scheduler, "replicas": 2}}}))
    args = sequence(main_of(found, "m-kserve-router-scheduler")["args"])
    assert args[:3] == ["-v=4", "--ha-enable-leader-election", "--config-text"]
    assert "loraSpec: x" in str(args[3])
    scheduler = {"containers": [{"name": "main", "args": ["--lora-info-metric", "x", "--config-file", "/c"]}]}
    refused = make_llm(llm_service({"router": {"scheduler": {"template": scheduler}}}))
    assert refused.outcome is not None
    assert refused.outcome.reason == "SchedulerReconcileError"


def test_tls_reaches_probes_flags_and_the_service() -> None:
    found = make_llm(llm_service({}), config={"ingress": '{"enableLLMInferenceServiceTLS": true}'})
    main = main_of(found)
    assert value_at(main, ("livenessProbe", "httpGet", "scheme")) == "HTTPS"
    assert "--enable-ssl-refresh" in words(main)
    assert value_at(doc_of(found, "Service"), ("spec", "ports", 0, "name")) == "https"


def test_keda_asks_prometheus() -> None:
    prometheus = '{"url": "http://p", "authModes": "bearer", "triggerAuthName": "t"}'
    config = {"autoscaling-wva-controller-config": f'{{"prometheus": {prometheus}}}'}
    spec: Mapping[str, object] = {"scaling": {"maxReplicas": 3, "wva": {"keda": {"pollingInterval": 5}}}}
    found = make_llm(llm_service(spec), config=config)
    scaled = mapping(doc_of(found, "ScaledObject")["spec"])
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"], scaled["pollingInterval"]) == (1, 3, 5)
    trigger = mapping(sequence(scaled["triggers"])[0])
    assert trigger["authenticationRef"] == {"name": "t"}
    assert (
        mapping(trigger["metadata"])["query"]
        == 'wva_desired_replicas{variant_name="m-kserve-va",exported_namespace="n"}'
    )


def test_devices_are_claimed_by_annotation() -> None:
    prefix = "serving.kserve.io/exp-dra-"
    annotations = {f"{prefix}device-class": "c", f"{prefix}device-count": "2", f"{prefix}cel-selector": "a\n\nb"}
    found = make_llm(llm_service({}, metadata={"annotations": annotations}))
    request = value_at(doc_of(found, "ResourceClaimTemplate"), ("spec", "spec", "devices", "requests", 0, "exactly"))
    assert (mapping(request)["count"], len(sequence(mapping(request)["selectors"]))) == (2, 2)
    assert value_at(main_of(found), ("resources", "claims")) == [{"name": "managed-device"}]
    found = make_llm(llm_service({}, metadata={"annotations": {**annotations, f"{prefix}container-name": "gone"}}))
    assert labels(found) == [_WORKLOAD[0], "ResourceClaimTemplate/m-managed-dra"]
    assert labels(make_llm(llm_service({}, metadata={"annotations": annotations}), OLDER)) == _WORKLOAD


def test_tracing_and_tiers_of_the_cache() -> None:
    tiers = [
        {"fileSystem": {"emptyDir": {"size": "5Gi"}}},
        {"fileSystem": {"pvc": {"ref": {"name": "c", "path": "p"}}}},
    ]
    spec: Mapping[str, object] = {
        **with_main(resources={"requests": {"ephemeral-storage": "1Gi"}}, args=["--otlp-traces-endpoint=x"]),
        "tracing": {"sampler": "always_on"},
        "kvCacheOffloading": {"cpu": "1Gi", "secondary": tiers},
    }
    main = main_of(make_llm(llm_service(spec)))
    assert value_at(main, ("resources", "requests", "ephemeral-storage")) == "6Gi"
    assert main["args"] == ["--otlp-traces-endpoint=x", "--collect-detailed-traces", "all"]
    env = {mapping(item)["name"]: mapping(item).get("value") for item in sequence(main["env"])}
    assert (env["OTEL_SERVICE_NAME"], env["OTEL_TRACES_SAMPLER"]) == ("inference-server-decode", "always_on")
    assert [mapping(item)["mountPath"] for item in sequence(main["volumeMounts"])][-2:] == [
        "/mnt/kv-cache-0",
        "/mnt/kv-cache-1",
    ]


def test_names_and_labels_are_handed_on() -> None:
    name = "n" * 60
    metadata = {"name": name, "labels": {"kueue.x-k8s.io/queue-name": "q", "other": "x"}}
    found = make_llm(llm_service({"labels": {"team": "a"}, "prefill": {}}, metadata=metadata), OLDER)
    decode, prefill = (item.doc for item in found.objects if item.doc["kind"] == "Deployment")
    for doc in (decode, prefill):
        selector = mapping(value_at(doc, ("spec", "selector", "matchLabels")))
        assert (selector["team"], selector["kueue.x-k8s.io/queue-name"], "other" in selector) == ("a", "q", False)
        assert len(str(value_at(doc, ("metadata", "name")))) == 63
    _, prefill = (
        item.doc
        for item in make_llm(llm_service({"labels": {"team": "a"}, "prefill": {}})).objects
        if item.doc["kind"] == "Deployment"
    )
    assert "team" not in mapping(value_at(prefill, ("spec", "selector", "matchLabels")))


def test_a_pool_of_an_older_service_states_what_it_does_when_the_picker_fails() -> None:
    pool = {"targetPortNumber": 8001, "extensionRef": {"name": "e"}, "selector": {"a": "b"}}
    found = make_llm(llm_service({"router": {"scheduler": {"pool": {"spec": pool}}}}, alpha1=True), NEWER)
    picker = mapping(value_at(doc_of(found, "InferencePool"), ("spec", "endpointPickerRef")))
    assert (picker["failureMode"], picker["name"]) == ("FailClose", "e")  # the preset alone would be FailOpen


def test_pools_of_older_services_are_read() -> None:
    pool = {"targetPortNumber": 8001, "extensionRef": {"name": "e"}, "selector": {"a": "b"}}
    spec: Mapping[str, object] = {"router": {"scheduler": {"pool": {"spec": pool}}}}
    found = make_llm(llm_service(spec, alpha1=True), OLDER)
    new, old = (mapping(item.doc["spec"]) for item in found.objects if item.doc["kind"] == "InferencePool")
    assert (new["targetPorts"], value_at(new, ("endpointPickerRef", "failureMode"))) == (
        [{"number": 8001}],
        "FailClose",
    )
    assert (old["targetPortNumber"], value_at(old, ("extensionRef", "portNumber"))) == (8001, 9002)
    assert mapping(old["selector"])["a"] == "b"


def test_a_cache_holds_the_model() -> None:
    cache = beside(
        "LocalModelCache",
        "c",
        "",
        "serving.kserve.io/v1alpha1",
        spec={"sourceModelUri": "hf://a", "modelSize": "1Gi", "nodeGroups": ["g"]},
    )
    found = make_llm(llm_service({}), around=[cache], config={"localModel": '{"enabled": true}'})
    deployment = doc_of(found, "Deployment")
    assert value_at(deployment, ("spec", "selector", "matchLabels", "internal.serving.kserve.io/localmodel")) == "c"
    mount = mapping(sequence(main_of(found)["volumeMounts"])[-1])
    assert (mount["name"], mount["subPath"]) == ("kserve-pvc-source", "models/6547347345702015/b")
    claim = mapping(sequence(value_at(deployment, (*_POD, "volumes")))[-1])
    assert claim["persistentVolumeClaim"] == {"claimName": "c-g"}


def test_presets_may_not_be_installed() -> None:
    found = make_llm(llm_service({}), presets=False)
    assert found.outcome is not None
    assert "kserve-config-llm-template" in found.outcome.message
    own = llm_config("kserve-config-llm-template", {"template": {"containers": [{"name": "main", "image": "own:1"}]}})
    assert main_of(make_llm(llm_service({}), around=[own], presets=False))["image"] == "own:1"


def test_predicted_latency_brings_its_preset() -> None:
    spec = {"router": {"scheduler": {"config": {"inline": {"plugins": [{"type": "predicted-latency-producer"}]}}}}}
    names = {
        version: [
            mapping(item)["name"]
            for item in sequence(
                value_at(
                    doc_of(make_llm(llm_service(spec), version), "Deployment", "-scheduler"), (*_POD, "containers")
                )
            )
        ]
        for version in (OLDER, NEWER)
    }
    assert names == {OLDER: ["main", "tokenizer"], NEWER: ["main", "training-server", "prediction-server"]}


_ROOM: Final = {"requests": {"storage": "1Gi"}}


def test_a_tier_of_the_cache_may_claim_a_volume() -> None:
    tier = {"fileSystem": {"pvc": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": _ROOM}}}}
    found = make_llm(llm_service({"kvCacheOffloading": {"cpu": "1Gi", "secondary": [tier]}}))
    volume = mapping(sequence(value_at(doc_of(found, "Deployment"), (*_POD, "volumes")))[-1])
    assert value_at(volume, ("ephemeral", "volumeClaimTemplate", "spec", "accessModes")) == ["ReadWriteOnce"]
    assert mapping(sequence(main_of(found)["volumeMounts"])[-1])["mountPath"] == "/mnt/kv-cache-0"


def test_a_group_shares_its_rules() -> None:
    route = {"route": {"group": "g", "weight": 3}}
    stopped = llm_service(
        {"model": {"uri": "hf://a/b", "name": "m"}, "router": route},
        metadata={
            "name": "a",
            "annotations": {"serving.kserve.io/stop": "true"},
        },
    )
    found = doc_of(make_llm(llm_service({"router": route}), around=[stopped]), "HTTPRoute")
    assert value_at(found, ("metadata", "labels", "serving.kserve.io/routing-group")) == "g"
    rules = {mapping(rule)["name"]: mapping(rule) for rule in sequence(value_at(found, ("spec", "rules")))}
    shared = [
        (mapping(item)["name"], mapping(item)["weight"]) for item in sequence(rules["v1-model-routing"]["backendRefs"])
    ]
    assert shared == [("a-kserve-workload-svc", 0), ("m-kserve-workload-svc", 3)]
    assert value_at(rules["v1-completions-path"], ("backendRefs", 0, "weight")) == 1
