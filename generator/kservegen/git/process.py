"""Words in, what git prints out: one process each, in an environment that says nothing of the caller's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

# Hooks and CI set these for the repository that they run in, which need not be the one asked about.
_ABOUT_A_REPOSITORY: Final = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
# What the user's own configuration may change about what is printed, or about who is asked for a password.
_SETTINGS: Final = (
    "-c", "core.quotepath=off",
    "-c", "core.fsmonitor=false",
    "-c", "color.ui=never",
    "-c", "log.showSignature=false",
    "-c", "advice.detachedHead=false",
)  # fmt: skip


# How git ends what it says of a remote that cannot be reached; the reason stands first.
_ADVICE: Final = "and the repository exists."
_SECRETS: Final = (
    (lazy_pattern(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]*@", re.IGNORECASE), r"\1***@"),
    (lazy_pattern(r"([?&][a-z_]*token=)[^&\s'\"]+", re.IGNORECASE), r"\1***"),
)


def index_of_the_caller() -> dict[str, str]:
    """Return the variable by which git tells a hook which index its commit is made of; nothing elsewhere."""
    index = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": index} if index else {}


def mask(text: str) -> str:
    """Hide what a URL tells of its user: git repeats URLs with their credentials."""
    for pattern, kept in _SECRETS:
        text = pattern.sub(kept, text)
    return text


def without_user(url: str) -> str:
    """Return a URL without what it tells of its user."""
    return _SECRETS[0][0].sub(r"\1", url)


class GitError(GeneratorError):
    """Git said no; `said` is what it printed, `code` its exit code."""

    def __init__(self, message: str, *, subject: str = "", hint: str = "", code: int = 0, said: str = "") -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.code = code
        self.said = said


class Git(Struct, frozen=True):
    """Git in one work tree. `top` is its root, `prefix` the way from there to the folder asked for, with a slash."""

    binary: str
    top: Path
    prefix: str

    def run(self, *words: str, stdin: bytes | None = None, environment: dict[str, str] | None = None) -> bytes:
        """Run git at the top of the work tree and return what it prints; GitError with its last line otherwise."""
        done = self.attempt(*words, stdin=stdin, environment=environment)
        if done.returncode:
            raise git_failure(done, f"git {words[0]}")
        return done.stdout

    def attempt(
        self, *words: str, stdin: bytes | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git and return whatever came of it."""
        return _run(self.binary, self.top, words, stdin, environment)

    def text(self, *words: str) -> str:
        """Run git and return what it prints as text, its last line end removed."""
        return self.run(*words).decode("utf-8", "surrogateescape").removesuffix("\n")

    def inside(self, path: str) -> str:
        """Return a path relative to the folder asked for as one relative to the top."""
        return f"{self.prefix}{path}"


def git_failure(done: subprocess.CompletedProcess[bytes], subject: str, hint: str = "") -> GitError:
    """Return what a process that failed said, secrets left out."""
    said = mask(done.stderr.decode("utf-8", "replace").strip())
    told = _telling(said) if said else f"exit code {done.returncode}"
    return GitError(told.removeprefix("fatal: "), subject=subject, hint=hint, code=done.returncode, said=said)


def _telling(said: str) -> str:
    """Return the line that says what went wrong: the last that ends the program, or else the last.

    Of a remote out of reach it is the first: what ends the program is then the same advice whatever the reason.
    """
    lines = said.splitlines()
    if lines[-1] == _ADVICE:
        return next((line for line in lines if not line.startswith("Warning:")), lines[-1])
    return next((line for line in reversed(lines) if line.startswith("fatal: ")), lines[-1])


def open_git(folder: Path) -> Git:
    """Return git for the work tree that `folder` lies in; GeneratorError where there is no git or no work tree."""
    binary = shutil.which("git")
    if binary is None:
        raise GeneratorError(
            "git is not on the path", subject=str(folder), hint="Install git, or leave out what needs it."
        )
    done = _run(binary, folder, ("rev-parse", "--show-toplevel", "--show-prefix"), None, None)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if any("dubious ownership" in line for line in said):
            raise GeneratorError(
                "git does not trust this folder: another user owns it",
                subject=str(folder),
                hint=f"If you do, run: git config --global --add safe.directory {folder}",
            )
        raise GeneratorError("not in a git work tree", subject=str(folder), hint="Run this inside a clone.")
    top, _, prefix = done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n").partition("\n")
    return Git(binary, Path(top), prefix)


def _run(
    binary: str, folder: Path, words: tuple[str, ...], stdin: bytes | None, environment: dict[str, str] | None
) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in _ABOUT_A_REPOSITORY}
    # Messages are matched in places, and nothing may wait for a password that nobody types.
    kept |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **(environment or {})}
    command = [binary, *_SETTINGS, *words]
    try:
        # Blank input ends at once: nothing waits for what nobody types.
        return subprocess.run(command, cwd=folder, env=kept, capture_output=True, check=False, input=stdin or b"")  # noqa: S603
    except OSError as error:
        raise GeneratorError(f"cannot be run: {error.strerror}", subject=binary) from error
