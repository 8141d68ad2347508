"""What every command does with failures: a sentence for people, JSON for programs, a traceback only on request."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from kservegen.core.errors import GeneratorError
from kservegen.core.exit_codes import INTERNAL_ERROR, OPERATIONAL


def run_cli(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run `command` and return the exit code that the process should have."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in words:  # what was contained tells its trace as well
        import logging  # noqa: PLC0415 - here and below: what only a failure needs is not imported at every start

        logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    try:
        outcome = command.main(args=words, prog_name="kservegen", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        _say("stopped")
        return OPERATIONAL
    except click.ClickException as error:
        return _usage(error, words)
    except GeneratorError as error:
        return _fail(error, words, error)
    except KeyboardInterrupt:
        _say("stopped; nothing is half written")
        return OPERATIONAL
    except BrokenPipeError:
        # The reader went away (`| head`): no more output, and no complaint from the interpreter at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OPERATIONAL
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a user unasked
        return _internal(error, words)
    return outcome if isinstance(outcome, int) else 0


def _wants_json(words: Sequence[str]) -> bool:
    together = {"--output=json", "-ojson"} & set(words)
    return bool(together) or any(pair in {("--output", "json"), ("-o", "json")} for pair in pairwise(words))


def _usage(error: click.ClickException, words: Sequence[str]) -> int:
    if _wants_json(words):
        return _fail(GeneratorError(error.format_message(), hint="See kservegen --help."), words, error)
    from io import StringIO  # noqa: PLC0415

    from kservegen.formats.inert import printable  # noqa: PLC0415

    shown = StringIO()
    error.show(file=shown)
    said = error.message
    _say_lines(shown.getvalue().replace(said, printable(said)) if said else shown.getvalue())
    return OPERATIONAL


def _internal(error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, OSError):
        return _fail(GeneratorError(f"{error.strerror or error}", subject=str(error.filename or "")), words, error)
    summary = GeneratorError(
        f"an error of kservegen itself: {type(error).__name__}: {error}",
        hint="Please report it; run again with --debug for the details.",
    )
    return _fail(summary, words, error, INTERNAL_ERROR)


def _fail(summary: GeneratorError, words: Sequence[str], cause: Exception, code: int = OPERATIONAL) -> int:
    if _wants_json(words):
        _print_json(summary, code)
    else:
        from kservegen.formats.inert import printable  # noqa: PLC0415

        subject = f"{printable(summary.subject)}: " if summary.subject else ""
        # Lines of a message are below the first: none passes for a line of ours.
        said = f"{subject}{summary.message}\n{summary.hint}".strip("\n").split("\n")
        _say("\n".join([said[0], *(line if line.startswith(" ") else f"  {line}" for line in said[1:])]))
    if "--debug" in words:
        import textwrap  # noqa: PLC0415
        import traceback  # noqa: PLC0415

        _say_lines(textwrap.indent("".join(traceback.format_exception(cause)), "  "))
    return code


def _say(text: str) -> None:
    """Write lines, broken where standard error is a terminal that they are too wide for."""
    from kservegen.cli.options import error_width  # noqa: PLC0415 - only where something is wrong
    from kservegen.report.terminal import fitted  # noqa: PLC0415

    _say_lines("".join(f"{line}\n" for line in fitted(f"kservegen: {text}".split("\n"), error_width())))


def _say_lines(text: str) -> None:
    from kservegen.cli.options import write_error  # noqa: PLC0415 - only where something is wrong

    write_error(text)


def _print_json(error: GeneratorError, code: int) -> None:
    from kservegen.cli.options import write_document  # noqa: PLC0415
    from kservegen.report.json_report import render_json_failure  # noqa: PLC0415

    write_document(render_json_failure(error, code))
