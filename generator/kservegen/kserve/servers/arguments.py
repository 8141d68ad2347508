"""What is wrong with the arguments of a server: its name and version and the words that it gets in, problems out.

At a flag that they do not know vLLM, Triton, TorchServe and OpenVINO exit; KServe's own servers and TensorFlow Serving
go on. What is only likely, as the version is unknown or between two that differ, is not called certain.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import sequence
from kservegen.core.identity_cache import IdentityCache
from kservegen.core.jsontypes import JsonObject
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM, ServerInImage
from kservegen.kserve.servers.parsing import Fault, Fumble, Given, Grammar, Reading, Word, read_words
from kservegen.kserve.servers.plain_lines import is_plain
from kservegen.kserve.servers.relations import clashes
from kservegen.kserve.servers.settings import settings_of
from kservegen.kserve.servers.tables import Flag, FlagTable, entries_within, flag_table, merged_tables, version_numbers
from kservegen.kserve.servers.values import parsed_json, value_refusal

_COMMON: Final = "kserve-common"
_TENSORFLOW: Final = "tensorflow-serving"
_STRICT: Final = frozenset({VLLM, "triton", "torchserve", "openvino"})
# vLLM collects --flag.key=value from here on; its classes refuse keys that they do not have from there on.
_DOTS_SINCE: Final = (0, 9, 0, 1)
_KEYS_SINCE: Final = (0, 17, 1)
_MOVED_MODEL_SINCE: Final = (0, 11)
_NEAR: Final = 0.7
_LONGEST_SEEN: Final = 120
_ALIKE: Final = 0.5  # of choices, which are few: fp16 is float16
_NAMES: Final = {
    VLLM: "vLLM",
    HUGGINGFACE: "the Hugging Face server",
    "triton": "Triton",
    "torchserve": "TorchServe",
    "openvino": "the OpenVINO server",
    _TENSORFLOW: "TensorFlow Serving",
    "mlserver": "MLServer",
}
_SEEN_EARLY: Final = frozenset({Fault.AMBIGUOUS, Fault.NO_VALUE, Fault.NEEDLESS_VALUE})
_NO_EFFECT: Final = frozenset({"--port", "--host", "--uds"})
# Names that a table of plugins can add to, and the flag that loads one.
_REGISTRIES: Final = {
    "--tool-call-parser": ("tool_call_parser", "--tool-parser-plugin"),
    "--reasoning-parser": ("reasoning_parser", "--reasoning-parser-plugin"),
    "--quantization": ("quantization", ""),
}


class ArgumentKind(StrEnum):
    """What sort of mistake it is."""

    FLAG = "flag"  # one that the server does not know
    VALUE = "value"  # missing, needless, or not one that the flag takes
    CLASH = "clash"  # flags that do not go together


class ArgumentProblem(Struct, frozen=True):
    """A mistake in a word. `earlier` is the index of the word that it contradicts, -1 where there is none.

    `exits` says that the server stops; else it runs otherwise than the words say.
    """

    at: int
    kind: ArgumentKind
    message: str
    seen: str = ""
    allowed: str = ""
    hint: str = ""
    exits: bool = True
    is_sure: bool = True
    earlier: int = -1


class CommandLine(Struct, frozen=True):
    """The words that a server gets, after its own name. `is_whole` is False where some are not known.

    `serves` says that a word without a flag is the model, as for `vllm serve`.
    """

    words: Sequence[Word]
    serves: bool = False
    is_whole: bool = True


def argument_problems(
    server: ServerInImage, line: CommandLine, environment: Mapping[str, str]
) -> Iterator[ArgumentProblem]:
    """Yield what is wrong with the arguments of a server, in no order; nothing for servers that nobody knows."""
    if server.is_own:
        # Of any version it holds that no flag has a blank in its name.
        found = _Judge(server, flags_of(server), line, read_line(server, line)).fumbles()
        yield from (problem for problem in found if " " in problem.seen and problem.kind is ArgumentKind.FLAG)
    elif server.name == VLLM:
        yield from _vllm(server, line, environment)
    elif server.name == "mlserver":
        yield from _mlserver(server, line)
    elif server.name in _STRICT or server.name == _TENSORFLOW:
        yield from _other(server, line)
    else:
        yield from _kserve(server, line)


def refuses_words(server: ServerInImage, line: CommandLine, environment: Mapping[str, str]) -> bool:
    """Whether a server certainly exits at a word that it does not know, or at a value that it does not take."""
    found = argument_problems(server, line, environment)
    return any(it.exits and it.is_sure and it.kind is not ArgumentKind.CLASH for it in found)


def read_line(server: ServerInImage, line: CommandLine) -> Reading:
    """Read the command line of a server as it does; several rules in turn ask about one line, which nobody changes."""
    return _read.get((server, line), lambda: read_words(line.words, flags_of(server), _grammar(server)))


_read: Final = IdentityCache[Reading](16)


@lru_cache(maxsize=64)
def flags_of(server: ServerInImage) -> FlagTable:
    """Return all flags that a server may take, with those of the vLLM inside."""
    if server.name in _STRICT or server.name == _TENSORFLOW:
        return flag_table(server.name, server.version)
    own = merged_tables(flag_table(server.name, server.version), flag_table(_COMMON, server.version))
    if server.name != HUGGINGFACE:
        return own
    inside = flag_table(VLLM, server.vllm)
    # A flag of both means what the backend makes of it, which the model decides: vLLM's takes more.
    return replace(inside, options={**own.options, **inside.options}, is_known=own.is_known and inside.is_known)


def _grammar(server: ServerInImage) -> Grammar:
    if server.name == VLLM:
        numbers = version_numbers(server.version)
        return Grammar(converts=True, dots=not numbers or numbers >= _DOTS_SINCE)
    return Grammar(
        eats_dashes=server.name == "triton",
        separate=server.name != _TENSORFLOW,
        abbreviates=server.name not in {_TENSORFLOW, "openvino"},
    )


class _Judge:
    """Turns what one reader found into problems."""

    def __init__(self, server: ServerInImage, table: FlagTable, line: CommandLine, reading: Reading) -> None:
        self.server = server
        self.table = table
        self.words = line.words
        self.line = line
        self.reading = reading
        self.strict = server.name in _STRICT

    @cached_property
    def name(self) -> str:
        """The server with its version, for messages."""
        return _label(self.server, self.table)

    def problem(
        self,
        index: int,
        kind: ArgumentKind,
        message: str,
        *,
        allowed: str = "",
        hint: str = "",
        exits: bool = True,
        is_sure: bool = True,
        earlier: int = -1,
    ) -> ArgumentProblem:
        seen = self.words[index].text
        return ArgumentProblem(
            at=index,
            kind=kind,
            message=message,
            seen=_short(seen),
            allowed=allowed,
            hint=hint,
            exits=exits,
            is_sure=is_sure and self.server.is_sure,
            earlier=earlier,
        )

    def fumbles(self, among: Container[Fault] = frozenset(Fault)) -> Iterator[ArgumentProblem]:
        for fumble in self.reading.fumbles:
            # What servers took that are older than all that were read is not known.
            unsaid = self.table.is_older and fumble.fault in {Fault.UNKNOWN, Fault.AMBIGUOUS}
            if fumble.fault in among and not unsaid:
                yield self._FOUND[fumble.fault](self, fumble)

    def _unknown(self, fumble: Fumble) -> ArgumentProblem:
        spelt = self._spelt(fumble.name)
        since, instead = self.table.gone(fumble.name.replace("_", "-"))
        later = self.table.first_version(fumble.name)
        long_names = [option for option in self.table.options if option.startswith("--")]
        why, hint = "", did_you_mean(fumble.name, long_names, "Remove it.", cutoff=_NEAR)
        if spelt:
            hint = f"Write {spelt}."
        elif since:
            why, hint = f", which is gone since {since}", f"Use {instead}." if instead else "Remove it."
        elif later:
            why, hint = f", which came with {later}", "Remove it, or run a newer server."
        message = f"{self.name} does not know {fumble.name}{why}"
        if not self.strict:
            message += f"{',' if why else ''} and ignores it"
        return self.problem(
            fumble.at, ArgumentKind.FLAG, message, hint=hint, exits=self.strict, is_sure=self.table.is_known
        )

    def _spelt(self, name: str) -> str:
        """Return the flag that differs from a name in _ and - alone; blank where there is none."""
        both = (name.replace("_", "-"), "--" + name[2:].replace("-", "_"))
        return next((each for each in both if each in self.table.options), "")

    def _ambiguous(self, fumble: Fumble) -> ArgumentProblem:
        message = f"{fumble.name} is short for more than one flag of {self.name}"
        return self.problem(
            fumble.at,
            ArgumentKind.FLAG,
            message,
            allowed=fumble.detail,
            is_sure=self.table.is_known,
            hint="Write the flag out.",
        )

    def _no_value(self, fumble: Fumble) -> ArgumentProblem:
        message = f"{fumble.name} needs a value"
        hint = f"Write {fumble.name}=VALUE."
        if self.server.name == _TENSORFLOW:
            message += " behind a =, and is ignored"
            return self.problem(fumble.at, ArgumentKind.VALUE, message, hint=hint, exits=False)
        after = self.words[fumble.at + 1].text if fumble.at + 1 < len(self.words) else ""
        message += f", and {_short(after)} is a flag" if after.startswith("-") else ""
        return self.problem(fumble.at, ArgumentKind.VALUE, message, hint=hint, is_sure=self._sure(fumble.name))

    def _needless(self, fumble: Fumble) -> ArgumentProblem:
        hint = f"Write {fumble.name} alone; in a map, {fumble.name.lstrip('-')}: true."
        if fumble.detail.lower() in {"false", "0", "no"}:
            negated = f"--no-{fumble.name[2:]}"
            hint = f"Write {negated}." if negated in self.table.options else "Remove it."
        message = f"{fumble.name} takes no value"
        return self.problem(fumble.at, ArgumentKind.VALUE, message, hint=hint, is_sure=self._sure(fumble.name))

    def _joined(self, fumble: Fumble) -> ArgumentProblem:
        message = f"{fumble.name} and its value are one word, which {self.name} "
        message += "does not take for a flag" if self.strict else "ignores"
        name, _, value = self.words[fumble.at].text.partition(" ")
        hint = f"Write {name}={value.strip()}, or two items of the list." if value.strip() else "Remove the blank."
        # Whatever the version: no flag has a blank in its name.
        return self.problem(fumble.at, ArgumentKind.FLAG, message, hint=hint, exits=self.strict)

    def _sure(self, name: str) -> bool:
        flag = self.table.options.get(name)
        return self.table.is_known and (flag is None or flag.is_sure)

    _FOUND: Final = {
        Fault.UNKNOWN: _unknown,
        Fault.AMBIGUOUS: _ambiguous,
        Fault.NO_VALUE: _no_value,
        Fault.NEEDLESS_VALUE: _needless,
        Fault.JOINED: _joined,
    }

    def values(self) -> Iterator[ArgumentProblem]:
        for given in self.reading.given:
            if given.key:
                yield from self._key(given)
                continue
            for place, word in enumerate(given.values):
                refusal = value_refusal(given.flag, word.text) if word.is_known else None
                if refusal is not None:
                    yield self._refused(given, given.value_index + place, word.text, refusal)
                elif given.flag.json_class and word.is_known:
                    yield from self._keys(given, given.value_index + place, word.text)

    def _refused(self, given: Given, index: int, value: str, allowed: str) -> ArgumentProblem:
        message = f"{given.flag.name} does not take {_short(value)!r}"
        hint = did_you_mean(value.lower(), given.flag.choices or (), _advice(given.flag, allowed), cutoff=_ALIKE)
        if allowed == "JSON":
            hint = "Write JSON: keys and texts in double quotes, which no shell may take away."
        if " --" in value:
            hint = "Write each flag as an item of its own."
        return self.problem(index, ArgumentKind.VALUE, message, allowed=allowed, hint=hint, is_sure=given.flag.is_sure)

    def _key(self, given: Given) -> Iterator[ArgumentProblem]:
        """Judge --flag.key=value: the flag must take JSON, and have the key."""
        if given.flag.value_type not in {"json", "json-or-str", "json-or-level"}:
            message = f"{given.flag.name} has no parts: it takes no JSON"
            yield self.problem(given.index, ArgumentKind.VALUE, message, is_sure=given.flag.is_sure)
        elif given.flag.json_class:
            yield from self._unknown_keys(given, given.index, [given.key.partition(".")[0].removesuffix("+")])

    def _keys(self, given: Given, index: int, value: str) -> Iterator[ArgumentProblem]:
        read = parsed_json(value)
        if isinstance(read, dict):
            yield from self._unknown_keys(given, index, list(read))

    def _unknown_keys(self, given: Given, index: int, keys: Sequence[str]) -> Iterator[ArgumentProblem]:
        known = entries_within(self.table, "jsonKeys", given.flag.json_class)
        if not known or version_numbers(self.server.vllm or self.server.version) < _KEYS_SINCE:
            return
        for key in keys:
            if key not in known and key.replace("-", "_") not in known:
                message = f"{given.flag.name} has no key {key}"
                hint = did_you_mean(key, known, f"Remove {key}.")
                yield self.problem(index, ArgumentKind.VALUE, message, hint=hint, is_sure=self.table.is_known)

    def repeats(self) -> Iterator[ArgumentProblem]:
        """Yield flags that are given twice with different values: the last one counts."""
        seen: dict[str, Given] = {}
        for given in self.reading.given:
            before = seen.get(given.flag.name)
            if before is not None and given.flag.kind != "append" and not given.key and _differ(before, given):
                message = f"{given.flag.name} is given twice with different values: the last one counts"
                hint = "Say it once."
                yield self.problem(
                    given.index, ArgumentKind.CLASH, message, hint=hint, exits=False, earlier=before.index
                )
            if not given.key:
                seen[given.flag.name] = given


def _advice(flag: Flag, allowed: str) -> str:
    if flag.choices is not None:
        return "Write one of those."
    return f"Write a number, {allowed}." if allowed.startswith(("at ", "more ", "less ")) else f"Write {allowed}."


def _differ(before: Given, given: Given) -> bool:
    known = all(word.is_known for word in (*before.values, *given.values))
    return known and (before.values, before.is_negated) != (given.values, given.is_negated)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SEEN else f"{text[:_LONGEST_SEEN]}…"


def _label(server: ServerInImage, table: FlagTable) -> str:
    """Name a server with its version, for messages."""
    name = f"{_NAMES.get(server.name, server.name)} {server.version}".strip()
    if server.vllm:
        return f"{name} with vLLM {server.vllm}"
    versions = sequence(table.source.get("versions"))
    return name if server.version or not versions else f"{name} {versions[-1]}, the newest that is known,"


def _vllm(server: ServerInImage, line: CommandLine, environment: Mapping[str, str]) -> Iterator[ArgumentProblem]:
    table = flag_table(VLLM, server.version)
    reading = read_words(line.words, table, _grammar(server))
    judge = _Judge(server, table, line, reading)
    yield from judge.fumbles()
    yield from judge.values()
    yield from judge.repeats()
    yield from _positionals(judge, version_numbers(server.version))
    is_whole = line.is_whole and not any(given.flag.name == "--config" for given in reading.given)
    settings = replace(settings_of(reading, is_whole=is_whole), model=_model(judge), environment=environment)
    for clash, is_sure in clashes(settings, table):
        yield judge.problem(
            clash.at.index, ArgumentKind.CLASH, clash.message, hint=clash.hint, exits=clash.stops, is_sure=is_sure
        )
    if "VLLM_PLUGINS" not in environment:
        yield from _unregistered(judge, settings.json)


def _model(judge: _Judge) -> str:
    """Return where the server takes its model from; blank where that is not written."""
    given = [word for given in judge.reading.given if given.flag.name == "--model" for word in given.values]
    loose = [judge.words[index] for index in judge.reading.positionals] if judge.line.serves else []
    return next((word.text for word in (*given[-1:], *loose[:1]) if word.is_known), "")


def _positionals(judge: _Judge, numbers: tuple[int, ...]) -> Iterator[ArgumentProblem]:
    """Judge words without a flag: the model, once, and nothing beside it."""
    reading, words = judge.reading, judge.words
    unknown = {fumble.at + 1 for fumble in reading.fumbles if fumble.fault is Fault.UNKNOWN}
    loose = [index for index in reading.positionals if index not in unknown and words[index].is_known]
    model = next((given for given in reading.given if given.flag.name == "--model"), None)
    if judge.line.serves and loose and model is not None:
        taken = numbers >= _MOVED_MODEL_SINCE
        effect = "takes the place of" if taken else "is refused beside"
        message = f"--model {effect} {words[loose[0]].text}, the model that stands after serve"
        message += ", which is then one word too many" if taken else ""
        yield judge.problem(model.index, ArgumentKind.CLASH, message, hint="Remove --model.", earlier=loose[0])
        return
    extra = loose if model is not None or not judge.line.serves else loose[1:]
    for index in extra:
        message = f"{judge.name} takes no such word"
        if judge.line.serves and loose[0] != index:
            message += f" beside the model {words[loose[0]].text}"
        # vLLM's entry point that is a module lets one word pass, and does not look at it.
        exits = judge.line.serves or len(loose) > 1 or judge.server.name != VLLM
        hint = "Write it as the value of a flag, or remove it."
        yield judge.problem(index, ArgumentKind.FLAG, message, hint=hint, exits=exits, earlier=loose[0])


def _unregistered(judge: _Judge, settings: Mapping[str, JsonObject]) -> Iterator[ArgumentProblem]:
    """Judge names that are looked up in a table when the server starts."""
    names = {given.flag.name: given for given in judge.reading.given}
    for flag, (registry, plugin) in _REGISTRIES.items():
        given = names.get(flag)
        if given is None or not given.values or not given.values[0].is_known or plugin in names:
            continue
        if flag == "--tool-call-parser" and "--enable-auto-tool-choice" not in names:
            continue
        yield from _lookup(judge, given, given.values[0].text, registry)
    transfer = settings.get("--kv-transfer-config", {})
    connector, at = transfer.get("kv_connector"), names.get("--kv-transfer-config")
    if at is not None and isinstance(connector, str) and not transfer.get("kv_connector_module_path"):
        yield from _lookup(judge, at, connector, "kv_connector")


def _lookup(judge: _Judge, given: Given, name: str, registry: str) -> Iterator[ArgumentProblem]:
    known = entries_within(judge.table, "registries", registry)
    if not known or name in known or (given.flag.takes_none and name in {"", "None"}) or given.flag.choices:
        return
    message = f"{judge.name} has no {registry.replace('_', ' ')} {name!r}"
    hint = did_you_mean(name, known, "Use one that it has, or load the plugin that brings it.")
    # A table that grows from version to version: what lies between two that agree can still have it.
    yield judge.problem(given.value_index, ArgumentKind.VALUE, message, hint=hint, is_sure=judge.table.is_known)


def _mlserver(server: ServerInImage, line: CommandLine) -> Iterator[ArgumentProblem]:
    """Judge words that stand where the image has its start command."""
    if line.words and line.words[0].text.startswith("-"):
        message = "MLServer takes no flags: arguments replace the command that starts it"
        judge = _Judge(server, flag_table(server.name, server.version), line, Reading())
        yield judge.problem(0, ArgumentKind.FLAG, message, hint="Set variables MLSERVER_… instead.")


def _other(server: ServerInImage, line: CommandLine) -> Iterator[ArgumentProblem]:
    table = flag_table(server.name, server.version)
    judge = _Judge(server, table, line, read_words(line.words, table, _grammar(server)))
    yield from judge.fumbles()
    yield from judge.values()
    yield from judge.repeats()
    yield from _positionals(judge, ()) if judge.strict else ()


def _kserve(server: ServerInImage, line: CommandLine) -> Iterator[ArgumentProblem]:
    """Judge one of KServe's own servers, which read their words more than once: for what they share, and for all."""
    if plain_backend := server.name == HUGGINGFACE and _plain_backend(line):
        server = server._replace(vllm="")
    tables = _readers(server, plain_backend=plain_backend)
    reading = read_words(line.words, tables[-1], Grammar()) if plain_backend else read_line(server, line)
    last = _Judge(server, tables[-1], line, reading)
    if not is_plain(reading, tables):
        yield from _as_read(last, tables[:-1])
    if server.vllm:
        yield from _inside(last)


