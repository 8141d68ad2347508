"""Options that several commands share, and how a result is printed."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, TypeVar, cast

import click

from kservegen.cli.progress import runs_in_ci, shown_progress, stop_progress
from kservegen.commands.result import Result
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out, repository_top
from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import STDIN, TEMPLATES_FOLDER, Repository
from kservegen.formats.inert import inert_lines, printable
from kservegen.formats.yaml.files import read_bytes

if TYPE_CHECKING:
    from kservegen.core.jsontypes import JsonValue
    from kservegen.formats.templates import PageTemplates

_F = TypeVar("_F", bound=Callable[..., object])

ENVIRONMENT_HELP = "Environments to work on; all of them without a name."


_root = click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the repository. Default: this folder, or the nearest parent that has a catalog.",
)
_debug = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected failure.")


def reporting(*forms: str) -> Callable[[_F], _F]:
    """Add --root, --output with these forms of the report (the first is the default) and --debug."""
    return lambda function: _root(output_option(*forms)(function))


def output_option(*forms: str) -> Callable[[_F], _F]:
    """Add --output with these forms of the report (the first is the default) and --debug."""
    output = click.option(
        "-o",
        "--output",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="Form of the report on standard output.",
    )
    return lambda function: output(_debug(function))


# The forms beside text that findings have: the module of `report/` that writes each, and its function of a Result.
_WRITERS: Final = {
    "json": ("json_report", "render_json"),
    "github": ("github", "render_github"),
    "sarif": ("sarif", "render_sarif"),
    "junit": ("junit", "render_junit"),
}
# A page for people, in one file.
HTML: Final = "html"
_REPORT_HINTS: Final = {
    errno.ENOSPC: "Free some space, then run the command again.",
    errno.EDQUOT: "Free some space, or raise the quota, then run the command again.",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), then run the command again.",
    errno.EACCES: "Name a file that you may write.",
    errno.EISDIR: "Name a file, not a folder.",
}
FORMS: Final = ("text", *_WRITERS, HTML)
# What the catalog and manifests are written in: no report is, so that none has to replace such a file.
_SOURCES: Final = {".yaml", ".yml"}
# A change has a page for people, too: the comment on a pull request.
CHANGE_FORMS: Final = (*FORMS, "markdown")


class _Report(click.ParamType[tuple[str, Path]]):
    """`FORM=FILE`."""

    name = "FORM=FILE"

    def __init__(self, forms: Sequence[str]) -> None:
        self.forms = forms

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        form, _, file = str(value).partition("=")
        if form not in self.forms or not file:
            self.fail(f"{value} is not FORM=FILE with one of {', '.join(self.forms)}", param, ctx)
        path = Path(file)
        if path.suffix in _SOURCES and path.is_file():
            self.fail(f"{file} is a file of YAML, which a report would replace: name another file", param, ctx)
        return form, path


def _each_its_own(
    ctx: click.Context, param: click.Parameter, reports: tuple[tuple[str, Path], ...]
) -> tuple[tuple[str, Path], ...]:
    """Refuse one file for two reports: the last alone would stand there. A device takes any number."""
    taken: dict[str, str] = {}
    for form, file in reports:
        first = taken.setdefault(os.path.realpath(file), form)
        if first != form and (file.is_file() or not file.exists()):
            raise click.BadParameter(f"{file} cannot hold both {first} and {form}: name two files", ctx, param)
    return reports


def _address_of_files(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Refuse what is no address before anything is judged, in every form: the next run may write a page."""
    if value:
        from kservegen.report.links import links_to  # noqa: PLC0415 - only where it is asked for

        links_to(value)
    return value


files_at = click.option(
    "--files-at",
    metavar="URL",
    default="",
    callback=_address_of_files,
    help="Where a page links files to: https://HOST/OWNER/NAME/blob/COMMIT. Default: it has no links.",
)


common = reporting("text", "json", "github")


def findings_option(function: _F) -> _F:
    """Add --root, --output with every form that findings have, --report and --debug."""
    return _reports(function, FORMS)


def change_option(function: _F) -> _F:
    """Add the same with every form that a change has."""
    return _reports(function, CHANGE_FORMS)


def _reports(function: _F, forms: Sequence[str]) -> _F:
    also = click.option(
        "--report",
        "reports",
        type=_Report(forms),
        multiple=True,
        callback=_each_its_own,
        help="Write the report to a file, too, in this form. May be given several times.",
    )
    return reporting(*forms)(also(function))


fail_on = click.option(
    "--fail-on",
    type=click.Choice([s.value for s in Severity]),
    default=Severity.ERROR.value,
    show_default=True,
    help="Least severity that makes the exit code 1.",
)


def _count_of_jobs(ctx: click.Context, _param: click.Parameter, value: int | None) -> int | None:
    """Have so many processes judge a catalog, as long as the command runs."""
    if value is not None:
        from kservegen.evaluate.workers import JOBS  # noqa: PLC0415 - only where it is asked for

        token = JOBS.set(value)
        ctx.call_on_close(lambda: JOBS.reset(token))
    return value


_jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1, max=64),
    default=None,
    expose_value=False,
    callback=_count_of_jobs,
    metavar="N",
    help="Judge with N processes. Default: as many as there are cores and as pay; what comes out is the same.",
)


def evaluating(function: _F) -> _F:
    """Add --jobs to a command that judges whole catalogs; at a terminal it shows what it does."""

    @wraps(function)
    def shown(*given: object, **options: object) -> object:
        with shown_progress():
            return function(*given, **options)

    return _jobs(cast(_F, shown))


show_waived = click.option(
    "--show-waived", is_flag=True, help="Print each waived finding in text, where otherwise they are counted."
)


def _at_a_terminal(_ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Refuse what raises a guard where nobody sits: in CI a workflow could grant it to whatever it is run for."""
    if value and runs_in_ci():
        raise click.UsageError(
            f"{param.opts[0]} is for a terminal, and CI is set here: merge a permit first, in a change of its own "
            "(permits in the environment's file: docs/plan.md)"
        )
    return value


def _allowance(name: str, text: str) -> Callable[[_F], _F]:
    """Add an option that lets so many through, once, and that CI cannot use."""
    return click.option(name, type=click.IntRange(min=0), default=0, callback=_at_a_terminal, metavar="N", help=text)


_allow_removals = _allowance(
    "--allow-removals", "Let this run remove up to N files from each environment, beyond its guard."
)
_allow_restarts = _allowance(
    "--allow-restarts", "Let this run restart pods with up to N accelerators in each environment, beyond its guard."
)
_allow_left_behind = _allowance(
    "--allow-left-behind",
    "Let this run leave up to N objects of each environment running where nothing syncs them any more.",
)
early_option = _allowance(
    "--allow-early", "With --stage: bring up to N models on before the stage before has what it asks for."
)


def guard_options(function: _F) -> _F:
    """Add --allow-removals, --allow-restarts and --allow-left-behind, which CI cannot use."""
    return _allow_removals(_allow_restarts(_allow_left_behind(function)))


def find_repository(root: Path | None) -> Repository:
    """Return the repository that the options name."""
    return Repository.find(root or Path.cwd(), search_parents=root is None)


def open_for_writing(root: Path | None) -> Repository:
    """Return the repository that the options name, and first put back what a killed edit left of its files."""
    from kservegen.catalog.editing.journal import recover_edit  # noqa: PLC0415 - only commands that write

    repository = find_repository(root)
    restored = recover_edit(repository.root)
    if restored:
        said = ", ".join(map(printable, restored))
        write_error(f"kservegen: an edit was cut off half way; as it was before it: {said}\n")
    return repository


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Complete names of environments and bases from the files that are there."""
    root = ctx.params.get("root")
    try:
        repository = find_repository(root if isinstance(root, Path) else None)
        files = (*repository.environment_files(), *repository.base_files())
    except Exception:  # noqa: BLE001 - completion never disturbs the shell
        return []
    return [p.stem for p in files if p.stem != "defaults" and p.stem.startswith(incomplete)]


# Writes a report: in the colours of a terminal or without, and for a width, 0 where lines may be of any.
FormWriter = Callable[[bool, int], str]


def emit_result(
    result: Result,
    output: str,
    root: Path,
    *,
    reports: Sequence[tuple[str, Path]] = (),
    stdin: bytes | None = None,
    writers: Mapping[str, FormWriter] | None = None,
) -> int:
    """Print a result in the form asked for, write it to the files asked for, and return its exit code.

    `writers` are a command's own, by form.
    """

    def formed(form: str, *, colour: bool, width: int = 0) -> str:
        own = (writers or {}).get(form)
        said = own(colour, width) if own is not None else _formed(result, form, root, stdin, colour=colour, width=width)
        return inert_lines(said, colour=colour) if form == "text" else said

    for form, file in reports:
        write_report(file, formed(form, colour=False))
    write_document(formed(output, colour=wants_colour(), width=terminal_width()))
    return result.exit_code


def _formed(result: Result, form: str, root: Path, stdin: bytes | None, *, colour: bool, width: int) -> str:
    if form in _WRITERS:
        module, function = _WRITERS[form]
        written: str = getattr(importlib.import_module(f"kservegen.report.{module}"), function)(result)
        return written
    if form == HTML:
        return html_page(result, None, root)
    from kservegen.report.text import render_text  # noqa: PLC0415

    return render_text(result, line_reader(root, stdin), colour=colour, width=width)


def html_page(
    result: Result,
    repository: Repository | None,
    root: Path,
    environments: Sequence[str] = (),
    *,
    files_at: str = "",
    templates: PageTemplates | None = None,
) -> str:
    """Write the page of a result, with what there is to draw of a repository's environments.

    Its template is that of `templates`, or else of the root.
    """
    from kservegen.commands.page_facts import PageFacts, page_facts  # noqa: PLC0415 - where a page is asked for
    from kservegen.formats.templates import PageTemplates  # noqa: PLC0415
    from kservegen.report.html_page import result_as_html  # noqa: PLC0415
    from kservegen.report.links import links_to  # noqa: PLC0415

    facts = page_facts(repository, environments) if repository is not None else PageFacts()
    return result_as_html(result, facts, templates or PageTemplates(root / TEMPLATES_FOLDER), links_to(files_at))


def read_named_file(file: Path, hint: str, *, most: int = -1) -> bytes:
    """Read a file that an option names, or `most` bytes of it; GeneratorError, with the hint, where it cannot be."""
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError as problem:
        raise GeneratorError(f"cannot be read: {problem.strerror}", subject=str(file), hint=hint) from problem


def write_report(file: Path, text: str) -> None:
    """Write a report to a file; GeneratorError where it cannot be written."""
    where = Path(os.path.abspath(file))  # noqa: PTH100 - Path has nothing that takes `..` away and follows no link
    top = repository_top(where.parent)
    if top is not None and leads_out(where, top):
        raise GeneratorError(LEADS_OUT, subject=str(file), hint=LEADS_OUT_HINT)
    is_new = not file.exists()
    try:
        file.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        if is_new:  # half a report is worse than none
            with suppress(OSError):
                file.unlink()
        raise GeneratorError(
            f"the report cannot be written: {error.strerror}",
            subject=str(file),
            hint=_REPORT_HINTS.get(error.errno or 0, "Name a file in a folder that is there."),
        ) from error


def write_sections(exit_code: int, **sections: JsonValue) -> int:
    """Print the JSON report of a command that has sections of its own and no findings; return its exit code."""
    from kservegen.report.json_report import render_sections  # noqa: PLC0415

    write_document(render_sections(exit_code, **sections))
    return exit_code


def write_text(text: str) -> None:
    """Write lines for people to standard output: nothing in them drives a terminal or a CI runner."""
    write_document(inert_lines(text, colour=wants_colour()))


def write_document(text: str) -> None:
    """Write text of a form that is inert by itself (JSON, Markdown, workflow commands) to standard output."""
    _write(sys.stdout, text)


def write_error(text: str) -> None:
    """Write lines for people to standard error."""
    _write(sys.stderr, inert_lines(text))


def _write(stream: TextIO, text: str) -> None:
    """Write as UTF-8, whatever the locale says, and where progress was shown."""
    stop_progress()
    stream.flush()
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(text)
        return
    buffer.write(text.encode("utf-8", "backslashreplace"))
    buffer.flush()


def wants_colour() -> bool:
    """Colour for a terminal, and where FORCE_COLOR asks for it; none where NO_COLOR asks for none.

    See https://no-color.org and https://force-color.org: of both, NO_COLOR counts.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def terminal_width() -> int:
    """Return how many characters fit in a line of the terminal; 0 where standard output is none."""
    if not sys.stdout.isatty():
        return 0
    from shutil import get_terminal_size  # noqa: PLC0415 - brings the compressors along

    return get_terminal_size().columns


def error_width() -> int:
    """Return the same of standard error, which may be a terminal where standard output is none."""
    if not sys.stderr.isatty():
        return 0
    from shutil import get_terminal_size  # noqa: PLC0415 - only where something is wrong

    own = (80, 24)
    with suppress(OSError, ValueError):
        own = os.get_terminal_size(sys.stderr.fileno())
    return get_terminal_size(own).columns


def line_reader(root: Path, stdin: bytes | None = None) -> Callable[[str], list[str] | None]:
    """Return a reader of source lines for excerpts; each file is read once, `stdin` was read already."""
    cache: dict[str, list[str] | None] = {}
    if stdin is not None:
        cache[STDIN] = excerpt_lines(stdin)

    def read(file: str) -> list[str] | None:
        if file not in cache:
            path = Path(os.path.abspath(root / file))  # noqa: PTH100 - see write_report
            top = repository_top(path) or (root if path.is_relative_to(root) else path.parent)
            try:
                data = read_bytes(path, file, top)
            except GeneratorError:  # a finding about what is not there
                data = b""
            cache[file] = excerpt_lines(data) if isinstance(data, bytes) and data else None
        return cache[file]

    return read


def excerpt_lines(data: bytes) -> list[str]:
    """Return the lines of a file, as findings count them, without what a Secret in it holds."""
    from kservegen.core.secret_data import without_data  # noqa: PLC0415 - where an excerpt is shown
    from kservegen.core.secrets import HIDDEN  # noqa: PLC0415
    from kservegen.formats.yaml.text import BOM, lines_of  # noqa: PLC0415 - where an excerpt is shown

    return without_data(lines_of(data.decode("utf-8", "replace").removeprefix(BOM)), HIDDEN)
