"""`kservegen init`: start a repository."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.cli.options import write_text
from kservegen.commands.init import PLACEHOLDER, RENDERERS, Answers, write_scaffold
from kservegen.commands.tool_source import installed_tool, read_tool


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@click.option("--engine", type=click.Choice(ENGINE_NAMES), default=None, help="Who syncs the output.")
@click.option("--repo-url", default=None, metavar="URL", help="URL that the cluster will clone the repository from.")
@click.option(
    "--rendered-by",
    type=click.Choice(RENDERERS),
    default=None,
    help="Who commits rendered/: each pull request, or a workflow on main after the merge.",
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
    *, folder: Path, engine: str | None, repo_url: str | None, rendered_by: str | None, tool: str | None
) -> int:
    """Start a repository in DIR: a catalog with one model, two environments, workflows, schemas for editors.

    Asks for what the options do not say; without a terminal, argocd, a placeholder URL and pull-request are taken.
    """
    asks = sys.stdin.isatty()
    if engine is None:
        engine = click.prompt("GitOps engine", type=click.Choice(ENGINE_NAMES), default="argocd") if asks else "argocd"
    if repo_url is None:
        repo_url = click.prompt("URL of this repository", default=PLACEHOLDER) if asks else PLACEHOLDER
    if rendered_by is None:
        choice = click.Choice(RENDERERS)
        rendered_by = click.prompt("Who commits rendered/", type=choice, default=RENDERERS[0]) if asks else RENDERERS[0]
    source = installed_tool() if tool is None else read_tool(tool)
    answers = Answers(engine=str(engine), repository=str(repo_url), rendered_by=str(rendered_by), tool=source)
    files = write_scaffold(folder, answers)
    lines = [f"Wrote {len(files)} files to {folder}:", *(f"  {path}" for path in files)]
    if repo_url == PLACEHOLDER:
        lines.append(f"gitops.repoURL is still the placeholder {PLACEHOLDER}: set it in environments/defaults.yaml.")
    reason = f": {source.why}; --tool names another source" if source.why else ""
    lines.append(f"CI takes kservegen from {source.said}{reason}.")
    here = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    lines.append(f"Next: {here}kservegen render")
    write_text("\n".join(lines) + "\n")
    return 0
