"""The proof of the compiled schemas: field by field they say what upstream's CRDs say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.fact_files import reference_folder
from tools.schemas.foreign import crd_parts, module_folder
from tools.schemas.sources import read

REPOSITORY = Path(__file__).resolve().parents[4]
SHARED = Path(os.environ.get("KSERVEGEN_SHARED", REPOSITORY.parent / "shared"))
COMPILED = sorted((REPOSITORY / "schemas" / "kserve").glob("*/serving.kserve.io/*.json"))
OTHERS = sorted((REPOSITORY / "schemas" / "crds").glob("*/*.json"))
# Left open on purpose: the templates of pods that another kind carries. Left out: the one condition that the notation
# has no words for, that an address of a Gateway is one of its type.
OPEN = {
    "leaderworkerset_v1": ("spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"),
    "scaledjob_v1alpha1": ("spec.jobTargetRef.template",),
    "gateway_v1": ("spec.addresses[] oneOf",),
}
# What the SDK of a preview has beside the CRDs of the source before the release.
SDK_ALONE = ("spec.tracing: ours alone", ".schedulingGroup: ours alone")
# Ours alone: what only this tool reads, and strictness, which a CRD has by pruning.
OWN = ("x-kservegen-", "x-kubernetes-patch-merge-key", "$schema", "definitions")


@cache
def crd_versions(version: str) -> dict[str, dict[str, Any]]:
    """Map `kind_version` to the schema that upstream's CRD states."""
    folder = reference_folder(SHARED / "kserve", version) / "crds"
    if not folder.is_dir():
        pytest.skip(f"upstream's CRDs of {version} are not here: set KSERVEGEN_SHARED to the folder that holds them")
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for served in document["spec"]["versions"]:
            name = f"{document['spec']['names']['kind'].lower()}_{served['name']}"
            found[name] = served["schema"]["openAPIV3Schema"]
    return found


