"""The model on a volume is a single file, where servers look for a folder.

What follows the claim's name in a pvc:// URI is mounted at /mnt/models. A file cannot be mounted over a folder of the
image, and where it can, servers that list the folder find nothing.

Fix: Name the folder that the file is in.
Severity: warning
Bad:
    storageUri: pvc://weights/iris/model.joblib
Good:
    storageUri: pvc://weights/iris
Upstream: pkg/webhook/admission/pod/storage_initializer_injector.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, text

# Endings of files that servers load: those of folders (SavedModel, repositories of models) have none.
_FILES: Final = (
    *(".bin", ".bst", ".gguf", ".h5", ".joblib", ".json", ".keras", ".mar", ".model", ".onnx", ".pickle", ".pkl"),
    *(".pmml", ".pt", ".pth", ".safetensors", ".tar", ".tar.gz", ".tgz", ".txt", ".ubj", ".zip"),
)


@rule(Stage.RUN, "InferenceService", "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    owners = [(at.path, at.spec, "storageUri") for at in components_of(resource)]
    for above, owner, field in owners or [(("spec",), mapping(resource.doc.get("spec")), "uri")]:
        uri = text(mapping(owner.get("model")).get(field))
        if not uri.startswith("pvc://"):
            continue
        path, (folder, _, file) = (*above, "model", field), uri.rpartition("/")
        if folder.count("/") > 1 and file.lower().endswith(_FILES):
            yield Problem(path, f"the claim's {file} is a file, and is mounted as if it were a folder", seen=uri)
