"""Pages of the reference, from schemas and commands: environments, owners, the JSON report, the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from kservegen.cli import COMMANDS, cli
from kservegen.cli.examples import EXAMPLES

ROOT: Final = Path(__file__).resolve().parents[1]
Shape = dict[str, Any]

_NAME: Final = "NAME"
# Where a word's own words are told.
_ELSEWHERE: Final = {
    "models-overlay": "[fields of a model](../words.md)",
    "graphs-overlay": "[fields of a graph](../words.md)",
    "runtimes-overlay": "KServe's ServingRuntime, without `metadata`",
    "llmConfigs-overlay": "KServe's LLMInferenceServiceConfig, without `metadata`",
    "localModelCaches-overlay": "KServe's LocalModelCache, without `metadata`",
    "storageContainers-overlay": "KServe's ClusterStorageContainer, without `metadata`",
    "trainedModels-overlay": "KServe's TrainedModel, without `metadata`",
}
_PATTERNS: Final = {
    "^[0-9]+([.][0-9]+)?[MGT]i?$": "a size: `80Gi`",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day: `2027-03-31`",
    "^[0-9]+[.][0-9]$": 'a number with one digit behind the point: `"8.9"`',
}
_TYPES: Final = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}


def environments_page() -> Iterator[str]:
    """Write every word of `environments/*.yaml`."""
    yield "# environments/*.yaml"
    yield _GENERATED
    yield (
        "Each environment has a file, `environments/NAME.yaml`. Values for all environments are in"
        " `environments/defaults.yaml`. Values for some of them are in a base environment file,"
        " `environments/bases/NAME.yaml`, which they list under `extends`. A base overrides the defaults, and an"
        " environment overrides both. All three files take the fields below; only an environment can have `extends`."
        " In a path, `NAME` is a name that you choose and `[]` is an item of a list."
    )
    yield from _sections(_schema("environments"))


def owners_page() -> Iterator[str]:
    """Write every word of `owners.yaml`."""
    yield "# owners.yaml"
    yield _GENERATED
    yield (
        "`owners.yaml` sets which team owns which part of the repository."
        " [Many teams, many clusters](../teams.md) explains it."
    )
    yield from _sections(_schema("owners"))


def report_page() -> Iterator[str]:
    """Write the shape of the JSON report."""
    schema = _schema("report")
    yield "# The JSON report"
    yield _GENERATED
    yield (
        "`--output json` prints it, `--report json=FILE` writes it. Names of rules, and names and types of fields,"
        " are a contract: they change only with `reportVersion`."
        " Its [schema](../../schemas/kservegen/report.schema.json) is published."
    )
    yield "## The report"
    yield _table(_rows(schema, schema, ""))
    for name, shape in sorted(schema.get("definitions", {}).items()):
        rows = list(_rows(shape, schema, ""))
        if rows:
            yield f"## {name}"
            if "description" in shape:
                yield str(shape["description"])
            yield _table(iter(rows))


def commands_page() -> Iterator[str]:
    """Write every command with its options."""
    yield "# Commands"
    yield "<!-- all fragments: what --help prints; a test runs its examples -->"
    yield _GENERATED
    yield (
        "Exit codes: 0 clean; 1 findings, or drift with `--check`; 2 usage or operational failure; 3 a defect of"
        " kservegen."
        " `kservegen COMMAND --help` prints what stands here."
    )
    yield "\n".join(f"- [`{name}`](#kservegen-{name}): {entry.summary}" for name, entry in sorted(COMMANDS.items()))
    for command, context in every_command():
        yield from _command(command, context)


def every_command() -> Iterator[tuple[click.Command, click.Context]]:
    """Yield the commands by name, each followed by those of its group, with contexts that break no line."""
    return _below(cli, click.Context(cli, info_name="kservegen", max_content_width=1000))


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            own = click.Context(command, info_name=name, parent=context)
            yield command, own
            if isinstance(command, click.Group):
                yield from _below(command, own)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```"
    yield _prose(command.help or "")
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if options:
        lines = ["| option | what it does |", "|---|---|"]
        lines += [f"| {_cell(names)} | {_cell(said)} |" for names, said in _options(options, context)]
        yield "\n".join(lines)
    if told := (command.epilog or "").partition("\b")[0]:
        yield _prose(told)
    if examples := EXAMPLES.get(context.command_path.removeprefix("kservegen ")):
        lines = [f"kservegen {example.words}  # {example.does}" for example in examples]
        yield "\n".join(["```sh", *lines, "```"])


def _options(options: list[click.Option], context: click.Context) -> Iterator[tuple[str, str]]:
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            names, said = record
            yield f"`{names}`", said


def _prose(text: str) -> str:
    """Return help as Markdown: what click prints as it stands is a block."""
    parts = []
    for paragraph in text.replace("\f", "").split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            parts.append("```text\n" + paragraph.replace("\b\n", "").strip("\n") + "\n```")
        else:
            parts.append(_inert(" ".join(paragraph.split())))
    return "\n\n".join(parts)


def _inert(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")


_GENERATED: Final = "Generated by `make docs` from the code."


def _schema(name: str) -> Shape:
    loaded: Shape = json.loads((ROOT / "schemas/kservegen" / f"{name}.schema.json").read_bytes())
    return loaded


def _sections(schema: Shape) -> Iterator[str]:
    words = sorted(schema["properties"])
    yield "\n".join(f"- [`{word}`](#{word.lower()})" for word in words)
    for word in words:
        shape = schema["properties"][word]
        yield f"## {word}"
        yield str(shape.get("description", ""))
        rows = list(_rows(shape, schema, word))
        yield _table(iter(rows)) if rows else f"Takes {_kind(shape, schema)}."


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    lines = ["| field | takes | meaning |", "|---|---|---|"]
    lines += [f"| `{path}` | {_cell(kind)} | {_cell(said)} |" for path, kind, said in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _rows(shape: Shape, schema: Shape, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the words below a place, each with its own below it; what Kubernetes and KServe define is only named."""
    required = set(shape.get("required", ()))
    below = f"{path}." if path else ""
    for word, inner in sorted(shape.get("properties", {}).items()):
        if isinstance(inner, dict):
            said = str(inner.get("description") or _described(inner, schema))
            more = " Needed." if word in required else ""
            yield f"{below}{word}", _kind(inner, schema), f"{said}{more}".strip()
            yield from _rows(inner, schema, f"{below}{word}")
    for inner, place in ((shape.get("additionalProperties"), f"{below}{_NAME}"), (shape.get("items"), f"{path}[]")):
        if isinstance(inner, dict) and path:
            if "properties" in inner or "$ref" in inner:
                yield place, _kind(inner, schema), str(inner.get("description") or _described(inner, schema))
            yield from _rows(inner, schema, place)


