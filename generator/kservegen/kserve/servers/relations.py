"""What flags of vLLM need of each other: what was given in, the pairs that do not go together out.

Each law has the name that `facts/servers/vllm.json` gives it, with the versions that have it. A law of numbers is asked
only where both are written: defaults depend on the hardware. Source: the checks after parsing in vLLM's
entrypoints/*/cli_args.py, entrypoints/cli/serve.py and the classes of vllm/config.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import mapping, text
from kservegen.kserve.servers.parsing import Given
from kservegen.kserve.servers.settings import GivenSettings
from kservegen.kserve.servers.tables import FlagTable, entries_within


class Clash(Struct, frozen=True):
    """What is wrong with a flag beside others; `stops` says that the server does not start."""

    at: Given
    message: str
    hint: str = ""
    stops: bool = True


def clashes(settings: GivenSettings, table: FlagTable) -> Iterator[tuple[Clash, bool]]:
    """Yield what breaks a law that the server of a table has, each with whether it has it for sure."""
    for law, is_sure in _laws_of(table):
        if not law.flags.isdisjoint(settings.last):
            for clash in law.broken(settings):
                yield clash, is_sure


_Broken: TypeAlias = Callable[[GivenSettings], Iterator[Clash]]


class _Law(Struct, frozen=True):
    """What breaks a law, and the flags of which one has to be given for it to be broken."""

    flags: frozenset[str]
    broken: _Broken


def _of(*flags: str) -> Callable[[_Broken], _Law]:
    return lambda broken: _Law(frozenset(flags), broken)


@lru_cache(maxsize=64)
def _laws_of(table: FlagTable) -> tuple[tuple[_Law, bool], ...]:
    named = entries_within(table, "relations").items()
    return tuple((law, is_sure) for name, is_sure in named for law in _LAWS.get(name, ()))


def _needs(flag: str, *others: str, stops: bool = True) -> _Law:
    """Ask for one of the others beside a flag."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given = settings.given(flag)
        if given is not None and all(settings.lacks(other) for other in others):
            told = " or ".join(others)
            yield Clash(given, f"{flag} needs {told} beside it", f"Add {others[0]}, or remove {flag}.", stops)

    return law


def _excludes(flag: str, *others: str, stops: bool = True) -> _Law:
    """Refuse the others beside a flag."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given = settings.given(flag)
        for other in others if given is not None else ():
            second = settings.given(other)
            if second is not None and given is not None:
                later = max(given, second, key=lambda item: item.index)
                yield Clash(later, f"{flag} and {other} exclude each other", "Remove one of them.", stops)

    return law


def _at_most(flag: str, other: str) -> _Law:
    """Refuse a number that is larger than that of another flag."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        number, bound, given = settings.number(flag), settings.number(other), settings.given(flag)
        if given is not None and number is not None and bound is not None and number > bound:
            yield Clash(given, f"{flag} is {number:g}, more than {other} with {bound:g}")

    return law


def _more_than_one(flag: str, other: str) -> _Law:
    """Ask for a size above 1; what is not given is 1."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given, size = settings.given(flag), settings.number(other)
        if given is not None and (settings.lacks(other) or (size is not None and size <= 1)):
            yield Clash(given, f"{flag} needs {other} above 1")

    return law


def _one_of(flag: str, *values: str) -> _Law:
    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given, value = settings.given(flag), settings.value(flag)
        if given is not None and value and value not in values:
            yield Clash(given, f"{flag} is {value}, allowed: {', '.join(values)}")

    return law


def _backend(flag: str, allowed: tuple[str, ...], above: float = 0) -> _Law:
    """Ask for one of some executors, from a number above some; a backend that is not written fits."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given, number = settings.given(flag), settings.number(flag)
        backend = settings.value("--distributed-executor-backend")
        asked = given is not None and (above == 0 or (number is not None and number > above))
        if given is not None and asked and backend in {"mp", "ray", "uni", "external_launcher"} - set(allowed):
            yield Clash(
                given, f"{flag} needs --distributed-executor-backend {' or '.join(allowed)}, which is {backend}"
            )

    return law


def _role(flag: str, connector: str, role: str, roles: tuple[str, ...]) -> _Law:
    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given, value = settings.given(flag), settings.part(flag, role)
        if given is None or flag not in settings.json or not settings.part(flag, connector) or value in roles:
            return
        said = f"{role} is {value}" if value is not None else f"{role} is missing"
        yield Clash(given, f"{said} in {flag}, allowed: {', '.join(roles)}")

    return law


