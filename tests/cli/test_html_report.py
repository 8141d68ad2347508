"""The page of a change in one file: what it says, that it does nothing, and that everybody can read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from html import escape, unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from tests.support.committed import committed
from tests.support.project import DEV, IRIS, Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / ".build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A copy of axe-core's axe.min.js: it is no part of this repository, and is not fetched by a test.
AXE = os.environ.get("KSERVEGEN_AXE", "")
LONG = "a-model-whose-name-is-sixty-characters-long-which-is-allowed"
BEFORE = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://Qwen/Qwen2.5-7B-Instruct
    accelerator: {type: l4, count: 1}
    replicas: 1
    resources: {requests: {cpu: "4", memory: 24Gi}, limits: {cpu: "8", memory: 32Gi}}
  old: {modelFormat: sklearn, storageUri: s3://models/old}
"""
AFTER = (
    BEFORE.replace("replicas: 1", "replicas: 3").replace("  old: ", f"  {LONG}: ")
    + """\
  large:
    owner: ml
    kind: LLMInferenceService
    model: hf://Qwen/Qwen2.5-32B-Instruct
    accelerator: {type: l4, count: 1}
    replicas: 2
    resources: {requests: {cpu: "4", memory: 24Gi}, limits: {cpu: "8", memory: 32Gi}}
"""
)
WORDS = """\
budgets:
  gpus: {accelerator: l4, limit: 4}
  all: {cpu: 100, memory: 400Gi}
nodePools:
  l4: {accelerator: l4, nodes: {max: 4}, allocatable: {cpu: "15", memory: 58Gi, accelerators: 1}}
  plain: {nodes: {max: 3}, allocatable: {cpu: "15", memory: 58Gi}}
"""
FILES_AT = "https://forge.example/o/r/blob/abc"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a repository whose change adds what does not fit, breaks a budget and renames a model."""
    environment = DEV.replace("nodeSelector: {gpu: L4}", "gpu: L4\n    pricePerHour: 0.8\n    nodeSelector: {gpu: L4}")
    project = committed(tmp_path_factory.mktemp("page"), BEFORE, environment + WORDS)
    project.models(AFTER)
    return project


def written(project: Project, *words: str) -> tuple[int, str]:
    file = project.root.parent / "page.html"
    code = run_cli(cli, [*words, "--report", f"html={file}", "--root", str(project.root)])
    return code, file.read_text("utf-8")


@pytest.fixture(scope="module")
def page(project: Project) -> str:
    """Return the page of the gate."""
    return written(project, "check", "--base", "HEAD", "--files-at", FILES_AT)[1]


class Outline(HTMLParser):
    """Collects the tags of a page with their attributes, its headings in order, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.text += data

    def all(self, *names: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag in names)


def test_the_page_says_what_the_gate_says(page: str) -> None:
    text = " ".join(Outline(page).text.split())
    assert "red: " in text
    for said in (
        "1 → 3 L4", "0 → 2 L4", "584 → 1,752",  # what models take, and cost
        "hf://Qwen/Qwen2.5-32B-Instruct2 replicas",  # what is new
        "LLMInferenceService in ns, owner: ml",  # who answers for it
        "memory: does not fit, 69.7 of 19.8 GiB of L4: loading the weightsnodes: not enough",  # whether it fits
        "gpus: accelerators (dev) 1 → 5 of 4, 125 %",  # a budget before and after
        "l4 (dev) 5 of 4 nvidia.com/gpu, 125 %; 1 → 4 of 4 nodes filled, 1 pod without one",  # a pool
        "chat (dev) 22.03 GiB L4: weights 14.2",  # the memory of one GPU by part
        "beyond the card",  # of what does not fit
        "budget/exceeded 1 place, error",  # findings by cause
        "Fix:",
        "72Gi",  # the memory of all replicas
    ):  # fmt: skip
        assert said in text, said
    assert f'href="{FILES_AT}/rendered/dev/models/ns/llminferenceservice-chat.yaml"' in page
    assert f'href="{FILES_AT}/environments/dev.yaml#L' in page


def test_every_command_with_findings_writes_a_page_and_says_the_same_twice(project: Project) -> None:
    for words in (("validate",), ("render", "--check"), ("plan", "--base", "HEAD"), ("check", "--base", "HEAD")):
        code, page = written(project, *words)
        assert code == 1
        assert (code, page) == written(project, *words)
        assert "GPU memory of each model" in page
        assert ("What changes" in page) is (words[0] in {"plan", "check"})


def test_a_change_of_nothing_says_what_it_was_held_against(tmp_path: Path) -> None:
    project, file = Project(tmp_path), tmp_path / "page.html"
    project.write("models.yaml", IRIS)
    project.write("environments/dev.yaml", DEV)
    assert run_cli(cli, ["render", "--root", str(project.root)]) == 0
    assert run_cli(cli, ["plan", "--root", str(project.root), "--report", f"html={file}"]) == 0
    assert "against rendered/ as it is" in file.read_text("utf-8")