def _described(shape: Shape, schema: Shape) -> str:
    name = str(shape.get("$ref", "")).removeprefix("#/definitions/")
    found = schema.get("definitions", {}).get(name)
    return str(found.get("description", "")) if isinstance(found, dict) and "overlay" not in name else ""


def _kind(shape: Shape, schema: Shape) -> str:
    """Say in words what may stand at a place."""
    if "$ref" in shape:
        return _named(str(shape["$ref"]).removeprefix("#/definitions/"), schema)
    for key in ("anyOf", "oneOf"):
        if key in shape:
            return " or ".join(dict.fromkeys(_kind(each, schema) for each in shape[key]))
    if "const" in shape:
        return f"`{json.dumps(shape['const'])}`"
    if "enum" in shape:
        return ", ".join(f"`{'null' if each is None else each}`" for each in shape["enum"])
    if shape.get("pattern") in _PATTERNS:
        return _PATTERNS[shape["pattern"]]
    types = shape.get("type", [])
    kinds = [types] if isinstance(types, str) else list(types)
    said = " or ".join(_TYPES[kind] for kind in kinds) or "any value"
    items = shape.get("items")
    if kinds == ["array"] and isinstance(items, dict) and "properties" not in items:
        said = f"a list of: {_kind(items, schema)}"
    values = shape.get("additionalProperties")
    if "object" in kinds and isinstance(values, dict) and "properties" not in values:
        said = f"a map of names to: {_kind(values, schema)}"
    if "minimum" in shape and "integer" in kinds:
        said += f", at least {shape['minimum']}"
    return said


def _named(name: str, schema: Shape) -> str:
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    group, _, kind = name.rpartition(".")
    if group in {"core", "apps", "autoscaling", "networking", "policy", "meta"}:
        return f"Kubernetes' {kind}"
    found = schema.get("definitions", {}).get(name)
    if isinstance(found, dict) and not found.get("properties"):
        return _kind(found, schema)
    return f"[{name}](#{name.lower()})" if "reportVersion" in schema.get("properties", {}) else name
