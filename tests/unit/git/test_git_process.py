"""Which of the lines that git prints is the one to show."""

from __future__ import annotations

import subprocess

import pytest

from kservegen.git.process import git_failure

ADVICE = """\
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (f"fatal: 'x' does not appear to be a git repository\n{ADVICE}", "'x' does not appear to be a git repository"),
        (f"Warning: Permanently added 'h'\ngit@h: Permission denied.\n{ADVICE}", "git@h: Permission denied."),
        ("fatal: No space left on device\nfast-import: dumping crash report to .git/x\n", "No space left on device"),
        ("hint: look\nerror: it failed\n", "error: it failed"),
        ("", "exit code 128"),
    ],
)
def test_the_line_that_says_why_is_shown(printed: str, told: str) -> None:
    done = subprocess.CompletedProcess(["git"], 128, b"", printed.encode())
    error = git_failure(done, "git x")
    assert (error.message, error.subject, error.code) == (told, "git x", 128)
