"""From a few answers to the files of a new repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, field

from kservegen import __version__
from kservegen.catalog.editing.patch import scalar_text
from kservegen.catalog.requirement import version_line
from kservegen.commands.editor_schema import FILES, FOLDER, EditorSchema, editor_schemas
from kservegen.commands.tool_source import TOOL_FOLDER, ToolSource
from kservegen.core.confined import LEADS_OUT, LEADS_OUT_HINT, leads_out
from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import CATALOG_FILE, CATALOG_FOLDER, ENVIRONMENTS_FOLDER, Repository, packaged_data
from kservegen.git.process import open_git, without_user
from kservegen.kserve.releases import Releases

# Who commits rendered/: the pull request itself, or a workflow on main after the merge.
RENDERERS = ("pull-request", "main")
PLACEHOLDER = "https://example.com/org/models.git"


class _Service(Struct, frozen=True, kw_only=True):
    """A CI service: the folder of what installs kservegen, the file that CI reads there, and where its files go.

    `hosts` are parts of the names that its servers have; `indent` that of the lines which install.
    """

    folder: str
    reads: str
    files: dict[str, str]
    after_merge: dict[str, str] = field(default_factory=dict)
    renovate: str = "renovate.json"
    hosts: tuple[str, ...] = ()
    indent: int


_SERVICES: Final = {
    "github": _Service(
        folder=TOOL_FOLDER,
        reads=f"{TOOL_FOLDER}/action.yml",
        files={
            "action.yml": f"{TOOL_FOLDER}/action.yml",
            "workflows/kservegen.yml": ".github/workflows/kservegen.yml",
            "workflows/kservegen-report.yml": ".github/workflows/kservegen-report.yml",
            "workflows/kservegen-waivers.yml": ".github/workflows/kservegen-waivers.yml",
        },
        after_merge={"workflows/kservegen-render.yml": ".github/workflows/kservegen-render.yml"},
        renovate=".github/renovate.json",
        indent=8,
    ),
    "gitlab": _Service(
        folder=".gitlab/kservegen",
        reads=".gitlab-ci.yml",
        files={"gitlab-ci.yml": ".gitlab-ci.yml"},
        hosts=("gitlab",),
        indent=6,
    ),
    "azure": _Service(
        folder=".azuredevops/kservegen",
        reads="azure-pipelines.yml",
        files={"azure-pipelines.yml": "azure-pipelines.yml"},
        hosts=("dev.azure.com", "visualstudio.com"),
        indent=10,
    ),
}
SERVICES: Final = tuple(_SERVICES)

# Template in scaffold/ -> where it goes.
_CATALOG = {
    path: path
    for path in ("models.yaml", "environments/defaults.yaml", "environments/dev.yaml", "environments/prod.yaml")
}
_TEMPLATES = {
    "AGENTS.md": "AGENTS.md",
    "gitattributes": ".gitattributes",
}
# Editors need the schemas beside the files to work offline, with the names that these have.
_SCHEMAS: Final = tuple(f"{FOLDER}/{name}.schema.json" for name in FILES.values())
_NAMED: Final = 5  # so many files fit in a line
# By who commits rendered/.
_SAYS: Final = {
    "pull-request": {
        "render": "kservegen render\n",
        "rendered": " and committed in the same change",
        "commit": "Commit `rendered/` in the same commit as what it comes from.",
        "rendered_note": "Run `kservegen render` on this branch and commit `rendered/`: until then the check is red.",
    },
    "main": {
        "render": "",
        "rendered": " on main, after the merge. Do not commit it",
        "commit": "Commit what you edited, and nothing below `rendered/`.",
        "rendered_note": "`rendered/` follows after the merge; the plan in the check says what it will change.",
    },
}


_SHORT_SSH: Final = lazy_pattern(r"([\w.-]+@[\w.-]+):(?!//)(.+)")


class Answers(Struct, frozen=True, kw_only=True):
    """What `init` asks for."""

    engine: str
    repository: str
    tool: ToolSource
    rendered_by: str = RENDERERS[0]
    service: str = SERVICES[0]

    @property
    def tool_folder(self) -> str:
        """The folder that holds what installs kservegen in CI."""
        return _SERVICES[self.service].folder


def read_origin(folder: Path) -> str:
    """Return the URL of the remote `origin` where `folder` is the top of a clone, without its user's secrets.

    Nothing otherwise: a folder inside of a clone is more likely a repository to come than a part of that one.
    """
    if not folder.is_dir():
        return ""
    try:
        git = open_git(folder)
        url = git.text("remote", "get-url", "origin") if git.top.resolve() == folder.resolve() else ""
    except GeneratorError:
        return ""
    url = written_out(url)
    if url.startswith("http"):
        url = without_user(url)
    return url if "://" in url and not check_repository(url) and not url.startswith("file:") else ""


def written_out(url: str) -> str:
    """Return a URL with the short form of ssh (`git@host:path`) written out, as Flux reads no other."""
    short = _SHORT_SSH.fullmatch(url)
    return url if short is None else f"ssh://{short[1]}/{short[2].lstrip('/')}"


def guess_service(url: str) -> str:
    """Return the CI service of the server that a repository lies on; GitHub's where the name does not tell."""
    host = urlsplit(url).hostname or ""
    return next((name for name, service in _SERVICES.items() if any(h in host for h in service.hosts)), SERVICES[0])


