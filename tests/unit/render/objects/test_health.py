"""The judgements of health, run by a real Lua: a status in, what Argo CD would show out.

The cases are `tests/health/<kind>/<status>[-<case>].yaml`; a comment in each says what is shown beside the status.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from lupa.lua51 import LuaRuntime  # the version of the language that Argo CD's interpreter speaks

from kservegen.render.gitops.argocd.health import health_checks
from kservegen.render.gitops.argocd.settings import ArgoVersion

CASES = Path(__file__).parents[3] / "health"
FILES = sorted(path.relative_to(CASES).as_posix() for path in CASES.rglob("*.yaml"))
CHECKS = {name.rpartition("_")[2]: script for name, script in health_checks(ArgoVersion(2, 14)).items()}
STATES = {"healthy", "progressing", "degraded", "suspended"}


def judge(kind: str, obj: object) -> tuple[str, str]:
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    script = lua.execute(f"return function(obj)\n{CHECKS[kind]}\nend")
    health = script(lua.table_from(obj, recursive=True))
    return health["status"], health["message"]


@pytest.mark.parametrize("file", FILES)
def test_health(file: str) -> None:
    text = (CASES / file).read_text("utf-8")
    message = re.search(r"^# message: ?(.*)$", text, re.MULTILINE)
    assert message, "no expectation"
    kind, _, name = file.partition("/")
    status = re.split("[-.]", name)[0]
    assert judge(kind, yaml.safe_load(text)) == (status.capitalize(), message[1])


@pytest.mark.parametrize("kind", CHECKS)
def test_every_state_of_a_kind_has_a_case(kind: str) -> None:
    assert {re.split("[-.]", file.partition("/")[2])[0] for file in FILES if file.startswith(kind + "/")} == STATES


# An object that is odd in any way must not stop the script: Argo CD would show the Application as broken.
ODD = [
    {},
    {"status": {}},
    {"status": {"conditions": []}},
    {"metadata": {}, "status": {"conditions": [{"type": "Ready"}]}},
]


@pytest.mark.parametrize("kind", CHECKS)
def test_nothing_is_known_of_an_object_without_status(kind: str) -> None:
    assert [judge(kind, obj)[0] for obj in ODD] == ["Progressing"] * len(ODD)


VERSIONS = {
    (2, 14): {"Application", "InferenceService", "LLMInferenceService"},
    (3, 2): {"Application", "InferenceService", "LLMInferenceService"},
    (3, 3): {"Application", "LLMInferenceService"},
    (3, 6): {"Application"},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_only_what_a_release_lacks_is_written(version: tuple[int, int]) -> None:
    assert {name.rpartition("_")[2] for name in health_checks(ArgoVersion(*version))} == VERSIONS[version]
