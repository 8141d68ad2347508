"""Typed paths of a repository that kservegen works on, and of the data that travels with the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from kservegen.core.confined import leads_out
from kservegen.core.errors import GeneratorError

CATALOG_FILE = "models.yaml"
CATALOG_FOLDER = "models"
# What all files of the catalog share stands in CATALOG_FILE or here.
SHARED_FILE = "models/_shared.yaml"
# Who may hold what: the file that only the platform owns.
OWNERS_FILE = "owners.yaml"
ENVIRONMENTS_FOLDER = "environments"
BASES_FOLDER = "environments/bases"
DEFAULTS_NAME = "defaults"
LOCK_SUFFIX = ".lock.yaml"
INVENTORY_SUFFIX = ".inventory.yaml"
# Files beside an environment's own that commands write.
BESIDE_SUFFIXES = (LOCK_SUFFIX, INVENTORY_SUFFIX)
MANIFESTS_FOLDER = "manifests"
OUTPUT_FOLDER = "rendered"
TEMPLATES_FOLDER = "templates"
# What a catalog is made of, and what it is checked with.
CATALOG_SOURCES = (CATALOG_FILE, CATALOG_FOLDER, OWNERS_FILE, ENVIRONMENTS_FOLDER, MANIFESTS_FOLDER, TEMPLATES_FOLDER)
TOOL_SOURCES = ("policies", "schemas")
# Where people's own files lie, beside the catalog.
SOURCE_FOLDERS = (
    CATALOG_FOLDER,
    ENVIRONMENTS_FOLDER,
    BASES_FOLDER,
    MANIFESTS_FOLDER,
    TEMPLATES_FOLDER,
    "policies",
    "schemas",
)
# What findings call standard input.
STDIN = "<stdin>"


def packaged_data() -> Path:
    """Return the folder that holds `schemas/`, `policies/`, `facts/`, `scaffold/` and `templates/`.

    In an installed wheel it lies inside the package; in a checkout it is the root of the repository.
    """
    inside = Path(__file__).parents[1] / "data"
    return inside if inside.is_dir() else Path(__file__).parents[3]


class Repository(Struct, frozen=True):
    """A folder with a catalog and environments. `root` is absolute.

    `sources` stand for the files that people write, by their path relative to the root: an edit that is not written
    yet, or what a commit holds. None: what lies on disk.
    """

    root: Path
    sources: Mapping[str, bytes] | None = None

    @classmethod
    def find(cls, start: Path, *, search_parents: bool) -> Repository:
        """Return the repository at `start`, or at its nearest parent that has a catalog if `search_parents`.

        Raises GeneratorError where there is none.
        """
        start = start.absolute()
        if not start.is_dir():
            raise GeneratorError("no such folder", subject=str(start), hint="Give an existing folder to --root.")
        for folder in (start, *start.parents) if search_parents else (start,):
            if (folder / CATALOG_FILE).exists() or (folder / ENVIRONMENTS_FOLDER).is_dir():
                return cls(folder)
        raise GeneratorError(
            f"no {CATALOG_FILE} and no {ENVIRONMENTS_FOLDER}/ here",
            subject=str(start),
            hint="Run this inside a kservegen repository, name one with --root, or make one: kservegen init DIR.",
        )

    @property
    def output(self) -> Path:
        """The folder that rendered files are written to unless another is named."""
        return self.root / OUTPUT_FOLDER

    @property
    def schema_roots(self) -> tuple[Path, ...]:
        """Schema folders, the user's own first."""
        return tuple(dict.fromkeys((self.root / "schemas", packaged_data() / "schemas")))

    @property
    def policies(self) -> Path:
        """The folder of the user's own policies, with their test cases below `tests/`."""
        return self.root / "policies"

    @property
    def policy_roots(self) -> tuple[Path, ...]:
        """Policy folders, the user's own first."""
        return tuple(dict.fromkeys((self.policies, packaged_data() / "policies")))

    def relative(self, path: Path) -> str:
        """Write `path` as reports do: relative to the root, with forward slashes."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def catalog_files(self) -> tuple[Path, ...]:
        """`models.yaml` and every YAML file below `models/`, in a fixed order."""
        first = self.root / CATALOG_FILE
        more = self._listed(CATALOG_FOLDER, recursive=True)
        there = _present(first) if self.sources is None else CATALOG_FILE in self.sources
        return (*([first] if there else []), *sorted(more))

    def owners_file(self) -> Path | None:
        """`owners.yaml`; None where there is none."""
        path = self.root / OWNERS_FILE
        there = _present(path) if self.sources is None else OWNERS_FILE in self.sources
        return path if there else None

    def environment_files(self) -> tuple[Path, ...]:
        """Every YAML file in `environments/` that people write, `defaults.yaml` included, in a fixed order."""
        files = self._listed(ENVIRONMENTS_FOLDER, recursive=False)
        return tuple(sorted(path for path in files if not path.name.endswith(BESIDE_SUFFIXES)))

    def base_files(self) -> tuple[Path, ...]:
        """Every YAML file in `environments/bases/`, in a fixed order: what environments extend."""
        return tuple(sorted(self._listed(BASES_FOLDER, recursive=False)))

    def lock_files(self) -> tuple[Path, ...]:
        """Every `environments/<env>.lock.yaml`, in a fixed order."""
        files = self._listed(ENVIRONMENTS_FOLDER, recursive=False)
        return tuple(sorted(path for path in files if path.name.endswith(LOCK_SUFFIX)))

    def inventory_files(self) -> tuple[Path, ...]:
        """Every `environments/<env>.inventory.yaml`, in a fixed order."""
        files = self._listed(ENVIRONMENTS_FOLDER, recursive=False)
        return tuple(sorted(path for path in files if path.name.endswith(INVENTORY_SUFFIX)))

    def manifest_files(self) -> tuple[Path, ...]:
        """Everything below `manifests/` that is no folder, in a fixed order: links are not followed."""
        if self.sources is not None:
            return tuple(sorted(self.root / file for file in self.sources if file.startswith(f"{MANIFESTS_FOLDER}/")))
        folder = self.root / MANIFESTS_FOLDER
        return tuple(sorted(_all_files(folder))) if folder.is_dir() and not leads_out(folder, self.root) else ()

    def inventory_file(self, environment: str) -> Path:
        """Return where the inventory of an environment lies, there or not."""
        return self.root / ENVIRONMENTS_FOLDER / f"{environment}{INVENTORY_SUFFIX}"

    def lock_file(self, environment: str) -> Path:
        """Return where the lock of an environment lies, there or not."""
        return self.root / ENVIRONMENTS_FOLDER / f"{environment}{LOCK_SUFFIX}"

    def _listed(self, folder: str, *, recursive: bool) -> Iterator[Path]:
        if self.sources is None:
            if not leads_out(self.root / folder, self.root):
                yield from _yaml_files(self.root / folder, recursive=recursive)
            return
        for file in self.sources:
            if not file.startswith(f"{folder}/") or not file.endswith((".yaml", ".yml")):
                continue
            parts = file.removeprefix(f"{folder}/").split("/")
            if (recursive or len(parts) == 1) and not any(part.startswith(".") for part in parts):
                yield self.root / file


def _present(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a dangling link is there, and is a finding


def _all_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _all_files(path)
        else:
            yield path


def _yaml_files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix in {".yaml", ".yml"}:
            yield path
        elif recursive and path.is_symlink():
            if path.is_dir() or not (path.suffix or path.exists()):
                yield path  # meant as a folder of the catalog; none is read through a link, and its reader says so
        elif recursive and path.is_dir():
            yield from _yaml_files(path, recursive=True)
