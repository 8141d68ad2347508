"""`kservegen init`: start a repository."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.cli.options import output_option, write_sections, write_text
from kservegen.commands.init import (
    PLACEHOLDER,
    RENDERERS,
    SERVICES,
    Answers,
    Scaffold,
    guess_service,
    has_catalog,
    read_origin,
    write_scaffold,
    written_out,
)
from kservegen.commands.tool_source import installed_tool, read_tool
from kservegen.report.summary import plural

if TYPE_CHECKING:
    from kservegen.core.jsontypes import JsonValue


def is_asked() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@click.option("--engine", type=click.Choice(ENGINE_NAMES), default=None, help="Who syncs the output.")
@click.option(
    "--repo-url",
    default=None,
    metavar="URL",
    help="URL that the cluster will clone the repository from. Default: that of the remote origin.",
)
@click.option(
    "--ci",
    "service",
    type=click.Choice(SERVICES),
    default=None,
    help="Whose pipelines to write. Default: by the host of the URL, else github.",
)
@click.option(
    "--rendered-by",
    type=click.Choice(RENDERERS),
    default=RENDERERS[0],
    show_default=True,
    help="Who commits rendered/: each pull request, or a workflow on main after the merge (github).",
)
@click.option(
    "--tool",
    default=None,
    metavar="SOURCE",
    help="Where CI takes kservegen from: 'kservegen==VERSION --hash=sha256:…' (a package index),"
    " git+https://HOST/REPOSITORY@COMMIT, or FILE.whl, which is kept in the repository."
    " Default: what this kservegen was itself installed from.",
)
@output_option("text", "json")
def command(
    *,
    folder: Path,
    engine: str | None,
    repo_url: str | None,
    service: str | None,
    rendered_by: str,
    tool: str | None,
    output: str,
) -> int:
    """Start a repository in DIR: a catalog with one model, two environments, CI, schemas for editors, AGENTS.md.

    A catalog that DIR holds, such as one that adopt wrote, stays as it is: what is missing beside it is added.

    Asks for the engine and the URL where no option says them. Without a terminal, or for JSON, it asks nothing: then
    argocd and the remote origin are taken, or a placeholder where there is none.
    """
    beside = has_catalog(folder)
    if beside and engine is not None:
        raise click.UsageError("there is a catalog already: write gitops.engine into environments/defaults.yaml")
    asks = is_asked() and not beside and output == "text"
    if engine is None:
        engine = click.prompt("GitOps engine", type=click.Choice(ENGINE_NAMES), default="argocd") if asks else "argocd"
    if repo_url is None:
        known = read_origin(folder) or PLACEHOLDER
        repo_url = click.prompt("URL of this repository", default=known) if asks else known
    repo_url = written_out(str(repo_url))
    source = installed_tool() if tool is None else read_tool(tool)
    answers = Answers(
        engine=str(engine),
        repository=repo_url,
        rendered_by=rendered_by,
        tool=source,
        service=service or guess_service(repo_url),
    )
    scaffold = write_scaffold(folder, answers)
    here = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    notes = dict(_notes(scaffold, answers, beside=beside))
    following = f"{here}kservegen render"
    if output == "json":
        told: list[JsonValue] = [{"id": f"init/{slug}", "message": said} for slug, said in notes.items()]
        return write_sections(
            0,
            init={
                "folder": str(folder),
                "written": list(scaffold.written),
                "left": list(scaffold.left),
                "notes": told,
                "next": following,
            },
        )
    count = plural(len(scaffold.written), "file")
    lines = [f"Wrote {count} to {folder}:", *(f"  {path}" for path in scaffold.written), *notes.values()]
    write_text("\n".join([*lines, f"Next: {following}"]) + "\n")
    return 0


def _notes(scaffold: Scaffold, answers: Answers, *, beside: bool) -> Iterator[tuple[str, str]]:
    """Yield what there is to know of what was written, by a word that stays the same."""
    if beside:
        yield "catalog-kept", "The catalog stays as it is."
        if scaffold.left:
            there = ", ".join(scaffold.left)
            yield "files-left", f"Left as they are, though kservegen writes them otherwise: {there}."
            yield "to-compare", "To compare: kservegen init in an empty folder."
    elif answers.repository == PLACEHOLDER:
        yield (
            "placeholder-url",
            f"gitops.repoURL is still the placeholder {PLACEHOLDER}: set it in environments/defaults.yaml.",
        )
    else:
        yield "repository-url", f"The cluster clones the repository from {answers.repository} (gitops.repoURL)."
    source = answers.tool
    reason = f": {source.why}; --tool names another source" if source.why else ""
    yield "tool", f"CI ({answers.service}) takes kservegen from {source.said}{reason}."
