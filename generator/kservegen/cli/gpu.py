"""`kservegen gpu`: how models use the memory of their GPUs, and what would change it."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import (
    common,
    complete_environment,
    find_repository,
    wants_colour,
    write_sections,
    write_text,
)
from kservegen.core.repository import Repository


@click.command(name="gpu")
@click.argument("model", required=False)
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

    The exit code is 1 where a model does not fit or is refused.
    """
    from kservegen.checks.gpu.estimate import FitVerdict  # noqa: PLC0415
    from kservegen.commands.gpu import account_for, parse_what_if  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.gpu import gpu_as_json, render_gpu  # noqa: PLC0415

    if sizes and not candidates:
        raise click.UsageError("--tp goes with --compare")
    if candidates:
        if what_if:
            raise click.UsageError("--compare and --what-if are two questions")
        return _compared(find_repository(root), model, environments, (candidates, sizes), output)
    changes = parse_what_if(what_if) if what_if else None
    accounts, others = account_for(open_project(find_repository(root)), environments, model, changes)
    estimates = (account.fit.estimate for account in accounts)
    code = int(
        any(account.fit.refused for account in accounts)
        or any(done is not None and done.verdict is FitVerdict.DOES_NOT_FIT for done in estimates)
    )
    if output == "json":
        return write_sections(code, gpu=[*gpu_as_json(accounts, others)])
    write_text(render_gpu(accounts, others, colour=wants_colour()))
    return code


def _compared(
    repository: Repository,
    model: str | None,
    environments: tuple[str, ...],
    asked: tuple[str, str | None],
    output: str,
) -> int:
    """Write the comparison; it is an answer, and no verdict on the repository."""
    from kservegen.commands.gpu_compare import compare, parse_candidates, parse_sizes  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.gpu_compare import gpu_comparison_as_json, render_gpu_comparison  # noqa: PLC0415

    candidates, sizes = parse_candidates(asked[0]), parse_sizes(asked[1]) if asked[1] else ()
    rows = compare(open_project(repository), environments, model, candidates, sizes)
    if output == "json":
        return write_sections(0, gpuComparison=[*gpu_comparison_as_json(rows)])
    write_text(render_gpu_comparison(rows, colour=wants_colour()))
    return 0
