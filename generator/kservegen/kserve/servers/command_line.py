"""The command line that a container starts a server with: a container in, the server and its words out.

Kubernetes puts variables into $(NAME), a shell into $NAME; the start scripts of KServe's presets read arguments and
VLLM_ADDITIONAL_ARGS once more, as `eval` does, and that of the multi-node runtime splits them at blanks.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.identity_cache import IdentityCache
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.secrets import HIDDEN
from kservegen.kserve.servers.arguments import CommandLine, read_line
from kservegen.kserve.servers.images import VLLM, ServerInImage, server_in
from kservegen.kserve.servers.parsing import Given, Word
from kservegen.kserve.servers.tables import version_numbers

_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_MODULES: Final = {"vllm.entrypoints.openai.api_server": VLLM} | {
    f"{name}server": f"{name}server"
    for name in ("huggingface", "sklearn", "xgb", "lgb", "paddle", "pmml", "predictive", "autogluon")
}
_PROGRAMS: Final = {
    "tensorflow_model_server": "tensorflow-serving",
    "tritonserver": "triton",
    "torchserve": "torchserve",
    "ovms": "openvino",
}
# What follows the name of a program that does more than serve, the word that serves first.
_SUBCOMMANDS: Final = {
    "vllm": ("serve", "bench", "chat", "collect-env", "complete", "launch", "run-batch"),
    "mlserver": ("start", "build", "dockerfile", "infer", "init"),
}
# Images whose entry point is the server itself; others are told in the arguments what to run.
_ENTRY_POINTS: Final = frozenset({VLLM, "openvino", "tensorflow-serving", "mlserver", *_MODULES.values()})
_ASKS: Final = frozenset({"--help", "--version", "-h", "-v"})
_SERVES_SINCE: Final = (0, 11)
_REFERENCE: Final = lazy_pattern(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_VARIABLE: Final = lazy_pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)")
# What stands before a server's own name and starts it; words with a dash or a = belong to these.
_LAUNCHERS: Final = lazy_pattern(r"env|exec|nohup|nice|time|tini|dumb-init|numactl|uv|run|python[0-9.]*")
_ENDS: Final = frozenset(";&|<>()")
_REST: Final = "$@"


class PlacedWord(Struct, frozen=True):
    """A word and the field of the container that it comes from, such as ("args", 3)."""

    word: Word
    place: Path


class _Program(NamedTuple):
    """A server's name in a command line, whether a model may follow it, and where its arguments begin."""

    name: str
    serves: bool
    name_at: int
    after: int


class LackingCommand(Struct, frozen=True):
    """A program that is not told what to do, the word that would make it serve, and the field that names it."""

    program: str
    wanted: str
    found: str
    place: Path


class StartedServer(Struct, frozen=True, eq=False, dict=True):
    """A server as a container starts it; `places` are those of its words, in their order."""

    server: ServerInImage
    line: CommandLine
    places: tuple[Path, ...]
    environment: Mapping[str, str]

    @cached_property
    def given(self) -> dict[str, Given]:
        """What the server is given, by flag: of one that stands twice the last."""
        return {given.flag.name: given for given in read_line(self.server, self.line).given}


def started_server(container: JsonObject) -> StartedServer | None:
    """Return the server that a container starts; None where that cannot be told.

    Several rules in turn ask about one container, which nobody changes.
    """
    return _asked.get((container,), partial(_read_server, container))


_asked: Final = IdentityCache[StartedServer | None](16)


class _Spoken(NamedTuple):
    """What a container says to its program; `words` are those of the program that runs in the end."""

    command: Sequence[tuple[JsonValue, Path]]
    environment: Mapping[str, str | None]
    words: Sequence[PlacedWord]
    is_whole: bool


def _spoken(container: JsonObject) -> _Spoken:
    """Read what a container says, once for those that have it in common: pods share what differs in none of them."""
    parts = {part: container.get(part) for part in ("command", "args", "env")}
    return _said.get(tuple(parts.values()), partial(_read, parts))


_said: Final = IdentityCache[_Spoken](64)


def _read(container: JsonObject) -> _Spoken:
    environment = container_environment(container)
    command, args = _listed(container, "command", environment), _listed(container, "args", environment)
    return _Spoken(command, environment, *_through_shell(command, args, environment))


def _read_server(container: JsonObject) -> StartedServer | None:
    image = server_in(text(container.get("image")))
    # Neither a known image nor a known program: nothing can be said.
    command, environment, words, is_whole = _spoken(container)
    found = _program(words)
    if found is not None and _starts(words[: found.name_at], command):
        name, serves, _, after = found
        server = image if image is not None and image.name == name else ServerInImage(name, is_sure=False, is_own=True)
        return _started(server, words[after:], environment, serves=serves, is_whole=is_whole)
    if image is None or command or image.name not in _ENTRY_POINTS:
        return None
    if image.name == VLLM and not text(container.get("image")).rpartition("/")[2].startswith("vllm-"):
        return None  # images of llm-d start nothing by themselves
    numbers = version_numbers(image.version)
    serves = image.name == VLLM and (not numbers or numbers >= _SERVES_SINCE)
    return _started(image, words, environment, serves=serves, is_whole=True)


