"""Objects that ask for GPUs in; what they will do at their start, and findings about it, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct

from kservegen.checks.gpu.estimate import Estimate, FitVerdict, Gate, estimate
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.gpu_type import gpu_of, is_part_of_card, mig_profile
from kservegen.checks.gpu.model import GIB, EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.refusals import EngineRefusal, engine_refusals
from kservegen.checks.gpu.remedies import RemedyCase, cheapest, gpu_remedies, shortage
from kservegen.checks.gpu.workload import GpuWorkload
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.servers.arguments import refuses_words


class Fit(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One server and what became of the attempt to estimate it: an estimate, or the reason why there is none."""

    workload: GpuWorkload
    model: ModelFacts | None
    gpu: Gpu | None
    engine: EngineFacts
    version: str
    known_from: str = ""  # the file that tells of the model
    assumed: str = ""  # the version that is assumed where the image tells none
    estimate: Estimate | None = None
    refused: tuple[EngineRefusal, ...] = ()
    unknown: str = ""

    @property
    def kind_unknown(self) -> str:
        """What is missing for an estimate, said of all models that lack it alike; blank where nothing is."""
        if not self.unknown:
            return ""
        if self.model is None or self.model.gap:
            return "the dimensions of their models are not known"
        if is_part_of_card(self.workload.resource_name, self.workload.node_selector):
            return "nobody says how much of a shared card they may use"
        return "nobody says which GPU they run on"

    @property
    def lacking(self) -> str:
        """Why the server cannot start on the GPUs that its pods get, a matter of kserve/parallel-devices; or blank."""
        workload, server = self.workload, self.workload.server
        needed, given = server.tensor * server.pipeline * server.data, workload.gpus * workload.nodes
        if needed <= given:
            return ""
        return f"it needs {needed} GPUs (tensor x pipeline x data parallelism) and gets {given}: it does not start"

    @cached_property
    def misread(self) -> str:
        """Why the server stops before it looks at a GPU: words that it does not take, told by rules of their own."""
        started = self.workload.started
        if started is None or not refuses_words(started.server, started.line, started.environment):
            return ""
        return "the server does not take its arguments: kservegen validate tells which"

    @cached_property
    def refuses(self) -> tuple[str, ...]:
        """What stops the server whatever the memory: vLLM's refusals, GPUs that are not there, words that it lacks."""
        refused = [] if self.misread else [refusal.message for refusal in self.refused]
        return tuple(filter(None, (*refused, self.lacking, self.misread)))

    @property
    def case(self) -> RemedyCase | None:
        """The start for a search of remedies."""
        if self.model is None or self.gpu is None:
            return None
        return RemedyCase(self.model, self.gpu, self.workload.server, self.engine, self.workload.gpus)


def fits_of(servers: Iterable[GpuWorkload], accelerators: JsonObject, facts: FactStore) -> Iterator[Fit]:
    """Yield one fit for each server that asks for GPUs."""
    for server in servers:
        if server.gpus:
            yield fit(server, gpu_of(server.node_selector, server.resource_name, accelerators, facts), facts)


def fit(workload: GpuWorkload, gpu: Gpu | None, facts: FactStore, version: str = "") -> Fit:
    """Estimate one server, as far as its model and its GPU are known."""
    version = version or facts.image_version(workload.image)
    engine = facts.engine(version)
    model = facts.model(workload.model, workload.address) if workload.model or workload.address else None
    known = model if model is not None and not model.gap and not (gpu is not None and gpu.maker) else None
    unknown = _unknown(workload, model, gpu)
    return Fit(
        workload=workload,
        model=model,
        gpu=gpu,
        engine=engine,
        version=version,
        known_from=facts.known_from(workload.model, workload.address),
        assumed="" if version else facts.assumed_version,
        estimate=estimate(known, gpu, workload.server, engine) if known is not None and gpu is not None else None,
        refused=tuple(engine_refusals(known, gpu, workload.server, workload.gpus)) if known is not None else (),
        unknown=unknown,
    )


