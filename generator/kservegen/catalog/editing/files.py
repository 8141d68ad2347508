"""A repository in; the files that people write out, by path: read all."""

from __future__ import annotations

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.formats.yaml.files import read_bytes


def read_sources(repository: Repository) -> dict[str, bytes]:
    """Read all that people write, locks and inventories; GeneratorError for a file that cannot be read."""
    found: dict[str, bytes] = {}
    owners = repository.owners_file()
    beside = (*repository.base_files(), *repository.lock_files(), *repository.inventory_files())
    beside = (*beside, owners) if owners is not None else beside
    for path in (*repository.catalog_files(), *repository.environment_files(), *beside, *repository.manifest_files()):
        file = repository.relative(path)
        content = read_bytes(path, file, repository.root)
        if isinstance(content, Diagnostic):
            raise GeneratorError(content.message, subject=file, hint=content.hint)
        found[file] = content
    return found
