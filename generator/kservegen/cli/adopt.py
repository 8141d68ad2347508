"""`kservegen adopt`: a catalog of what runs already, with the proof that it renders the same."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.clock import clock
from kservegen.cli.options import read_named_file, reporting, write_sections, write_text

if TYPE_CHECKING:
    from kservegen.commands.adopting.cluster import ClusterContent
    from kservegen.commands.adopting.values import ValuesFile


@click.command(name="adopt")
@click.argument("paths", metavar="[ENV=]PATH...", nargs=-1)
@click.option("--from-cluster", is_flag=True, help="Read what runs in a cluster, and change nothing there.")
@click.option(
    "--context",
    "contexts",
    metavar="[ENV=]NAME",
    multiple=True,
    help="Context of the kubeconfig, once for each environment. Default: its current one.",
)
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Default: as kubectl finds it.")
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NS", help="Read there alone. Default: all, and what has none."
)
@click.option(
    "--companions",
    metavar="SELECTOR",
    help="Of the namespaces of models, also take accounts, ConfigMaps, claims, roles and more with these labels; "
    "'' takes all. Secrets are never read.",
)
@click.option(
    "--kserve",
    "version",
    metavar="VERSION",
    help="KServe that runs them. Default: what the cluster runs, or else the newest reviewed one.",
)
@click.option(
    "--mode",
    type=click.Choice(("Standard", "Knative", "ModelMesh")),
    help="Deployment mode of models without their own. Default: that of --values, else of most models' "
    "status, else Knative where a model needs it, else Standard.",
)
@click.option(
    "--values",
    multiple=True,
    metavar="[ENV=]CHART=FILE",
    help="What a chart of KServe was installed with: a file of values, or what helm get values prints.",
)
@click.option(
    "--bind", "binds", multiple=True, metavar="POLICY", help="Bind a policy: what it refuses of what runs is excused."
)
@click.option(
    "--owner",
    default="",
    help="Who answers for waivers of what policies and budgets refuse. Default: the owners that owners.yaml names; "
    "without one a policy of --bind only audits.",
)
@click.option("--ttl", default="30d", show_default=True, help="How long these waivers hold at most: days or weeks.")
@click.option("--today", type=click.DateTime(formats=["%Y-%m-%d"]), help="Day they begin. Default: the day that it is.")
@click.option("--leave-out", is_flag=True, help="Take what can be admitted, and leave out what cannot.")
@click.option("--write", "writes", is_flag=True, help="Write the catalog. Without it nothing is written.")
@reporting("text", "json")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[str, ...],
    from_cluster: bool,
    contexts: tuple[str, ...],
    kubeconfig: Path | None,
    namespaces: tuple[str, ...],
    companions: str | None,
    version: str | None,
    mode: str | None,
    values: tuple[str, ...],
    binds: tuple[str, ...],
    owner: str,
    ttl: str,
    today: datetime | None,
    leave_out: bool,
    writes: bool,
    root: Path | None,
    output: str,
) -> int:
    """Make a catalog of manifests that run already, and prove that it renders what came in.

    PATH is a file or folder of manifests, or - for standard input: YAML or JSON, Lists, what kubectl get -o yaml
    prints; --from-cluster asks a cluster instead. ENV= before a path or a context says which environment it is of (by
    default prod); what environments have in common is said once. What differs after defaulting, and which pods would
    restart, is shown; nothing is lost without a word. KServe itself counts as installed by others
    (kserve.install: none), no engine syncs the output until gitops.engine says so, and Secrets with their data never
    come in. Exit code 1 where something would be lost, or kservegen validate finds an error in the catalog.
    """
    from kservegen.checks.waivers.write import promise  # noqa: PLC0415
    from kservegen.commands.adopt import AdoptOptions, adopt, by_environment, write_adoption  # noqa: PLC0415
    from kservegen.core.repository import Repository  # noqa: PLC0415
    from kservegen.report.adopted import adoption_as_json, adoption_as_text  # noqa: PLC0415

    if bool(paths) == from_cluster:
        raise click.UsageError("name files, or give --from-cluster")
    if not from_cluster and (contexts or kubeconfig or namespaces or companions is not None):
        raise click.UsageError("--context, --kubeconfig, --namespace and --companions are about --from-cluster")
    repository = Repository((root or Path.cwd()).absolute(), {})
    options = AdoptOptions(
        paths=by_environment(paths),
        piped=_read_piped(paths),
        clusters=_ask(kubeconfig, contexts, namespaces, companions) if from_cluster else {},
        version=version,
        mode=mode,
        leaves_out=leave_out,
        values=_read_values(values),
        binds=binds,
        excuse=promise(owner=owner, reason="adopted", ttl=ttl, today=clock(today, 0).day),
    )
    adoption = adopt(repository, options)
    done = writes and adoption.may_be_written
    if done:
        write_adoption(repository, adoption)
    exit_code = int(not adoption.may_be_written or bool(adoption.errors))
    if output == "json":
        return write_sections(exit_code, adoption=adoption_as_json(adoption, written=done))
    write_text(adoption_as_text(adoption, written=done))
    return exit_code


def _read_piped(paths: tuple[str, ...]) -> bytes:
    """Read standard input where a path is `-`, up to the most that is taken and a byte."""
    from kservegen.commands.inventory import LARGEST_INPUT  # noqa: PLC0415

    if not any(path == "-" or path.endswith("=-") for path in paths):
        return b""
    return sys.stdin.buffer.read(LARGEST_INPUT + 1)


def _read_values(values: tuple[str, ...]) -> tuple[ValuesFile, ...]:
    from kservegen.commands.adopt import values_files  # noqa: PLC0415
    from kservegen.commands.adopting.values import ValuesFile  # noqa: PLC0415

    return tuple(
        ValuesFile(environment, chart, path, read_named_file(path, "Write helm get values RELEASE -o yaml to a file."))
        for environment, chart, path in values_files(values)
    )


def _ask(
    kubeconfig: Path | None, contexts: tuple[str, ...], namespaces: tuple[str, ...], companions: str | None
) -> dict[str, ClusterContent]:
    """Ask the cluster of each environment."""
    from kservegen.catalog.inventory.cluster import ApiServer  # noqa: PLC0415
    from kservegen.commands.adopt import contexts_by_environment  # noqa: PLC0415
    from kservegen.commands.adopting.cluster import ask_cluster  # noqa: PLC0415

    return {
        environment: ask_cluster(
            ApiServer.open(kubeconfig, context, asked_by="kservegen adopt"), environment, namespaces, companions
        )
        for environment, context in contexts_by_environment(contexts).items()
    }
