"""`kservegen adopt`: a catalog of what runs already, with the proof that it renders the same."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import reporting, write_document, write_text


@click.command(name="adopt")
@click.argument("paths", metavar="[ENV=]PATH...", nargs=-1, required=True)
@click.option("--kserve", "version", metavar="VERSION", help="KServe that runs them. Default: the newest reviewed one.")
@click.option(
    "--mode",
    type=click.Choice(("Standard", "Knative", "ModelMesh")),
    help="Deployment mode of models that do not say their own. Default: what their status says, or else Standard.",
)
@click.option("--leave-out", is_flag=True, help="Take what can be admitted, and leave out what cannot.")
@click.option("--write", "writes", is_flag=True, help="Write the catalog. Without it nothing is written.")
@reporting("text", "json")
def command(
    *,
    paths: tuple[str, ...],
    version: str | None,
    mode: str | None,
    leave_out: bool,
    writes: bool,
    root: Path | None,
    output: str,
) -> int:
    """Make a catalog of manifests that run already, and prove that it renders what came in.

    PATH is a file or folder of manifests: YAML or JSON, Lists, what kubectl get -o yaml prints. ENV= before it says
    which environment it is of (by default prod); what environments have in common is said once. What differs after
    defaulting, and which pods would restart, is shown; nothing is lost without a word. KServe itself counts as
    installed by others (kserve.install: none), no engine syncs the output until gitops.engine says so, and Secrets with
    their data never come in.
    """
    from kservegen.commands.adopt import AdoptOptions, adopt, by_environment, newest_reviewed, write_adoption  # noqa: PLC0415
    from kservegen.core.repository import Repository  # noqa: PLC0415
    from kservegen.report.adopted import adoption_as_json, adoption_as_text  # noqa: PLC0415

    repository = Repository((root or Path.cwd()).absolute(), {})
    options = AdoptOptions(
        paths=by_environment(paths),
        version=version or newest_reviewed(repository),
        mode=mode,
        leaves_out=leave_out,
    )
    adoption = adopt(repository, options)
    done = writes and adoption.may_be_written
    if done:
        write_adoption(repository, adoption)
    exit_code = int(not adoption.may_be_written)
    if output == "json":
        from kservegen.report.json_report import render_sections  # noqa: PLC0415

        write_document(render_sections(exit_code, adoption=adoption_as_json(adoption, written=done)))
    else:
        write_text(adoption_as_text(adoption, written=done))
    return exit_code
