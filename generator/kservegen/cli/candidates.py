"""What a shell offers beside commands, options and environments: models, ids of rules, files, KServe versions.

Completion never disturbs the shell: whatever goes wrong, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from kservegen.cli.options import complete_environment, find_repository
from kservegen.core.repository import Repository, packaged_data

if TYPE_CHECKING:  # imported where a shell asks
    from click.shell_completion import CompletionItem

Completer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"


def _offering(names: Callable[[click.Context], Iterable[str]]) -> Completer:
    """Make a completion of a function that lists names."""

    @wraps(names)
    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with suppress(Exception):
            return [_item(name) for name in sorted(set(names(ctx))) if name.startswith(incomplete)]
        return []

    return complete


def _item(name: str, sort: str = "plain") -> CompletionItem:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - where a shell asks

    return CompletionItem(name, type=sort)


def _repository(ctx: click.Context) -> Repository:
    root = ctx.params.get("root")
    return find_repository(root if isinstance(root, Path) else None)


def _entries(ctx: click.Context) -> Iterator[str]:
    """Yield the keys of the catalog, of each file that can be read."""
    import yaml  # noqa: PLC0415 - only where somebody presses Tab

    from kservegen.catalog.sections import SECTIONS  # noqa: PLC0415
    from kservegen.core.document import mapping  # noqa: PLC0415

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    for file in _repository(ctx).catalog_files():
        with suppress(OSError, yaml.YAMLError):
            document = mapping(yaml.load(file.read_bytes(), Loader=loader))  # noqa: S506 - a SafeLoader
            for section in SECTIONS:
                yield from mapping(document.get(section))


def _rules(ctx: click.Context) -> Iterator[str]:
    from kservegen.checks.registry import manuals  # noqa: PLC0415

    yield from manuals()
    roots: tuple[Path, ...] = (packaged_data() / "policies",)
    with suppress(Exception):  # outside of a repository
        roots = _repository(ctx).policy_roots
    yield from (f"policy/{file.stem}" for root in roots for file in root.glob("*.yaml"))


def _versions(_ctx: click.Context) -> Iterable[str]:
    from kservegen.kserve.releases import Releases  # noqa: PLC0415

    return Releases([packaged_data() / "schemas"]).versions


complete_model = _offering(_entries)
complete_version = _offering(_versions)
_complete_rule = _offering(_rules)


def complete_explained(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete models, and the ids of rules and policies."""
    return [*complete_model(ctx, param, incomplete), *_complete_rule(ctx, param, incomplete)]


def complete_environment_or_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete environments, and files where none begins so."""
    found = [_item(name) for name in complete_environment(ctx, param, incomplete)]
    return found or [_item(incomplete, "file")]


def complete_model_or_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete models, and files where none begins so."""
    return complete_model(ctx, param, incomplete) or [_item(incomplete, "file")]


def complete_promoted(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete two environments, then models; with a stage models alone."""
    said = ctx.params.get(param.name or "") or ()
    if len(said) >= 2 or ctx.params.get("stage") or ctx.params.get("takes_next"):
        return complete_model(ctx, param, incomplete)
    return [_item(name) for name in complete_environment(ctx, param, incomplete)]
