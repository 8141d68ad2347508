"""The command line: parse options, call a use case, print its report, return its exit code."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import TYPE_CHECKING

import click

from kservegen import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

# Command -> what it does; the module of the same name is imported when the command runs, so that `--version` and
# completion stay fast.
COMMANDS = {
    "budget": "Sum up what environments take, against what was granted.",
    "call": "Send a first request to a model, and check the answer.",
    "check": "Judge a change as a whole against its base: the gate of a pull request.",
    "commit": "Render, and commit the output and nothing else.",
    "completion": "Print the completion script of a shell.",
    "convert": "Write the JSON report of a change in another form: a comment, SARIF.",
    "diff": "Say what differs between two environments, by meaning.",
    "explain": "Explain a rule, or where each field of a model comes from.",
    "find": "Find what a pod, a Service or any other name comes from: line, owner, commits.",
    "gpu": "Estimate GPU memory: what fits, and what would change it.",
    "init": "Start a repository: a catalog, an environment, a workflow.",
    "lock": "Pin revisions of models, with the facts that the estimate reads.",
    "plan": "Say what a change does in each environment, by meaning.",
    "policy": "Test policies: kservegen policy test.",
    "promote": "Bring to one environment the versions that another runs.",
    "render": "Check the catalog and write the manifests of every environment.",
    "rollback": "Give a model back the words that it had at a commit.",
    "set": "Change words of a model where they are written, comments kept.",
    "upgrade": "Say what another KServe version changes, and the order to go there.",
    "validate": "Check the catalog; nothing is written.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"kservegen.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from kservegen.core.suggest import did_you_mean  # noqa: PLC0415 - only where a command is misspelt

            hint = did_you_mean(args[0], COMMANDS)
            if not hint:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}. {hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="kservegen", message="%(prog)s %(version)s")
def cli() -> None:
    """Render KServe manifests from a compact catalog, checked so that a green pull request runs.

    Exit codes: 0 clean; 1 findings or drift; 2 usage or operational failure; 3 internal error.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    One command makes no garbage that counting references does not find: catalogs are trees. Looking for cycles would
    cost a small render a tenth of its time, and a large one more than half, again at the exit of the interpreter.
    """
    gc.disable()
    from kservegen.cli.failures import run_cli  # noqa: PLC0415 - keeps `import kservegen.cli` light

    code = run_cli(cli, arguments)
    gc.freeze()
    sys.exit(code)
