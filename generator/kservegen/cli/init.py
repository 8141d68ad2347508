"""`kservegen init`: start a repository."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.cli.options import write_text
from kservegen.commands.init import (
    PLACEHOLDER,
    RENDERERS,
    SERVICES,
    Answers,
    guess_service,
    has_catalog,
    read_origin,
    write_scaffold,
    written_out,
)
from kservegen.commands.tool_source import installed_tool, read_tool
from kservegen.report.summary import plural


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
def command(
    *, folder: Path, engine: str | None, repo_url: str | None, service: str | None, rendered_by: str, tool: str | None
) -> int:
    """Start a repository in DIR: a catalog with one model, two environments, CI, schemas for editors, AGENTS.md.

    A catalog that DIR holds, such as one that adopt wrote, stays as it is: what is missing beside it is added.

    Asks for the engine and the URL where no option says them. Without a terminal it asks nothing: then argocd and the
    remote origin are taken, or a placeholder where there is none.
    """
    beside = has_catalog(folder)
    if beside and engine is not None:
        raise click.UsageError("there is a catalog already: write gitops.engine into environments/defaults.yaml")
    asks = is_asked() and not beside
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
    count = plural(len(scaffold.written), "file")
    lines = [f"Wrote {count} to {folder}:", *(f"  {path}" for path in scaffold.written)]
    if beside:
        lines.append("The catalog stays as it is.")
        if scaffold.left:
            there = ", ".join(scaffold.left)
            lines.append(f"Left as they are, though kservegen writes them otherwise: {there}.")
            lines.append("To compare: kservegen init in an empty folder.")
    elif repo_url == PLACEHOLDER:
        lines.append(f"gitops.repoURL is still the placeholder {PLACEHOLDER}: set it in environments/defaults.yaml.")
    else:
        lines.append(f"The cluster clones the repository from {repo_url} (gitops.repoURL).")
    reason = f": {source.why}; --tool names another source" if source.why else ""
    lines.append(f"CI ({answers.service}) takes kservegen from {source.said}{reason}.")
    here = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    lines.append(f"Next: {here}kservegen render")
    write_text("\n".join(lines) + "\n")
    return 0
