"""Git repositories below a folder, served read-only on 127.0.0.1 by git's own daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import binaries
from tests.cluster.control_plane import HOST, free_port, listens, running, wait_for


@contextmanager
def serving_git(repositories: Path, folder: Path) -> Iterator[str]:
    """Serve every repository below `repositories`; yields the URL that their names are added to."""
    port = free_port()
    command = [
        str(binaries.find("git")),
        "daemon",
        f"--listen={HOST}",
        f"--port={port}",
        f"--base-path={repositories}",
        "--export-all",
        "--reuseaddr",
    ]
    with running("git-daemon", command, folder):
        wait_for("git daemon", lambda: listens(port))
        yield f"git://{HOST}:{port}"