def lacking_command(container: JsonObject) -> LackingCommand | None:
    """Find a program that exits, as the word after its name is none of its commands; None where it is, or not known."""
    if not container.get("command"):
        return None  # the image's own entry point
    command, _, words, is_whole = _spoken(container)
    for index, placed in enumerate(words):
        name, place = placed.word.text.rpartition("/")[2], placed.place
        wanted = _SUBCOMMANDS.get(name)
        if wanted is not None and is_whole and place[0] == "command" and _starts(words[:index], command):
            after = words[index + 1].word if index + 1 < len(words) else Word("")
            if not after.is_known or after.text in wanted or after.text in _ASKS:
                return None
            return LackingCommand(name, wanted[0], after.text, place)
        if not _LAUNCHERS.fullmatch(name) and not name.startswith("-") and "=" not in name:
            return None
    return None


def container_environment(container: JsonObject) -> dict[str, str | None]:
    """Return the variables of a container; None for what only the cluster knows, as one that an inventory hides."""
    found: dict[str, str | None] = {}
    for item in map(mapping, sequence(container.get("env"))):
        name = text(item.get("name"))
        value = item.get("value", None if "valueFrom" in item else "")
        found[name] = _filled(value, found) if isinstance(value, str) and value != HIDDEN else None
    return found


def _started(
    server: ServerInImage,
    words: Sequence[PlacedWord],
    environment: Mapping[str, str | None],
    *,
    serves: bool,
    is_whole: bool,
) -> StartedServer:
    line = CommandLine([placed.word for placed in words], serves=serves, is_whole=is_whole)
    known = {name: value or "" for name, value in environment.items()}
    return StartedServer(server, line, tuple(placed.place for placed in words), known)


def _filled(value: str, environment: Mapping[str, str | None]) -> str | None:
    """Put variables into a text as Kubernetes does; None where one is not known. $$ stands for $."""
    if "$" not in value:
        return value
    unknown = False

    def fill(match: re.Match[str]) -> str:
        nonlocal unknown
        known = environment.get(match[1], match[0])
        unknown = unknown or known is None
        return known or ""

    parts = [_REFERENCE.sub(fill, part) for part in value.split("$$(")]
    return None if unknown else "$(".join(parts)


def _listed(container: JsonObject, section: str, environment: Mapping[str, str | None]) -> list[tuple[JsonValue, Path]]:
    found: list[tuple[JsonValue, Path]] = []
    for index, item in enumerate(sequence(container.get(section))):
        value: JsonValue = _filled(item, environment) if isinstance(item, str) else item
        found.append((item if value is None else value, (section, index)))
    return found


def _through_shell(
    command: Sequence[tuple[JsonValue, Path]],
    args: Sequence[tuple[JsonValue, Path]],
    environment: Mapping[str, str | None],
) -> tuple[list[PlacedWord], bool]:
    """Return the words of the program that runs in the end, and whether all of them are known."""
    items = [*command, *args]
    script_at = _script_place(items)
    if script_at is None:
        return [PlacedWord(_word(item), place) for item, place in items if isinstance(item, str)], True
    script, place = items[script_at]
    rest = [(text(item), at) for item, at in items[script_at + 1 :]]
    if isinstance(script, str):
        return _script_text(script, place, rest, environment)
    shortened = [text(word) for word in sequence(mapping(script).get("script"))]
    return list(_script(shortened, place, rest, environment)), True


def _script_place(items: Sequence[tuple[JsonValue, Path]]) -> int | None:
    """Return which item is the script of a shell, one of the two after it; None where no shell is handed one."""
    if not items or text(items[0][0]).rpartition("/")[2] not in _SHELLS:
        return None
    place = next((i for i, (item, _) in enumerate(items[:3]) if i and not text(item).startswith("-")), None)
    return place if place is not None and text(items[place - 1][0]).endswith("c") else None


def _word(value: str) -> Word:
    """Return a word; what is left of a template or a variable is filled in later."""
    return Word(value, is_known="{{" not in value and ("$(" not in value or _REFERENCE.search(value) is None))


