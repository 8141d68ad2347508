"""Which card for a model: candidates and parallel sizes in; verdict, concurrency, start and price of each out.

The model is one of a catalog, or any whose dimensions are known: by a name of the tables, from its files, from a lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment, resolve_environment
from kservegen.checks.gpu.arguments import read_server
from kservegen.checks.gpu.check import Fit, fit
from kservegen.checks.gpu.estimate import estimate
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.gpu_type import gpu_of, offered
from kservegen.checks.gpu.locked import locked_models
from kservegen.checks.gpu.model import Gpu
from kservegen.checks.gpu.start import StartTime, start_time
from kservegen.checks.gpu.workload import GpuWorkload
from kservegen.commands.gpu import Account, UnknownModelError, WhatIf, account_for, known_gpu, with_options
from kservegen.core.document import integer, mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import packaged_data
from kservegen.core.suggest import did_you_mean
from kservegen.core.values import whole_number
from kservegen.evaluate.project import Project
from kservegen.kserve.releases import Releases

_CANDIDATE: Final = lazy_pattern(r"(?P<gpu>.+?)(?:x(?P<count>[1-9][0-9]{0,2}))?", re.IGNORECASE)
_HUB: Final = "hf://"
_NOTHING: Final = WhatIf()


class GpuCandidate(NamedTuple):
    """A card by the name that was asked for, and how many of it one pod gets."""

    gpu: str
    number: int


class ModelFile(NamedTuple):
    """What a file or a folder tells of models: entries of a lock by address, and who tells it."""

    entries: JsonObject
    source: str


class ServerToPlace(Struct, frozen=True, kw_only=True):
    """A server without its GPUs: what it runs, and what is known of cards, prices and bandwidths where it would run.

    `environment` is blank where none is meant; of a model of no catalog, `subject` is its name.
    """

    environment: str
    key: str
    subject: str
    workload: GpuWorkload
    facts: FactStore
    version: str
    accelerators: JsonObject
    bandwidths: JsonObject
    download: int | None


class ComparedGpu(Struct, frozen=True, kw_only=True):
    """One server on so many of one card, cut over `tensor` ranks.

    `half` is the concurrency of requests of half the length; `price` is that of all cards per hour, None where the
    environment does not say.
    """

    server: ServerToPlace
    gpu: Gpu
    count: int
    tensor: int
    fit: Fit
    half: float | None
    start: StartTime | None
    price: float | None


def parse_candidates(text: str) -> tuple[GpuCandidate, ...]:
    """Read `L4x2,L40S,H100`; GeneratorError for what is no name of a card."""
    found = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = _CANDIDATE.fullmatch(item)
        if match is None:
            raise GeneratorError(f"cannot read {item} in --compare", hint="Write it as L4x2,L40S,H100.")
        found.append(GpuCandidate(match["gpu"], int(match["count"] or 1)))
    if not found:
        raise GeneratorError("--compare names no GPU", hint="Write it as L4x2,L40S,H100.")
    return tuple(found)


def parse_sizes(text: str) -> tuple[int, ...]:
    """Read `1,2`; GeneratorError for what is no number of GPUs."""
    sizes = [whole_number(part.strip()) for part in text.split(",")]
    if not all(sizes):
        raise GeneratorError(f"cannot read --tp {text}", hint="Write it as 1,2.")
    return tuple(size for size in sizes if size)


def servers_to_place(
    project: Project | None,
    environments: Sequence[str],
    model: str,
    what_if: WhatIf,
    read_files: Callable[[str], ModelFile | None],
) -> tuple[ServerToPlace, ...]:
    """Return the servers that a name means: of the catalog, else of a folder or a lock, else of the tables.

    `read_files` reads a folder or a lock of that name, None where there is none. GeneratorError where nothing is known.
    """
    known: Collection[str] = ()
    if project is not None:
        try:
            found, others = account_for(project, environments, model, what_if if what_if != _NOTHING else None)
        except UnknownModelError as missing:
            known = missing.known
        else:
            if others and not found:
                raise GeneratorError(f"{model} cannot be compared: {others[0].reason}", subject=others[0].environment)
            return tuple(map(_of_account, found))
    table = fact_store_of(project)
    place = _chosen_environment(project, environments)
    given = read_files(model)
    if given is not None:
        return servers_of_file(given, table, place, what_if)
    servers = known_servers(model, table, place, what_if)
    if not servers:
        raise _unknown_model(model, known, table)
    return servers


def fact_store_of(project: Project | None) -> FactStore:
    """Return the tables of a repository, or the shipped ones where there is none."""
    return project.tools.facts() if project is not None else FactStore(packaged_data() / "facts", Releases([]))


def _chosen_environment(project: Project | None, environments: Sequence[str]) -> ResolvedEnvironment | None:
    """Return the environment whose cards, prices and locks count for a model of no catalog: the one that is clear."""
    names = project.choose(environments) if project is not None else ()
    return resolve_environment(project.catalog, names[0])[0] if project is not None and len(names) == 1 else None


def _of_account(account: Account) -> ServerToPlace:
    settings, workload = account.settings, account.fit.workload
    return ServerToPlace(
        environment=account.environment,
        key=account.key,
        subject=account.subject,
        workload=workload,
        facts=account.facts,
        version=account.fit.version,
        accelerators=settings.mapping("accelerators"),
        bandwidths=settings.mapping("bandwidths"),
        download=integer(mapping(settings.locked.get(workload.address)).get("downloadBytes")),
    )


def known_servers(
    model: str, table: FactStore, place: ResolvedEnvironment | None, what_if: WhatIf
) -> tuple[ServerToPlace, ...]:
    """Return a server of a model that the tables, or the lock of `place`, know; none for one that they do not."""
    facts = table.under(place.locked, place.lock_file) if place is not None else table
    bare = model.removeprefix(_HUB)
    known = facts.model(bare.partition(":")[0], f"{_HUB}{bare}")
    return () if known is None else (_bare(known.name, f"{_HUB}{bare}", facts, place, what_if),)


def servers_of_file(
    given: ModelFile, table: FactStore, place: ResolvedEnvironment | None, what_if: WhatIf
) -> tuple[ServerToPlace, ...]:
    """Return a server for each model that a file or a folder tells of; GeneratorError where none has dimensions."""
    models = locked_models(given.entries)
    facts = table.under(given.entries, given.source)
    found = []
    for address, entry in given.entries.items():
        if address in models:
            download = integer(mapping(entry).get("downloadBytes"))
            found.append(replace(_bare(models[address].name, address, facts, place, what_if), download=download))
    if not found:
        raise GeneratorError(
            "no model's dimensions stand here",
            subject=given.source,
            hint="Name a folder with a config.json, or a lock that kservegen lock wrote.",
        )
    return tuple(found)


def _bare(
    name: str, address: str, facts: FactStore, place: ResolvedEnvironment | None, what_if: WhatIf
) -> ServerToPlace:
    """Return a server that is told nothing but what was asked for."""
    workload = GpuWorkload(
        role="main",
        path=(),
        model=name,
        model_path=(),
        options={},
        server=read_server({}, {}),
        gpus=1,
        resource_name="",
        resource_path=(),
        node_selector={},
        image="",
        address=address,
    )
    return ServerToPlace(
        environment=place.name if place is not None else "",
        key=name,
        subject=name,
        workload=with_options(workload, what_if.options),
        facts=facts,
        version=what_if.version,
        accelerators=place.mapping("accelerators") if place is not None else {},
        bandwidths=place.mapping("bandwidths") if place is not None else {},
        download=None,
    )


def _unknown_model(model: str, known: Collection[str], facts: FactStore) -> GeneratorError:
    """Return the failure for a name that neither the catalog nor the tables have; `known` are the catalog's."""
    return GeneratorError(
        f"nothing is known of a model {model}",
        hint=did_you_mean(model, [*known, *facts.model_names])
        or "Name a model of the catalog or of kservegen facts, a folder with its config.json, or a lock.",
    )


