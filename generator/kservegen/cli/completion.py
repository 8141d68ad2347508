"""`kservegen completion`: the script that makes a shell complete commands, options and environments."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kservegen.cli.options import write_document


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> int:
    """Print the completion script of SHELL. For bash: eval "$(kservegen completion bash)"."""
    from kservegen.cli import cli  # noqa: PLC0415

    script = get_completion_class(shell)
    if script is None:
        raise click.ClickException(f"click has no completion for {shell}")
    write_document(script(cli, {}, "kservegen", "_KSERVEGEN_COMPLETE").source() + "\n")
    return 0
