"""Pages in rendered/ lead somewhere: every link to a file that is rendered, every mark to a heading of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.project import DEV, Project

LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, owner: fraud}
  chat: {kind: LLMInferenceService, model: hf://org/chat, namespace: other-ns, accelerator: {type: l4}, replicas: 1}
  ask: {kind: LLMInferenceService, model: hf://org/ask, namespace: other-ns, accelerator: {type: l4}, replicas: 1}
"""


def anchors(page: str) -> set[str]:
    """Return the marks that forges give to headings: in small letters, blanks as hyphens, no other signs."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(page))
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(root: Path) -> list[str]:
    found = []
    for file in sorted(root.rglob("README.md")):
        page = file.read_text("utf-8")
        for target in LINK.findall(page):
            path, _, mark = target.partition("#")
            lies = (file.parent / path).resolve() if path else file
            if not lies.exists() or (mark and mark not in anchors(lies.read_text("utf-8"))):
                found.append(f"{file.relative_to(root)}: {target}")
    return found


def test_links_of_this_repository_lead_to_files() -> None:
    root = Path(__file__).parents[3] / "rendered"
    assert len(list(root.rglob("README.md"))) >= 6
    assert broken_links(root) == []


@pytest.mark.parametrize("models", [MODELS, "models: {}\n"], ids=["two namespaces", "none"])
def test_links_lead_to_files_whatever_there_is(project: Project, models: str) -> None:
    project.write("environments/dev.yaml", DEV.replace("{ns: {}}", "{ns: {}, other-ns: {}}"))
    project.models(models)
    project.render()
    root = project.root / "rendered"
    assert broken_links(root) == []
    page = (root / "dev/README.md").read_text("utf-8")
    assert re.findall(r"\]\((models/[^)]*)\)", page) == (["models/"] if (root / "dev/models").exists() else [])


def test_a_model_is_one_line_and_changes_its_namespaces_page_alone(project: Project) -> None:
    project.write("environments/dev.yaml", DEV.replace("{ns: {}}", "{ns: {}, other-ns: {}}"))
    project.models(MODELS)
    project.render()
    pages = {file: file.read_text("utf-8") for file in (project.root / "rendered").rglob("README.md")}
    project.models(MODELS.replace("replicas: 1", "replicas: 2").replace("models/iris", "models/iris-2"))
    project.render()
    assert {file: file.read_text("utf-8") for file in pages} == pages  # nothing in them is volatile
    project.models("\n".join(line for line in MODELS.splitlines() if "ask:" not in line) + "\n")
    project.render()
    changed = {file: page for file, page in pages.items() if file.read_text("utf-8") != page}
    assert [file.parent.name for file in changed] == ["other-ns"]
    (file,) = changed
    gone = set(changed[file].splitlines()) - set(file.read_text("utf-8").splitlines())
    assert [line.startswith("| [ask](") for line in gone] == [True]