def check_repository(url: str) -> str:
    """Return what is wrong with a repository URL, or nothing."""
    if not url or not url.isprintable() or " " in url:
        return "is empty or holds blanks or control characters"
    if urlsplit(url).password or (urlsplit(url).username and url.startswith("http")):
        return "holds a credential, which must not be committed"
    return ""


class Scaffold(Struct, frozen=True, kw_only=True):
    """Paths of the files that were written, and of those that are there beside a catalog and say something else."""

    written: tuple[str, ...]
    left: tuple[str, ...]


def has_catalog(folder: Path) -> bool:
    """Whether a catalog lies in a folder, so that nothing but what belongs beside it is written."""
    has_models = any(os.path.lexists(folder / each) for each in (CATALOG_FILE, CATALOG_FOLDER))
    return has_models and (folder / ENVIRONMENTS_FOLDER).is_dir()


def write_scaffold(folder: Path, answers: Answers) -> Scaffold:
    """Write the files of a new repository below `folder`, or what is missing beside the catalog that it holds.

    No file is written over. Raises GeneratorError, before anything is written, where one of the files of a new
    repository is there already, or nothing is missing beside a catalog.
    """
    if answers.rendered_by != RENDERERS[0] and not _SERVICES[answers.service].after_merge:
        raise GeneratorError(
            f"there is no workflow that commits rendered/ for {answers.service}",
            subject=f"--rendered-by {answers.rendered_by}",
            hint="Leave it out: then each change carries rendered/. Or have your own job run kservegen commit --push.",
        )
    problem = check_repository(answers.repository)
    if problem:
        raise GeneratorError(
            f"the repository's URL {problem}", subject="--repo-url", hint=f"For example {PLACEHOLDER}."
        )
    if os.path.lexists(folder) and not folder.is_dir():
        raise GeneratorError(
            "is no folder", subject=str(folder), hint="Name a folder: a new one, or one that is there."
        )
    files = dict(_files(answers))
    beside = has_catalog(folder)
    there = [path for path in (*files, *_SCHEMAS) if os.path.lexists(folder / path)]
    missing = [path for path in (*files, *_SCHEMAS) if path not in there and not (beside and path in _CATALOG)]
    if there and not (beside and missing):
        more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
        raise GeneratorError(
            f"already holds {', '.join(there[:_NAMED])}{more}",
            subject=str(folder),
            hint="Choose another folder, or move these files away.",
        )
    outside = [path for path in missing if leads_out(folder / path, folder)]
    if outside:
        raise GeneratorError(LEADS_OUT, subject=f"{folder}/{outside[0]}", hint=LEADS_OUT_HINT)
    _write(folder, ((path, files[path]) for path in missing if path in files))
    schemas = _schemas(folder.resolve())
    _write(folder, ((path, schemas[path].wanted) for path in missing if path in schemas))
    left = (
        path
        for path in there
        if path not in _CATALOG
        and not (schemas[path].is_current if path in schemas else _holds(folder / path, files[path]))
    )
    return Scaffold(written=tuple(missing), left=tuple(left))


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    for path, content in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as handle:
            handle.write(content)


def _schemas(root: Path) -> dict[str, EditorSchema]:
    """Return the schemas of the catalog that lies in a folder now; as they are published where it cannot be read."""
    repository = Repository(root)
    try:
        found = editor_schemas(repository)
    except GeneratorError:
        published = packaged_data()
        found = tuple(EditorSchema(path, (published / path).read_bytes(), None) for path in _SCHEMAS)
    return {schema.path: schema for schema in found}


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _files(answers: Answers) -> Iterator[tuple[str, bytes]]:
    data = packaged_data()
    service = _SERVICES[answers.service]
    carried = answers.rendered_by == RENDERERS[0]
    # Quoted where it has to be: a URL with odd characters stays one scalar.
    words = {
        "engine": answers.engine,
        "repository": scalar_text(answers.repository, inside=False),
        "requires": version_line(__version__),
        "kserve": Releases([data / "schemas"]).newest_reviewed,
        "check": "" if carried else f" --rendered-by {answers.rendered_by}",
        "tool_folder": service.folder,
        # In a pattern in JSON.
        "tool_pattern": service.reads.replace(".", "\\\\."),
        **_SAYS[answers.rendered_by],
        **answers.tool.words(service.indent),
    }
    templates = _CATALOG | _TEMPLATES | {"renovate.json": service.renovate} | service.files
    for source, target in (templates if carried else templates | service.after_merge).items():
        text = (data / "scaffold" / source).read_text("utf-8")
        # Not string.Template: workflows are full of ${{ … }}.
        for word, value in words.items():
            text = text.replace(f"${{{word}}}", value)
        yield target, text.encode()
    yield from answers.tool.files(service.folder)
