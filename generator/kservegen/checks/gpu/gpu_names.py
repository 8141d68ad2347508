"""The `accelerators` of an environment and the table of GPUs in; names that the table does not know out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.servers.devices import DeviceMaker, maker_of

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore

_TABLE_OF: Final = frozenset({DeviceMaker.NVIDIA, DeviceMaker.AMD})


def check_gpu_names(accelerators: JsonObject, open_facts: Callable[[], FactStore]) -> Iterator[Finding]:
    """Yield what is not known of the GPUs that an environment names, and gives no memory of.

    Of a name of another maker nothing is said unless a known one is near: the table has few of those.
    """
    for name, words in accelerators.items():
        facts = mapping(words)
        gpu, resource = text(facts.get("gpu")), text(facts.get("resource"))
        if not gpu or facts.get("memory"):
            continue
        table = open_facts()
        if table.gpu(gpu) is None:
            near = table.gpu_like(gpu)
            if near or maker_of(resource) in _TABLE_OF:
                yield _unknown(name, gpu, near)
        else:
            yield from _profiles(name, gpu, resource, table)


def _unknown(name: str, gpu: str, near: str) -> Finding:
    return Finding(
        rule="catalog/unknown-gpu",
        path=("accelerators", name, "gpu"),
        message=f"nothing is known of a GPU {gpu}, so that nothing is estimated on it",
        seen=gpu,
        allowed="a GPU that kservegen facts lists, or its memory beside the name",
        hint=near or "Say what its driver reports: memory, and computeCapability.",
    )


def _profiles(name: str, gpu: str, resource: str, table: FactStore) -> Iterator[Finding]:
    from kservegen.checks.gpu.gpu_type import mig_profile  # noqa: PLC0415 - brings the tables' reader

    profile, card = mig_profile(resource), table.gpu(gpu)
    if not profile or card is None or table.gpu(f"{card.name.partition('/')[0]}/{profile}") is not None:
        return
    known = [item.name.partition("/")[2] for item in table.slices(card.name.partition("/")[0])]
    yield Finding(
        rule="catalog/unknown-gpu",
        path=("accelerators", name, "resource"),
        message=f"nothing is known of a MIG profile {profile} of {card.name}, so that nothing is estimated on it",
        seen=profile,
        allowed=", ".join(known) or "it has none that is known",
        hint=did_you_mean(profile, known) or "Say what its driver reports: memory.",
    )
