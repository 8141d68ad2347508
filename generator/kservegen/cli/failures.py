"""What every command does with failures: a sentence for people, JSON for programs, a traceback only on request."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from kservegen.commands.result import INTERNAL, OPERATIONAL
from kservegen.core.errors import GeneratorError


def run_cli(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run `command` and return the exit code that the process should have."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = command.main(args=words, prog_name="kservegen", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        click.echo("kservegen: stopped", err=True)
        return OPERATIONAL
    except click.ClickException as error:
        return _usage(error, words)
    except GeneratorError as error:
        return _fail(error, words, error)
    except KeyboardInterrupt:
        click.echo("kservegen: stopped; nothing is half written", err=True)
        return OPERATIONAL
    except BrokenPipeError:
        # The reader went away (`| head`): no more output, and no complaint from the interpreter at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OPERATIONAL
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a user unasked
        return _internal(error, words)
    return outcome if isinstance(outcome, int) else 0


def _wants_json(words: Sequence[str]) -> bool:
    return "--output=json" in words or ("--output", "json") in pairwise(words)


def _usage(error: click.ClickException, words: Sequence[str]) -> int:
    if _wants_json(words):
        return _fail(GeneratorError(error.format_message(), hint="See kservegen --help."), words, error)
    error.show()
    return OPERATIONAL


def _internal(error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, OSError):
        return _fail(GeneratorError(f"{error.strerror or error}", subject=str(error.filename or "")), words, error)
    summary = GeneratorError(
        f"an error of kservegen itself: {type(error).__name__}: {error}",
        hint="Please report it; run again with --debug for the details.",
    )
    return _fail(summary, words, error, INTERNAL)


def _fail(summary: GeneratorError, words: Sequence[str], cause: Exception, code: int = OPERATIONAL) -> int:
    if _wants_json(words):
        _print_json(summary, code)
    else:
        click.echo(f"kservegen: {summary}", err=True)
        if summary.hint:
            click.echo(f"  {summary.hint}", err=True)
    if "--debug" in words:
        traceback.print_exception(cause)
    return code


def _print_json(error: GeneratorError, code: int) -> None:
    from kservegen.report.json_report import render_json_failure  # noqa: PLC0415

    click.echo(render_json_failure(error, code), nl=False)
