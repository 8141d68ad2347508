"""From a few answers to the files of a new repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kservegen import __version__
from kservegen.catalog.editing.patch import scalar_text
from kservegen.catalog.requirement import version_line
from kservegen.commands.tool_source import TOOL_FOLDER, ToolSource
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import packaged_data
from kservegen.kserve.releases import Releases

# Who commits rendered/: the pull request itself, or a workflow on main after the merge.
RENDERERS = ("pull-request", "main")
PLACEHOLDER = "https://example.com/org/models.git"

# Template in scaffold/ -> where it goes. Editors need the schemas beside the files to work offline.
_TEMPLATES = {
    "models.yaml": "models.yaml",
    "environments/defaults.yaml": "environments/defaults.yaml",
    "environments/dev.yaml": "environments/dev.yaml",
    "environments/prod.yaml": "environments/prod.yaml",
    "gitattributes": ".gitattributes",
    "renovate.json": ".github/renovate.json",
    "action.yml": f"{TOOL_FOLDER}/action.yml",
    "workflows/kservegen.yml": ".github/workflows/kservegen.yml",
    "workflows/kservegen-report.yml": ".github/workflows/kservegen-report.yml",
    "workflows/kservegen-waivers.yml": ".github/workflows/kservegen-waivers.yml",
}
_AFTER_MERGE = {"workflows/kservegen-render.yml": ".github/workflows/kservegen-render.yml"}
_SCHEMAS = ("models.schema.json", "environments.schema.json", "owners.schema.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `init` asks for."""

    engine: str
    repository: str
    tool: ToolSource
    rendered_by: str = RENDERERS[0]


def check_repository(url: str) -> str:
    """Return what is wrong with a repository URL, or nothing."""
    if not url or not url.isprintable() or " " in url:
        return "is empty or holds blanks or control characters"
    if urlsplit(url).password or (urlsplit(url).username and url.startswith("http")):
        return "holds a credential, which must not be committed"
    return ""


def write_scaffold(folder: Path, answers: Answers) -> tuple[str, ...]:
    """Write the files of a new repository below `folder` and return their paths; existing files are left alone.

    Raises GeneratorError, before anything is written, where one of the files is there already.
    """
    problem = check_repository(answers.repository)
    if problem:
        raise GeneratorError(
            f"the repository's URL {problem}", subject="--repo-url", hint=f"For example {PLACEHOLDER}."
        )
    files = dict(_files(answers))
    there = [path for path in files if os.path.lexists(folder / path)]
    if there:
        raise GeneratorError(
            f"already holds {', '.join(there)}",
            subject=str(folder),
            hint="Choose another folder, or move these files away.",
        )
    outside = [path for path in files if leads_out(folder / path, folder)]
    if outside:
        raise GeneratorError(LEADS_OUT, subject=f"{folder}/{outside[0]}", hint=LEADS_OUT_HINT)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as handle:
            handle.write(content)
    return tuple(files)


def _files(answers: Answers) -> Iterator[tuple[str, bytes]]:
    data = packaged_data()
    # Quoted where it has to be: a URL with odd characters stays one scalar.
    carried = answers.rendered_by == RENDERERS[0]
    words = {
        "engine": answers.engine,
        "repository": scalar_text(answers.repository, inside=False),
        "requires": version_line(__version__),
        "kserve": Releases([data / "schemas"]).newest_reviewed,
        "check": "" if carried else f" --rendered-by {answers.rendered_by}",
        **answers.tool.words(),
    }
    for source, target in (_TEMPLATES if carried else _TEMPLATES | _AFTER_MERGE).items():
        text = (data / "scaffold" / source).read_text("utf-8")
        # Not string.Template: workflows are full of ${{ … }}.
        for word, value in words.items():
            text = text.replace(f"${{{word}}}", value)
        yield target, text.encode()
    yield from answers.tool.files()
    for name in _SCHEMAS:
        yield f"schemas/kservegen/{name}", (data / "schemas" / "kservegen" / name).read_bytes()
