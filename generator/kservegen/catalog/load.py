"""From the files of a repository to a catalog: read, checked against the catalog's schema, every mistake reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.companions import CompanionKey, read_key, refused_here
from kservegen.catalog.extending import EXTENDS, base_name_error, extended_bases, misplaced_extends
from kservegen.catalog.lock.sense import senseless
from kservegen.catalog.model import Catalog, CatalogDocument, Definition, EnvironmentSource
from kservegen.catalog.naming import check_names
from kservegen.catalog.owners import Owners
from kservegen.catalog.owners_layer import team_layer
from kservegen.catalog.sections import ENTRY_SECTIONS, EXTRA_MANIFESTS
from kservegen.catalog.stages import STAGES, misplaced_stages
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Fix, FixChange, Location, Related
from kservegen.core.document import as_json, mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import by_manual, written_manuals
from kservegen.core.names import label_error
from kservegen.core.problem import Problem, to_finding
from kservegen.core.repository import (
    BESIDE_SUFFIXES,
    CATALOG_FILE,
    DEFAULTS_NAME,
    ENVIRONMENTS_FOLDER,
    INVENTORY_SUFFIX,
    LOCK_SUFFIX,
    OWNERS_FILE,
    SHARED_FILE,
    SOURCE_FOLDERS,
    Repository,
)
from kservegen.formats.yaml.files import find_clashes, find_misplaced, read_bytes
from kservegen.formats.yaml.load import Loaded, load_held

# Checks a whole file against a schema: the catalog's, the environments', or that of a file beside one.
SchemaCheck = Callable[[Loaded], tuple[Finding, ...]]


# As many as the documents of one file of manifests: so many are judged in some ten seconds.
MOST_ENTRIES: Final = 10_000


def load_catalog(
    repository: Repository,
    *,
    check_models: SchemaCheck,
    check_environment: SchemaCheck,
    check_lock: SchemaCheck,
    check_inventory: SchemaCheck,
    check_owners: SchemaCheck,
) -> tuple[Catalog, list[Diagnostic]]:
    """Load every catalog and environment file. Raises GeneratorError where there is nothing to load."""
    diagnostics = list(_layout_problems(repository))
    documents = []
    files = repository.catalog_files()
    for path in files:
        document = _load(repository, path.as_posix(), check_models, diagnostics)
        if document is not None:
            documents.append(document)
    environments, unreadable, bases = _load_environments(repository, check_environment, diagnostics)
    environments = _load_beside(repository, environments, (check_lock, check_inventory), diagnostics)
    owners_file = repository.owners_file()
    owners = _load(repository, owners_file.as_posix(), check_owners, diagnostics) if owners_file is not None else None
    if owners is not None:
        environments = {name: _with_teams(source, owners) for name, source in environments.items()}
    elif owners_file is not None:  # what would be said of them without it follows from that
        unreadable, environments = tuple(sorted({*unreadable, *environments})), {}
    if not files:
        raise GeneratorError(
            f"there is no {CATALOG_FILE}", subject=str(repository.root), hint="Make one: kservegen init DIR."
        )
    definitions = _define(documents, diagnostics)
    complete = len(documents) == len(files) and len(definitions) <= MOST_ENTRIES
    definitions = dict(islice(definitions.items(), MOST_ENTRIES))
    shared = _find_shared(documents, diagnostics)
    catalog = Catalog(tuple(documents), definitions, environments, complete, unreadable, shared, bases, owners)
    diagnostics.extend(check_names(catalog))
    return catalog, diagnostics


def _layout_problems(repository: Repository) -> Iterator[Diagnostic]:
    """Yield what stands where a folder of ours belongs, and files that some systems hold to be one."""
    for folder in SOURCE_FOLDERS:
        misplaced = find_misplaced(repository.root / folder, folder, repository.root)
        if misplaced is not None:
            yield misplaced
    beside = (*repository.base_files(), *repository.lock_files(), *repository.inventory_files())
    files = (*repository.catalog_files(), *repository.environment_files(), *beside)
    yield from find_clashes(map(repository.relative, files))


def _load(
    repository: Repository, path: str, check: SchemaCheck, diagnostics: list[Diagnostic]
) -> CatalogDocument | None:
    """Load one file; None for one that cannot be used, with the reason among the diagnostics."""
    file = repository.relative(repository.root / path)

    def judge() -> Iterator[CatalogDocument | None]:
        yield _load_file(repository, file, check, diagnostics)

    def told(finding: Finding) -> None:
        diagnostics.append(finding.at(Location(file), ()))

    return next(contained("reading this file", judge, told))


def _load_file(
    repository: Repository, file: str, check: SchemaCheck, diagnostics: list[Diagnostic]
) -> CatalogDocument | None:
    if PurePosixPath(file).suffix == ".yml":
        diagnostics.append(_misnamed(file, "ends in .yml", "Rename the file so that it ends in .yaml."))
        return None
    content = _content(repository, file)
    if isinstance(content, Diagnostic):
        diagnostics.append(content)
        return None
    loaded = load_held(content, file)
    diagnostics.extend(map(_in_our_words, loaded.diagnostics))
    if not isinstance(loaded.value, dict):
        if not loaded.diagnostics:
            diagnostics.append(_not_a_map(file, loaded.value))
        return None
    document = CatalogDocument(file, loaded.value, loaded.source, loaded)
    skip = {d.location for d in loaded.diagnostics}
    for finding in check(loaded):
        diagnostic = schema_diagnostic(_in_todays_mode(finding), document)
        if diagnostic.location not in skip:  # one mistake, one finding: the reader has told it already
            diagnostics.append(_in_our_words(diagnostic))
    return document


def _in_our_words(diagnostic: Diagnostic) -> Diagnostic:
    """Say what our own words look like where none was written: a bare `off` needs no quotes, it is called ignore."""
    if diagnostic.path == "requires":
        return replace(diagnostic, hint="Write it as text, such as kservegen >= 0.2, < 0.3.")
    if diagnostic.location.file == OWNERS_FILE and diagnostic.rule == "schema/not-allowed":
        hint = "Call the team otherwise: platform, and what ends in -companions, are names that kservegen gives."
        return replace(diagnostic, allowed="another name", hint=hint)
    if diagnostic.path.startswith(f"{STAGES}[") and diagnostic.path.endswith(".soak"):
        return replace(diagnostic, allowed="a time such as 24h, 7d or 1h30m", hint="Write days, hours, minutes.")
    is_over = diagnostic.location.file.startswith(f"{ENVIRONMENTS_FOLDER}/")
    if is_over and diagnostic.path.startswith(f"{EXTRA_MANIFESTS}[") and diagnostic.path.endswith(".environments"):
        return replace(diagnostic, hint="Say it where the object is defined; null in its place removes it here.")
    if not diagnostic.path.startswith(("severities.", "severities[")):
        return diagnostic
    if diagnostic.rule == "yaml/ambiguous-scalar" or (diagnostic.rule == "schema/not-allowed" and not diagnostic.hint):
        hint = "Write ignore, which takes the rule's findings away, or error, warning or info."
        return replace(diagnostic, allowed="error, warning, info, ignore", hint=hint)
    return diagnostic


# What KServe called its deployment modes before v0.15.
_RETIRED_MODES: Final = {'"RawDeployment"': "Standard", '"Serverless"': "Knative"}


def _in_todays_mode(finding: Finding) -> Finding:
    """Name the deployment mode that one of a retired name became."""
    mode = _RETIRED_MODES.get(finding.seen)
    if mode is None or finding.path[-1:] != ("deploymentMode",):
        return finding
    fix = Fix(FixChange.REPLACE, finding.path, mode)
    return replace(finding, hint=f"KServe calls it {mode} now: write {mode}.", fix=fix)


def _content(repository: Repository, file: str) -> bytes | Diagnostic:
    if repository.sources is not None:
        return repository.sources[file]
    return read_bytes(repository.root / file, file, repository.root)


def schema_diagnostic(finding: Finding, document: CatalogDocument, base: Path = ()) -> Diagnostic:
    """Give a finding about a document its line: the value's own, or the nearest key where it is missing."""
    path = base + finding.path
    source = document.source
    at_key = finding.at_key or not source.has(path)
    told = finding.at(source.key(path) if at_key else source.value(path), path)
    if finding.fix is None:
        return told
    return replace(told, fixes=(replace(finding.fix, path=base + finding.fix.path, file=document.file),))


