"""A file with our first line in; why we never rendered it, whatever the catalog was, out."""

from __future__ import annotations

from typing import Final

from kservegen.catalog.companions import CompanionKey
from kservegen.catalog.sections import KINDS
from kservegen.checks.manifests.documents import read_documents
from kservegen.render.objects.companion import companion_file

# The kinds of the folders that hold entries of the catalog; engines and charts have theirs.
_RENDERED: Final = {
    folder: frozenset(info.kind for info in KINDS.values() if info.folder == folder) | extra
    for folder, extra in {"models": frozenset[str](), "runtimes": frozenset[str](), "cluster": {"Namespace"}}.items()
}


def forged(data: bytes, path: str) -> str:
    """Say why we never rendered such a file, whatever the catalog was: one object each, called after it."""
    if path.startswith("platform/values/"):
        return ""  # Helm's values; what they were stands in no object
    documents = tuple(read_documents(data, path, named=True))
    if len(documents) != 1:
        return f"this file says that kservegen rendered it, and holds {len(documents)} objects"
    resource = documents[0].resource
    if resource is None:
        return "this file says that kservegen rendered it, and holds no object"
    folder, _, file = path.rpartition("/")
    top, _, namespace = folder.partition("/")
    if top not in _RENDERED:
        fits = file.startswith(f"{resource.kind.lower()}-")
    else:
        fits = resource.kind in _RENDERED[top] and resource.id.namespace == namespace
        fits = fits and file == f"{resource.kind.lower()}-{resource.id.name}.yaml"
    beside = CompanionKey(resource.group, *resource.id)
    fits = fits or path == companion_file(beside.info, beside.namespace, beside.name)
    return "" if fits else f"this file says that kservegen rendered it, and holds {resource.id}"
