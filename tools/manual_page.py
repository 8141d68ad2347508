"""The manual page and the completion scripts that a wheel brings, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click
from click.shell_completion import get_completion_class
from tools.reference import every_command

from kservegen.cli import cli

# Where each shell looks below share/.
_PLACES: Final = {
    "bash": "share/bash-completion/completions/kservegen",
    "zsh": "share/zsh/site-functions/_kservegen",
    "fish": "share/fish/vendor_completions.d/kservegen.fish",
}
_END: Final = """.SH EXIT STATUS
.TP
0
Clean.
.TP
1
Findings, or drift with \\-\\-check.
.TP
2
Usage or operational failure.
.TP
3
A defect of kservegen.
.SH FILES
.TP
models.yaml, models/
The catalog.
.TP
environments/
A file for each environment, and what they share.
.TP
rendered/
What is rendered; committed, and synced by Argo CD or Flux.
"""


def completions() -> Iterator[tuple[str, str]]:
    """Yield the completion script of each shell, by its path."""
    for shell, path in _PLACES.items():
        script = get_completion_class(shell)
        if script is None:
            raise RuntimeError(f"click has no completion for {shell}")
        yield path, script(cli, {}, "kservegen", "_KSERVEGEN_COMPLETE").source() + "\n"


def manual_page() -> str:
    """Return the manual in the language of man(7)."""
    lines = ['.TH KSERVEGEN 1 "" "kservegen" "User Commands"', ".SH NAME"]
    lines += ["kservegen \\- manifests for KServe from a catalog, checked so that a green pull request runs"]
    lines += [".SH SYNOPSIS", ".B kservegen", ".I COMMAND", "[OPTIONS] [ARGUMENTS]"]
    lines += [".SH DESCRIPTION", *_paragraphs(cli.help or ""), ".SH COMMANDS"]
    for command, context in every_command():
        lines += _command(command, context)
    return "\n".join(lines) + "\n" + _END


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    yield f".SS {_text(usage)}"
    yield from _paragraphs(command.help or "")
    for option in command.params:
        record = option.get_help_record(context)
        if isinstance(option, click.Option) and record is not None:
            yield ".TP"
            yield f".B {_text(record[0])}"
            yield _line(" ".join(record[1].split()))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.replace("\f", "").split("\n\n"):
        yield ".PP"
        if paragraph.lstrip().startswith("\b"):
            yield ".nf"
            yield from (_line(line) for line in paragraph.replace("\b", "").strip("\n").splitlines())
            yield ".fi"
        else:
            yield _line(" ".join(paragraph.split()))


def _text(text: str) -> str:
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in plain)


def _line(text: str) -> str:
    """Return text that begins no request of the language."""
    said = _text(text)
    return f"\\&{said}" if said.startswith((".", "'")) else said
