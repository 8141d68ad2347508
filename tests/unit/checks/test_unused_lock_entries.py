"""A lock entry of no model counts for nothing: it is told, with the address that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

_MODELS = """\
models:
  a: {modelFormat: huggingface, storageUri: hf://org/model, args: ['--speculative-config={"model":"org/draft"}']}
  b: {modelFormat: sklearn, storageUri: s3://dev/iris}
  c:
    kind: LLMInferenceService
    model: {uri: hf://org/base, lora: {adapters: [{name: x, uri: hf://org/adapter}]}}
"""
_RULE = "catalog/unused-lock-entry"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        pytest.param("hf://org/model: {license: mit}", None, id="of a model"),
        pytest.param("hf://org/model: {revision: abcdef1}", None, id="pinned by it"),
        pytest.param("hf://org/adapter: {license: mit}", None, id="of an adapter"),
        pytest.param("hf://org/draft: {license: mit}", None, id="within an argument"),
        pytest.param("s3://prod/iris: {license: mit}", None, id="as uriPrefixes have it"),
        pytest.param("hf://org/modle: {license: mit}", "Did you mean hf://org/model?", id="a slip"),
        pytest.param("s3://dev/iris: {license: mit}", "Did you mean s3://prod/iris?", id="without uriPrefixes"),
        pytest.param("hf://x/y: {license: mit}", "Write the address as the model has it", id="another"),
    ],
)
def test_an_entry_of_the_lock_is_of_a_model(tmp_path: Path, entry: str, hint: str | None) -> None:
    project = Project(tmp_path)
    project.models(_MODELS)
    project.write("environments/dev.yaml", DEV + "uriPrefixes: {'s3://dev/': 's3://prod/'}\n")
    project.write("environments/dev.lock.yaml", f"version: 1\nmodels:\n  {entry}\n")
    found = [d for d in project.validate().diagnostics if d.rule == _RULE]
    assert [(str(d.location), d.hint.startswith(hint or "")) for d in found] == (
        [] if hint is None else [("environments/dev.lock.yaml:3:3", True)]
    )
