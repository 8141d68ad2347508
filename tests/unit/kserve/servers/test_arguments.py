"""What servers are told, and what is wrong with it: containers in, words and sentences out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple
from tools.server_flags import FACTS, SOURCE, compile_tables, render

from kservegen.kserve.servers import arguments, parsing
from kservegen.kserve.servers.arguments import CommandLine, argument_problems, flags_of, read_line
from kservegen.kserve.servers.command_line import started_server
from kservegen.kserve.servers.images import ServerInImage, server_in
from kservegen.kserve.servers.parsing import Word

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "arguments.yaml").read_text(encoding="utf-8"))
WEIGHTS = {(True, True): "stops", (True, False): "may stop", (False, True): "goes on", (False, False): "may go on"}
PRESET = ["/bin/bash", "-c", {"script": ["exec", "vllm", "serve", "/mnt/models", "--port", "8000", "$@"]}, "--"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_arguments(case: dict[str, Any]) -> None:
    started = started_server(case)
    assert started is not None
    told = []
    for each in argument_problems(started.server, started.line, started.environment):
        word = started.line.words[each.at].text
        told.append(" | ".join((word, WEIGHTS[each.exits, each.is_sure], each.message, each.hint)).rstrip(" |"))
    assert sorted(told) == case["found"]


@given(st.data())
def test_a_plain_line_is_one_that_no_reader_has_a_word_to_say_of(data: st.DataObject) -> None:
    server = server_in(
        f"kserve/{data.draw(st.sampled_from(['sklearnserver', 'xgbserver', 'huggingfaceserver']))}:v0.19.0"
    )
    assert server is not None
    name = st.sampled_from([*flags_of(server).options, "--mod", "--w", "--no-such"])
    value = st.sampled_from(["", "1", "-1", "true", "a b", "x --workers=2", "{}", "huggingface", "auto", "0.5"])
    flags = data.draw(st.lists(name, max_size=4))
    words = [Word(f"{flag}={data.draw(value)}", data.draw(st.booleans())) for flag in flags]
    again = words[: data.draw(st.integers(0, 1))]
    line = CommandLine(
        [*words, *again, *map(Word, data.draw(st.lists(st.sampled_from(["loose", "--workers", "2"]), max_size=1)))]
    )
    shortly = list(argument_problems(server, line, {}))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(arguments, "is_plain", lambda *_: False)
        assert shortly == list(argument_problems(server, line, {}))


@given(st.data())
def test_a_line_of_flags_with_values_behind_a_sign_is_read_as_any_other(data: st.DataObject) -> None:
    images = ["vllm/vllm-openai:v0.8.0", "vllm/vllm-openai:v0.23.0", "kserve/huggingfaceserver:v0.19.0"]
    images += ["nvcr.io/nvidia/tritonserver:25.03-py3", "tensorflow/serving:2.6.2", "openvino/model_server:2025.1"]
    server = server_in(data.draw(st.sampled_from(images)))
    assert server is not None
    name = st.sampled_from([*flags_of(server).options, "--mod", "--a.b", "--max_model_len", "-O", "-", ""])
    texts = st.lists(
        st.builds("{}{}{}".format, name, st.sampled_from(["=", "=", "=", ""]), st.sampled_from(["1", "a=b"]))
    )
    line = CommandLine([Word(text, data.draw(st.booleans())) for text in data.draw(texts)])
    shortly = _read(server, line)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parsing, "_all_joined", lambda *_: None)
        assert shortly == _read(server, CommandLine(line.words))


def _read(server: ServerInImage, line: CommandLine) -> tuple[object, ...]:
    reading = read_line(server, line)
    return [astuple(each) for each in reading.given], reading.positionals, reading.fumbles


def _words(container: dict[str, Any]) -> list[tuple[Any, ...]]:
    started = started_server({"image": "vllm/vllm-openai:v0.23.0", **container})
    if started is None:
        return []
    return [
        (word.text if word.is_known else f"?{word.text}", *place)
        for word, place in zip(started.line.words, started.places, strict=True)
    ]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param(
            {"args": ["/m", "--port=$(PORT)", "--dtype=$(D)"], "env": [{"name": "PORT", "value": "80"}]},
            [("/m", "args", 0), ("--port=80", "args", 1), ("?--dtype=$(D)", "args", 2)],
            id="the entry point of the image, with variables",
        ),
        pytest.param(
            {"command": ["python3", "-m", "vllm.entrypoints.openai.api_server"], "args": ["--model=x"]},
            [("--model=x", "args", 0)],
            id="a module",
        ),
        pytest.param({"command": ["/start.sh"], "args": ["--model=x"]}, [], id="a program of one's own"),
        pytest.param({"command": ["/start.sh"], "args": ["vllm", "serve", "x"]}, [], id="a name that is an argument"),
        pytest.param(
            {"command": ["env", "A=1", "/usr/bin/python3.12", "-m", "vllm.entrypoints.openai.api_server", "--model=x"]},
            [("--model=x", "command", 5)],
            id="what starts it",
        ),
        pytest.param(
            {"command": PRESET, "args": ["--max-model-len 8192", "--chat-template='a b'"]},
            [
                ("/mnt/models", "command", 2),
                ("--port", "command", 2),
                ("8000", "command", 2),
                ("--max-model-len", "args", 0),
                ("8192", "args", 0),
                ("--chat-template=a b", "args", 1),
            ],
            id="a preset's script reads arguments once more",
        ),
        pytest.param(
            {
                "command": [
                    "bash",
                    "-c",
                    {"script": ["vllm", "serve", "/m", "${VLLM_ADDITIONAL_ARGS}", "${X_ARGS}", "$@"]},
                ],
                "env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": "--port 80"}],
            },
            [("/m", "command", 2), ("--port", "env", "VLLM_ADDITIONAL_ARGS"), ("80", "env", "VLLM_ADDITIONAL_ARGS")],
            id="additional arguments",
        ),
        pytest.param(
            {
                "command": [
                    "bash",
                    "-c",
                    {"script": ["python", "-m", "huggingfaceserver", "--tensor-parallel-size=${T}", "$0", "$@"]},
                ],
                "args": ["--model_name='a' --dtype auto"],
                "env": [{"name": "T", "valueFrom": {}}],
            },
            [
                ("?--tensor-parallel-size=${T}", "command", 2),
                ("--model_name='a'", "args", 0),
                ("--dtype", "args", 0),
                ("auto", "args", 0),
            ],
            id="the multi-node runtime's script splits them at blanks",
        ),
        pytest.param(
            {
                "command": ["/bin/sh", "-ec"],
                "args": ['# vllm serve no\nexport A=1\nexec vllm serve /m \\\n  --port $P --dtype "$D" $EXTRA; true'],
                "env": [{"name": "P", "value": "80"}, {"name": "EXTRA", "value": "--a --b"}],
            },
            [
                ("/m", "args", 0),
                ("--port", "args", 0),
                ("80", "args", 0),
                ("--dtype", "args", 0),
                ("?$D", "args", 0),
                ("--a", "args", 0),
                ("--b", "args", 0),
            ],
            id="a script of one's own",
        ),
        pytest.param(
            {"command": ["sh", "-c", 'cd /x && eval "exec vllm serve /m ${A[@]} --port 80"\necho vllm serve | cat']},
            [],
            id="two commands that name a server",
        ),
        pytest.param(
            {
                "command": ["sh", "-c", 'set -e\neval "exec vllm serve /m --api-key "k" ${A[@]} $@"\n', "--"],
                "args": ["--a 'b c'"],
            },
            [
                ("/m", "command", 2),
                ("--api-key", "command", 2),
                ("k", "command", 2),
                ("?${A[@]}", "command", 2),
                ("--a", "args", 0),
                ("b c", "args", 0),
            ],
            id="a script that evaluates",
        ),
    ],
)
def test_command_lines(container: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert _words(container) == expected


@pytest.mark.skipif(not SOURCE.is_file(), reason="the reference folder (KSERVEGEN_SHARED) is not here")
def test_tables_are_what_was_read_of_the_servers() -> None:
    tables = compile_tables(json.loads(SOURCE.read_bytes()))
    assert {f"{name}.json" for name in tables} == {file.name for file in FACTS.iterdir()}
    for name, table in tables.items():
        assert (FACTS / f"{name}.json").read_text("utf-8") == render(table), name
