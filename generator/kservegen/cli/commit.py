"""`kservegen commit`: render, and commit what was rendered."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.options import (
    ENVIRONMENT_HELP,
    common,
    complete_environment,
    emit_result,
    evaluating,
    fail_on,
    guard_options,
    open_for_writing,
    write_document,
    write_text,
)
from kservegen.core.diagnostics import Severity

if TYPE_CHECKING:
    from kservegen.commands.commit import CommitOptions
    from kservegen.core.repository import Repository


@click.command(name="commit", epilog=ENVIRONMENT_HELP)
@click.argument("environments", metavar="[ENV]...", nargs=-1, shell_complete=complete_environment)
@click.option(
    "--branch",
    default="",
    metavar="NAME",
    help="Branch that gets the commit; nothing is checked out. Default: this one; environments/{env} if hydrated.",
)
@click.option(
    "--push",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[REMOTE]",
    help="Push the commit, never by force. Default: the remote that git is configured with.",
)
@click.option("--message", "-m", default="", help="Subject and text of the commit. Default: what happens to models.")
@click.option("--author", default=None, metavar="'NAME <ADDRESS>'", help="Who made it. Default: as git is configured.")
@click.option("--hydrated", is_flag=True, help="One branch for each environment, as Argo CD's Source Hydrator has it.")
@click.option(
    "--propose",
    is_flag=True,
    help="With --push: open a pull request of this branch, through gh or glab. With --hydrated: commit to NAME-next, "
    "and open one into NAME.",
)
@guard_options
@click.option(
    "--allow-unrelated",
    is_flag=True,
    help="Go on where the branch was rendered from a commit that is not in the history of this one.",
)
@common
@fail_on
@evaluating
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environments: tuple[str, ...],
    branch: str,
    push: str | None,
    message: str,
    author: str | None,
    hydrated: bool,
    propose: bool,
    allow_removals: int,
    allow_restarts: int,
    allow_left_behind: int,
    allow_unrelated: bool,
    root: Path | None,
    output: str,
    fail_on: str,
) -> int:
    """Render, and commit rendered/ and nothing else: what is staged or changed beside it stays as it is.

    The catalog must be committed: the new commit names the one that it was rendered from. There is no commit where a
    finding counts as failure, nor where nothing changed. With --push, a run whose catalog is older than what the branch
    was rendered from stops, and says so. With --propose, a pull request that cannot be opened is said, and the commit
    stands.
    """
    from kservegen.commands.commit import CommitOptions  # noqa: PLC0415
    from kservegen.commands.render import RenderOptions  # noqa: PLC0415

    _check_usage(branch, push, hydrated=hydrated, propose=propose)
    repository = open_for_writing(root)
    rendering = RenderOptions(
        out=repository.output,
        allow_removals=allow_removals,
        allow_restarts=allow_restarts,
        allow_left_behind=allow_left_behind,
        fail_on=Severity(fail_on),
    )
    options = CommitOptions(
        render=rendering,
        environments=environments,
        branch=branch,
        push=push,
        message=message,
        author=None if author is None else _name_and_address(author),
        hydrated=hydrated,
        proposes=propose,
        allow_unrelated=allow_unrelated,
    )
    return _commit(options, repository, output)


def _commit(options: CommitOptions, repository: Repository, output: str) -> int:
    from kservegen.commands.commit import commit_output  # noqa: PLC0415
    from kservegen.report.commit import commit_as_json, commit_as_text  # noqa: PLC0415

    result, outcome = commit_output(repository, options)
    if output == "json" and outcome is not None:
        from kservegen.report.json_report import render_json  # noqa: PLC0415

        write_document(render_json(result, commit=commit_as_json(outcome)))
        return result.exit_code
    code = emit_result(result, output, repository.root)
    if outcome is not None:
        write_text(commit_as_text(outcome))
    elif output == "text":
        write_text("nothing was committed\n")
    return code


def _check_usage(branch: str, push: str | None, *, hydrated: bool, propose: bool) -> None:
    if propose and not hydrated and push is None:
        raise click.UsageError("--propose opens a pull request of what is pushed: say --push, too")
    if hydrated and branch and "{env}" not in branch:
        raise click.UsageError("with --hydrated, --branch holds {env} where the environment's name goes")
    if not hydrated and "{env}" in branch:
        raise click.UsageError("{env} in --branch means one branch for each environment: say --hydrated, too")


def _name_and_address(author: str) -> tuple[str, str]:
    name, address = parseaddr(author)
    if not name or "@" not in address:
        raise click.UsageError("--author is written 'NAME <ADDRESS>'")
    return name, address
