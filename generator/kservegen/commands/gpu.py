"""Will the models fit: a project in; one account of GPU memory for each server that asks for GPUs out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.gpu.arguments import StatedOptions, long_name, read_options, read_server
from kservegen.checks.gpu.check import Fit, fit, fits_of, gpu_findings
from kservegen.checks.gpu.environment import OTHER_SERVER
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.gpu_type import offered
from kservegen.checks.gpu.model import Gpu
from kservegen.checks.gpu.requests import asked_devices
from kservegen.checks.gpu.workload import GpuWorkload, gpu_workloads
from kservegen.commands.explain import homes_of, lives_in
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.resource import Resource
from kservegen.core.suggest import did_you_mean, suggest_entry
from kservegen.core.values import whole_number
from kservegen.evaluate.environment import Against, DefaultedEnvironment, prepare
from kservegen.evaluate.judging import Judge
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.servers.arguments import ArgumentKind, CommandLine, argument_problems, flags_of
from kservegen.kserve.servers.images import VLLM, ServerInImage
from kservegen.kserve.servers.parsing import Word

# What a question may change beside vLLM's own options.
_OURS: Final = frozenset({"gpu", "gpus", "version"})
_NOT_UNDERSTOOD: Final = "what it says is not understood: kservegen validate tells why"
_SIZES: Final = frozenset({"tensor-parallel-size", "pipeline-parallel-size", "data-parallel-size"})


class Account(Struct, frozen=True, kw_only=True):
    """One server of one environment, what there is to say of it, and where its facts and its prices come from."""

    environment: str
    settings: ResolvedEnvironment
    facts: FactStore
    subject: str
    key: str
    fit: Fit
    findings: tuple[Finding, ...]


class UnknownModelError(GeneratorError):
    """A model that no environment asked about has; `known` are those that there are."""

    def __init__(self, model: str, known: Collection[str], hint: str = "") -> None:
        super().__init__(f"there is no model {model}", hint=hint or suggest_entry(model, known))
        self.known = known


class UnestimatedObject(NamedTuple):
    """An object that asks for accelerators and has no server that could be looked at, and why."""

    environment: str
    subject: str
    key: str
    reason: str


class GpuAccounts(NamedTuple):
    """Every server that asks for GPUs, and the objects that compute on accelerators without one."""

    servers: tuple[Account, ...]
    others: tuple[UnestimatedObject, ...] = ()


class WhatIf(Struct, frozen=True, kw_only=True):
    """Changes to try: vLLM's options by name, another GPU, another number of them, another version of vLLM."""

    options: tuple[str, ...] = ()
    gpu: str = ""
    gpus: int | None = None
    version: str = ""

    @property
    def spread(self) -> bool:
        """Whether it says over how many GPUs a server spreads."""
        return bool(_SIZES & read_options(self.options).keys())


def parse_what_if(text: str) -> WhatIf:
    """Read `max-model-len=16384,tp=2,gpu=L40S`; GeneratorError for what is no `name=value` and what vLLM lacks."""
    options: list[str] = []
    ours: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = item.partition("=")
        if not name or (name in _OURS and not value):
            raise GeneratorError(f"cannot read {item} in --what-if", hint="Write it as max-model-len=16384,tp=2.")
        if name in _OURS:
            ours[name] = value
        else:
            options.append(f"--{name}{equals}{value}")
    number = ours.get("gpus", "")
    if number and not whole_number(number):
        raise GeneratorError(f"gpus={number} is no number of GPUs", hint="Write it as gpus=2.")
    for option in options:
        _refuse_unknown(option, ours.get("version", ""))
    return WhatIf(
        options=tuple(options),
        gpu=ours.get("gpu", ""),
        gpus=whole_number(number),
        version=ours.get("version", ""),
    )


def _refuse_unknown(option: str, version: str) -> None:
    """Raise GeneratorError for an option that vLLM does not have, or a value that it does not take.

    A change that nobody reads would be answered with the verdict on something else.
    """
    said, equals, value = option.partition("=")
    name, _, key = long_name(said).partition(".")
    server = ServerInImage(VLLM, version)
    known = [flag.removeprefix("--") for flag in flags_of(server).options if flag.startswith("--")]
    if name not in known:
        near = did_you_mean(
            name, [*known, *_OURS], "Beside vLLM's options there are gpu=NAME, gpus=N and version=X.Y.Z."
        )
        raise GeneratorError(f"--what-if has nothing to change called {said.removeprefix('--')}", hint=near)
    if not equals or key:
        return
    line = CommandLine([Word(f"--{name}={value}")])
    for found in argument_problems(server, line, {}):
        if found.kind is ArgumentKind.VALUE and found.allowed:
            short = said.removeprefix("--")
            raise GeneratorError(
                f"--what-if: {short} does not take {value!r}",
                hint=f"It takes {found.allowed}. Changes are parted by commas: max-model-len=16384,tp=2.",
            )


