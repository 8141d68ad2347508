"""Filling templates: what Go itself writes, held against its own; bounds, and values that only Go has."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kservegen.formats.gotemplate.evaluate import evaluate_template
from kservegen.formats.gotemplate.nodes import TemplateNode
from kservegen.formats.gotemplate.parser import parse_template
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.values import NO_FIELD, GoNil, GoPointer, GoStruct, GoValue

SOURCE = Path(__file__).parents[3] / "go_template"
DATA: dict[str, GoValue] = {
    "Name": "m",
    "Empty": "",
    "On": True,
    "Off": False,
    "Labels": {"b": "2", "a": "1"},
    "List": ["x", "y"],
    "None": None,
    "Bare": [],
    "Deep": {"Inner": {"Last": "deep"}},
}
# Templates and what Go makes of them with DATA; None where it fails.
FILLED: dict[str, str | None] = {
    "plain {{ `{{` }}": "plain {{",
    "a {{- .Name -}} b": "amb",
    "{{ .Name }}{{/* said */}}": "m",
    '{{ "a\\tb\\x41\\u00e9" }}{{ `raw\\n` }}': "a\tbA\u00e9raw\\n",
    "{{ .Deep.Inner.Last }}{{ (.Deep).Inner.Last }}": "deepdeep",
    "{{ if .On }}y{{ else }}n{{ end }}{{ if .Empty }}y{{ else if .On }}e{{ end }}": "ye",
    "{{ with .Labels }}{{ .a }}{{ $.Name }}{{ else }}n{{ end }}": "1m",
    "{{ with .Empty }}y{{ else }}{{ .Name }}{{ end }}": "m",
    "{{ range .List }}[{{ . }}]{{ end }}": "[x][y]",
    "{{ range $i, $e := .List }}{{ $i }}{{ $e }}{{ end }}": "0x1y",
    "{{ range $k, $v := .Labels }}{{ $k }}={{ $v }};{{ end }}": "a=1;b=2;",
    "{{ range .List }}{{ if eq . `y` }}{{ break }}{{ end }}{{ . }}{{ end }}": "x",
    "{{ range .List }}{{ if eq . `x` }}{{ continue }}{{ end }}{{ . }}{{ end }}": "y",
    "{{ range .Bare }}x{{ else }}none{{ end }}": "none",
    "{{ $x := .Name }}{{ if .On }}{{ $x = `n` }}{{ end }}{{ $x }}": "n",
    "{{ $x := 1 }}{{ with .On }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}": "21",
    "{{ and .On .Name }}{{ or .Empty .Name }}{{ not .On }}{{ and .Off .Nope.x }}": "mmfalsefalse",
    "{{ or .Name .Nope.x }}": "m",
    "{{ eq .Name `m` `n` }}{{ ne 1 2 }}{{ lt 1 2 }}": "truetruetrue",
    "{{ gt `b` `a` }}{{ ge 1 2 }}{{ le 2 2 }}": "truefalsetrue",
    "{{ len .List }}{{ len .Name }}{{ len .Labels }}": "212",
    "{{ index .List 1 }}{{ index .Labels `a` }}{{ index .Deep `Inner` `Last` }}": "y1deep",
    "{{ print .Name 1 2 `x` }}|{{ println 1 `x` }}": "m1 2x|1 x\n",
    "{{ printf `%s-%d%% %v` .Name 7 true }}": "m-7% true",
    "{{ .Name | printf `%s%s` `a` | len }}": "2",
    "{{ .Labels }}{{ .List }}{{ 1.5 }}{{ 0x1F }}{{ 'a' }}": "map[a:1 b:2][x y]1.53197",
    "{{ define `t` }}<{{ . }}>{{ end }}{{ template `t` .Name }}": "<m>",
    "{{ block `b` .Name }}({{ . }}){{ end }}": "(m)",
    "{{ .Nope }}": None,
    "{{ .Name.x }}": None,
    "{{ .Deep.Inner.Nope }}": None,
    "{{ .None.x }}": None,
    "{{ unknown }}": None,
    "{{ if .Off }}{{ unknown }}{{ end }}": None,
    "{{ template `gone` }}": None,
    "{{ index .List 5 }}": None,
    "{{ eq 1 `1` }}": None,
    "{{ lt true false }}": None,
    "{{ len 1 }}": None,
    "{{ not }}": None,
    "{{ and }}": None,
    "{{ .Name 1 }}": None,
    "{{ range .On }}x{{ end }}": None,
    "{{ range .Empty }}x{{ end }}": None,
    "{{ define `t` }}{{ template `t` }}{{ end }}{{ template `t` }}": None,
}


def filled(text: str, data: GoValue) -> str | TemplateFault:
    template = parse_template(text)
    assert isinstance(template, TemplateNode), text
    return evaluate_template(template, data, {})


@pytest.mark.parametrize(("text", "said"), FILLED.items())
def test_what_is_written(text: str, said: str | None) -> None:
    found = filled(text, DATA)
    assert found == said if said is not None else isinstance(found, TemplateFault)


def test_go_writes_the_same(tmp_path: Path) -> None:
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed")
        pytest.skip("Go is not installed")
    subprocess.run([compiler, "build", "-o", tmp_path / "template", "."], cwd=SOURCE, check=True)
    lines = b"".join(base64.b64encode(text.encode()) + b"\n" for text in FILLED)
    done = subprocess.run([tmp_path / "template", json.dumps(DATA)], input=lines, capture_output=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    said = {text: None if each["error"] else each["text"] for text, each in zip(FILLED, answers, strict=True)}
    assert said == FILLED


def test_pointers_are_true_and_nil_has_no_fields() -> None:
    fields: dict[str, GoValue] = {"Zero": GoPointer(0), "Nil": GoNil("*Spec"), "Plain": False}
    data = GoStruct("Service", lambda name: fields.get(name, NO_FIELD))
    assert filled("{{ if .Zero }}{{ .Zero }}{{ end }}{{ or .Zero 1 }}{{ if .Nil }}x{{ end }}", data) == "00"
    for text, message in (
        ("{{ .Nil.Data }}", "nil pointer evaluating *Spec.Data"),
        ("ab{{ .Nope }}", "can't evaluate field Nope in type Service"),
    ):
        found = filled(text, data)
        assert isinstance(found, TemplateFault)
        assert found.message == message


def test_a_template_ends_in_time() -> None:
    loop = "{{ range .L }}{{ range $.L }}{{ range $.L }}{{ range $.L }}x{{ end }}{{ end }}{{ end }}{{ end }}"
    found = filled(loop, {"L": list(range(100))})
    assert isinstance(found, TemplateFault)
    assert "steps" in found.message
    found = filled("{{ range .L }}{{ $.T }}{{ end }}", {"L": list(range(100)), "T": "x" * 20_000})
    assert isinstance(found, TemplateFault)
    assert "characters" in found.message