def _load_environments(
    repository: Repository, check: SchemaCheck, diagnostics: list[Diagnostic]
) -> tuple[dict[str, EnvironmentSource], tuple[str, ...], dict[str, EnvironmentSource | None]]:
    """Load environments and bases; return those that are known, names of those that are not, and the bases."""
    files = repository.environment_files()
    loaded: dict[str, CatalogDocument | None] = {}
    for path in files:
        if path.suffix == ".yaml" and path.stem != DEFAULTS_NAME and (problem := label_error(path.stem)):
            hint = "Name the file after the environment: lower-case letters, digits and dashes."
            diagnostics.append(_misnamed(repository.relative(path), f"is no environment's name: {problem}", hint))
            continue
        loaded[path.stem] = _load(repository, path.as_posix(), check, diagnostics)
    if not [name for name in loaded if name != DEFAULTS_NAME] and not diagnostics:
        raise GeneratorError(
            f"there is no environment in {ENVIRONMENTS_FOLDER}/",
            subject=str(repository.root),
            hint=f"Write {ENVIRONMENTS_FOLDER}/dev.yaml, or start from: kservegen init DIR.",
        )
    under = loaded.pop(DEFAULTS_NAME, None)
    below = (under,) if under else ()
    diagnostics.extend(misplaced_extends(under))
    bases: dict[str, EnvironmentSource | None] = {}
    for name, base in _load_bases(repository, check, diagnostics, taken=loaded):
        bases[name] = EnvironmentSource(name, (*below, base), bases=(name,)) if base else None
        diagnostics.extend((*misplaced_extends(base), *misplaced_stages(base)))
    environments: dict[str, EnvironmentSource] = {}
    for name, own in sorted(loaded.items()):
        diagnostics.extend(misplaced_stages(own))
        extended = extended_bases(own, bases, loaded, diagnostics) if own is not None else None
        if own is not None and extended is not None:
            between = (source.own for source in extended)
            names = tuple(source.name for source in extended)
            environments[name] = EnvironmentSource(name, (*below, *between, own), bases=names)
    return environments, tuple(sorted(loaded.keys() - environments.keys())), bases


