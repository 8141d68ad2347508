"""The command line: parse options, call a use case, print its report, return its exit code."""

from __future__ import annotations

import gc
import importlib
import inspect
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from kservegen import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


class CommandEntry(NamedTuple):
    """What a command does, and what it speaks to over a network, in words for its help."""

    summary: str
    network: str


_NO_NETWORK: Final = "none"
_MODEL: Final = "the model, through kubectl port-forward or at --url; with --show none"
_REMOTE: Final = "the git remote with --push, and its forge through gh or glab with --propose; otherwise none"
_CLUSTER: Final = "the API server of the cluster; with --from none"
_HUB: Final = "the hub that the models come from; with --from or --facts none"
_CLUSTERS: Final = "the clusters with --from-cluster, through kubectl get; otherwise none"
_DEFINITIONS: Final = "the API server of the cluster with --from-cluster, otherwise none"
# The module of the same name is imported when the command runs, so that `--version` and completion stay fast.
COMMANDS: Final = {
    "adopt": CommandEntry("Make a catalog of what runs already, with the proof that it is the same.", _DEFINITIONS),
    "budget": CommandEntry("Sum up what environments take, against what was granted.", _NO_NETWORK),
    "call": CommandEntry("Send a first request to a model, and check the answer.", _MODEL),
    "check": CommandEntry("Judge a change as a whole against its base: the gate of a pull request.", _NO_NETWORK),
    "codeowners": CommandEntry("Print CODEOWNERS as owners.yaml says it, or write it.", _NO_NETWORK),
    "commit": CommandEntry("Render, and commit the output and nothing else.", _REMOTE),
    "completion": CommandEntry("Print the completion script of a shell.", _NO_NETWORK),
    "convert": CommandEntry("Write the JSON report of a change in another form: a comment, SARIF.", _NO_NETWORK),
    "diff": CommandEntry("Say what differs between two environments, by meaning.", _NO_NETWORK),
    "eject": CommandEntry("Leave plain files, and a page on how to go on without kservegen.", _NO_NETWORK),
    "explain": CommandEntry("Explain a rule, or where each field of a model comes from.", _NO_NETWORK),
    "facts": CommandEntry("List what estimates know of models, GPUs and engines.", _NO_NETWORK),
    "find": CommandEntry("Find what a pod, a Service or any other name comes from: line, owner, commits.", _NO_NETWORK),
    "fmt": CommandEntry("Put source files in order, or propose a base for two environments.", _NO_NETWORK),
    "gpu": CommandEntry("Estimate GPU memory: what fits, and what would change it.", _NO_NETWORK),
    "init": CommandEntry("Start a repository: a catalog, an environment, a workflow.", _NO_NETWORK),
    "inventory": CommandEntry("Write down what an environment's cluster holds, or tell what has changed.", _CLUSTER),
    "lock": CommandEntry("Pin revisions of models, with the facts that the estimate reads.", _HUB),
    "owners": CommandEntry("List the pods of each model with its owner, for tools that sum up costs.", _NO_NETWORK),
    "plan": CommandEntry("Say what a change does in each environment, by meaning.", _NO_NETWORK),
    "policy": CommandEntry("Test policies: kservegen policy test.", _NO_NETWORK),
    "promote": CommandEntry("Bring to an environment or stage what another runs.", _CLUSTERS),
    "render": CommandEntry("Check the catalog and write the manifests of every environment.", _NO_NETWORK),
    "report": CommandEntry("List the models: what runs where, and who answers for it.", _NO_NETWORK),
    "rollback": CommandEntry("Give a model back the words that it had at a commit.", _NO_NETWORK),
    "schema": CommandEntry("Print or write the schemas that editors complete from.", _NO_NETWORK),
    "schemas": CommandEntry("Compile definitions of kinds: kservegen schemas add.", _DEFINITIONS),
    "set": CommandEntry("Change words of a model where they are written, comments kept.", _NO_NETWORK),
    "simulate": CommandEntry("Print what KServe's controllers would make of models or manifests.", _NO_NETWORK),
    "status": CommandEntry("Tell how far each model has come: Git, rendered, live, Ready.", _CLUSTERS),
    "upgrade": CommandEntry("Say what another KServe version changes, and the order to go there.", _NO_NETWORK),
    "validate": CommandEntry("Check the catalog; nothing is written.", _NO_NETWORK),
}
# What other tools call what a command here does.
_CALLED_ELSEWHERE: Final = {
    "apply": "render, which an engine or kubectl applies",
    "build": "render",
    "compare": "diff",
    "compile": "render",
    "cost": "budget",
    "costs": "budget",
    "create": "init",
    "doctor": "validate",
    "export": "eject",
    "format": "fmt",
    "generate": "render",
    "import": "adopt",
    "install": "init",
    "lint": "validate",
    "list": "report",
    "ls": "report",
    "manifest": "render",
    "memory": "gpu",
    "new": "init",
    "preview": "plan",
    "revert": "rollback",
    "search": "find",
    "show": "explain",
    "template": "render",
    "test": "validate, or policy test for policies",
    "undo": "rollback",
    "verify": "check",
}
OFFLINE: Final = tuple(name for name, entry in COMMANDS.items() if entry.network == _NO_NETWORK)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        from kservegen.cli.examples import examples_text  # noqa: PLC0415 - not for `--version`

        command: click.Command = importlib.import_module(f"kservegen.cli.{cmd_name}").command
        declared = f"\n\nNetwork: {COMMANDS[cmd_name].network}."
        inner = command.commands.items() if isinstance(command, click.Group) else ()
        for name, each in ((cmd_name, command), *((f"{cmd_name} {name}", each) for name, each in inner)):
            each.help = inspect.cleandoc(each.help or "").removesuffix(declared) + declared
            said = examples_text(name)
            each.epilog = "\n\n".join(filter(None, [(each.epilog or "").removesuffix(said).rstrip(), said]))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from kservegen.core.suggest import did_you_mean  # noqa: PLC0415 - only where a command is misspelt

            meant = _CALLED_ELSEWHERE.get(args[0])
            hint = f"Did you mean {meant}?" if meant else did_you_mean(args[0], COMMANDS)
            if not hint:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}. {hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl((name, entry.summary) for name, entry in sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="kservegen", message="%(prog)s %(version)s")
def cli() -> None:
    """Render KServe manifests from a compact catalog, checked so that a green pull request runs.

    Exit codes: 0 clean; 1 findings or drift; 2 usage or operational failure; 3 internal error.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    One command makes no garbage that counting references does not find: catalogs are trees. Looking for cycles would
    cost a small render a tenth of its time, and a large one more than half.
    """
    gc.disable()
    _open_closed_streams()
    from kservegen.cli.failures import run_cli  # noqa: PLC0415 - keeps `import kservegen.cli` light

    code = run_cli(cli, arguments)
    # The interpreter would take apart every object, and then the kernel takes back the memory anyway. Where what was
    # printed does not get out, it is left to say so as it always does.
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Give what was started without a stream (`>&-`) an empty one, as git does (setup.c, sanitize_stdfds).

    Python has None in its place, and the next file that is opened would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open until the process ends
