"""`kservegen lock`: pin the revisions of an environment's models, and write down what is known of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    open_for_writing,
    read_named_file,
    reporting,
    write_sections,
    write_text,
)
from kservegen.core.errors import GeneratorError
from kservegen.formats.inert import printable

if TYPE_CHECKING:
    from kservegen.commands.lock import Drift, Facts, Locked, LockTarget
    from kservegen.core.jsontypes import JsonObject, JsonValue
    from kservegen.evaluate.project import Project


@click.command(name="lock")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=complete_model)
@click.option("--env", "environment", metavar="ENV", shell_complete=complete_environment, help="Whose lock.")
@click.option("--all", "every", is_flag=True, help="Lock every model from the Hub: all of them may restart.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a lock has drifted.")
@click.option(
    "--from", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Read a model's files from a folder."
)
@click.option(
    "--facts", type=click.Path(path_type=Path), metavar="FILE", help="Take an entry written by hand, YAML or JSON."
)
@reporting("text", "json")
def command(
    *,
    models: tuple[str, ...],
    environment: str | None,
    every: bool,
    check: bool,
    folder: Path | None,
    facts: Path | None,
    root: Path | None,
    output: str,
) -> int:
    """Pin the revision of a model in environments/ENV.lock.yaml, beside its dimensions and the size of its weights.

    MODEL is a key of the catalog or an address. The Hub is asked for headers, never for weights; HF_TOKEN, HF_ENDPOINT
    and HF_HUB_OFFLINE count. A new revision restarts the model's pods at the next render.
    """
    from kservegen.commands.lock import EnvironmentLock  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415

    _check_usage(models, every=every, check=check, folder=folder, facts=facts)
    project = open_project(find_repository(root) if check else open_for_writing(root))
    source = _source(folder, facts)
    if check:
        wanted = project.choose([environment] if environment else [])
        drifts = [drift for name in wanted for drift in EnvironmentLock(project, name).drift(source)]
        return _report_drift(drifts, output)
    lock = EnvironmentLock(project, _one_environment(project, environment))
    targets = tuple(t for t in lock.targets if t.on_hub) if every else lock.choose(models)
    return _report(lock.write(targets, source), lock.file, output)


def _check_usage(models: tuple[str, ...], *, every: bool, check: bool, folder: Path | None, facts: Path | None) -> None:
    if bool(models) + every + check != 1:
        raise click.UsageError("name models, or say --all or --check")
    given = [option for option in (folder, facts) if option is not None]
    if given and (len(models) != 1 or len(given) > 1):
        raise click.UsageError("--from and --facts are about one model: name it")


def _one_environment(project: Project, name: str | None) -> str:
    known = tuple(project.catalog.environments)
    if name is None and len(known) > 1:
        raise click.UsageError(f"each environment has its own lock: say --env {'|'.join(known)}")
    return name or known[0]


def _source(folder: Path | None, facts: Path | None) -> Facts:
    """Return where facts come from."""
    from kservegen.catalog.lock.artefact import Folder  # noqa: PLC0415
    from kservegen.catalog.lock.entry import entry_of  # noqa: PLC0415
    from kservegen.commands.lock import facts_by_hand  # noqa: PLC0415

    def from_hub(target: LockTarget, revision: str) -> JsonObject:
        if not target.on_hub:
            hint = "Read a folder with --from, or write its facts in a file: --facts."
            raise GeneratorError("only hf:// addresses can be asked for", subject=target.address, hint=hint)
        from kservegen.catalog.lock.hub import Hub  # noqa: PLC0415

        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
        hub = Hub(os.environ.get("HF_ENDPOINT", ""), offline=offline)
        return entry_of(hub.open(target.repository, revision, subject=target.address), target.address)

    def from_folder(target: LockTarget, _revision: str) -> JsonObject:
        return entry_of(Folder(folder or Path()), target.address)

    def from_file(_target: LockTarget, _revision: str) -> JsonObject:
        return facts_by_hand(read_named_file(facts or Path(), "Name a file with the facts of the model."), str(facts))

    return from_folder if folder is not None else from_file if facts is not None else from_hub


def _report_drift(drifts: list[Drift], output: str) -> int:
    code = int(bool(drifts))
    if output == "json":
        lines: list[JsonValue] = [
            {"file": d.location.file, "line": d.location.line, "address": d.address, "message": d.message}
            for d in drifts
        ]
        return write_sections(code, lock=lines)
    write_text(
        "".join(f"{printable(f'{d.location}: {d.address}: {d.message}')}\n" for d in drifts) or "no lock has drifted\n"
    )
    return code


def _report(done: tuple[Locked, ...], file: str, output: str) -> int:
    if output == "json":
        entries: list[JsonValue] = [
            {
                "file": file,
                "address": item.address,
                "before": item.before or None,
                "revision": item.revision or None,
                "models": list(item.models),
                "changed": item.changed,
            }
            for item in done
        ]
        return write_sections(0, lock=entries)
    for item in done:
        write_text(printable(f"{file}: {item.address} {_outcome(item)}") + "\n")
    if not done:
        write_text("no model is served from the Hub\n")
    return 0


def _outcome(item: Locked) -> str:
    models = ", ".join(item.models)
    if not item.changed:
        return "is as it was"
    if item.cache:
        return f"is not pinned, its facts are: the cache {item.cache} is found by this address"
    if not item.revision:
        return f"has no revision to pin; its facts are written ({models})"
    if item.before == item.revision:
        return f"stays at {item.revision[:12]}; its facts are new"
    was = f" (was {item.before[:12]})" if item.before else ""
    return f"is pinned to {item.revision[:12]}{was}: {models} restarts when this is rendered and synced"
