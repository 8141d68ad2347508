"""The files that people write: read all, replaced together or not at all; the module that touches the disk for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.formats.yaml.files import read_bytes

_NEW: Final = 0o644


def read_sources(repository: Repository) -> dict[str, bytes]:
    """Read the catalog, the environments and the locks, by path; GeneratorError for a file that cannot be read."""
    found: dict[str, bytes] = {}
    for path in (*repository.catalog_files(), *repository.environment_files(), *repository.lock_files()):
        file = repository.relative(path)
        content = read_bytes(path, file, repository.root)
        if isinstance(content, Diagnostic):
            raise GeneratorError(content.message, subject=file, hint=content.hint)
        found[file] = content
    return found


def replace_together(root: Path, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Replace files that are still as they were read; where one cannot be, those already replaced are put back.

    All new contents are on the disk before the first rename. A process killed between two renames, an instant, leaves
    whole files, the first of them new; `git diff` shows it, and the same command run again does the rest.
    """
    targets = {file: _inside(root, file) for file in after}
    for file, target in targets.items():
        if (target.read_bytes() if target.exists() else None) != before.get(file):
            raise GeneratorError(
                "the file was changed meanwhile; nothing was written", subject=file, hint="Run the command again."
            )
    with _drafts(after, targets) as drafts:
        done: list[str] = []
        try:
            for file, draft in drafts.items():
                draft.replace(targets[file])
                done.append(file)
        except BaseException as error:
            _put_back(done, targets, before)
            if isinstance(error, OSError):
                raise _refused(error) from error
            raise


@contextmanager
def _drafts(after: Mapping[str, bytes], targets: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    drafts: dict[str, Path] = {}
    try:
        try:
            for file, content in after.items():
                drafts[file] = _draft(targets[file], content)
        except OSError as error:
            raise _refused(error) from error
        yield drafts
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _draft(target: Path, content: bytes) -> Path:
    """Write beside the file, with its rights, and force it to the disk."""
    mode = target.stat().st_mode & 0o7777 if target.exists() else _NEW
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _put_back(done: list[str], targets: Mapping[str, Path], before: Mapping[str, bytes]) -> None:
    for file in done:
        if file not in before:
            targets[file].unlink(missing_ok=True)
            continue
        with suppress(OSError):
            _draft(targets[file], before[file]).replace(targets[file])


def _inside(root: Path, file: str) -> Path:
    """Return the file that a path leads to, links followed; GeneratorError for one outside of the repository."""
    if leads_out(root / file, root):
        raise GeneratorError(f"{LEADS_OUT}; nothing was written", subject=file, hint=LEADS_OUT_HINT)
    return (root / file).resolve()


def _refused(error: OSError) -> GeneratorError:
    return GeneratorError(
        f"the files cannot be written, and were not changed: {error.strerror}",
        subject=str(error.filename or ""),
        hint="Free some space or mend their rights, then run the command again.",
    )