def _script(
    words: Iterable[str], place: Path, rest: Sequence[tuple[str, Path]], environment: Mapping[str, str | None]
) -> Iterator[PlacedWord]:
    """Yield the words of a start script of KServe's own, with the arguments where it puts them."""
    listed = list(words)
    evaluates = "$0" not in listed
    for word in listed:
        if word == _REST:
            for value, at in rest[1:] if evaluates else rest:
                yield from (PlacedWord(_word(part), at) for part in (_split(value) if evaluates else value.split()))
        elif word == "$0":
            continue
        elif word == "${VLLM_ADDITIONAL_ARGS}":
            said = environment.get("VLLM_ADDITIONAL_ARGS") or ""
            yield from (PlacedWord(_word(part), ("env", "VLLM_ADDITIONAL_ARGS")) for part in _split(said))
        elif not word.endswith(("_ARGS}", "_ARG}")):  # what the script itself works out
            filled = _shell_variables(word, environment)
            for part in _split(word if filled is None else filled):
                yield PlacedWord(Word(part, is_known=filled is not None), place)


def _script_text(
    script: str, place: Path, rest: Sequence[tuple[str, Path]], environment: Mapping[str, str | None]
) -> tuple[list[PlacedWord], bool]:
    """Return the words of the one command of a script that starts a server; none where it is not that plain."""
    found = []
    for written in script.replace("\\\n", " ").split("\n"):
        line = written.strip()
        # Arguments are read once more by eval, split at blanks without quotes, and taken as they are in quotes.
        split = _split if line.startswith("eval ") else _one if '"$@"' in line else str.split
        arguments = [PlacedWord(_word(part), at) for value, at in rest[1:] for part in split(value)]
        for command in _commands(line):
            words, is_whole = _command_words(command, place, arguments, environment)
            if _program(words) is not None:
                found.append((words, is_whole))
    return found[0] if len(found) == 1 else ([], False)


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line, which operators part; what `eval` is handed in quotes is read once more."""
    evaluated = line.removeprefix("eval ").strip()
    if evaluated != line and evaluated[:1] in ('"', "'") and evaluated.endswith(evaluated[:1]):
        line = evaluated[1:-1]
    try:
        parts = _tokens(line)
    except ValueError:
        return
    command: list[str] = []
    for part in (*parts, ";"):
        if part and _ENDS.issuperset(part):
            yield command
            command = []
        else:
            command.append(part)


def _command_words(
    command: Iterable[str], place: Path, arguments: Sequence[PlacedWord], environment: Mapping[str, str | None]
) -> tuple[list[PlacedWord], bool]:
    """Put variables and arguments into a command of a script; say whether all of its words are known."""
    words: list[PlacedWord] = []
    is_whole = True
    for part in command:
        if part == _REST:
            words += arguments
            continue
        filled = _shell_variables(part, environment)
        if filled is None:
            is_whole = is_whole and not part.startswith("$")  # such a word may be many, or none
            words.append(PlacedWord(Word(part, is_known=False), place))
        elif _VARIABLE.fullmatch(part):  # without quotes, a shell makes words of it
            words += (PlacedWord(_word(value), place) for value in filled.split())
        else:
            words.append(PlacedWord(_word(filled), place))
    return words, is_whole


def _shell_variables(word: str, environment: Mapping[str, str | None]) -> str | None:
    """Put variables into a word as a shell does; None where one is not known."""
    unknown = False

    def fill(match: re.Match[str]) -> str:
        nonlocal unknown
        name, default = match[1] or match[3], match[2]
        value = environment.get(name) if name in environment else default
        unknown = unknown or value is None
        return value or ""

    filled = _VARIABLE.sub(fill, word)
    # What is left are arrays, commands and other forms that only a shell knows.
    return None if unknown or "$" in filled or "`" in filled else filled


def _one(value: str) -> tuple[str, ...]:
    return (value,)


def _tokens(line: str) -> list[str]:
    """Split a line of a script at blanks and operators."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


@lru_cache(maxsize=1024)
def _split(value: str) -> tuple[str, ...]:
    """Split a text as a shell does; one that no shell can read stands as it is."""
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return (value,)


def _starts(before: Sequence[PlacedWord], command: Sequence[tuple[JsonValue, Path]]) -> bool:
    """Whether what stands before a server's name starts it, and is no other program that takes the name for a word."""
    if any(not isinstance(item, str) for item, _ in command):
        return True  # a start script of KServe's own, of which the lines that start a server are left
    names = (placed.word.text.rpartition("/")[2] for placed in before)
    return all(name.startswith("-") or "=" in name or _LAUNCHERS.fullmatch(name) for name in names)


def _program(words: Sequence[PlacedWord]) -> _Program | None:
    """Find the server that a command line names."""
    texts = [placed.word.text for placed in words]
    for index, (first, second) in enumerate(pairwise([*texts, ""])):
        name = first.rpartition("/")[2]
        if name == "vllm" and second == "serve":
            return _Program(VLLM, True, index, index + 2)
        if first == "-m" and second in _MODULES:
            return _Program(_MODULES[second], False, index, index + 2)
        if name in _PROGRAMS and not first.startswith("-"):
            return _Program(_PROGRAMS[name], False, index, index + 1)
        if name == "mlserver" and second == "start":
            return None
    return None
