"""`kservegen gpu`: how models use the memory of their GPUs, and what would change it."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.options import (
    common,
    complete_environment,
    find_repository,
    read_named_file,
    terminal_width,
    wants_colour,
    write_sections,
    write_text,
)
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository

if TYPE_CHECKING:
    from kservegen.commands.gpu import WhatIf
    from kservegen.commands.gpu_compare import ModelFile

_WIDTH: Final = 120  # where nobody says how wide a line may be


@click.command(name="gpu")
@click.argument("model", required=False, shell_complete=complete_model)
@click.option(
    "--env", "environments", multiple=True, shell_complete=complete_environment, help="Environment. Default: all."
)
@click.option(
    "--what-if", "what_if", metavar="NAME=VALUE,...", help="Try vLLM options, gpu=NAME, gpus=N, version=X.Y.Z."
)
@click.option("--compare", "candidates", metavar="GPU[xN],...", help="The model on each of these, in one table.")
@click.option("--tp", "sizes", metavar="N,...", help="Tensor parallel sizes to compare. Default: all of a candidate.")
@common
def command(
    *,
    model: str | None,
    environments: tuple[str, ...],
    what_if: str | None,
    candidates: str | None,
    sizes: str | None,
    root: Path | None,
    output: str,
) -> int:
    """Estimate GPU memory: weights, KV cache, activation, overhead, and what fits.

    The exit code is 1 where a model does not fit or is refused. --compare puts cards side by side and needs no catalog:
    MODEL is one of the catalog, a name on the Hub that kservegen facts knows, a folder with its config.json, or a lock.
    """
    from kservegen.checks.gpu.estimate import FitVerdict  # noqa: PLC0415
    from kservegen.commands.gpu import account_for, parse_what_if  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.gpu import gpu_as_json, render_gpu  # noqa: PLC0415

    if sizes and not candidates:
        raise click.UsageError("--tp goes with --compare")
    changes = parse_what_if(what_if) if what_if else None
    if candidates:
        if changes is not None and (changes.gpu or changes.gpus or changes.spread):
            raise click.UsageError("--compare and --tp say which GPUs and how many: leave gpu, gpus and sizes out")
        if model is None:
            raise click.UsageError("--compare needs a model: kservegen gpu MODEL --compare L4,H100")
        return _compared(_repository(root), model, environments, (candidates, sizes, changes), output)
    accounts, others = account_for(open_project(find_repository(root)), environments, model, changes)
    estimates = (account.fit.estimate for account in accounts)
    code = int(
        any(account.fit.refuses for account in accounts)
        or any(done is not None and done.verdict is FitVerdict.DOES_NOT_FIT for done in estimates)
    )
    if output == "json":
        return write_sections(code, gpu=[*gpu_as_json(accounts, others)])
    write_text(render_gpu(accounts, others, colour=wants_colour(), width=terminal_width(), model=model))
    return code


def _repository(root: Path | None) -> Repository | None:
    """Return the repository around; none where there is none, unless an option names it."""
    try:
        return find_repository(root)
    except GeneratorError:
        if root is not None:
            raise
        return None


def _compared(
    repository: Repository | None,
    model: str,
    environments: tuple[str, ...],
    asked: tuple[str, str | None, WhatIf | None],
    output: str,
) -> int:
    """Write the comparison; it is an answer, and no verdict on the repository."""
    from kservegen.commands.gpu import WhatIf  # noqa: PLC0415
    from kservegen.commands.gpu_compare import (  # noqa: PLC0415
        compare,
        fact_store_of,
        parse_candidates,
        parse_sizes,
        servers_to_place,
    )
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.gpu_compare import gpu_comparison_as_json, render_gpu_comparison  # noqa: PLC0415

    candidates, sizes = parse_candidates(asked[0]), parse_sizes(asked[1]) if asked[1] else ()
    if repository is None and environments:
        raise click.UsageError("--env names an environment of a repository, and there is none here")
    project = open_project(repository) if repository is not None else None
    servers = servers_to_place(project, environments, model, asked[2] or WhatIf(), _model_files)
    rows = compare(servers, fact_store_of(project), candidates, sizes)
    if output == "json":
        return write_sections(0, gpuComparison=[*gpu_comparison_as_json(rows)])
    width = get_terminal_size((_WIDTH, 0)).columns if sys.stdout.isatty() else _WIDTH
    nothing = (
        f"no size of --tp fits the candidates: {asked[1]} of {asked[0]}" if servers else f"{model} asks for no GPU"
    )
    write_text(render_gpu_comparison(rows, colour=wants_colour(), width=width, nothing=nothing))
    return 0


def _model_files(name: str) -> ModelFile | None:
    """Read the folder of a model, or a lock, that a name stands for; None where there is no such file."""
    from kservegen.commands.gpu_compare import ModelFile  # noqa: PLC0415

    path = Path(name)
    if path.is_dir():
        from kservegen.catalog.lock.artefact import Folder  # noqa: PLC0415
        from kservegen.catalog.lock.entry import entry_of  # noqa: PLC0415

        return ModelFile({f"file://{path.resolve().name}": entry_of(Folder(path), name)}, name)
    if path.suffix not in {".yaml", ".yml", ".json"} or not path.is_file():
        return None
    from kservegen.commands.lock import facts_by_hand  # noqa: PLC0415

    written = facts_by_hand(read_named_file(path, "Name a lock."), name)
    return ModelFile(mapping(written.get("models")), name)
