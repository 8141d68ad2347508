"""Every form of every report, driven with names that do something where they are printed raw: a law for each form."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import takewhile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from tests.support.committed import ARGO, committed
from tests.support.git_repository import git
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

# Each holds FORGED where a line of its own would begin.
NAMES = (
    "::error title=x::FORGED",
    " ::add-mask::FORGED",
    "##[error]FORGED ##vso[task.complete]",
    "\x1b[31m\x1b]0;title\x07",
    "line\nFORGED\n::error::FORGED",
    "line\r\nFORGED\r::error::FORGED",
    "next\x85FORGED\u2028FORGED",
    "turn\u202egnp\u2066\u200b\u200d\ufeff\ufe0f",
    "`code` ``` ~~~\n# FORGED",
    "a|b|c",
    "<script>alert(1)<!-- <details>",
    "@team #1 GH-1 www.evil.example [a](http:evil.example)",
    "=cmd('x') +1 -1",
    "[/bold][red]",
    "a,b:c%0A::d::",
    "{{ x }}{0}",
)
NO_UTF8 = "byte\udcff\udcfe"
VERDICT = re.compile(r"::notice title=kservegen check::(.*)")  # the first line of a gate
COMMAND = re.compile(r"::(?:error|warning|notice) file=[^,:\r]*,line=\d+,col=\d+,title=[a-z]+/[a-z-]+::[^\r]*")
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")


def quoted(name: str) -> str:
    return json.dumps(name)  # a YAML string, too


def models(value: str) -> str:
    words = "modelFormat: sklearn, storageUri: s3://models/iris"
    return f"models:\n  iris: {{{words}, annotations: {{{labels(value)}}}}}\n"


def labels(value: str) -> str:
    return ", ".join(f"a{number}: {quoted(f'{value}{name}')}" for number, name in enumerate(NAMES))


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """Make one whose catalog is refused, and one in whose places of output, history and words the names stand."""
    wrong = Project(tmp_path_factory.mktemp("wrong"))
    for number, name in enumerate((*NAMES, NO_UTF8)):
        file = name.replace("/", "_")
        wrong.write(f"models/{file}.yaml", f"version: 1\nmodels: {{a{number}: {{{quoted(name.strip())}: 1}}}}\n")
        wrong.write(f"environments/{file}.yaml", "version: 1\n")
        wrong.write(f"templates/{file}.j2", "x")
    right = committed(tmp_path_factory.mktemp("right") / "r", models(""), ARGO + "budgets:\n" + BUDGETS)
    for number, name in enumerate(NAMES):
        right.models(models(str(number)))
        git(right.root, "commit", "--quiet", "--all", "--message", name, "--author", "\x1b[31m::a::b <a@b>")
    own = f"models: {{iris: {{annotations: {{{labels('prod ')}}}}}}}\n"
    prod = ARGO.replace("name: dev", "name: prod") + own
    right.write("environments/prod.yaml", prod)
    right.models(models("new "))
    for name in (*NAMES, NO_UTF8):
        right.write(f"rendered/dev/models/ns/{name.replace('/', '_')}.yaml", "kind: ConfigMap\n")
    right.write("policies/p.yaml", POLICY.replace("NAME", quoted(NAMES[4])))
    for name in NAMES:
        right.write(f"policies/tests/p/{name.replace('/', '_')}.yaml", "# expect: fail\nkind: Pod\n")
    return {"wrong": wrong, "right": right}


BUDGETS = "".join(f"  {quoted(name)}: {{cpu: 1000, owner: {quoted(name)}}}\n" for name in NAMES)
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p, annotations: {kservegen.dev/title: NAME}}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  validations: [{expression: 'has(object.spec)', message: NAME}]
"""


def run(project: Project, capfdbinary: pytest.CaptureFixture[bytes], *words: str) -> tuple[str, str]:
    """Run a command; what it prints on both ways is UTF-8, and it is no failure of ours."""
    code = run_cli(cli, [*words, "--root", str(project.root), "--debug"])
    assert code in {0, 1, 2}
    printed = capfdbinary.readouterr()
    return printed.out.decode(), printed.err.decode()


def check_lines(text: str) -> None:
    """Lines for people: nothing drives a terminal or a runner, and what begins a line is ours."""
    assert [c for c in text if not c.isprintable() and c not in "\n\t"] == []
    assert HIDDEN.findall(text) == []
    assert [line for line in text.split("\n") if re.match(r"\s*::.*::|(# )?FORGED", line)] == []
    assert re.findall(r"##\w*\[", text) == []


def check_json(text: str) -> None:
    assert text.isascii()
    assert re.findall(r"##\w*\[", text) == []
    for value in strings(json.loads(text)):
        value.encode()


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.items() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from strings(inner)


def check_sarif(text: str) -> None:
    check_json(text)
    for result in json.loads(text)["runs"][0]["results"]:
        check_lines(result["message"]["text"].replace("]\u200b(", "]("))
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w./~%-]*", uri, re.ASCII)