def expand(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Put a definition in the place of its reference; what stands beside the reference wins."""
    while "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/definitions/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


# What a format of a number says by itself, and a compiled schema spells out.
ENDS = {"int32": {"minimum": -(2**31), "maximum": 2**31 - 1}, "int64": {"minimum": -(2**63), "maximum": 2**63 - 1}}


def canonical(node: dict[str, Any]) -> dict[str, Any]:
    """Write one level the one way: without descriptions and ends of formats, int-or-string typed once, sorted sets."""
    written = node.get("x-kservegen-written", ())
    out = {k: v for k, v in node.items() if k not in ("description", "example") and not k.startswith(OWN)}
    for key, end in ENDS[node.get("format", "int64")].items() if node.get("type") == "integer" else ():
        if out.get(key) == end:
            del out[key]
    if out.get("x-kubernetes-int-or-string"):
        out.pop("anyOf", None)
        out.pop("type", None)
    if out.get("additionalProperties") is False:
        del out["additionalProperties"]
    for key in ("required", "enum"):
        if key in out:
            out[key] = sorted(value for value in out[key] if key == "enum" or value not in written)
    if out.get("required") == []:
        del out["required"]
    if out.get("x-kubernetes-validations"):
        out["x-kubernetes-validations"] = sorted(out["x-kubernetes-validations"], key=lambda rule: str(rule["rule"]))
    return out


def differences(ours: dict[str, Any], theirs: dict[str, Any], definitions: dict[str, Any], at: str) -> Iterator[str]:
    """Walk both schemas together and say where they part."""
    left, right = canonical(expand(ours, definitions)), canonical(theirs)
    for key in ("properties", "items", "additionalProperties"):
        mine, upstream = left.pop(key, None), right.pop(key, None)
        if isinstance(mine, dict) and isinstance(upstream, dict):
            if key != "properties":
                yield from differences(mine, upstream, definitions, f"{at}[]")
                continue
            yield from (f"{at}.{name}: ours alone" for name in sorted(mine.keys() - upstream.keys()))
            yield from (f"{at}.{name}: theirs alone" for name in sorted(upstream.keys() - mine.keys()))
            for name in sorted(mine.keys() & upstream.keys()):
                yield from differences(mine[name], upstream[name], definitions, f"{at}.{name}")
        elif mine != upstream:
            yield f"{at} {key}: {mine} is not {upstream}"
    for key in sorted(left.keys() | right.keys()):
        if left.get(key) != right.get(key):
            yield f"{at} {key}: {json.dumps(left.get(key))} is not {json.dumps(right.get(key))}"


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_compiled_schema_equals_upstream(path: Path) -> None:
    """All of `spec` and beside it; the root's constants and metadata are stricter on purpose, status is open."""
    theirs = crd_versions(path.parts[-3])[path.stem]
    ours = json.loads(path.read_text("utf-8"))
    definitions = ours["definitions"]
    assert ours["properties"].keys() == theirs["properties"].keys()
    found = [
        line
        for name in ours["properties"].keys() - {"apiVersion", "kind", "metadata", "status"}
        for line in differences(ours["properties"][name], theirs["properties"][name], definitions, name)
    ]
    known = SDK_ALONE if reference_folder(SHARED / "kserve", path.parts[-3]).name != path.parts[-3] else ()
    found = [line for line in found if not (known and line.endswith(known))]
    assert not found, "\n".join(found[:20])
    assert ours.get("x-kubernetes-validations") == theirs.get("x-kubernetes-validations")


def test_every_upstream_kind_is_compiled() -> None:
    for version in sorted({path.parts[-3] for path in COMPILED}):
        names = {path.stem for path in COMPILED if path.parts[-3] == version}
        assert names == crd_versions(version).keys()


@cache
def other_crd(module: str, version: str, file: str) -> dict[str, dict[str, Any]]:
    """Map `group/kind_version` to what a CRD of a Go module states; nothing where the module cannot be had."""
    try:
        folder = module_folder(module, version)
    except (OSError, SystemExit):
        return {}
    document = yaml.load((folder / file).read_text("utf-8"), Loader=yaml.CSafeLoader)
    named = f"{document['spec']['group']}/{document['spec']['names']['kind'].lower()}"
    return {f"{named}_{v['name']}": v["schema"]["openAPIV3Schema"] for v in document["spec"]["versions"]}


def other_crds(group: str, stem: str) -> Iterator[dict[str, dict[str, Any]]]:
    """List the CRDs of the sources of `schemas/crds` whose files are called as a kind of that group may be."""
    sources = read(REPOSITORY / "schemas" / "src" / "foreign" / "sources.yaml")
    plural = f"{group}_{stem.partition('_')[0][:-1]}"  # all of a word but its end is in its plural, too: policies
    for source in map(sources.__getitem__, read(REPOSITORY / "schemas" / "src" / "others.yaml")["crds"]["foreign"]):
        for file in crd_parts(source) if "module" in source else ():
            if Path(file).name.startswith(plural):
                yield other_crd(source["module"], source["version"], file)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: f"{path.parts[-2]}-{path.stem}")
def test_another_projects_schema_equals_upstream(path: Path) -> None:
    name = f"{path.parts[-2]}/{path.stem}"
    theirs = next((crd[name] for crd in other_crds(*name.split("/")) if name in crd), None)
    if theirs is None:
        pytest.skip(f"the Go module that carries the CRD of {name} cannot be had here")
    ours = json.loads(path.read_text("utf-8"))
    assert ours["properties"].keys() == theirs["properties"].keys()
    assert set(ours["required"]) == {"apiVersion", "kind", "metadata", *theirs.get("required", ())}
    found = [
        line
        for name in ours["properties"].keys() - {"apiVersion", "kind", "metadata", "status"}
        for line in differences(ours["properties"][name], theirs["properties"][name], ours["definitions"], name)
        if not line.startswith(OPEN.get(path.stem, ("?",)))
    ]
    assert not found, "\n".join(found[:20])
    assert ours.get("x-kubernetes-validations") == theirs.get("x-kubernetes-validations")