def _unknown(workload: GpuWorkload, model: ModelFacts | None, gpu: Gpu | None) -> str:
    if not workload.model and model is None:
        return "which model lies behind this address"
    if model is None:
        return f"the dimensions of {workload.model}"
    if model.gap:
        return f"{model.gap}, of {model.name}"
    if gpu is not None:
        return f"how servers use the memory of {gpu.maker} devices" if gpu.maker else ""
    if is_part_of_card(workload.resource_name, workload.node_selector):
        return "how much of a shared card it may use"
    return "which GPU this runs on"


def gpu_findings(found: Fit, others: Iterable[Gpu]) -> Iterator[Finding]:
    """Yield what is to be said of one server; `others` are GPUs to offer, small first."""
    said = list(_findings_of(found, others))
    if said and not found.misread:  # of words that the server does not take, what was meant is not known
        yield from said


def _findings_of(found: Fit, others: Iterable[Gpu]) -> Iterator[Finding]:
    workload = found.workload
    for refusal in found.refused:
        yield Finding(
            rule=f"gpu/{refusal.matter.value}",
            path=workload.where(refusal.option),
            message=refusal.message,
            seen=refusal.seen,
            allowed=refusal.allowed,
            hint=refusal.hint,
        )
    if workload.certain or found.model is not None:
        yield from _numbers(workload)
        yield from _spread_over_parts(found)
    if found.unknown and found.gpu is not None:
        yield _unknown_finding(found)
    elif found.estimate is not None and not found.refused and found.estimate.verdict is not FitVerdict.FITS:
        yield _memory(found, found.estimate, tuple(others))


def _numbers(workload: GpuWorkload) -> Iterator[Finding]:
    """Compare the GPUs of all pods of one server with what it is told to spread over.

    Those of one pod, and of the groups of LLM services, are for `kserve/parallel-devices` to compare.
    """
    if workload.nodes == 1 or workload.role != "predictor":
        return
    server = workload.server
    needed = server.tensor * server.pipeline * server.data
    given = workload.gpus * workload.nodes
    if needed == given:
        return
    more = needed > given
    sizes = f"tensor {server.tensor} x pipeline {server.pipeline} x data {server.data}"
    yield Finding(
        rule="gpu/parallelism",
        path=workload.where("tensor-parallel-size"),
        message="vLLM is told to use more GPUs than it gets" if more else "vLLM is told to use fewer GPUs than it gets",
        seen=f"{given} GPUs, {sizes} = {needed}",
        allowed=f"{needed} GPUs, or parallel sizes whose product is {given}",
        hint=f"Set --tensor-parallel-size={given}, or ask for {needed}."
        if server.pipeline == server.data == 1
        else f"Ask for {needed} GPUs.",
        severity=None if more else Severity.WARNING,
    )


def _spread_over_parts(found: Fit) -> Iterator[Finding]:
    """Find a server that spreads over parts of shared cards; of MIG slices kserve/parallel-devices speaks."""
    workload, server = found.workload, found.workload.server
    if workload.gpus < 2 or server.tensor * server.pipeline * server.data < 2:
        return
    name = workload.resource_name
    if mig_profile(name) or not is_part_of_card(name, workload.node_selector):
        return
    why = "several parts of a shared card may be parts of the same one"
    yield Finding(
        rule="gpu/parallelism",
        path=workload.where("tensor-parallel-size"),
        message=f"vLLM is told to spread over {workload.gpus} {name}, and may not start: {why}",
        seen=f"{workload.gpus} x {name}",
        allowed="one part of a card, or whole cards",
        hint="Take one larger part, or whole cards.",
        severity=Severity.WARNING,
    )


def _unknown_finding(found: Fit) -> Finding:
    return Finding(
        rule="gpu/unknown-model",
        path=found.workload.model_path,
        message=f"whether it fits in GPU memory was not estimated: nothing is known of {found.unknown}",
        seen=found.workload.model,
        allowed="models of the environment's lock, or of the table facts/models.json by the name of their repository",
        hint="Run kservegen lock, which reads the dimensions from the Hub, a folder or a file of facts.",
    )


