"""`README.md` of an environment's folder: what runs there, and a request that each kind of model understands.

Sources: the Open Inference Protocol v1 and v2 as KServe's model servers speak them, and the OpenAI routes of the
huggingface server (`/openai/v1`) and of vLLM (`/v1`). A chat request carries a *list* of messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kservegen.build.platform import Platform
from kservegen.build.resource import Resource
from kservegen.jsontypes import JsonObject, JsonValue
from kservegen.resolve import ResolvedEnvironment

_TABULAR = '{"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}'
_TENSOR = '{"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [6.8, 2.8, 4.8, 1.4]}]}'


@dataclass(frozen=True, slots=True)
class _Protocol:
    """How a group of models is called. `body` may use $MODEL, which the shell fills in."""

    title: str
    route: str
    body: str
    note: str = ""


_PROTOCOLS = {
    "openai": _Protocol(
        "OpenAI chat completions (huggingface server)",
        "/openai/v1/chat/completions",
        '{"model": "\'"$SERVED"\'", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 32}',
    ),
    "vllm": _Protocol(
        "OpenAI chat completions (LLMInferenceService)",
        "/v1/chat/completions",
        '{"model": "\'"$SERVED"\'", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 32}',
    ),
    "v1": _Protocol(
        "Open Inference Protocol v1", "/v1/models/$SERVED:predict", _TABULAR, "The shape is the one your model expects."
    ),
    "v2": _Protocol(
        "Open Inference Protocol v2", "/v2/models/$SERVED/infer", _TENSOR, "The shape is the one your model expects."
    ),
}


def build_readme(environment: ResolvedEnvironment, platform: Platform, resources: Iterable[Resource]) -> str:
    """Write the page for one environment."""
    models = [(r, _protocol(r)) for r in resources if r.kind in {"InferenceService", "LLMInferenceService"}]
    examples: dict[str, Resource] = {}
    for model, protocol in models:
        examples.setdefault(protocol, model)
    parts = [_head(environment, platform), _table(models)]
    parts += [_recipe(_PROTOCOLS[name], examples[name]) for name in _PROTOCOLS if name in examples]
    return "\n".join(parts)


def _head(environment: ResolvedEnvironment, platform: Platform) -> str:
    cluster = environment.text("cluster", "name") or environment.text("cluster", "server") or "not named"
    promised = environment.at("prerequisites")
    needs = ", ".join(f"`{item}`" for item in promised) if isinstance(promised, list) and promised else "none"
    charts = ", ".join(f"`{name}`" for name in platform.names)
    return (
        f"# {environment.name}\n\n"
        f"Cluster `{cluster}`, KServe {platform.version}, deployment mode "
        f"{environment.text('kserve', 'deploymentMode', default='Standard')}.\n\n"
        f"- Charts, in install order: {charts}.\n"
        f"- Expected to be there already: {needs}.\n"
    )


def _table(models: Sequence[tuple[Resource, str]]) -> str:
    rows = ["## Models\n", "| namespace | model | kind | what it serves | how to call it |", "|---|---|---|---|---|"]
    for model, speaks in models:
        protocol = _PROTOCOLS.get(speaks)
        how = protocol.title if protocol else "as its own server documents"
        rows.append(f"| {model.id.namespace} | {model.id.name} | {model.kind} | {_cell(_serves(model))} | {how} |")
    if not models:
        rows = ["## Models\n", "None in this environment."]
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _recipe(protocol: _Protocol, example: Resource) -> str:
    name, namespace = example.id.name, example.id.namespace
    kind = example.kind.lower()
    lines = [
        f"## {protocol.title}\n",
        "```sh",
        f"NAMESPACE={namespace} MODEL={name} SERVED={_served_name(example)}",
        f'kubectl -n "$NAMESPACE" wait --for=condition=Ready {kind}/"$MODEL" --timeout=20m',
    ]
    if example.kind == "InferenceService":
        part = "transformer" if "transformer" in _spec(example) else "predictor"
        lines += [
            f'kubectl -n "$NAMESPACE" port-forward "service/$MODEL-{part}" 8080:80 &',
            "URL=http://localhost:8080",
        ]
    else:
        lines.append(f'URL=$(kubectl -n "$NAMESPACE" get {kind} "$MODEL" -o jsonpath=\'{{.status.url}}\')')
    lines += [
        f'curl -sS "$URL{protocol.route}" -H "Content-Type: application/json" \\',
        f"  -d '{protocol.body}'",
        "```",
    ]
    if protocol.note:
        lines += ["", protocol.note]
    return "\n".join(lines) + "\n"


def _spec(resource: Resource) -> JsonObject:
    spec = resource.doc.get("spec")
    return spec if isinstance(spec, dict) else {}


def _at(value: JsonValue, *path: str) -> JsonValue:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _protocol(model: Resource) -> str:
    """Name the protocol of a model by its format; a custom container speaks its own."""
    if model.kind == "LLMInferenceService":
        return "vllm"
    predictor = _spec(model).get("predictor")
    form = _at(predictor, "model", "modelFormat", "name")
    if form is None:
        return "custom"
    if form == "huggingface":
        return "openai"
    if form == "vLLM":
        return "vllm"
    version = _at(predictor, "model", "protocolVersion") or "v1"
    return version if version in {"v1", "v2"} else "custom"


def _served_name(model: Resource) -> str:
    """Return the name that requests must use: the server's own option where it is set."""
    if model.kind == "LLMInferenceService":
        return str(_at(_spec(model), "model", "name") or model.id.name)
    args = _at(_spec(model), "predictor", "model", "args")
    for arg in args if isinstance(args, list) else ():
        if isinstance(arg, str) and arg.startswith("--model_name="):
            return arg.partition("=")[2]
    return model.id.name


def _serves(model: Resource) -> str:
    if model.kind == "LLMInferenceService":
        return str(_at(_spec(model), "model", "uri") or "")
    predictor = _spec(model).get("predictor")
    form = _at(predictor, "model", "modelFormat", "name")
    uri = _at(predictor, "model", "storageUri")
    if form is not None:
        return f"{form} {uri or ''}".strip()
    containers = _at(predictor, "containers")
    first = containers[0] if isinstance(containers, list) and containers else None
    return f"image {_at(first, 'image') or 'of its own'}"
