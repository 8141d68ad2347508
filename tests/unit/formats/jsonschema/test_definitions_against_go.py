"""Schemas of other projects' kinds against their CustomResourceDefinitions: the API server's own code judges alike."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.support.go_programs import go_binary
from tests.support.tried_values import tried_objects
from tools.schemas.foreign import module_folder
from tools.schemas.sources import read

from kservegen.core.document import mapping, text
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.store import SchemaStore

_ROOT: Final = Path(__file__).parents[4]
_TABLE: Final = mapping(yaml.safe_load(Path(__file__).with_name("definitions.yaml").read_text(encoding="utf-8")))
_SOURCES: Final = {
    "HTTPRoute": "gateway-api-1.5",
    "InferencePool": "inference-extension-1.5",
    "LeaderWorkerSet": "lws-0.8",
    "ScaledObject": "keda-2.17",
}
_SEED: Final = 14
_RANDOM: Final = 400


def _definition(kind: str) -> Path:
    source = read(_ROOT / "schemas" / "src" / "foreign" / "sources.yaml")[_SOURCES[kind]]
    try:
        return module_folder(source["module"], source["version"]) / str(source["crd"])
    except (OSError, SystemExit) as problem:
        pytest.skip(f"the module of {kind} cannot be had here: {problem}")


@pytest.mark.parametrize("kind", sorted(_SOURCES))
def test_the_verdict_on_an_object_is_its_definitions_own(kind: str) -> None:
    objects = list(tried_objects(_TABLE[kind], _RANDOM, _SEED))
    definition = str(_definition(kind))
    lines = "".join(json.dumps({"definition": definition, "object": item}) + "\n" for item in objects)
    done = subprocess.run([go_binary("go_definitions")], input=lines, capture_output=True, text=True, check=True)
    told = [str(json.loads(line)) for line in done.stdout.splitlines()]
    store = SchemaStore((_ROOT / "schemas",))
    named = text(objects[0]["apiVersion"]), kind
    validator = store.validator(*named, kserve_version="v0.20.0")
    shape = store.shape(*named, kserve_version="v0.20.0")
    differences = []
    for item, theirs in zip(objects, told, strict=True):
        ours = [finding.message for finding in validator.check(apply_defaults(item, shape))]
        if bool(ours) != bool(theirs):
            differences.append(f"{json.dumps(item['spec'])}\n  we: {ours}\n  the API server: {theirs}")
    assert differences == []
    assert 10 < sum(map(bool, told)) < len(objects) - 10
