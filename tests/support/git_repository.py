"""A git repository of a test's own, untouched by the configuration of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *words: str, stdin: str = "") -> str:
    """Run git in a folder and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**kept, **WHO}, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.removesuffix("\n")


def new_repository(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """Make a repository with branch main, and a first commit of the given files."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    if files is not None:
        commit_files(folder, files)
    return folder


def commit_files(folder: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Write files, commit everything, and return the commit's name."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def commit_branches(folder: Path, branches: Mapping[str, Mapping[str, str]]) -> None:
    """Make branches of main with a commit each that changes files, without checking any of them out."""
    stream = []
    for name, files in branches.items():
        who = "committer Ada <ada@example.com> 1767323045 +0000"
        stream.append(f"commit refs/heads/{name}\n{who}\ndata {len(name)}\n{name}\nfrom refs/heads/main^0\n")
        for path, content in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n")
    git(folder, "fast-import", "--quiet", stdin="".join(stream))
