"""`find` and `call` know every object that `simulate` makes, and the pods of each workload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from tests.support.project import CLUSTER
from tests.support.project import Project as Written

from kservegen.catalog.resolve import resolve_environment
from kservegen.commands.call import CallPlan, choose
from kservegen.commands.find import find_object, find_subjects
from kservegen.commands.simulate import SimulatedObject, simulate_entries
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.evaluate.project import Project, open_project

ROOT: Final = Path(__file__).parents[2]
# One of each: both modes, workers that span nodes, a transformer, autoscalers of three kinds, graphs, LLM services
# whole and in two parts, a service that loads trained models, a cache.
RICH: Final = """\
models:
  plain: {modelFormat: sklearn, storageUri: "s3://m/plain"}
  scaled: {modelFormat: sklearn, storageUri: "s3://m/scaled", minReplicas: 1, maxReplicas: 3}
  keda:
    modelFormat: sklearn
    storageUri: s3://m/keda
    autoscalerClass: keda
    maxReplicas: 3
    autoScaling:
      metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
  knative: {modelFormat: sklearn, storageUri: "s3://m/knative", deploymentMode: Knative}
  both:
    modelFormat: sklearn
    storageUri: s3://m/both
    transformer: {image: example.com/t:v1}
  many: {modelFormat: sklearn}
  nodes:
    modelFormat: huggingface
    storageUri: pvc://claim/model
    worker: {pipelineParallelSize: 2, tensorParallelSize: 1}
  chat: {kind: LLMInferenceService, model: hf://org/chat, replicas: 1, router: true}
  split:
    kind: LLMInferenceService
    model: hf://org/split
    replicas: 1
    router: {route: true, gateway: true}
    prefill: {replicas: 1}
  large:
    kind: LLMInferenceService
    model: hf://org/large
    parallelism: {data: 2, dataLocal: 1, tensor: 1}
    worker: {resources: {limits: {memory: 8Gi}}}
graphs:
  flow:
    nodes:
      root:
        routerType: Sequence
        steps: [{serviceName: plain, name: first}]
localModelCaches:
  kept: {modelSize: 1Gi, nodeGroups: [group], sourceModelUri: "s3://m/plain"}
  group:
    kind: LocalModelNodeGroup
    storageLimit: 10Gi
    persistentVolumeClaimSpec:
      {accessModes: [ReadWriteOnce], storageClassName: local, resources: {requests: {storage: 10Gi}}}
    persistentVolumeSpec: {accessModes: [ReadWriteOnce], capacity: {storage: 10Gi}, hostPath: {path: /models}}
"""
PROMISES: Final = "[cert-manager, gateway-api, gateway-api-inference-extension, keda, knative-serving, leaderworkerset"


# Of a pod that Knative starts.
_REVISION: Final = "-00001-deployment-6d9c7b8f65-x2x4z"


class Named(NamedTuple):
    """A name in a cluster, its kind, and the object that it is made of."""

    kind: str
    name: str
    maker: str


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a repository with one of each."""
    written = Written(tmp_path_factory.mktemp("rich"))
    written.models(RICH)
    promised = CLUSTER.replace("[cert-manager, gateway-api", PROMISES).replace(", leaderworkerset]", "]")
    written.write("environments/dev.yaml", promised)
    return open_project(written.repository)


@pytest.fixture(scope="module")
def own() -> Project:
    """Return this repository."""
    return open_project(Repository.find(ROOT, search_parents=False))


def _made(project: Project) -> Iterator[tuple[str, SimulatedObject]]:
    for environment in project.catalog.environments:
        for entry in resolve_environment(project.catalog, environment)[0].entries:
            for item in simulate_entries(project, environment, [entry.key]):
                if item.made is not None:
                    yield environment, item


def _names(item: SimulatedObject) -> Iterator[Named]:
    """Yield every made object, and a pod of each workload, as the cluster would call it."""
    assert item.made is not None
    for made in item.made.objects:
        yield Named(text(made.doc.get("kind")), text(mapping(made.doc.get("metadata")).get("name")), item.report.name)
    for pod in item.made.pods:
        kind, name, *_ = pod.of.split("/")
        ending = {"Deployment": "-6d9c7b8f65-x2x4z", "LeaderWorkerSet": "-0"}.get(kind, _REVISION)
        yield Named("Pod", f"{name}{ending}", item.report.name)


def _unknown(project: Project) -> tuple[list[Named], set[str]]:
    """Return the names that are not found by themselves and with their kind, and the kinds that were tried."""
    missed, kinds = [], set()
    for environment, item in _made(project):
        for named in _names(item):
            kinds.add(named.kind)
            for asked in (named.name, f"{named.kind.lower()}/{named.name}"):
                try:
                    found = {subject.name for subject in find_subjects(project, asked, (environment,))}
                except GeneratorError:
                    found = set()
                if named.maker not in found:
                    missed.append(named)
    return missed, kinds


def test_every_made_object_of_this_repository_is_found(own: Project) -> None:
    missed, kinds = _unknown(own)
    assert missed == []
    assert {"Deployment", "Service", "Pod", "HTTPRoute", "InferencePool"} <= kinds


def test_every_made_object_of_each_kind_is_found(rich: Project) -> None:
    missed, kinds = _unknown(rich)
    assert missed == []
    assert kinds >= {
        *("ClusterRoleBinding", "ConfigMap", "Deployment", "HTTPRoute", "HorizontalPodAutoscaler", "InferencePool"),
        *("LeaderWorkerSet", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Role", "RoleBinding", "ScaledObject"),
        *("Secret", "Service", "ServiceAccount"),
    }


def test_a_made_object_is_told_with_its_maker(rich: Project) -> None:
    (answer,) = find_object(rich, "configmap/modelconfig-many-0")
    assert (answer.kinds, answer.subject.name, answer.location.file) == (("ConfigMap",), "many", "models.yaml")


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("split-kserve-rb", ("RoleBinding",)),
        ("split-kserve-6d9c7b8f65", ("ReplicaSet",)),
        ("split-kserve-x2x4", ("ReplicaSet",)),
    ],
)
def test_an_ending_that_is_hardly_a_hash_may_be_a_name(name: str, kinds: tuple[str, ...], rich: Project) -> None:
    (answer,) = find_object(rich, name)
    assert (answer.kinds, answer.subject.name) == (kinds, "split")


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("service/plain-predictor", "plain"),
        ("both-transformer-6d9c7b8f65-x2x4z", "both"),
        ("deploy/chat-kserve", "chat"),
        ("ns/split-kserve-workload-svc", "split"),
        ("chat-kserve-self-signed-certs", "chat"),
    ],
)
def test_a_model_is_called_by_what_is_made_of_it(name: str, called: str, rich: Project) -> None:
    """What a cluster shows is what people copy."""
    assert choose(rich, "dev", name, CallPlan(protocol="v1")).callee.resource.id.name == called


def test_a_name_of_nothing_is_told_as_before(rich: Project) -> None:
    with pytest.raises(GeneratorError, match="nothing in dev that takes requests is called plein"):
        choose(rich, "dev", "plein", CallPlan())


def test_each_model_is_called_at_a_service_that_is_made(rich: Project, own: Project) -> None:
    """The Service is there, and has the port."""
    asked = 0
    for project in (rich, own):
        for environment, item in _made(project):
            if item.report.kind not in {"InferenceService", "LLMInferenceService", "InferenceGraph"}:
                continue
            called = choose(
                project, environment, f"{item.report.namespace}/{item.report.name}", CallPlan(protocol="v1")
            )
            if called.callee.needs_url or called.unreachable:
                continue
            assert item.made is not None
            services = {
                text(mapping(made.doc.get("metadata")).get("name")): made.doc
                for made in item.made.objects
                if (made.doc.get("apiVersion"), made.doc.get("kind")) == ("v1", "Service")
            }
            assert called.callee.service in services
            asked += 1
    assert asked >= 10