def account_for(
    project: Project, environments: Sequence[str], model: str | None, what_if: WhatIf | None
) -> GpuAccounts:
    """Estimate every server that asks for GPUs, or those of one model; UnknownModelError for a model that none has."""
    table, known = project.tools.facts(), set[str]()
    judge = Judge(project.tools, SharedResults())
    found, others = list[Account](), list[UnestimatedObject]()
    for name in project.choose(environments):
        defaulted = prepare(project.catalog, name, judge, Against()).defaulted
        if defaulted is None:
            continue
        known.update(said for item in defaulted.objects for said in _called(item) if said)
        accounts = accounts_of(name, defaulted, table, model, what_if)
        found += accounts.servers
        others += accounts.others
    if model is not None and model not in known:
        homes = homes_of(project.catalog, model, environments) if environments else []
        raise UnknownModelError(model, known, lives_in(homes) if homes else "")
    return GpuAccounts(tuple(found), tuple(others))


def _called(item: Defaulted) -> tuple[str, ...]:
    """Return what people call an object: by its key, its name, or namespace/name."""
    own = item.resource.id
    return item.resource.subject, own.name, f"{own.namespace}/{own.name}"


def accounts_of(
    name: str,
    defaulted: DefaultedEnvironment,
    table: FactStore,
    model: str | None = None,
    what_if: WhatIf | None = None,
) -> GpuAccounts:
    """Estimate the servers of an environment that ask for GPUs, or those of one model."""
    built, context = defaulted.built, defaulted.context
    accelerators = built.environment.mapping("accelerators")
    own = [text(mapping(words).get("resource")) for words in accelerators.values()]
    facts = table.under(built.environment.locked, built.environment.lock_file)

    def estimated(resource: Resource) -> Iterator[Account | UnestimatedObject]:
        key = resource.subject or resource.id.name
        fits = [*fits_of(gpu_workloads(resource, context), accelerators, facts)]
        if not fits and (asked := asked_devices(resource, context.simulation, own)) is not None:
            yield UnestimatedObject(name, str(resource.id), key, asked.reason or OTHER_SERVER)
        for each in fits:
            changed = _changed(each, what_if, facts) if what_if is not None else each
            yield Account(
                environment=name,
                settings=built.environment,
                facts=facts,
                subject=str(resource.id),
                key=key,
                fit=changed,
                findings=tuple(gpu_findings(changed, offered(accelerators, facts))),
            )

    found: list[Account | UnestimatedObject] = []
    for item in defaulted.objects:
        if model is None or model in _called(item):
            told = partial(_misshapen, item.resource, name)
            found += contained("estimating this object", partial(estimated, item.resource), told)
    servers = (each for each in found if isinstance(each, Account))
    return GpuAccounts(tuple(servers), tuple(each for each in found if isinstance(each, UnestimatedObject)))


def _misshapen(resource: Resource, name: str, _: Finding) -> UnestimatedObject:
    """Say that an object, which nobody has judged here, is not of the shape that it should have."""
    return UnestimatedObject(name, str(resource.id), resource.subject or resource.id.name, _NOT_UNDERSTOOD)


def _changed(found: Fit, what_if: WhatIf, facts: FactStore) -> Fit:
    before = found.workload
    changed = with_options(before, what_if.options)
    server = changed.server
    product = server.tensor * server.pipeline * server.data
    number = what_if.gpus or (-(-product // before.nodes) if what_if.spread else before.gpus)
    return fit(
        replace(changed, gpus=number),
        known_gpu(what_if.gpu, facts) if what_if.gpu else found.gpu,
        facts,
        what_if.version or found.version,
    )


def with_options(workload: GpuWorkload, words: Sequence[str]) -> GpuWorkload:
    """Return a server that is told these words, too; what they do not say stays as it is."""
    asked = read_options(words)
    options = {**workload.options, **{name: StatedOptions(said.value, -1) for name, said in asked.items()}}
    server, before = read_server(options, {}), workload.server
    server = replace(
        server,
        tensor=server.tensor if "tensor-parallel-size" in options else before.tensor,
        pipeline=server.pipeline if "pipeline-parallel-size" in options else before.pipeline,
        data=server.data if "data-parallel-size" in options else before.data,
        graphs_estimated=before.graphs_estimated,
        longer_allowed=before.longer_allowed,
    )
    return replace(workload, options=options, server=server, started=None)


def known_gpu(name: str, facts: FactStore) -> Gpu:
    """Return a GPU of the table; GeneratorError for a name that it does not have."""
    gpu = facts.gpu(name)
    if gpu is None:
        listed = f"Known: {', '.join(item.name for item in facts.gpus)}."
        raise GeneratorError(f"there is no GPU {name} in the table", hint=facts.gpu_like(name) or listed)
    return gpu
