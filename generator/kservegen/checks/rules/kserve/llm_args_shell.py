r"""An argument for vLLM would be changed by the shell on its way.

The presets start vLLM through a script that parses its arguments and VLLM_ADDITIONAL_ARGS once more (eval). JSON loses
its quotes there, $ expands, and an unquoted ; or & starts a command of its own.

Fix: Quote the argument for that round, or give the container a command of its own.
Bad:
    args: ['--override-generation-config={"temperature":0.2}']
Good:
    args: ["--override-generation-config='{\"temperature\":0.2}'"]
Upstream: kserve kinds, section 9; config/llmisvcconfig
"""

import shlex
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.kserve._shell import SPECIAL, Hazard, hazards
from kservegen.checks.rules.view import containers_of
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.workloads import ContainerAt

_VARIABLE: Final = "VLLM_ADDITIONAL_ARGS"
# Kubernetes itself puts these in place, before any shell runs.
_REFERENCE: Final = lazy_pattern(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
# Certain only where a file of such a name lies in the server's directory.
_MILD: Final = frozenset({Hazard.GLOB, Hazard.SPLIT, Hazard.HOME})


@rule(Stage.RUN, "LLMInferenceService", "LLMInferenceServiceConfig", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for at in containers_of(resource):
        if at.serving and not at.init and at.role != "scheduler":
            yield from _container(resource, at, context)


def _container(resource: Resource, at: ContainerAt, context: Context) -> Problems:
    args, env = sequence(at.container.get("args")), sequence(at.container.get("env"))
    words = [((*at.path, "args", i), word) for i, word in enumerate(args) if isinstance(word, str)]
    lines = [
        ((*at.path, "env", i, "value"), text(mapping(variable).get("value")))
        for i, variable in enumerate(env)
        if mapping(variable).get("name") == _VARIABLE
    ]
    if all(SPECIAL.isdisjoint(value) for _, value in (*words, *lines)):
        return
    if at.container.get("command") or _base_has_command(resource, at, context):
        return
    for path, word in words:
        yield from _word(path, word, _hazards(word, at.container))
    for path, line in lines:
        # A line of words: spaces are meant to split it.
        yield from _line(path, line, _hazards(line, at.container))


def _hazards(value: str, container: JsonObject) -> tuple[Hazard, ...]:
    if "{{" in value:
        return ()  # a template: what it becomes is not known here
    env = {mapping(variable).get("name") for variable in sequence(container.get("env"))}
    # An upper-case name may be a variable of the preset; no command is called like that.
    known = _REFERENCE.sub(lambda m: "x" if m[1] in env or m[1].isupper() else m[0], value)
    return hazards(known)


def _word(path: Path, word: str, found: tuple[Hazard, ...]) -> Problems:
    found = tuple(h for h in found if h is not Hazard.SPLIT or not _is_option_and_value(word))
    if found:
        yield _finding(path, word, found[0], f"Write it as {_quoted(word)}")


def _line(path: Path, line: str, found: tuple[Hazard, ...]) -> Problems:
    found = tuple(h for h in found if h is not Hazard.SPLIT)
    if found:
        yield _finding(path, line, found[0], f"Quote the argument it stands in, such as {shlex.quote(_culprit(line))}")


def _is_option_and_value(word: str) -> bool:
    """Whether splitting is what was meant: `--max-model-len 8192`, `--a=1 --b=2`."""
    parts = word.split()
    return all(
        part.startswith("-") or (i > 0 and parts[i - 1].startswith("-") and "=" not in parts[i - 1])
        for i, part in enumerate(parts)
    )


def _quoted(word: str) -> str:
    """Quote the value of an option and leave the option readable."""
    option, equals, value = word.partition("=")
    if equals and option.startswith("-") and SPECIAL.isdisjoint(option):
        return f"{option}={shlex.quote(value)}"
    return shlex.quote(word)


def _culprit(line: str) -> str:
    return next((part for part in line.split() if not SPECIAL.isdisjoint(part)), line)


def _finding(path: Path, value: str, hazard: Hazard, hint: str) -> Problem:
    message = f"the start script's shell would change this: {hazard}"
    return Problem(path, message, seen=value, hint=f"{hint}.", severity=Severity.WARNING if hazard in _MILD else None)


def _base_has_command(resource: Resource, at: ContainerAt, context: Context) -> bool:
    """Whether a base brings a command, which no script then precedes; an unknown base gets the benefit of the doubt."""
    for ref in sequence(mapping(resource.doc.get("spec")).get("baseRefs")):
        name = text(mapping(ref).get("name"))
        if name in context.platform.presets:
            continue
        places = (namespace(resource), context.platform.namespace)
        bases = (find(context, kind="LLMInferenceServiceConfig", namespace=p, name=name) for p in places)
        base = next((b for b in bases if b is not None), None)
        if base is None or _has_command(base, at):
            return True
    return False


def _has_command(base: Resource, at: ContainerAt) -> bool:
    pod = mapping(value_at(base.doc, at.path[:-2]))
    listed = (mapping(item) for item in sequence(pod.get("containers")))
    return any(item.get("name") == at.container.get("name") and item.get("command") for item in listed)