@pytest.mark.parametrize("command", ["check", "plan"])
def test_an_address_of_files_is_looked_at_in_every_form(
    command: str, project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [command, "--base", "HEAD", "--files-at", "here", "--output", "json", "--root", str(project.root)]
    assert run_cli(cli, words) == 2
    assert "is no address of files at a commit" in str(json.loads(capfd.readouterr().out)["error"])


def test_reports_of_a_repository_and_of_manifests_are_pages_too(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(cli, ["report", "--output", "html", "--root", str(project.root)]) == 1
    assert "All models" in capfd.readouterr().out
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    file = tmp_path / "page.html"
    code = run_cli(cli, ["validate", str(tmp_path / "a.yaml"), "--report", f"html={file}"])
    assert code in {0, 1}
    assert "All models" not in file.read_text("utf-8")


def test_the_page_needs_no_network_and_runs_no_script(page: str) -> None:
    outline = Outline(page)
    assert {tag for tag, _ in outline.tags} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "nav", "ul", "ol", "li", "a",
        "section", "strong", "b", "div", "table", "thead", "tbody", "tr", "th", "td", "small", "code", "br", "details",
        "summary", "svg", "rect", "span",
    }  # fmt: skip
    assert all(not name.startswith("on") and name not in {"src", "style"} for _, said in outline.tags for name in said)
    assert all(str(link["href"]).startswith(("#", FILES_AT)) for link in outline.all("a"))
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(", page)


def test_the_page_has_landmarks_headings_in_order_and_names_for_pictures(page: str) -> None:
    outline = Outline(page)
    ids = [str(said["id"]) for _, said in outline.tags if "id" in said]
    assert len(set(ids)) == len(ids)
    assert next(outline.all("html"))["lang"] == "en"
    assert len(list(outline.all("main"))) == len(list(outline.all("h1"))) == 1
    assert all(said["aria-labelledby"] in ids for said in outline.all("section"))
    assert all(str(link["href"])[1:] in ids for link in outline.all("a") if str(link["href"]).startswith("#"))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for picture in outline.all("svg"):
        assert picture.get("aria-hidden") == "true" or (picture["role"] == "img" and picture["aria-label"])
    assert all(cell.get("scope") == "col" for cell in outline.all("th"))
    regions = [said for said in outline.all("div") if said.get("class") == "scroll"]
    assert regions
    assert all(said["tabindex"] == "0" and said["aria-label"] for said in regions)  # what scrolls, scrolls by keys


def colours(page: str) -> list[dict[str, str]]:
    """Return the colours of the page by name: in the light, and in the dark."""
    return [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_colours_have_the_contrast_that_wcag_wants(page: str, scheme: int) -> None:
    found = colours(page)
    assert len(found) == 2
    named = found[scheme]
    for ground in ("page", "panel"):
        for text in ("text", "soft", "link", "good", "bad", "warn", "note"):
            assert contrast(named[text], named[ground]) >= 4.5, (text, ground)
        for drawn in ("c1", "c2", "c3", "c4", "c5"):
            assert contrast(named[drawn], named[ground]) >= 3, (drawn, ground)


EVIL = """</title><script>alert(1)</script>"><img src=x onerror=alert(1)> &lt; {{ 7 }} javascript:alert(1) \u202e"""


def test_no_text_of_others_does_anything(tmp_path: Path) -> None:
    project = committed(tmp_path, BEFORE, DEV)
    project.models(f"models: {{iris: {{modelFormat: {json.dumps(EVIL)}, storageUri: {json.dumps('s3://' + EVIL)}}}}}\n")
    project.write("models/<b>evil.yaml", f"version: 1\nmodels: {{{json.dumps(EVIL)}: {{owner: {json.dumps(EVIL)}}}}}\n")
    for words in (("check", "--base", "HEAD"), ("validate",)):
        _, page = written(project, *words)
        outline = Outline(page)
        assert "script" not in {tag for tag, _ in outline.tags}
        assert "img" not in {tag for tag, _ in outline.tags}
        assert "\u202e" not in page
        assert "<script>alert(1)" in outline.text  # it is shown


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_draws_the_page_within_its_width(page: str, tmp_path: Path, width: int, scheme: str) -> None:
    """Screenshots stay as .build/screenshots/: they are for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    (tmp_path / "page.html").write_text(page, "utf-8")
    shot = SHOTS / f"check-{width}-{scheme}.png"
    browse(tmp_path / "page.html", width, scheme, f"--screenshot={shot}")
    assert struct.unpack(">II", shot.read_bytes()[16:24]) == (width, 2400)
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert asked(tmp_path, page, width, scheme, wide) == [width, width]


@pytest.mark.skipif(CHROMIUM is None or not AXE, reason="chromium and axe-core (KSERVEGEN_AXE) are not here")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(page: str, tmp_path: Path, width: int, scheme: str) -> None:
    said = "await axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    assert asked(tmp_path, page, width, scheme, said, Path(AXE).read_text("utf-8")) == []


def browse(file: Path, width: int, scheme: str, *words: str) -> str:
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},2400",
        f"--blink-settings=preferredColorScheme={1 if scheme == 'light' else 0}", "--virtual-time-budget=20000",
        f"--user-data-dir={file.parent / 'profile'}", *words, file.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def asked(tmp_path: Path, page: str, width: int, scheme: str, question: str, library: str = "") -> object:
    """Ask a copy of the page, which may run scripts, in a frame of a width, and read the answer out of the document.

    A window of a browser without a head is never narrower than 500.
    """
    script = f"(async () => {{ parent.document.title = JSON.stringify({question}) }})()"
    copy = re.sub(r"<meta http-equiv.*?>\n", "", page)
    copy = copy.replace("</body>", f"<script>{library}</script><script>{script}</script></body>")
    frame = f'<iframe width="{width}" height="2000" style="border: 0" srcdoc="{escape(copy)}"></iframe>'
    (tmp_path / "asked.html").write_text(f"<!doctype html><title>none</title><body>{frame}", "utf-8")
    dumped = browse(tmp_path / "asked.html", 1280, scheme, "--dump-dom")
    answer = re.search(r"<title>(.*?)</title>", dumped, re.DOTALL)
    assert answer is not None
    return json.loads(unescape(answer[1]))
