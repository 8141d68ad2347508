"""owners.yaml and an environment's files in; what lies under these, as a file whose lines are those of owners.yaml."""

from __future__ import annotations

from collections.abc import Sequence

from kservegen.catalog.merge import merge_values
from kservegen.catalog.model import CatalogDocument
from kservegen.catalog.owners import Owners
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.formats.yaml.source import composed_source


def team_layer(
    file: CatalogDocument, names: Sequence[str], documents: Sequence[CatalogDocument]
) -> CatalogDocument | None:
    """Return what teams bring to an environment of these names and files; None where they bring nothing."""
    beneath: JsonObject = {}
    for document in documents:
        beneath = merge_values(beneath, document.value)
    words, origins = Owners.of(file.value).words_for(names, beneath)
    if not words:
        return None

    def origin(path: Path) -> Path:
        for length in range(len(path), 0, -1):
            if path[:length] in origins:
                return (*origins[path[:length]], *path[length:])
        return ("teams",)

    source = composed_source(
        file.file, words, lambda path: (file.source.key(origin(path)), file.source.value(origin(path)))
    )
    return CatalogDocument(file.file, words, source)
