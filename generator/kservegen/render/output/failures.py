"""What the operating system says goes in; what an operator needs to hear comes out as a `GeneratorError`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from kservegen.core.errors import GeneratorError

_SPACE = "Free some space (or raise the quota), then run the command again."
_RIGHTS = "Give the user who runs kservegen the right to change the folder and what is in it, or choose another --out."
_GONE = "The folder was moved or removed meanwhile; run the command again."
_IN_THE_WAY = "A symbolic link or a file stands where a folder belongs: move it away."

_HINTS = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), then run the command again.",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "The filesystem is mounted read-only: mount it for writing, or choose another --out.",
    errno.ENOENT: _GONE,
    errno.ESTALE: _GONE,
    errno.ELOOP: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EXDEV: "The output folder has to lie on one filesystem: mount nothing below it.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n), then run the command again.",
    errno.ENAMETOOLONG: "Shorten the name of the model or its namespace.",
}


def os_failure(error: OSError, *, out: Path, what: str) -> GeneratorError:
    """Build the error that says what could not be done to the output folder, why, and how to go on."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    at = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
    hint = _HINTS.get(error.errno or 0, "Mend the cause, then run the command again.")
    return GeneratorError(f"{what}: {reason}{at}", subject=str(out), hint=hint)


def raise_not_a_folder(out: str, *, is_link: bool) -> NoReturn:
    """Refuse an output folder that is none.

    A link is not resolved: whoever can commit `rendered -> ~/.ssh` would decide where the next run writes.
    """
    if is_link:
        raise GeneratorError(
            "the output folder is a symbolic link, and kservegen writes through none",
            subject=out,
            hint="Pass the folder that it points to with --out, or replace the link by a folder.",
        )
    raise GeneratorError("the output folder is a file", subject=out, hint="Move it away, or choose another --out.")


@contextmanager
def operational(out: Path, what: str) -> Iterator[None]:
    """Turn what the system refuses inside the block into a `GeneratorError`."""
    try:
        yield
    except OSError as error:
        raise os_failure(error, out=out, what=what) from error
