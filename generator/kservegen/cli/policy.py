"""`kservegen policy`: work on policies; `kservegen policy test` runs their cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.options import (
    find_repository,
    line_reader,
    reporting,
    terminal_width,
    wants_colour,
    write_document,
    write_text,
)

if TYPE_CHECKING:
    from kservegen.commands.policy_test import PolicyTests


@click.group(name="policy")
def command() -> None:
    """Work on the policies of policies/."""


@command.command(name="test")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@reporting("text", "json", "junit")
def test(*, paths: tuple[Path, ...], root: Path | None, output: str) -> int:
    """Run the test cases of policies: policies/tests/POLICY/*.yaml, each with its expected verdict in a comment.

    PATH is a policy's file, its folder of cases, or a case; without one, all policies of the repository are tested.
    """
    from kservegen.commands.policy_test import try_policies  # noqa: PLC0415

    repository = find_repository(root)
    done = try_policies(repository, paths)
    write = write_text if output == "text" else write_document
    write(_report(done, output, repository.root))
    return done.result.exit_code


def _report(done: PolicyTests, output: str, root: Path) -> str:
    from kservegen.report import policy_tests as report  # noqa: PLC0415

    if output == "junit":
        return report.trials_as_junit(done.trials)
    if output == "json":
        from kservegen.report.json_report import render_json  # noqa: PLC0415

        return render_json(done.result, policyTests=report.trials_as_json(done.trials))
    from kservegen.report.text import render_findings  # noqa: PLC0415

    findings = render_findings(done.result, line_reader(root), colour=wants_colour(), width=terminal_width())
    parts = (report.trials_as_table(done.trials), findings, report.trials_summary(done.trials, done.result))
    return "\n".join(part for part in parts if part)
