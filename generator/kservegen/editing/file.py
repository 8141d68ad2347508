"""A file and its new text: replaced whole, or left as it was."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from kservegen.errors import GeneratorError

# The rights of a file that was not there.
_NEW: Final = 0o644


def replace_file(path: Path, text: str, *, subject: str) -> None:
    """Write beside the file and rename over it, its rights kept; GeneratorError where that fails."""
    try:
        mode = path.stat().st_mode if path.exists() else _NEW
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode & 0o7777)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GeneratorError(
            f"the file cannot be written, and was not changed: {error.strerror}",
            subject=subject,
            hint="Free some space or mend its rights, then run the command again.",
        ) from error
