"""An old framework field in ModelMesh mode breaks the rules of its framework.

In any other mode the defaulter turns the field into model before these rules are asked. In ModelMesh mode it stays: the
runtimeVersion of tensorflow and pytorch must end in -gpu exactly when a GPU is asked for, an onnx model's file must end
in .onnx, and storage of four frameworks must be s3, hdfs or webhdfs.

Fix: Use model with a modelFormat instead of the framework's field.
Bad:
    metadata: {annotations: {serving.kserve.io/deploymentMode: ModelMesh}}
    spec: {predictor: {onnx: {storageUri: s3://b/m.pb}}}
Good:
    metadata: {annotations: {serving.kserve.io/deploymentMode: ModelMesh}}
    spec: {predictor: {onnx: {storageUri: s3://b/m.onnx}}}
Upstream: ISVC-70; ISVC-71; ISVC-72; ISVC-73; pkg/apis/serving/v1beta1/predictor_tfserving.go;
pkg/apis/serving/v1beta1/predictor_onnxruntime.go
"""

import posixpath
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._storage_spec import storage_problems
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.workloads import FRAMEWORKS

_FRAMEWORKS: Final = frozenset(FRAMEWORKS)
_VERSIONED: Final = {"tensorflow": "Tensorflow", "pytorch": "PyTorch"}
_STORED: Final = frozenset({"tensorflow", "pytorch", "onnx", "pmml"})


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
    if _FRAMEWORKS.isdisjoint(predictor):
        return
    found = [name for name in FRAMEWORKS if isinstance(predictor.get(name), dict)]
    if len(found) != 1 or predictor.get("model") is not None:
        return  # said by kserve/implementation
    name = found[0]
    path, framework = ("spec", "predictor", name), mapping(predictor[name])
    if name in _VERSIONED:
        yield from _version(path, framework, _VERSIONED[name])
    uri = framework.get("storageUri")
    if name == "onnx" and isinstance(uri, str):
        yield from _extension(path, uri)
    if name in _STORED:
        yield from storage_problems(path, framework)


def _version(path: Path, framework: JsonObject, name: str) -> Problems:
    version = framework.get("runtimeVersion")
    if not isinstance(version, str):
        return
    wants_gpu = "nvidia.com/gpu" in mapping(mapping(framework.get("resources")).get("limits"))
    if wants_gpu != ("-gpu" in version):
        message = (
            f"{name} RuntimeVersion is not GPU enabled but GPU resources are requested"
            if wants_gpu
            else f"{name} RuntimeVersion is GPU enabled but GPU resources are not requested"
        )
        yield Problem((*path, "runtimeVersion"), message, seen=version)


def _extension(path: Path, uri: str) -> Problems:
    name = posixpath.basename(uri)
    extension = name[name.rindex(".") :] if "." in name else ""
    if extension not in {"", ".onnx"}:
        yield Problem(
            (*path, "storageUri"),
            f"expected storageUri file extension: '.onnx' but got '{extension}'",
            seen=uri,
            allowed="a name that ends in .onnx, or one without a dot",
        )