def compare(
    servers: Sequence[ServerToPlace], table: FactStore, candidates: Sequence[GpuCandidate], sizes: Sequence[int]
) -> tuple[ComparedGpu, ...]:
    """Estimate every server on every candidate; sizes above a candidate's number of cards are left out."""
    cards = [(candidate.number, known_gpu(candidate.gpu, table)) for candidate in candidates]
    return tuple(compared for server in servers for compared in _on_cards(server, cards, sizes))


def _on_cards(item: ServerToPlace, cards: Sequence[tuple[int, Gpu]], sizes: Sequence[int]) -> Iterator[ComparedGpu]:
    facts, workload = item.facts, item.workload
    own = {gpu.name: gpu for gpu in offered(item.accelerators, facts) if gpu.from_environment or gpu.share}
    for count, card in cards:
        gpu = own.get(card.name, card)
        for tensor in sizes or (count,):
            if tensor > count:
                continue
            server = replace(workload.server, tensor=tensor, pipeline=1, data=1)
            done = fit(replace(workload, server=server, gpus=count, nodes=1), gpu, facts, item.version)
            yield ComparedGpu(
                server=item,
                gpu=gpu,
                count=count,
                tensor=tensor,
                fit=done,
                half=_half(done),
                start=start_time(done, facts.start, item.bandwidths, item.download),
                price=_price(gpu, count, item.accelerators, facts),
            )


def _half(done: Fit) -> float | None:
    """Return how many requests of half the length there is room for at once."""
    if done.estimate is None or done.model is None or done.gpu is None or not done.estimate.length:
        return None
    server = replace(done.workload.server, max_length=max(done.estimate.length // 2, 1), fitted_length=False)
    return estimate(done.model, done.gpu, server, done.engine).concurrency


def _price(gpu: Gpu, count: int, accelerators: JsonObject, facts: FactStore) -> float | None:
    """Return what so many cards cost per hour: the price of the first accelerator that is this card, or this slice."""
    for words in map(mapping, accelerators.values()):
        price = words.get("pricePerHour")
        known = gpu_of({}, text(words.get("resource")), {"it": {**words, "nodeSelector": {}}}, facts)
        if known is not None and known.name == gpu.name and isinstance(price, (int, float)):
            return price * count
    return None
