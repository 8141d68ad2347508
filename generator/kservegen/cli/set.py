"""`kservegen set`: change words of an entry in the files that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.edits import editing
from kservegen.cli.options import complete_environment

if TYPE_CHECKING:
    from kservegen.commands.edits import Agree, ProposedEdits
    from kservegen.core.repository import Repository


@click.command(name="set")
@click.argument("model", shell_complete=complete_model)
@click.argument("assignments", metavar="[PATH=VALUE]...", nargs=-1)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Edit the entry of this environment or base. Default: the catalog's own entry, for all environments.",
)
@click.option("--unset", multiple=True, metavar="PATH", help="Remove a word from the file that is edited.")
@editing
def command(
    repository: Repository,
    agree: Agree,
    *,
    model: str,
    assignments: tuple[str, ...],
    environments: tuple[str, ...],
    unset: tuple[str, ...],
) -> ProposedEdits:
    """Set words of MODEL where they are written; comments, order and layout of all else stay as they are.

    MODEL is a key of any section, alone or with its section, kind or namespace before it. VALUE is YAML as in the
    catalog: minReplicas=2, resources.limits.memory=8Gi, env[NAME].value=x, args.max-model-len=8192, args='[--x]'. The
    value null removes what the catalog says. An edit that brings errors is refused.
    """
    from kservegen.catalog.editing.assignment import parse_assignment, parse_path  # noqa: PLC0415
    from kservegen.commands.set import SetRequest, set_words  # noqa: PLC0415

    if not assignments and not unset:
        raise click.UsageError("say what to set: PATH=VALUE, or --unset PATH")
    request = SetRequest(
        assignments=tuple(parse_assignment(typed) for typed in assignments),
        unset=tuple((typed, parse_path(typed)) for typed in unset),
    )
    return set_words(repository, model, request, agree, environments=environments)