def _load_bases(
    repository: Repository, check: SchemaCheck, diagnostics: list[Diagnostic], *, taken: Collection[str]
) -> Iterator[tuple[str, CatalogDocument | None]]:
    """Load the files of `environments/bases/`; None for one that cannot be used."""
    for path in repository.base_files():
        file = repository.relative(path)
        if path.name.endswith(BESIDE_SUFFIXES):
            hint = f"Remove it: it belongs into {ENVIRONMENTS_FOLDER}/, beside the environment that it is of."
            diagnostics.append(_misnamed(file, "is that of a lock or an inventory, and a base has none", hint))
            continue
        if path.suffix == ".yaml" and (problem := base_name_error(path.stem, taken)):
            hint = f"Rename the base, and what {EXTENDS} it: a name in `environments` of an entry means one thing."
            diagnostics.append(_misnamed(file, problem, hint))
            yield path.stem, None
            continue
        yield path.stem, _load(repository, path.as_posix(), check, diagnostics)


def _with_teams(source: EnvironmentSource, owners: CatalogDocument) -> EnvironmentSource:
    """Lay what teams bring under the files of an environment."""
    layer = team_layer(owners, source.names, source.documents)
    documents = (layer, *source.documents) if layer is not None else source.documents
    return replace(source, documents=documents, owners=Owners.of(owners.value))


def _load_beside(
    repository: Repository,
    environments: dict[str, EnvironmentSource],
    checks: tuple[SchemaCheck, SchemaCheck],
    diagnostics: list[Diagnostic],
) -> dict[str, EnvironmentSource]:
    """Lay locks and inventories beside their environments; one that belongs to none does nothing, and is a finding."""
    found = dict(environments)
    check_lock, check_inventory = checks
    for name, path in _named(repository, repository.lock_files(), LOCK_SUFFIX, diagnostics):
        lock = _load(repository, path.as_posix(), check_lock, diagnostics)
        if lock is not None and name in found:
            found[name] = replace(found[name], lock=_sensible(lock, diagnostics))
    for name, path in _named(repository, repository.inventory_files(), INVENTORY_SUFFIX, diagnostics):
        inventory = _load(repository, path.as_posix(), check_inventory, diagnostics)
        if inventory is not None and name in found:
            found[name] = replace(found[name], inventory=inventory)
    return found


def _named(
    repository: Repository, files: tuple[FilePath, ...], suffix: str, diagnostics: list[Diagnostic]
) -> Iterator[tuple[str, FilePath]]:
    """Yield each file with the environment that it is named after."""
    present = {path.stem for path in repository.environment_files()} - {DEFAULTS_NAME}
    for path in files:
        name = path.name.removesuffix(suffix)
        if name in present:
            yield name, path
            continue
        hint = f"Rename it after its environment, or remove it. Environments: {', '.join(sorted(present))}."
        diagnostics.append(_misnamed(repository.relative(path), f"names no environment: {name}", hint))