def _twice(flag: str, setting: str, *keys: str) -> _Law:
    """Refuse what a JSON setting says as well."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given = settings.given(flag)
        for key in keys:
            if given is not None and settings.part(setting, key) is not None:
                yield Clash(given, f"{flag} is said twice: also as {key} in {setting}", "Remove one of them.")

    return law


@_of("--headless")
def _headless_count(settings: GivenSettings) -> Iterator[Clash]:
    count, given = settings.number("--api-server-count"), settings.given("--api-server-count")
    if settings.given("--headless") and given is not None and count is not None and count > 1:
        yield Clash(given, "--headless starts no API server, and --api-server-count asks for some")


@_of("--headless")
def _headless_no_api(settings: GivenSettings) -> Iterator[Clash]:
    count, given = settings.number("--api-server-count"), settings.given("--api-server-count")
    if settings.given("--headless") and given is not None and count == 1:
        yield Clash(given, "--headless starts no API server, and --api-server-count asks for some")


@_of(
    "--data-parallel-external-lb",
    "--data-parallel-rank",
    "--data-parallel-hybrid-lb",
    "--data-parallel-multi-port-external-lb",
)
def _one_mode(settings: GivenSettings) -> Iterator[Clash]:
    modes = (
        ("--data-parallel-external-lb", "--data-parallel-rank"),
        ("--data-parallel-hybrid-lb", "--data-parallel-start-rank"),
        ("--data-parallel-multi-port-external-lb",),
    )
    # A start rank of 0 alone is what the presets give: it chooses no mode of its own.
    named = [next(filter(settings.given, mode), "") for mode in modes]
    chosen = [name for name in named if name and name != "--data-parallel-start-rank"]
    given = settings.given(chosen[-1]) if len(chosen) > 1 else None
    if given is not None:
        yield Clash(given, f"{' and '.join(chosen)} are two ways to spread load; one is allowed")


@_of("--decode-context-parallel-size")
def _divisible(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--decode-context-parallel-size")
    size, parts = settings.number("--tensor-parallel-size"), settings.number("--decode-context-parallel-size")
    if given is not None and size and parts and size % parts:
        yield Clash(
            given, f"--tensor-parallel-size {size:g} is no multiple of --decode-context-parallel-size {parts:g}"
        )


@_of("--data-parallel-rank")
def _rank(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--data-parallel-rank")
    rank, size = settings.number("--data-parallel-rank"), settings.number("--data-parallel-size")
    if given is not None and rank is not None and size is not None and not 0 <= rank < size:
        yield Clash(given, f"--data-parallel-rank {rank:g} is not below --data-parallel-size {size:g}")


@_of("--data-parallel-rank")
def _local_rank(settings: GivenSettings) -> Iterator[Clash]:
    given, local = settings.given("--data-parallel-size-local"), settings.number("--data-parallel-size-local")
    if given is not None and settings.given("--data-parallel-rank") and local is not None and local != 1:
        yield Clash(given, f"--data-parallel-size-local is {local:g} beside --data-parallel-rank, allowed: 1")


@_of("--headless")
def _local_above_zero(settings: GivenSettings) -> Iterator[Clash]:
    given, local = settings.given("--data-parallel-size-local"), settings.number("--data-parallel-size-local")
    if given is not None and settings.given("--headless") and local is not None and local <= 0:
        yield Clash(given, "--headless needs --data-parallel-size-local above 0")


@_of("--enable-eplb")
def _eplb_size(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--enable-eplb")
    sizes = [settings.number(name) for name in ("--tensor-parallel-size", "--data-parallel-size")]
    missing = [settings.lacks(name) for name in ("--tensor-parallel-size", "--data-parallel-size")]
    small = all(lacks or size == 1 for size, lacks in zip(sizes, missing, strict=True))
    if given is not None and small:
        yield Clash(given, "--enable-eplb needs --tensor-parallel-size or --data-parallel-size above 1")


@_of("--eplb-config")
def _redundant(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--eplb-config")
    if (
        given is not None
        and settings.part("--eplb-config", "num_redundant_experts")
        and settings.lacks("--enable-eplb")
    ):
        yield Clash(given, "num_redundant_experts in --eplb-config needs --enable-eplb")


@_of("--enable-chunked-prefill")
def _batched_length(settings: GivenSettings) -> Iterator[Clash]:
    chunked = settings.last.get("--enable-chunked-prefill")
    if chunked is not None and chunked.is_negated:
        given = settings.given("--max-num-batched-tokens")
        tokens, length = settings.number("--max-num-batched-tokens"), settings.number("--max-model-len")
        if given is not None and tokens is not None and length is not None and tokens < length:
            yield Clash(given, f"--max-num-batched-tokens {tokens:g} is below --max-model-len without chunked prefill")


def _only_default(flag: str) -> _Law:
    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given, number = settings.given(flag), settings.number(flag)
        if given is not None and number is not None and number != 1:
            yield Clash(given, f"{flag} is {number:g}, and nothing but 1 is supported", f"Remove {flag}.")

    return law


@_of("--speculative-config")
def _speculative(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--speculative-config")
    if given is None:
        return
    tokens = settings.part("--speculative-config", "num_speculative_tokens")
    if isinstance(tokens, (int, float)) and not isinstance(tokens, bool) and tokens <= 0:
        yield Clash(given, "num_speculative_tokens in --speculative-config must be above 0")


@_of("--mamba-block-size")
def _prefix_caching(settings: GivenSettings) -> Iterator[Clash]:
    given, caching = settings.given("--mamba-block-size"), settings.last.get("--enable-prefix-caching")
    if given is not None and caching is not None and caching.is_negated:
        yield Clash(given, "--mamba-block-size needs prefix caching, which --no-enable-prefix-caching switches off")


@_of("--dcp-comm-backend")
def _a2a(settings: GivenSettings) -> Iterator[Clash]:
    if settings.value("--dcp-comm-backend") == "a2a":
        yield from _more_than_one("--dcp-comm-backend", "--decode-context-parallel-size").broken(settings)


@_of("--enable-return-routed-experts")
def _routed_experts(settings: GivenSettings) -> Iterator[Clash]:
    given, stages = settings.given("--enable-return-routed-experts"), settings.number("--pipeline-parallel-size")
    if given is not None and stages is not None and stages > 1:
        yield Clash(given, "--enable-return-routed-experts excludes --pipeline-parallel-size above 1")


@_of("--enable-return-routed-experts")
def _connector_with_routed(settings: GivenSettings) -> Iterator[Clash]:
    given = settings.given("--enable-return-routed-experts")
    if given is not None and text(mapping(settings.json.get("--kv-transfer-config")).get("kv_connector")):
        yield Clash(given, "--enable-return-routed-experts excludes a kv_connector in --kv-transfer-config")


def _above_one(flag: str, *others: str) -> _Law:
    """Refuse numbers above 1 beside a flag."""

    @_of(flag)
    def law(settings: GivenSettings) -> Iterator[Clash]:
        given = settings.given(flag)
        for other in others if given is not None else ():
            number = settings.number(other)
            if given is not None and number is not None and number > 1:
                yield Clash(given, f"{flag} excludes {other} above 1", f"Remove {flag}, or {other}.")

    return law


@_of("--mm-tensor-ipc")
def _shared_memory(settings: GivenSettings) -> Iterator[Clash]:
    """Of models that read nothing but text vLLM does not look at it."""
    sizes = ("--tensor-parallel-size", "--data-parallel-size", "--pipeline-parallel-size")
    if settings.value("--mm-tensor-ipc") == "torch_shm":
        yield from (replace(clash, stops=False) for clash in _above_one("--mm-tensor-ipc", *sizes).broken(settings))


@_of("--api-server-count")
def _runtime_adapters(settings: GivenSettings) -> Iterator[Clash]:
    allowed = settings.environment.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "").lower() in ("1", "true")
    count, given = settings.number("--api-server-count"), settings.given("--api-server-count")
    if allowed and given is not None and count is not None and count > 1:
        yield Clash(
            given, "VLLM_ALLOW_RUNTIME_LORA_UPDATING excludes --api-server-count above 1", "Remove one of them."
        )


@_of("--sse-keep-alive-interval")
def _keep_alive(settings: GivenSettings) -> Iterator[Clash]:
    given, seconds = settings.given("--sse-keep-alive-interval"), settings.number("--sse-keep-alive-interval")
    if given is not None and seconds is not None and seconds < 0:
        yield Clash(given, f"--sse-keep-alive-interval is {seconds:g}, allowed: 0 and more")


@_of("--enable-mamba-cache-stochastic-rounding")
def _rounding(settings: GivenSettings) -> Iterator[Clash]:
    given, dtype = settings.given("--enable-mamba-cache-stochastic-rounding"), settings.value("--mamba-ssm-cache-dtype")
    if given is not None and dtype not in ("", "auto", "float16"):
        told = f"--enable-mamba-cache-stochastic-rounding needs --mamba-ssm-cache-dtype float16, which is {dtype}"
        yield Clash(given, told)


@_of("--load-format")
def _streamed(settings: GivenSettings) -> Iterator[Clash]:
    """Check how a model in object storage is loaded, where that is said; without a word newer versions choose well."""
    given, loader = settings.given("--load-format"), settings.value("--load-format")
    scheme = settings.model.partition("://")[0]
    streams = ("runai_streamer", "runai_streamer_sharded", "modelexpress", "auto")
    if given is not None and loader and scheme in ("s3", "gs", "az") and loader not in streams:
        yield Clash(given, f"a model at {scheme}:// needs --load-format runai_streamer, which is {loader}")


@_of("--structured-outputs-config")
def _structured(settings: GivenSettings) -> Iterator[Clash]:
    flag = "--structured-outputs-config"
    given, backend = settings.given(flag), settings.part(flag, "backend")
    if given is None or flag not in settings.json:
        return
    for key, allowed in (
        ("disable_any_whitespace", ("xgrammar", "guidance")),
        ("disable_additional_properties", ("guidance",)),
    ):
        if settings.part(flag, key) is True and backend not in allowed:
            yield Clash(given, f"{key} in {flag} needs backend {' or '.join(allowed)}")


@_of("--quantization-config")
def _online_quantization(settings: GivenSettings) -> Iterator[Clash]:
    """Check that weights which are stored quantized are not to be quantized on the way in."""
    given, method = settings.given("--quantization-config"), settings.value("--quantization")
    if given is not None and method in _STORED_QUANTIZED:
        yield Clash(given, f"--quantization-config goes with online methods of --quantization alone, which is {method}")


@_of("--mm-encoder-fp8-scale-path", "--mm-encoder-fp8-scale-save-path")
def _encoder_scale(settings: GivenSettings) -> Iterator[Clash]:
    """Of models that read nothing but text vLLM does not look at it."""
    paths = ("--mm-encoder-fp8-scale-path", "--mm-encoder-fp8-scale-save-path")
    kind = settings.value("--mm-encoder-attn-dtype")
    for path in paths:
        given = settings.given(path)
        if given is not None and (settings.lacks("--mm-encoder-attn-dtype") or kind not in ("", "fp8")):
            yield Clash(given, f"{path} needs --mm-encoder-attn-dtype fp8 beside it", stops=False)
    yield from _excludes(*paths, stops=False).broken(settings)


_STORED_QUANTIZED: Final = frozenset(
    {"awq", "awq_marlin", "bitsandbytes", "compressed-tensors", "gguf", "gptq", "gptq_marlin"}
)
# mm_shm_cache_max_object_size_mb of vllm/config/multimodal.py.
_USUAL_OBJECT: Final = 128


@_of("--mm-shm-cache-max-object-size-mb")
def _shared_cache(settings: GivenSettings) -> Iterator[Clash]:
    """Of models that read nothing but text vLLM does not look at it."""
    flag, kind = "--mm-shm-cache-max-object-size-mb", settings.value("--mm-processor-cache-type")
    given, size = settings.given(flag), settings.number(flag)
    elsewhere = settings.lacks("--mm-processor-cache-type") or kind not in ("", "shm")
    if given is not None and size is not None and size != _USUAL_OBJECT and elsewhere:
        yield Clash(given, f"{flag} needs --mm-processor-cache-type shm beside it", stops=False)


_LB: Final = "--data-parallel-external-lb"
_LAWS: Final[dict[str, tuple[_Law, ...]]] = {
    "auto-tool-needs-parser": (_needs("--enable-auto-tool-choice", "--tool-call-parser"),),
    "log-outputs": (_needs("--enable-log-outputs", "--enable-log-requests"),),
    "reasoning-parser": (_needs("--enable-reasoning", "--reasoning-parser"),),
    "headless-no-api": (_headless_no_api,),
    "headless-count": (_headless_count,),
    "headless-hybrid": (_excludes("--headless", "--data-parallel-hybrid-lb"),),
    "headless-local": (_local_above_zero,),
    "one-lb-mode": (_one_mode,),
    "external-needs-dp": (_more_than_one(_LB, "--data-parallel-size"),),
    "local-le-dp": (_at_most("--data-parallel-size-local", "--data-parallel-size"),),
    "dp-rank-range": (_rank,),
    "dprank-local": (_local_rank,),
    "hybrid-local": (_needs("--data-parallel-hybrid-lb", "--data-parallel-size-local", "--node-rank"),),
    "dp-backend": (_one_of("--data-parallel-backend", "mp", "ray"),),
    "multiport": (_more_than_one("--data-parallel-multi-port-external-lb", "--data-parallel-size"),),
    "nnodes-backend": (_backend("--nnodes", ("mp", "uni", "external_launcher"), above=1),),
    "nsight-ray": (_backend("--ray-workers-use-nsight", ("ray",)),),
    "pp-executor": (_backend("--pipeline-parallel-size", ("mp", "ray", "external_launcher"), above=1),),
    "tp-div-dcp": (_divisible,),
    "dcp-a2a": (_a2a,),
    "eplb-ep": (_needs("--enable-eplb", "--enable-expert-parallel"),),
    "eplb-size": (_eplb_size,),
    "eplb-redundant": (_redundant,),
    "elastic-eplb": (_needs("--enable-elastic-ep", "--enable-eplb"),),
    "numa": (_needs("--numa-bind-nodes", "--numa-bind"), _needs("--numa-bind-cpus", "--numa-bind")),
    "batched-len": (_batched_length,),
    "batched-seqs": (_at_most("--max-num-seqs", "--max-num-batched-tokens"),),
    "partial-unsupported": (_only_default("--max-num-partial-prefills"), _only_default("--max-long-partial-prefills")),
    "threshold-len": (_at_most("--long-prefill-token-threshold", "--max-model-len"),),
    "cpu-loras": (_at_most("--max-loras", "--max-cpu-loras"),),
    "traces": (_needs("--collect-detailed-traces", "--otlp-traces-endpoint"),),
    "kv-role": (_role("--kv-transfer-config", "kv_connector", "kv_role", ("kv_producer", "kv_consumer", "kv_both")),),
    "ec-role": (_role("--ec-transfer-config", "ec_connector", "ec_role", ("ec_producer", "ec_consumer", "ec_both")),),
    "attention-dup": (_twice("--attention-backend", "--attention-config", "backend"),),
    "autotune-dup": (_twice("--enable-flashinfer-autotune", "--kernel-config", "enable_flashinfer_autotune"),),
    "cudagraph-dup": (
        _twice("--cudagraph-capture-sizes", "--compilation-config", "cudagraph_capture_sizes"),
        _twice("--max-cudagraph-capture-size", "--compilation-config", "max_cudagraph_capture_size"),
    ),
    "spec-dup": (
        _twice("--spec-method", "--speculative-config", "method"),
        _twice("--spec-model", "--speculative-config", "model"),
        _twice("--spec-tokens", "--speculative-config", "num_speculative_tokens"),
    ),
    "spec-tokens": (_speculative,),
    "mamba-block": (_prefix_caching,),
    "offload-group": (_at_most("--offload-num-in-group", "--offload-group-size"),),
    "routed": (_routed_experts, _connector_with_routed),
    "metrics-stats": (_excludes("--enable-per-request-metrics", "--disable-log-stats"),),
    "grpc-port": (_excludes("--grpc", "--grpc-port"),),
    "kv-offload": (_needs("--kv-offloading-backend", "--kv-offloading-size", stops=False),),
    "lora-modules": (_needs("--lora-modules", "--enable-lora"),),
    "ssl-pair": (_needs("--ssl-keyfile", "--ssl-certfile", stops=False),),
    "fp8-scale": (_encoder_scale,),
    "gpu-pooling": (_above_one("--use-gpu-for-pooling-score", "--api-server-count"),),
    "lora-runtime": (_runtime_adapters,),
    "mm-ipc": (_shared_memory,),
    "object-storage": (_streamed,),
    "quantcfg": (_online_quantization,),
    "shm-size": (_shared_cache,),
    "so-any-ws": (_structured,),
    "sse": (_keep_alive,),
    "stochastic-ssm": (_rounding,),
    "uds": (_excludes("--uds", "--host", "--port", stops=False),),
}
