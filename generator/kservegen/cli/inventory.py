"""`kservegen inventory`: write down what the cluster of an environment holds, or tell what has changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kservegen.cli.clock import this_day
from kservegen.cli.clusters import written_by_kubectl
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    open_for_writing,
    reporting,
    write_sections,
    write_text,
)
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.formats.inert import printable

if TYPE_CHECKING:
    from kservegen.catalog.inventory.collection import InventoryDraft
    from kservegen.commands.inventory import EnvironmentInventory, InventoryDifference
    from kservegen.core.jsontypes import JsonObject, JsonValue

_STDIN: Final = Path("-")


@click.command(name="inventory")
@click.option(
    "--env", "environment", metavar="ENV", required=True, shell_complete=complete_environment, help="Whose cluster."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the cluster is not what the inventory says.")
@click.option(
    "--from",
    "sources",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Read what kubectl get -o json or yaml wrote: a file, a folder, or - for standard input. Asks no cluster.",
)
@click.option(
    "--covers",
    multiple=True,
    metavar="KIND[/NAMESPACE]",
    help="With --from: all objects of the kind are among the files, even if there are none.",
)
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Look there, too.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Default: as kubectl finds it.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig. Default: its current one.")
@click.option("--no-secret-keys", is_flag=True, help="Ask for no Secret's content: names alone.")
@click.option("--date", "day", type=click.DateTime(formats=["%Y-%m-%d"]), help="Day to write down. Default: today.")
@reporting("text", "json")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    environment: str,
    check: bool,
    sources: tuple[Path, ...],
    covers: tuple[str, ...],
    namespaces: tuple[str, ...],
    kubeconfig: Path | None,
    context: str | None,
    no_secret_keys: bool,
    day: datetime | None,
    root: Path | None,
    output: str,
) -> int:
    """Write environments/ENV.inventory.yaml: what the cluster holds that models refer to. Nothing is changed there.

    Names of objects, keys of Secrets and ConfigMaps but no value, classes, queues, node pools, runtimes, KServe's own
    settings. Looked at are the namespaces of the environment's models, and what has none. With an inventory a reference
    to what is not there is an error.
    """
    from kservegen.commands.inventory import EnvironmentInventory, take_coverage  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415

    if sources and (kubeconfig or context):
        raise click.UsageError("--kubeconfig and --context ask a cluster, --from reads files: give one of them")
    if covers and not sources:
        raise click.UsageError("--covers is about files: name them with --from")
    project = open_project(find_repository(root) if check else open_for_writing(root))
    inventory = EnvironmentInventory(project, environment, namespaces)
    draft = inventory.draft(with_keys=not no_secret_keys)
    taken = day.date().isoformat() if day is not None else ""
    if sources:
        _take_files(draft, sources)
        take_coverage(draft, covers)
    else:
        asked = _ask(draft, inventory, kubeconfig, context, with_keys=not no_secret_keys)
        taken = taken or asked
    taken = taken or this_day().isoformat()
    if check:
        return _report_differences(list(inventory.differences(draft, taken)), inventory.file, output)
    return _report_written(inventory.write(draft, taken), inventory.file, output)


def _ask(
    draft: InventoryDraft,
    inventory: EnvironmentInventory,
    kubeconfig: Path | None,
    context: str | None,
    *,
    with_keys: bool,
) -> str:
    """Ask the cluster; return the day that it says it is."""
    from kservegen.catalog.inventory.cluster import ApiServer  # noqa: PLC0415

    cluster = ApiServer.open(kubeconfig, context)
    kserve = inventory.stated_kserve_namespace or cluster.kserve_namespace() or inventory.kserve_namespace
    cluster.fill(draft, inventory.namespaces, kserve, with_keys=with_keys)
    return cluster.day


def _take_files(draft: InventoryDraft, sources: tuple[Path, ...]) -> None:
    from kservegen.commands.inventory import read_objects, take_objects  # noqa: PLC0415

    written = written_by_kubectl([path for path in sources if path != _STDIN], piped=_STDIN in sources)
    taken = sum(take_objects(draft, read_objects(content, name)) for name, content in written)
    if not taken:
        raise GeneratorError(
            "no object among them has a name that Kubernetes takes"
            if draft.has_left_out
            else "no object among them is of a kind that inventories list",
            subject=", ".join(map(str, sources)),
            hint="Write down more: kubectl get secrets,configmaps,serviceaccounts -n NAMESPACE -o json.",
        )


def _report_differences(found: list[InventoryDifference], file: str, output: str) -> int:
    code = int(bool(found))
    if output == "json":
        lines: list[JsonValue] = [
            {
                "file": item.location.file,
                "line": item.location.line,
                "change": item.change,
                "kind": item.kind or None,
                "namespace": item.namespace or None,
                "name": item.name or None,
                "message": item.message,
            }
            for item in found
        ]
        return write_sections(code, inventory=lines)
    told = "".join(f"{printable(f'{item.location}: {item.message}')}\n" for item in found)
    write_text(told or f"{printable(file)}: the cluster is as it says\n")
    return code


def _report_written(words: JsonObject, file: str, output: str) -> int:
    counts = _counts(words)
    unread = mapping(words.get("unread"))
    if output == "json":
        entries: list[JsonValue] = [
            {"file": file, "kind": kind, "count": count, "message": "listed"} for kind, count in counts.items()
        ]
        entries += [
            {"file": file, "change": "unread", "kind": kind, "message": f"not read: {reason}"}
            for kind, reason in unread.items()
        ]
        return write_sections(0, inventory=entries)
    from kservegen.report.summary import plural, plural_of  # noqa: PLC0415

    listed = ", ".join(plural(count, kind, plural_of(kind)) for kind, count in counts.items()) or "nothing"
    write_text(printable(f"{file}: {words['taken']}: {listed}") + "\n")
    for kind, reason in unread.items():
        write_text(printable(f"not read, and so not covered: {kind}: {reason}") + "\n")
    return 0


def _counts(words: JsonObject) -> dict[str, int]:
    """Count the objects of each kind."""
    counts: dict[str, int] = {}
    for kinds in (mapping(words.get("cluster")), *map(mapping, mapping(words.get("namespaces")).values())):
        for kind, names in kinds.items():
            counts[kind] = counts.get(kind, 0) + len(mapping(names))
    nodes = sum(int(str(mapping(pool)["nodes"])) for pool in mapping(words.get("nodePools")).values())
    if nodes:
        counts["Node"] = nodes
    return dict(sorted(counts.items()))