def _sensible(lock: CatalogDocument, diagnostics: list[Diagnostic]) -> CatalogDocument:
    """Report facts that make no sense, and leave them out: nothing is computed with them."""
    kept = dict(lock.section("models"))
    for address, entry in kept.items():
        config = mapping(mapping(entry).get("config"))
        problems = _problems_of(as_json(config)) if config else ()
        for problem in problems:
            finding = to_finding(written_manuals()["catalog/model-facts"], problem)
            diagnostics.append(schema_diagnostic(finding, lock, ("models", address, "config")))
        if problems:
            kept[address] = {word: value for word, value in mapping(entry).items() if word != "config"}
    return replace(lock, value={**lock.value, "models": kept}) if kept else lock


@lru_cache(maxsize=MOST_ENTRIES)
def _problems_of(config: str) -> tuple[Problem, ...]:
    """Return what makes no sense in dimensions, written as JSON: environments lock the same models."""
    return tuple(senseless(json.loads(config)))


def _define(documents: list[CatalogDocument], diagnostics: list[Diagnostic]) -> dict[tuple[str, str], Definition]:
    definitions: dict[tuple[str, str], Definition] = {}
    for document in documents:
        for section in ENTRY_SECTIONS:
            for key in document.section(section):
                found = Definition(section, key, document)
                if section == EXTRA_MANIFESTS:
                    diagnostics.extend(_refused_companion(found))
                first = definitions.setdefault((section, key), found)
                if first is not found:
                    diagnostics.append(_defined_twice(found, first))
                elif len(definitions) == MOST_ENTRIES + 1:
                    diagnostics.append(_too_many(found))
    return definitions


def _refused_companion(found: Definition) -> Iterator[Diagnostic]:
    """Say why a key of `extraManifests` names no object that can stand there."""
    key = read_key(found.key)
    refusal = refused_here(key.group, key.kind) if isinstance(key, CompanionKey) else key
    if refusal is not None:
        yield by_manual(
            refusal.rule,
            refusal.message,
            found.location,
            path=format_path((found.section, found.key)),
            seen=found.key,
            allowed=refusal.allowed,
            hint=refusal.hint,
        )


def _find_shared(documents: list[CatalogDocument], diagnostics: list[Diagnostic]) -> CatalogDocument | None:
    """Return the file whose `shared` lies under all of them; another one is a finding, and shares nothing."""
    found = None
    for document in documents:
        if "shared" not in document.value:
            continue
        if document.file in {CATALOG_FILE, SHARED_FILE} and found is None:
            found = document
            continue
        first = (Related("what is shared stands here", found.source.key(("shared",))),) if found is not None else ()
        diagnostics.append(
            by_manual(
                "catalog/misplaced-shared",
                f"`shared` in {document.file} reaches no file",
                document.source.key(("shared",)),
                path="shared",
                allowed=f"{CATALOG_FILE} or {SHARED_FILE}, one of the two",
                hint=f"Move it to {found.file if found is not None else CATALOG_FILE}.",
                related=first,
            )
        )
    return found


def _too_many(first: Definition) -> Diagnostic:
    return by_manual(
        "catalog/too-many-entries",
        f"this catalog has more than {MOST_ENTRIES:,} entries; from here on they are not judged",
        first.location,
        path=format_path((first.section, first.key)),
        allowed=f"{MOST_ENTRIES:,}",
    )


def _defined_twice(again: Definition, first: Definition) -> Diagnostic:
    return by_manual(
        "catalog/duplicate-name",
        f"{again.key} is defined twice in {again.section}",
        again.location,
        path=format_path((again.section, again.key)),
        hint="Rename one of them, or write namespace/name as key where two teams share a name.",
        related=(Related("first defined here", first.location),),
    )


def _misnamed(file: str, problem: str, hint: str) -> Diagnostic:
    return by_manual("catalog/file-name", f"the file's name {problem}", Location(file), hint=hint)


def _not_a_map(file: str, value: object) -> Diagnostic:
    names = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return by_manual(
        "catalog/not-a-map",
        "the file holds no map of words",
        Location(file),
        seen=names.get(type(value), "nothing"),
        allowed="a map that begins with `version: 1`",
        hint="Start the file with `version: 1`.",
    )
