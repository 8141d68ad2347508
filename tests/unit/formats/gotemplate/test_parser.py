"""Reading templates: what parses and what does not, held against Go's own parser; no text makes ours crash."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.go_templates import BAD, GOOD, TEMPLATES

from kservegen.formats.gotemplate.check import check_template
from kservegen.formats.gotemplate.parser import parse_template
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.shape import UNKNOWN_SHAPE

SOURCE = Path(__file__).parents[3] / "go_template"


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str]], list[str]]:
    """Go's parser: templates in, its error for each out, blank where there is none."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed")
        pytest.skip("Go is not installed")
    binary = tmp_path_factory.mktemp("go") / "template"
    subprocess.run([compiler, "build", "-o", binary, "."], cwd=SOURCE, check=True)

    def read(texts: Sequence[str]) -> list[str]:
        lines = b"".join(base64.b64encode(text.encode()) + b"\n" for text in texts)
        done = subprocess.run([binary], input=lines, capture_output=True, check=True)
        return [json.loads(line)["error"] for line in done.stdout.splitlines()]

    return read


def ours(text: str) -> str:
    read = parse_template(text)
    return read.message if isinstance(read, TemplateFault) else ""


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_parses(text: str) -> None:
    assert ours(text) == ""


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_does_not(text: str) -> None:
    assert ours(text)


def test_go_agrees(go: Callable[[Sequence[str]], list[str]]) -> None:
    said = dict(zip([*GOOD, *BAD], go([*GOOD, *BAD]), strict=True))
    assert len(said) > 150
    assert [text for text in GOOD if said[text]] == []
    assert [text for text in BAD if not said[text]] == []


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=st.lists(TEMPLATES, min_size=100, max_size=100))
def test_go_agrees_on_any_pieces(go: Callable[[Sequence[str]], list[str]], texts: list[str]) -> None:
    sound = [text for text in texts if text.isprintable() or "\n" in text]
    differing = [(text, said) for text, said in zip(sound, go(sound), strict=True) if bool(said) != bool(ours(text))]
    assert differing == []


@given(text=st.text() | TEMPLATES)
def test_no_text_makes_it_crash(text: str) -> None:
    found = check_template(text, UNKNOWN_SHAPE)
    assert found is None or 0 <= found.offset <= len(text)


@pytest.mark.parametrize(
    "text", ["{{" + "(" * 5000 + ")" * 5000 + "}}", "{{if .A}}" * 5000, "{{if .A}}x{{else if .B}}" * 3000]
)
def test_no_depth_makes_it_crash(text: str) -> None:
    assert check_template(text, UNKNOWN_SHAPE) is None


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a {{.Name", 2, "unclosed action"),
        ("{{if .A}}x", 10, "unexpected EOF"),
        ("{{.Labels.my-label}}", 12, "bad character U+002D '-'"),
        ("{{$x}}", 2, 'undefined variable "$x"'),
        ("{{08}}", 2, 'integer overflow: "08"'),
        ("{{ end }}", 3, "unexpected {{end}}"),
    ],
)
def test_a_problem_has_its_place_and_gos_words(text: str, offset: int, message: str) -> None:
    assert parse_template(text) == TemplateFault(offset, message)
