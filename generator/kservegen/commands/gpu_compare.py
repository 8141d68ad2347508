"""Which card for a model: candidates and parallel sizes in; verdict, concurrency, start and price of each out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from kservegen.checks.gpu.check import Fit, fit
from kservegen.checks.gpu.estimate import estimate
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.gpu_type import offered
from kservegen.checks.gpu.model import Gpu
from kservegen.checks.gpu.start import StartTime, start_time
from kservegen.commands.gpu import Account, account_for, known_gpu
from kservegen.core.document import integer, mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.values import whole_number
from kservegen.evaluate.project import Project

_CANDIDATE: Final = re.compile(r"(?P<gpu>.+?)(?:x(?P<count>[1-9][0-9]{0,2}))?", re.IGNORECASE)


class GpuCandidate(NamedTuple):
    """A card by the name that was asked for, and how many of it one pod gets."""

    gpu: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedGpu:
    """One server on so many of one card, cut over `tensor` ranks.

    `half` is the concurrency of requests of half the length; `price` is that of all cards per hour, None where the
    environment does not say.
    """

    account: Account
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


def compare(
    project: Project,
    environments: Sequence[str],
    model: str | None,
    candidates: Sequence[GpuCandidate],
    sizes: Sequence[int],
) -> tuple[ComparedGpu, ...]:
    """Estimate every server of a model on every candidate; sizes above a candidate's number of cards are left out."""
    if model is None:
        raise GeneratorError("--compare needs a model", hint="Write it as kservegen gpu MODEL --compare L4,H100.")
    table = project.tools.facts()
    cards = [(candidate.number, known_gpu(candidate.gpu, table)) for candidate in candidates]
    accounts = account_for(project, environments, model, None).servers
    return tuple(compared for account in accounts for compared in _on_cards(account, cards, sizes))


def _on_cards(account: Account, cards: Sequence[tuple[int, Gpu]], sizes: Sequence[int]) -> Iterator[ComparedGpu]:
    settings, facts, workload = account.settings, account.facts, account.fit.workload
    accelerators = settings.mapping("accelerators")
    own = {gpu.name: gpu for gpu in offered(accelerators, facts) if gpu.from_environment or gpu.share}
    size = integer(mapping(settings.locked.get(workload.address)).get("downloadBytes"))
    for count, card in cards:
        gpu = own.get(card.name, card)
        for tensor in sizes or (count,):
            if tensor > count:
                continue
            server = replace(workload.server, tensor=tensor, pipeline=1, data=1)
            done = fit(replace(workload, server=server, gpus=count, nodes=1), gpu, facts, account.fit.version)
            yield ComparedGpu(
                account=account,
                gpu=gpu,
                count=count,
                tensor=tensor,
                fit=done,
                half=_half(done),
                start=start_time(done, settings.mapping("bandwidths"), size),
                price=_price(gpu, count, accelerators, facts),
            )


def _half(done: Fit) -> float | None:
    """Return how many requests of half the length there is room for at once."""
    if done.estimate is None or done.model is None or done.gpu is None or not done.estimate.length:
        return None
    server = replace(done.workload.server, max_length=max(done.estimate.length // 2, 1), fitted_length=False)
    return estimate(done.model, done.gpu, server, done.engine).concurrency


def _price(gpu: Gpu, count: int, accelerators: JsonObject, facts: FactStore) -> float | None:
    """Return what so many cards cost per hour: the price of the first accelerator that is this card."""
    for words in map(mapping, accelerators.values()):
        named = facts.gpu(text(words.get("gpu")))
        price = words.get("pricePerHour")
        if named is not None and named.name == gpu.name and isinstance(price, (int, float)):
            return price * count
    return None
