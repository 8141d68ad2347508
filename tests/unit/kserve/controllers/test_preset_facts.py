"""The facts about presets are what the release ships, without its scripts; upstream's presets are read in place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tools.presets import SOURCE, compiled

ROOT = Path(__file__).resolve().parents[4]
SHARED = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared"))
FACTS = sorted((ROOT / "facts" / "presets").glob("*.json"))


@pytest.mark.parametrize("facts", FACTS, ids=lambda path: path.stem)
def test_facts_are_what_the_release_ships(facts: Path) -> None:
    source = SHARED / "kserve" / facts.stem / SOURCE
    if not source.is_file():
        pytest.skip(
            f"upstream's presets of {facts.stem} are not here: set KSERVEGEN_SHARED to the folder that holds them"
        )
    assert json.loads(facts.read_bytes()) == compiled(source.read_text("utf-8"), facts.stem)


@pytest.mark.parametrize("facts", FACTS, ids=lambda path: path.stem)
def test_no_script_is_copied(facts: Path) -> None:
    content = facts.read_text("utf-8")
    assert '"script"' in content
    assert not any(word in content for word in ("\\n", "eval ", "echo ", "export "))


def test_a_script_is_reduced_to_its_words() -> None:
    script = (
        'x=1\neval "exec vllm serve /m \\\n  --name "{{ .Name }}" \\\n  {{- if .A -}}--a {{ .A }}{{- end }} \\\n  $@"'
    )
    document = f"""
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceServiceConfig
metadata: {{name: p}}
spec: {{template: {{containers: [{{name: main, command: [{json.dumps(script)}], image: "{{{{- .Name -}}}}"}}]}}}}
"""
    presets = compiled(document, "v0.20.0")["presets"]
    assert isinstance(presets, dict)
    main = {
        "name": "main",
        "command": [
            {
                "script": [
                    "exec",
                    "vllm",
                    "serve",
                    "/m",
                    "--name",
                    '"{{ .Name }}"',
                    "{{ if .A }}--a {{ .A }}{{ end }}",
                    "$@",
                ]
            }
        ],
        "image": "{{ .Name }}",
    }
    assert presets["p"] == {"template": {"containers": [main]}}