def check_github(text: str) -> None:
    lines = text.removesuffix("\n").split("\n")
    if lines[:1] and (verdict := VERDICT.fullmatch(lines[0])):
        check_lines(verdict[1])
        lines = lines[1:]
    commands = list(takewhile(COMMAND.fullmatch, lines))
    closing = lines[len(commands) :]
    assert [line for line in closing if line.lstrip().startswith("::")] == []
    assert closing[0].startswith(("validate: ", "render: ", "check: "))
    check_lines("\n".join([*(line.split("::", 2)[2] for line in commands), *closing]))


def check_junit(text: str) -> None:
    check_lines(text)
    assert ET.fromstring(text).tag == "testsuites"  # noqa: S314 - written by ourselves


def check_csv(text: str) -> None:
    for row in csv.reader(io.StringIO(text)):
        assert [cell for cell in row if cell[:1] in {"=", "+", "@", "\t"} or re.match(r"-\D", cell)] == []
        check_lines("\n".join(row))


OUR_TAGS = {tag for name in ("sub", "summary", "details", "code") for tag in (f"<{name}>", f"</{name}>")} | {"<br>"}


def check_markdown(text: str) -> None:
    """No link, image, HTML or heading of others, no mention; a break of ours is all that is not shown.

    The cells of a row are as many as its head has: none of others begins one.
    """
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} <= {6, 7, 8}
    check_lines(text.replace("\u200b", ""))
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        assert token.type not in {"code_block", "fence"}
        for inner in token.children or ():
            assert inner.type not in {"link_open", "image"}
            if inner.type == "text":
                assert re.findall(r"[@#]\w|www\.|GH-\d", inner.content) == []
            if inner.type == "html_inline":
                assert inner.content in OUR_TAGS


class _Tags(HTMLParser):
    """Collects the tags of a page, and the text beside its stylesheet."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def check_html(text: str) -> None:
    """No script, picture or form of others; nothing turns or hides what stands around it."""
    page = _Tags(text)
    assert not {"script", "img", "iframe", "form", "input", "object", "embed", "link", "base"} & set(page.tags)
    assert page.tags.count("title") - page.tags.count("rect") - page.tags.count("svg") <= 1
    for line in page.text:
        check_lines(line)


CHECKS = {
    "text": check_lines,
    "json": check_json,
    "github": check_github,
    "sarif": check_sarif,
    "junit": check_junit,
    "csv": check_csv,
    "markdown": check_markdown,
    "html": check_html,
}
# Commands, and the forms that each has.
RUNS = (
    ("wrong", "validate", "text json github sarif junit html"),
    ("wrong", "render --check", "text json"),
    ("right", "render --check", "text json github"),
    ("right", "plan", "text json markdown"),
    ("right", "plan --base HEAD~1", "markdown"),
    ("right", "check --base HEAD~1", "text json github sarif junit markdown html"),
    ("right", "diff dev prod", "text json markdown"),
    ("right", "budget", "text json csv"),
    ("right", "find iris", "text json"),
    ("right", "explain iris --env dev", "text json"),
    ("right", "explain policy/p", "text"),
    ("right", "policy test", "text json junit"),
    ("right", "upgrade --to v0.20.0", "text json"),
    ("right", "rollback iris --env dev --dry-run", "text json"),
    ("right", "set iris minReplicas=2 --dry-run", "text json"),
    ("right", "call iris --env dev --show", "text json"),
)


@pytest.mark.parametrize(("where", "command", "form"), [(w, c, f) for w, c, forms in RUNS for f in forms.split()])
def test_each_form_shows_names_and_obeys_none(
    where: str,
    command: str,
    form: str,
    repositories: dict[str, Project],
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    out, err = run(repositories[where], capfdbinary, *command.split(), "--output", form)
    CHECKS[form](out)
    check_lines(err)
    assert (out or err).strip()


@pytest.mark.parametrize("command", ["validate", "plan", "diff dev prod", "budget", "policy test"])
def test_colours_are_all_that_a_terminal_is_told(
    command: str,
    repositories: dict[str, Project],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    out, _ = run(repositories["wrong" if command == "validate" else "right"], capfdbinary, *command.split())
    assert re.search("\x1b\\[[0-9;]+m", out)
    assert "\x1b[31m\x1b]" not in out
    check_lines(re.sub("\x1b\\[[0-9;]+m", "", out))


EVERY_FORM = ("text", "json", "github", "sarif", "junit", "html")


def test_reports_in_files_are_written_alike(repositories: dict[str, Project], tmp_path: Path) -> None:
    words = [word for form in EVERY_FORM for word in ("--report", f"{form}={tmp_path / form}")]
    run_cli(cli, ["validate", "--root", str(repositories["wrong"].root), *words])
    for form in EVERY_FORM:
        CHECKS[form]((tmp_path / form).read_bytes().decode())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_typed_comes_back_shown(name: str, project: Project, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for words in (["validate", name], ["find", name], ["explain", name], [name], ["plan", f"--{name}"]):
        check_lines(run(project, capfdbinary, *words)[1])
    check_json(run(project, capfdbinary, "find", name, "--output", "json")[0])


def test_no_locale_is_needed(repositories: dict[str, Project]) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
    words = [sys.executable, "-m", "kservegen", "validate", "--root", os.fspath(repositories["wrong"].root)]
    done = subprocess.run(words, capture_output=True, env=plain, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    check_lines(done.stdout.decode())
    assert "byte\\xff\\xfe.yaml" in done.stdout.decode()