def _memory(found: Fit, done: Estimate, others: tuple[Gpu, ...]) -> Finding:
    case = found.case
    assert case is not None  # noqa: S101 - there is an estimate
    certain = done.verdict is FitVerdict.DOES_NOT_FIT
    name, gpu = case.model.name, case.gpu.name
    source = " (memory as the environment says)" if case.gpu.from_environment else ""
    return Finding(
        rule="gpu/does-not-fit" if certain else "gpu/uncertain-fit",
        path=place(found.workload, done.gate),
        message=f"{name} {'does not fit' if certain else 'may not fit'} on {gpu}{source}: {explain_gate(done)}"
        f"{rests_on(found)}",
        seen=sums(done),
        allowed=_allowed(done),
        hint=cheapest(gpu_remedies(case, others)),
    )


def rests_on(found: Fit) -> str:
    """Say what the estimate takes for granted: dimensions of a sibling, an assumed version; blank where nothing."""
    taken = []
    if found.model is not None and found.model.sibling:
        taken.append(f"dimensions of its sibling {found.model.sibling}")
    if found.assumed:
        image = found.workload.image
        taken.append(f"vLLM {found.assumed} assumed: {f'image {image}' if image else 'the image'} tells no version")
    return f" ({'; '.join(taken)})" if taken else ""


def _allowed(done: Estimate) -> str:
    if done.gate is Gate.STATE_BLOCKS:
        return f"--max-num-seqs of at most {done.least_blocks}: each sequence holds a block of state"
    return f"{gib(done.needed)} for one request of {done.length:,} tokens" if done.length else ""


def place(workload: GpuWorkload, gate: Gate | None) -> Path:
    """Return the word to edit: the context length where one request is too long, else the GPUs."""
    options = {
        Gate.ONE_REQUEST: "max-model-len",
        Gate.FREE_MEMORY: "gpu-memory-utilization",
        Gate.STATE_BLOCKS: "max-num-seqs",
        Gate.ENCODER: "limit-mm-per-prompt",
    }
    option = options.get(gate) if gate is not None else None
    return workload.where(option) if option else workload.resource_path


def explain_gate(done: Estimate) -> str:
    """Say in a clause what happens at the gate, in vLLM's own words where it has some."""
    pool = gib(done.pool)
    return {
        Gate.FREE_MEMORY: f"free memory on device is less than desired GPU memory utilization ({done.utilization}, "
        f"{gib(done.budget)})"
        + (
            f": others use the card, too, and {gib(done.usable)} are this server's" if done.usable < done.memory else ""
        ),
        Gate.LOADING: f"the weights ({gib(done.weights)}) are larger than its memory ({gib(done.memory)})",
        Gate.ENCODER: f"the profile run of the encoder takes {gib(done.vision)}, and {pool} are left where one request "
        f"needs {gib(done.needed)}",
        Gate.STATE_BLOCKS: f"max_num_seqs ({done.batch.sequences}) exceeds available Mamba cache blocks "
        f"({done.least_blocks} to {done.most_blocks})",
        Gate.WEIGHTS: "no available memory for the cache blocks "
        + (f"({gib(-done.pool)} missing)" if done.pool < 0 else f"({pool} left)"),
        Gate.ONE_REQUEST: f"{gib(done.needed)} KV cache is needed for {done.length:,} tokens, which is larger than the "
        f"available KV cache memory ({pool})",
        Gate.AFTER_POOL: "little is left beside the budget for CUDA graphs and the first sampling "
        f"({gib(max(done.memory - done.budget, 0))})",
    }[done.gate or Gate.WEIGHTS]


def sums(done: Estimate) -> str:
    """Write the sum: what goes into the budget and what is left."""
    parts = [f"budget {gib(done.budget)}", f"weights {gib(done.weights)}", f"activation {gib(done.activation)}"]
    parts.append(f"beside PyTorch {gib(done.non_torch)}")
    if done.graphs_in_budget:
        parts.append(f"CUDA graphs {gib(done.graphs)}")
    short = shortage(done)
    return ", ".join([*parts, f"KV cache {gib(done.pool)}", *([f"{gib(short)} short"] if short else [])])


def gib(size: int) -> str:
    """Write bytes as vLLM does."""
    return f"{size / GIB:.2f} GiB"
