"""Python makes no integer of more than 4,300 digits: a number of that length is a finding like any other, or text."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner
from tests.support.project import CLUSTER, Project

from kservegen.cli import cli

_NINES: Final = "9" * 4400
_LLM: Final = "kind: LLMInferenceService\n    model: hf://org/m\n    "
_SERVICE: Final = "modelFormat: sklearn\n    storageUri: s3://b/m\n    "
_KNATIVE: Final = f"{_SERVICE}deploymentMode: Knative\n    "
_NUMBER: Final = "autoscaling.knative.dev"
_DRA: Final = "serving.kserve.io/exp-dra-device"
_SCHEDULER: Final = (
    "router: {route: {}, gateway: {}, scheduler: {template: {containers: [{name: main, image: 'epp:v%s'}]}}}"
)
WORDS: Final = {
    "rollout": f"{_LLM}spec: {{rolloutStrategy: {{maxSurge: '{_NINES}%'}}}}",
    "rollout of nothing": f"{_LLM}spec: {{rolloutStrategy: {{maxSurge: 0, maxUnavailable: '{'0' * 4400}%'}}}}",
    "scheduler": _LLM + _SCHEDULER % _NINES,
    "devices": f"{_LLM}annotations: {{{_DRA}-class: g, {_DRA}-count: '{_NINES}'}}",
    "least scale": f"{_KNATIVE}annotations: {{{_NUMBER}/min-scale: '-{_NINES}'}}",
    "first scale": f"{_KNATIVE}annotations: {{{_NUMBER}/initial-scale: '{_NINES}'}}",
    "window": f"{_KNATIVE}annotations: {{{_NUMBER}/window: '{_NINES}.{_NINES}s'}}",
    "deadline": f"{_KNATIVE}annotations: {{serving.knative.dev/progress-deadline: '{_NINES}s'}}\n    "
    "resources: {requests: {nvidia.com/gpu: '1'}, limits: {nvidia.com/gpu: '1'}}",
    "user": f"{_SERVICE}annotations: {{serving.kserve.io/storage-initializer-uid: '{_NINES}'}}",
    "choice": f"{_LLM}args: {{block-size: '{_NINES}'}}",
    "hexadecimal": f"{_SERVICE}minReplicas: 0x{'f' * 4400}",
    "octal": f"{_SERVICE}minReplicas: 0{'7' * 4400}",
    "binary": f"{_SERVICE}minReplicas: 0b{'1' * 20_000}",
    "base 60": f"{_SERVICE}minReplicas: {'5:' * 3000}1",
    "key": f"{_SERVICE}0o{'7' * 4900}: 1",
    "template": f"{_LLM}spec: {{template: {{containers: [{{name: main, image: 'a{{{{ {_NINES} }}}}'}}]}}}}",
}
ENVIRONMENTS: Final = {
    "Kubernetes": CLUSTER.replace("{name: dev}", f"{{name: dev, kubernetesVersion: '1.{_NINES}'}}"),
    "KServe": CLUSTER.replace("v0.19.0", f"v0.{_NINES}.0"),
}


@pytest.mark.parametrize("name", [*WORDS, *(f"environment: {name}" for name in ENVIRONMENTS)])
def test_a_number_of_any_length_is_read(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path)
    project.write("environments/dev.yaml", ENVIRONMENTS.get(name.removeprefix("environment: "), CLUSTER))
    project.models(f"models:\n  m:\n    {WORDS.get(name, _SERVICE)}\n")
    done = CliRunner().invoke(cli, ["validate", "--root", str(tmp_path)])
    assert done.exit_code in {0, 1}, done.output[-2000:]
    assert "internal/" not in done.output
