"""The patterns that `init` hands to Renovate find what a repository pins, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import re2

from kservegen.commands.init import SERVICES, Answers, write_scaffold
from kservegen.commands.tool_source import read_tool

COMMIT = "c0ffee42" * 5
TOOL = read_tool(f"git+https://git.example.com/org/kservegen@{COMMIT}")
DIGEST = f"sha256:{'0a' * 32}"


def new_repository(root: Path, service: str = "github") -> dict[str, Any]:
    write_scaffold(root, Answers(engine="flux", repository="https://x.example.com/m.git", tool=TOOL, service=service))
    (settings,) = root.rglob("renovate.json")
    found: dict[str, Any] = json.loads(settings.read_text("utf-8"))
    return found


def found(settings: dict[str, Any], file: str, text: str) -> list[dict[str, str]]:
    """Return what Renovate's regex manager finds in a file; it uses RE2, as we do here."""
    matches = []
    for manager in settings["customManagers"]:
        patterns = [re2.compile(pattern.strip("/")) for pattern in manager["managerFilePatterns"]]
        if any(pattern.search(file) for pattern in patterns):
            for pattern in manager["matchStrings"]:
                for match in re2.compile(pattern.replace("(?<", "(?P<")).finditer(text):
                    named = {key: value for key, value in match.groupdict().items() if value is not None}
                    matches.append({"depName": manager.get("depNameTemplate", ""), **named})
    return matches


def test_a_new_repository_is_raised_where_it_pins(tmp_path: Path) -> None:
    settings = new_repository(tmp_path)
    for path in sorted((tmp_path / "environments").iterdir()):
        text = path.read_text("utf-8")
        version = re.search(r"  version: (v\S+)", text)
        wanted = [{"depName": "kserve/kserve", "currentValue": version[1]}] if version else []
        assert found(settings, f"environments/{path.name}", text) == wanted
        assert bool(wanted) is (path.name == "defaults.yaml")


@pytest.mark.parametrize("service", SERVICES)
def test_the_commit_of_kservegen_is_found_where_ci_installs_it(service: str, tmp_path: Path) -> None:
    settings = new_repository(tmp_path, service)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "schemas" not in path.parts]
    texts = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in files}
    commits = [each for file, text in texts.items() for each in found(settings, file, text) if "packageName" in each]
    (only,) = commits
    assert only["depName"] == "kservegen"
    assert only["packageName"] == "https://git.example.com/org/kservegen"
    assert only["currentDigest"] == COMMIT
    assert only["currentValue"].startswith("v")


KSERVE = {"depName": "kserve/kserve", "currentValue": "v0.20.0"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kserve: {version: v0.20.0}\n", [KSERVE]),
        ("version: 1\nkserve: {install: none, version: 'v0.20.0', deploymentMode: Standard}\n", [KSERVE]),
        ("kserve:\n  version: v0.20.0 # chosen\n", [KSERVE]),
        ('kserve: # the charts\n  # not yet v0.21.0\n  deploymentMode: Standard\n\n  version: "v0.20.0"\n', [KSERVE]),
        ("kserve:\n  deploymentMode: Standard\ngitops:\n  version: v0.20.0\n", []),
        ("kserve: {deploymentMode: Standard}\nother: {version: v0.20.0}\n", []),
        ("models:\n  a: {image: registry.example.com:5000/team/server:1.2.3}\n",
         [{"depName": "registry.example.com:5000/team/server", "currentValue": "1.2.3"}]),
        (f'    image: "vllm/vllm-openai:v0.9.2@{DIGEST}"\n',
         [{"depName": "vllm/vllm-openai", "currentValue": "v0.9.2", "currentDigest": DIGEST}]),
        ("    image: vllm/vllm-openai\n", []),
        ("imageSizes: {vllm/vllm-openai: 9Gi}\n", []),
        ("images: [{name: vllm/vllm-openai, newTag: v0.9.2}]\n",
         [{"depName": "vllm/vllm-openai", "currentValue": "v0.9.2"}]),
        (f"images:\n- name: a/b\n  newName: c.example.com/b\n  newTag: v1\n  digest: {DIGEST}\n",
         [{"depName": "c.example.com/b", "currentValue": "v1", "currentDigest": DIGEST}]),
        ('models:\n  a: {storageUri: "oci://registry.example.com/models/a:1.0"}\n', []),
    ],
)  # fmt: skip
def test_versions_and_images_of_an_environment(text: str, wanted: list[dict[str, str]], tmp_path: Path) -> None:
    settings = new_repository(tmp_path)
    got = found(settings, "environments/prod.yaml", text)
    assert [{k: v for k, v in each.items() if v} for each in got] == wanted


def test_what_kservegen_writes_is_left_alone(tmp_path: Path) -> None:
    settings = new_repository(tmp_path)
    assert settings["ignorePaths"] == ["rendered/**", "environments/*.lock.yaml", "environments/*.inventory.yaml"]
    (rule,) = [rule for rule in settings["packageRules"] if rule.get("groupName") == "kservegen"]
    assert rule["matchFileNames"] == [".github/actions/kservegen/**"]


def test_images_of_the_catalog_are_found(tmp_path: Path) -> None:
    settings = new_repository(tmp_path)
    text = "models:\n  a:\n    containers: [{name: side, image: example.com/side:2.0}]\n"
    for file in ("models.yaml", "models/search.yaml"):
        assert [each["depName"] for each in found(settings, file, text)] == ["example.com/side"]
