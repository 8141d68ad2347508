"""The options that say where clusters are read from, shared by `status` and `promote --stage`; what kubectl wrote."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from kservegen.core.errors import GeneratorError
from kservegen.core.repository import STDIN

if TYPE_CHECKING:
    from kservegen.commands.rollout.gather import ClusterSource

_F = TypeVar("_F", bound=Callable[..., object])


class LiveOptions(NamedTuple):
    """What was said: files, contexts of kubectl, and whether clusters are asked at all."""

    sources: tuple[str, ...]
    contexts: tuple[str, ...]
    asks: bool


def live_options(function: _F) -> _F:
    """Add --from, --from-cluster and --context."""
    function = click.option(
        "--context",
        "contexts",
        multiple=True,
        metavar="[ENV=]NAME",
        help="kubectl's context of an environment's cluster. Default, for one environment: its current one.",
    )(function)
    function = click.option(
        "--from-cluster", is_flag=True, help="Ask the clusters, through kubectl get: nothing is changed there."
    )(function)
    return click.option(
        "--from",
        "sources",
        multiple=True,
        metavar="[ENV=]PATH",
        help="Read what kubectl get -o json or yaml wrote: a file, a folder, or - for standard input.",
    )(function)


def cluster_sources(said: LiveOptions, environments: Sequence[str]) -> dict[str, ClusterSource]:
    """Return where the cluster of each environment is read from; none for those of which nothing is said.

    A usage error for what is said twice or of no environment, GeneratorError for files that cannot be read.
    """
    if said.sources and (said.asks or said.contexts):
        raise click.UsageError("--from reads files, --from-cluster and --context ask clusters: say one of them")
    if said.contexts and not said.asks:
        raise click.UsageError("--context is about clusters: say --from-cluster, too")
    if said.sources:
        return _from_files(_by_environment(said.sources, environments, "--from"))
    if not said.asks:
        return {}
    return _from_clusters(_by_environment(said.contexts, environments, "--context"), environments)


def _by_environment(said: Sequence[str], environments: Sequence[str], option: str) -> dict[str, list[str]]:
    from kservegen.core.suggest import did_you_mean  # noqa: PLC0415 - only a mistake needs it

    found: dict[str, list[str]] = {}
    for item in said:
        name, equals, value = item.partition("=")
        if not equals or "/" in name or "." in name:
            name, value = "", item
        if not name and len(environments) != 1:
            known = ", ".join(environments)
            raise click.UsageError(f"{option} {item} is of which of {known}? Write {option} ENV={item}")
        if name and name not in environments:
            hint = did_you_mean(name, environments, f"Known: {', '.join(environments)}.")
            raise click.UsageError(f"{option} {item}: {name} is none of the environments looked at. {hint}")
        if not value:  # a variable that is not set, and never this folder or the current context
            raise click.UsageError(
                f"{option} {item}: nothing is named after the =" if item else f"{option} names nothing"
            )
        found.setdefault(name or environments[0], []).append(value)
    return found


def _from_files(paths: dict[str, list[str]]) -> dict[str, ClusterSource]:
    from kservegen.commands.rollout.gather import ClusterSource  # noqa: PLC0415
    from kservegen.commands.rollout.live import read_live  # noqa: PLC0415

    return {
        name: ClusterSource(name=", ".join(found), live=read_live(_contents(found), ", ".join(found)))
        for name, found in paths.items()
    }


def _from_clusters(contexts: dict[str, list[str]], environments: Sequence[str]) -> dict[str, ClusterSource]:
    from kservegen.commands.rollout.gather import ClusterSource  # noqa: PLC0415
    from kservegen.commands.rollout.live import kubectl_asking  # noqa: PLC0415

    if not contexts:
        if len(environments) != 1:
            raise click.UsageError(
                f"each of {', '.join(environments)} has its own cluster: say --context ENV=NAME for those to ask"
            )
        return {environments[0]: ClusterSource(name="kubectl's current context", ask=kubectl_asking(""))}
    found = {}
    for name, said in contexts.items():
        if len(said) > 1:
            raise click.UsageError(f"{name} has one cluster, and several contexts are named: {', '.join(said)}")
        found[name] = ClusterSource(name=f"context {said[0]}", ask=kubectl_asking(said[0]))
    return found


def _contents(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    return written_by_kubectl([Path(path) for path in paths if path != "-"], piped="-" in paths)


def written_by_kubectl(paths: Sequence[Path], *, piped: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of what kubectl wrote: standard input where `piped`, then files and folders.

    GeneratorError for what cannot be read.
    """
    from kservegen.checks.manifests.files import find_files  # noqa: PLC0415
    from kservegen.commands.inventory import LARGE_INPUT_HINT, LARGEST_INPUT  # noqa: PLC0415

    if piped:
        yield STDIN, sys.stdin.buffer.read(LARGEST_INPUT + 1)
    for argument in find_files(paths):
        for file in argument.files:
            read = file.read()
            if not isinstance(read, bytes):
                hint = LARGE_INPUT_HINT if read.rule == "yaml/too-big" else read.hint
                raise GeneratorError(read.message, subject=file.name, hint=hint)
            yield file.name, read
