"""What stands in the output folder already: its objects, what they take, and quotas that would be lowered too soon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kservegen.checks.budget.account import DECIDING, account, requested_amounts
from kservegen.checks.budget.check import quota_needs
from kservegen.checks.budget.ledger import Line
from kservegen.checks.locate import diagnose_environment
from kservegen.checks.manifests.documents import read_documents
from kservegen.checks.manifests.files import find_files
from kservegen.checks.queues import Queues
from kservegen.core.diagnostics import Diagnostic, Finding
from kservegen.core.document import mapping, text
from kservegen.core.quantity import parse_quantity
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.defaulted import context_of, installation_of
from kservegen.evaluate.environment import Tools
from kservegen.kserve.defaulting import default
from kservegen.render.layout import rendered_file
from kservegen.render.objects.environment import BuiltEnvironment

_MODELS = ("models", "runtimes")
_QUOTAS = ("quotas",)


def ledger_before(
    out: Path, built: BuiltEnvironment, tools: Tools, queues: Queues | None = None, today: Sequence[Line] = ()
) -> tuple[Line, ...] | None:
    """Write the ledger of what is rendered already; None where nothing is. Owners, and `queues`, are those of today.

    `today` is the ledger of the environment as it is built: what would be rendered the same takes what it takes now.
    """
    folder = out / built.environment.name
    if not folder.is_dir():
        return None
    written = _written(built) if today else {}
    same, others = _rendered(folder, written)
    gone = [resource for resource in written.values() if resource.id not in same]
    differing = (*gone, *others)
    if any(resource.kind in DECIDING for resource in differing) or (differing and any(line.claim for line in today)):
        same, others = {}, list(_resources(folder, *_MODELS))
    installation = installation_of(built.settings)
    objects = [default(resource, installation) for resource in others]
    release = tools.releases.get(built.settings.kserve_version)
    beside = (default(resource, installation) for resource in same.values() if objects)
    context = context_of(built, [*beside, *objects], release, tools.schemas)
    known = {item.resource.id: (item.entry.key, text(item.entry.words.get("owner"))) for item in built.entries}
    named = ((*known.get(item.written.id, (item.written.id.name, "")), item) for item in objects)
    requested = requested_amounts(named, built.environment, context)
    kept = (line for line in today if line.subject in same)
    return (*kept, *account(requested, built.environment, context, queues))


def _written(built: BuiltEnvironment) -> dict[bytes, Resource]:
    """Write the objects of entries as files are rendered now."""
    return {rendered_file(item.resource): item.resource for item in built.entries}


def _rendered(folder: Path, written: Mapping[bytes, Resource]) -> tuple[dict[ResourceId, Resource], list[Resource]]:
    """Return what is rendered as it is `written` now, and all else that is."""
    same: dict[ResourceId, Resource] = {}
    others: list[Resource] = []
    for name, data in _files(folder, *_MODELS):
        resource = written.get(data)
        if resource is not None and resource.id not in same:
            same[resource.id] = resource
        else:
            others += _read(data, name)
    return same, others


def lowered_quotas(out: Path, built: BuiltEnvironment, tools: Tools) -> Iterator[Diagnostic]:
    """Refuse quotas that fall below what still runs: the change that frees it has to be synced first."""
    wanted = [resource for resource in built.own if resource.kind == "ResourceQuota"]
    folder = out / built.environment.name
    if not wanted or not folder.is_dir():
        return
    standing = {resource.id: resource for resource in _resources(folder, *_QUOTAS)}
    before: tuple[Line, ...] | None = None
    for quota in wanted:
        old = standing.get(quota.id)
        for key, hard in _hard(quota).items():
            if old is None or _amount(hard) >= _amount(_hard(old).get(key)):
                continue
            before = before if before is not None else ledger_before(out, built, tools) or ()
            need = quota_needs(before, quota.id.namespace, key)
            if need.rollout > _amount(hard):
                yield from _too_soon(built, quota, key, hard, standing=str(need.rollout))


def _too_soon(built: BuiltEnvironment, quota: Resource, key: str, hard: str, *, standing: str) -> Iterator[Diagnostic]:
    finding = Finding(
        rule="budget/quota-lowered",
        path=quota.words(("spec", "hard", key)),
        message=f"quota {quota.id.name} would fall below what still runs in {quota.id.namespace}",
        seen=f"{key}: {hard}",
        allowed=f"at least {standing}, which is rendered now and rolls while this change is synced",
        hint="Render and sync the change of the models first; lower the budget in the next change.",
    )
    yield from diagnose_environment(built.environment, [finding])


def _hard(quota: Resource) -> dict[str, str]:
    hard = mapping(quota.spec.get("hard"))
    return {key: str(value) for key, value in hard.items()}


def _amount(value: str | None) -> float:
    quantity = parse_quantity(value) if value is not None else None
    return float(quantity.value) if quantity is not None else 0.0


def _resources(folder: Path, *parts: str) -> Iterator[Resource]:
    for name, data in _files(folder, *parts):
        yield from _read(data, name)


def _read(data: bytes, name: str) -> Iterator[Resource]:
    yield from (found.resource for found in read_documents(data, name, named=True) if found.resource is not None)


def _files(folder: Path, *parts: str) -> Iterator[tuple[str, bytes]]:
    for argument in find_files([folder / part for part in parts if (folder / part).is_dir()]):
        for file in argument.files:
            data = file.read()
            if isinstance(data, bytes):
                yield file.name, data