@lru_cache(maxsize=64)
def _readers(server: ServerInImage, *, plain_backend: bool) -> tuple[FlagTable, ...]:
    """List what the readers of one of KServe's own servers look for, in their order."""
    common = flag_table(_COMMON, server.version)
    own = merged_tables(flag_table(server.name, server.version), common)
    # The Hugging Face server looks at its own before it adds those of vLLM.
    return (common, own, flags_of(server)) if server.name == HUGGINGFACE and not plain_backend else (common, own)


def _as_read(last: _Judge, tables: Iterable[FlagTable]) -> Iterator[ArgumentProblem]:
    """Judge words by one reader after the other."""
    server, line = last.server, last.line
    early = [_Judge(server, table, line, read_words(line.words, table, Grammar())) for table in tables]
    told: set[int] = set()
    # What the first readers do not know the last one may know.
    refused = (problem for judge in early for problem in judge.fumbles(_SEEN_EARLY))
    for problem in (*refused, *early[0].values(), *last.fumbles(), *last.values()):
        if problem.at not in told:
            told.add(problem.at)
            yield problem
    yield from last.repeats()


def _plain_backend(line: CommandLine) -> bool:
    texts = [word.text for word in line.words]
    return "--backend=huggingface" in texts or ("--backend", "huggingface") in pairwise(texts)


def _inside(judge: _Judge) -> Iterator[ArgumentProblem]:
    """Judge the flags of the vLLM inside the Hugging Face server, which has an HTTP server of its own."""
    for given in judge.reading.given:
        name = given.flag.name
        if name in _NO_EFFECT or name.startswith("--ssl-"):
            message = f"{name} has no effect: {judge.name} takes what it listens on from --http_port"
            yield judge.problem(given.index, ArgumentKind.FLAG, message, hint=f"Remove {name}.", exits=False)
    for clash, is_sure in clashes(settings_of(judge.reading, is_whole=judge.line.is_whole), judge.table):
        yield judge.problem(
            clash.at.index, ArgumentKind.CLASH, clash.message, hint=clash.hint, exits=clash.stops, is_sure=is_sure
        )
