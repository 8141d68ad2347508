"""`kservegen schemas`: work on the schemas of a repository; `kservegen schemas add` compiles definitions of kinds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kservegen.cli.options import find_repository, open_for_writing, reporting, write_sections, write_text
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import STDIN
from kservegen.formats.inert import printable

if TYPE_CHECKING:
    from kservegen.commands.schemas import AddedSchemas, FoundDefinitions, SourceText
    from kservegen.core.jsontypes import JsonValue

_STDIN: Final = Path("-")


@click.group(name="schemas")
def command() -> None:
    """Work on the schemas of schemas/."""


@command.command(name="add")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from-cluster", is_flag=True, help="Read the definitions of the cluster, and change nothing there.")
@click.option("--version", "version", metavar="VERSION", help="KServe's version, where no chart among PATHs says it.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Take kinds of this API group alone. Default: all of PATHs; of a cluster KServe's own.",
)
@click.option("--write", "writes", is_flag=True, help="Write the files. Default: say which.")
@click.option("--replace", "replaces", is_flag=True, help="With --write, also write files that are there and differ.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Default: as kubectl finds it.")
@click.option("--context", metavar="NAME", help="Context of the kubeconfig. Default: its current one.")
@reporting("text", "json")
def add_schemas(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[Path, ...],
    from_cluster: bool,
    version: str | None,
    groups: tuple[str, ...],
    writes: bool,
    replaces: bool,
    kubeconfig: Path | None,
    context: str | None,
    root: Path | None,
    output: str,
) -> int:
    """Compile CustomResourceDefinitions into schemas/, for kinds and KServe versions that are not known here.

    PATH is a file, a folder, a packed chart (.tgz), or - for standard input. Kinds of KServe become a version that goes
    by the rules of the reviewed release that it is nearest to, and every result says so. Other kinds are judged by what
    their definitions say. Exit code 1 where a file is there and differs, or no API server would take a definition.
    """
    from kservegen.commands.schemas import SchemaAddition, as_version  # noqa: PLC0415
    from kservegen.kserve.releases import Releases  # noqa: PLC0415

    if bool(paths) == from_cluster:
        raise click.UsageError("name files, or give --from-cluster")
    if (kubeconfig or context) and not from_cluster:
        raise click.UsageError("--kubeconfig and --context are about --from-cluster")
    if replaces and not writes:
        raise click.UsageError("--replace is about --write")
    stated = as_version(version) if version else ""
    if version and not stated:
        raise GeneratorError(f"{version} is no version of KServe", subject="--version", hint="Write it as v0.18.0.")
    repository = open_for_writing(root) if writes else find_repository(root)
    addition = SchemaAddition(repository, Releases(repository.schema_roots))
    found = _ask(kubeconfig, context) if from_cluster else _read(paths)
    wanted = groups or (("serving.kserve.io",) if from_cluster else ())
    added = addition.compile(found, stated, wanted)
    refused = bool(added.refused) or (bool(added.changed) and not replaces)
    written = addition.write(added) if writes and not refused else ()
    if output == "json":
        return write_sections(int(refused), schemas=_as_json(added, written))
    write_text("".join(f"{printable(line)}\n" for line in _lines(added, written, writes=writes, refused=refused)))
    return int(refused)


def _ask(kubeconfig: Path | None, context: str | None) -> FoundDefinitions:
    from kservegen.catalog.inventory.cluster import ApiServer  # noqa: PLC0415
    from kservegen.commands.schemas import FoundDefinitions  # noqa: PLC0415

    found = FoundDefinitions()
    for doc in ApiServer.open(kubeconfig, context, asked_by="kservegen schemas add").definitions():
        found.add(doc, "the cluster")
    return found


def _read(paths: tuple[Path, ...]) -> FoundDefinitions:
    from kservegen.commands.schemas import read_definitions  # noqa: PLC0415

    return read_definitions(_sources(paths))


def _sources(paths: tuple[Path, ...]) -> Iterator[SourceText]:
    from kservegen.checks.manifests.files import find_files  # noqa: PLC0415
    from kservegen.commands.schemas import PACKED, SourceText  # noqa: PLC0415
    from kservegen.formats.archive import LARGEST_PACKED  # noqa: PLC0415

    if _STDIN in paths:
        yield SourceText(STDIN, sys.stdin.buffer.read(LARGEST_PACKED + 1))
    for path in paths:
        if path.name.endswith(PACKED) and path.is_file():
            with path.open("rb") as stream:
                yield SourceText(str(path), stream.read(LARGEST_PACKED + 1))
    for argument in find_files([path for path in paths if path != _STDIN and not path.name.endswith(PACKED)]):
        for file in argument.files:
            read = file.read()
            if not isinstance(read, bytes):
                raise GeneratorError(read.message, subject=file.name, hint=read.hint)
            yield SourceText(file.name, read)


def _lines(added: AddedSchemas, written: tuple[str, ...], *, writes: bool, refused: bool) -> Iterator[str]:
    from kservegen.report.summary import plural  # noqa: PLC0415

    if added.version:
        fields = plural(added.differing, "field differs", "fields differ") if added.differing else "no field differs"
        standing = f"it goes by the rules of {added.nearest}, the nearest one ({fields})"
        yield f"KServe {added.version} is not reviewed: {standing}"
    for file in added.files:
        yield f"{file.path}: {file.state}"
    yield from (f"skipped: {item.name}: {item.reason}" for item in added.skipped)
    if added.refused:
        yield from (f"refused: {item.name}: {item.reason}" for item in added.refused)
        yield "nothing was written: no API server takes these definitions; have them mended where they come from"
    elif refused:
        there = plural(len(added.changed), "file is there and says", "files are there and say")
        yield f"nothing was written: {there} otherwise; --write --replace writes over them"
    elif writes:
        yield f"{plural(len(written), 'file')} written"
    elif any(file.state != "same" for file in added.files):
        yield "nothing was written: --write does"


def _as_json(added: AddedSchemas, written: tuple[str, ...]) -> list[JsonValue]:
    files: list[JsonValue] = [
        {"file": file.path, "change": file.state, "message": "written" if file.path in written else "not written"}
        for file in added.files
    ]
    for change, items in (("skipped", added.skipped), ("refused", added.refused)):
        files += [{"file": item.name, "change": change, "message": item.reason} for item in items]
    return files
