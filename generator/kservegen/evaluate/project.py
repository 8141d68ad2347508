"""A repository in, its catalog loaded and the tools to check it with out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from msgspec import Struct, field
from msgspec.json import decode

from kservegen import __version__
from kservegen.catalog.load import load_catalog
from kservegen.catalog.model import Catalog
from kservegen.catalog.requirement import check_requirements
from kservegen.checks.engines.choice import EngineChoice, open_engine
from kservegen.checks.owners.words import check_owners
from kservegen.checks.runner import open_checker
from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.progress import tell
from kservegen.core.repository import ENVIRONMENTS_FOLDER, Repository, packaged_data
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.environment import Tools
from kservegen.formats.jsonschema.limits import join_misnamed
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.yaml.load import Loaded
from kservegen.kserve.releases import Releases

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.policy.files import PolicyFiles


class Project(Struct, eq=False):
    """A repository with its catalog loaded, and the tools to check it with."""

    repository: Repository
    catalog: Catalog
    tools: Tools
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def doubt(self) -> str:
        """Where the catalog has the first error, and that what stands there may be missing; blank without one."""
        errors = (d for d in self.diagnostics if d.severity is Severity.ERROR)
        first = min(errors, key=lambda d: d.sort_key, default=None)
        if first is None:
            return ""
        return f"the catalog has errors, and what they are in may be missing: {first.location}: {first.message}"

    def choose(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the environments to work on, a base's name standing for all that extend it.

        GeneratorError for a name that there is none of. One whose file cannot be read is left out: the project's
        diagnostics say why.
        """
        known = self.catalog.environments
        if not names:
            return tuple(known)
        for name in names:
            if name not in (*known, *self.catalog.unreadable, *self.catalog.bases):
                raise GeneratorError(
                    f"there is no environment {name}",
                    subject=str(self.repository.root),
                    hint=f"{did_you_mean(name, known)} Known: {', '.join(known) or 'none'}.".lstrip(),
                )
        return tuple(dict.fromkeys(environment for name in names for environment in self.catalog.reached(name)))

    def choose_one(self, name: str) -> str:
        """Return the environment of a name; GeneratorError where there is none, or its file cannot be read."""
        if name in self.catalog.unreadable:
            file = f"{ENVIRONMENTS_FOLDER}/{name}.yaml"
            raise GeneratorError("the file cannot be read as it is", subject=file, hint="Run kservegen validate.")
        if name in self.catalog.bases:
            reached = ", ".join(self.catalog.reached(name)) or "none"
            hint = f"Name an environment that extends it: {reached}."
            raise GeneratorError(f"{name} is a base and no environment", hint=hint)
        return self.choose((name,))[0]


def open_project(
    repository: Repository,
    engine: EngineChoice = EngineChoice.BUILTIN,
    *,
    any_version: bool = False,
    tools: Tools | None = None,
) -> Project:
    """Load the catalog of a repository; mistakes in it are in the project's diagnostics.

    `tools` are those of another state of it, with the same schemas and policies. Raises GeneratorError where it
    requires another version of kservegen, unless `any_version` will do.
    """
    tell("loading the catalog")
    tools = tools or open_tools(repository, engine)
    catalog, diagnostics = load_catalog(
        repository,
        check_models=OwnSchema("models"),
        check_environment=OwnSchema("environments"),
        check_lock=OwnSchema("lock"),
        check_inventory=OwnSchema("inventory"),
        check_owners=OwnSchema("owners"),
    )
    if repository.manifest_files():
        from kservegen.checks.manifests.plain import read_plain_manifests  # noqa: PLC0415 - reads manifests

        catalog, found = read_plain_manifests(repository, catalog)
        diagnostics.extend(found)
    if catalog.owners is not None and all(d.location.file != catalog.owners.file for d in diagnostics):
        diagnostics.extend(check_owners(catalog, catalog.owners))
    if not any_version:
        documents = (document for source in catalog.environments.values() for document in source.documents)
        check_requirements(documents, __version__)
    return Project(repository, catalog, tools, diagnostics)


def open_tools(repository: Repository, engine: EngineChoice = EngineChoice.BUILTIN) -> Tools:
    """Assemble what checks need; nothing is compiled before it is used."""
    schemas, releases = SchemaStore(repository.schema_roots), Releases(repository.schema_roots)
    return Tools(
        releases=releases,
        schemas=schemas,
        checker=open_checker(open_engine(engine, schemas)),
        facts=cache(lambda: _open_facts(releases)),
        policies=cache(lambda: _read_policies(repository)),
    )


def _open_facts(releases: Releases) -> FactStore:
    from kservegen.checks.gpu.fact_store import FactStore  # noqa: PLC0415 - only where an object asks for a GPU

    return FactStore(packaged_data() / "facts", releases)


def _read_policies(repository: Repository) -> PolicyFiles:
    from kservegen.checks.policy.files import open_policies  # noqa: PLC0415 - brings the CEL interpreter

    return open_policies(repository)


# From so many entries on, compiling our own schema pays.
_LARGE = 80


class OwnSchema:
    """A schema of our own files, read from the package: a repository's copy is for editors and may be older."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, loaded: Loaded) -> tuple[Finding, ...]:
        """Check a file that holds a map; one that is loaded again is not checked again."""
        found = _checked.get(loaded)
        if found is None:
            found = _checked[loaded] = self.check(mapping(loaded.value))
        return found

    def check(self, value: JsonObject) -> tuple[Finding, ...]:
        """Check the words of a file."""
        is_large = sum(len(section) for section in value.values() if isinstance(section, dict)) > _LARGE
        return join_misnamed((self._large if is_large else self._small).check(value))

    @cached_property
    def _schema(self) -> JsonObject:
        path = packaged_data() / "schemas" / "kservegen" / f"{self.name}.schema.json"
        found: JsonObject = decode(path.read_bytes())
        return found

    @cached_property
    def _large(self) -> Validator:
        return Validator(self._schema, single=True, distinct=False, ruled=False)

    @cached_property
    def _small(self) -> Validator:
        return Validator(self._schema, uncompiled=sys.maxsize, distinct=False, ruled=False)


# What was found in files that somebody holds; a schema is that of a file's place.
_checked: Final[WeakKeyDictionary[Loaded, tuple[Finding, ...]]] = WeakKeyDictionary()
