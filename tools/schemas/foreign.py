"""Foreign schemas, as packages of ordinary registries carry them, in; sources under `schemas/src/foreign` out.

Only `compile --refresh` runs this: it needs the package `kubernetes-validate` and, for Go modules, the `go` command.
Descriptions stay behind: structure alone is taken over. `schemas/NOTICE` names sources and licences.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from tools.schemas.notation import INT_OR_STRING, SCALARS, Schema, write_shape

ANNOTATIONS = frozenset(
    {"description", "example", "externalDocs", "title", "$schema", "$id", "x-kubernetes-group-version-kind"}
)
ANNOTATIONS |= {"x-kubernetes-patch-strategy", "x-kubernetes-unions"}
QUANTITY = SCALARS["quantity"]
CONTROLLER_GEN = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.21.0"
# The few shapes that Kubernetes' own schemas describe by hand.
KNOWN = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": INT_OR_STRING,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": QUANTITY,
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": SCALARS["date-time"],
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": SCALARS["date-time"],
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def bare(schema: Mapping[str, Any]) -> Schema:
    """Drop what describes, keep what binds."""
    out: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: bare(field) for name, field in value.items()}
        elif key in ANNOTATIONS:
            continue
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = bare(value)
        else:
            out[key] = value
    return out


def short_name(definition: str) -> str:
    """Shorten `io.k8s.api.core.v1.Container` to `core.Container`."""
    parts = definition.split(".")
    return f"{parts[-3]}.{parts[-1]}"


def kubernetes_shapes(source: Mapping[str, Any]) -> dict[str, Schema]:
    """Take the roots of a Kubernetes version, and all they refer to, from the package `kubernetes-validate`."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("the package kubernetes-validate is not installed: see requirements/dev.txt")
    folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"{source['schemas']}-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text("utf-8"))["$defs"]
    by_name = {
        short_name(name): name for name in reversed(definitions) if ".v1alpha" not in name and ".v1beta" not in name
    }
    for kind in ("HorizontalPodAutoscaler", "HorizontalPodAutoscalerBehavior"):
        by_name[f"autoscaling.{kind}"] = f"io.k8s.api.autoscaling.v2.{kind}"
    shapes: dict[str, Schema] = {}
    waiting = [by_name[root] for root in source["roots"]]
    while waiting:
        name = waiting.pop()
        if short_name(name) in shapes or name in KNOWN:
            continue
        shape = _from_kubernetes(bare(definitions[name]))
        shapes[short_name(name)] = shape
        waiting.extend(_references(definitions[name]))
    return shapes


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str):
            yield ref.removeprefix("#/$defs/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _from_kubernetes(schema: Schema) -> Schema:
    """Undo what makes every field nullable, and name references as the sources do."""
    out = dict(schema)
    if "$ref" in out:
        name = out.pop("$ref").removeprefix("#/$defs/")
        return {**out, **(KNOWN[name] if name in KNOWN else {"$ref": short_name(name)})}
    if isinstance(out.get("type"), list):
        (out["type"],) = (kind for kind in out["type"] if kind != "null")
    if "enum" in out:
        out["enum"] = [value for value in out["enum"] if value is not None]
    if "properties" in out:
        out["properties"] = {name: _from_kubernetes(field) for name, field in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _from_kubernetes(out[key])
    return out


def module_folder(module: str, version: str) -> Path:
    """Fetch a Go module through the go command and say where it lies."""
    command = ["go", "mod", "download", "-json", f"{module}@{version}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def generated_crd(module: Path, package: str, file: str) -> str:
    """Return one of the CRDs that controller-gen makes of a package's types, where a module carries no CRDs."""
    with tempfile.TemporaryDirectory() as made:
        command = ["go", "run", CONTROLLER_GEN, "crd", f"paths=./{package}", f"output:crd:dir={made}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=module)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
        return (Path(made) / file).read_text("utf-8")


def crd_parts(source: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Map the file of each CRD of a source to the version and the roots (`served`, `roots`) that are taken of it.

    A source names one CRD (`crd`), or several that share shapes (`crds`).
    """
    several: Mapping[str, Mapping[str, Any]] = source.get("crds", {})
    return several or {source["crd"]: source}


def crd_shapes(source: Mapping[str, Any]) -> dict[str, Schema]:
    """Take parts of the CRDs that a Go module carries, and give every object in them a name."""
    folder = module_folder(source["module"], source["version"])
    namer = _Namer(source["prefix"], source.get("opaque", ()))
    for file, part in crd_parts(source).items():
        is_made = "types" in source
        text = generated_crd(folder, source["types"], file) if is_made else (folder / file).read_text("utf-8")
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        (served,) = (v for v in document["spec"]["versions"] if v["name"] == part["served"])
        schema = bare(served["schema"]["openAPIV3Schema"])
        for name, path in part["roots"].items():
            root = schema
            for step in path.split(".") if path else ():
                root = root["properties"][step]
            namer.name(root, name)
    return namer.shapes


def _fields(hints: tuple[str, ...]) -> Iterator[str]:
    return (hint[0].lower() + hint[1:] for hint in hints)


class _Namer:
    """Gives each distinct object shape one name, from the field it was met at.

    `opaque` are the fields that stay open, as paths from a root: `metadata`, `spec.template`.
    """

    def __init__(self, prefix: str, opaque: tuple[str, ...]) -> None:
        self.prefix = prefix
        self.opaque = opaque
        self.shapes: dict[str, Schema] = {}

    def name(self, schema: Schema, *hints: str) -> Schema:
        """Replace a shape by a reference to its name."""
        shape = self._inner(schema, hints)
        for length in range(1, len(hints) + 1):
            name = f"{self.prefix}." + "".join(hints[-length:])
            if self.shapes.setdefault(name, shape) == shape:
                return {"$ref": name}
        raise SystemExit(f"no free name for {'.'.join(hints)} of {self.prefix}")

    def _inner(self, schema: Schema, hints: tuple[str, ...]) -> Schema:
        out = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
        if schema.get("x-kubernetes-int-or-string"):
            return {**out, **INT_OR_STRING}
        if "properties" not in out:
            return out
        out["properties"] = {
            field: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            if ".".join((*_fields(hints[1:]), field)) in self.opaque
            else self._field(inner, (*hints, field[0].upper() + field[1:]))
            for field, inner in out["properties"].items()
        }
        return out

    def _field(self, schema: Schema, hints: tuple[str, ...]) -> Schema:
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                return {**self._inner(schema, hints), key: self._field(schema[key], hints)}
        if "properties" not in schema:
            return self._inner(schema, hints)
        beside = ("default", "nullable")  # of the field, not of the shape
        shape = {key: value for key, value in schema.items() if key not in beside}
        return {**self.name(shape, *hints), **{key: schema[key] for key in beside if key in schema}}


def refresh(sources: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[Path, str]:
    """Extract every foreign source; the result maps files to their text."""
    texts = {}
    for name, source in sources.items():
        shapes = kubernetes_shapes(source) if "pypi" in source else crd_shapes(source)
        origin = source.get("module") or f"Kubernetes {source['schemas']}, from the package {source['pypi']}"
        head = (
            f"# Written by python -m tools.schemas.compile --refresh from {origin} {source.get('version', '')}".rstrip()
        )
        body = {key: write_shape(shape) for key, shape in sorted(shapes.items())}
        text = yaml.dump(body, sort_keys=False, width=10000, allow_unicode=True)
        texts[folder / f"{name}.yaml"] = f"{head}\n# ({source['licence']}). Structure only; do not edit.\n{text}"
    return texts
