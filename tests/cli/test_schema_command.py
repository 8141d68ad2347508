"""`kservegen schema`: what is printed, written and checked; that names are offered, and none is demanded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from click import UsageError
from click.testing import CliRunner
from jsonschema import Draft7Validator
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.load import load_strict

ROOT: Final = Path(__file__).parents[2]
FILES: Final = {
    "models": "models",
    "environment": "environments",
    "owners": "owners",
    "lock": "lock",
    "inventory": "inventory",
}


class Ran(NamedTuple):
    """The exit code, and what was printed or said of a failure."""

    code: int
    output: str


def run(*words: str, root: Path = ROOT) -> Ran:
    """Run the command in a repository."""
    done = CliRunner().invoke(cli, ["schema", *words, "--root", str(root)], standalone_mode=False)
    if isinstance(done.exception, GeneratorError | UsageError):
        return Ran(2, str(done.exception) + str(getattr(done.exception, "hint", "")))
    assert isinstance(done.return_value, int), done.exception
    return Ran(done.return_value, done.output)


def published(name: str) -> JsonObject:
    """Return the schema that files are checked with."""
    schema: JsonObject = json.loads((ROOT / f"schemas/kservegen/{FILES[name]}.schema.json").read_text("utf-8"))
    return schema


def printed(name: str, root: Path = ROOT) -> JsonObject:
    """Return the schema that editors get."""
    done = run(name, root=root)
    assert done.code == 0, done.output
    schema: JsonObject = json.loads(done.output)
    return schema


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a small repository."""
    return Project(tmp_path)


def _listed(name: str, subject: str, project: Project) -> JsonValue:
    """Return the names that a schema lists."""
    return mapping(mapping(printed(name, project.root)["definitions"])[f"known.{subject}"])["enum"]


def _properties(schema: JsonValue, place: str) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(schema, list):
        for item in schema:
            yield from _properties(item, place)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in {"properties", "definitions"}:
            for name, inner in mapping(value).items():
                if key == "properties":
                    yield f"{place}.{name}", inner
                yield from _properties(inner, f"{place}.{name}")
        elif key not in {"enum", "examples", "x-intellij-enum-metadata", "allOf"}:
            yield from _properties(value, place)


@pytest.mark.parametrize("name", FILES)
def test_every_property_is_described(name: str) -> None:
    """No hover is empty: Kubernetes' and KServe's own fields have a sentence, too."""
    assert not [place for place, found in _properties(printed(name), "") if not mapping(found).get("description")]


@pytest.mark.parametrize("name", FILES)
def test_every_pattern_is_said_in_words(name: str) -> None:
    """Nobody has to read a regular expression."""
    shapes = [found for _, found in _properties(printed(name), "")]
    assert not [
        found for found in shapes if "pattern" in mapping(found) and "patternErrorMessage" not in mapping(found)
    ]


def test_no_description_is_left_over() -> None:
    """Each sentence about a field is used by one of the schemas."""
    fields = json.loads((ROOT / "schemas/kservegen/field-descriptions.json").read_text("utf-8"))
    used = {mapping(found).get("description") for name in FILES for _, found in _properties(printed(name), "")}
    assert not [field for field, text in fields.items() if text not in used]


def _documents() -> Iterator[tuple[str, JsonValue]]:
    for path in (ROOT / "models.yaml", *sorted((ROOT / "environments").glob("*.yaml"))):
        name = "models" if path.name == "models.yaml" else "environment"
        yield name, load_strict(path.read_bytes(), path.name).value


def _with_another_text(value: JsonValue) -> Iterator[JsonValue]:
    """Yield copies of a document with one of its texts, or one of its keys, another."""
    if isinstance(value, str):
        yield from ("never-heard-of", "2GB")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {**{k: v for k, v in value.items() if k != key}, "never-heard-of": item}
            yield from ({**value, key: other} for other in _with_another_text(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in _with_another_text(item))


def test_no_name_is_demanded() -> None:
    """A text that no list has is taken where the published schema takes it, and refused where that refuses it."""
    strict = {name: Draft7Validator(published(name)) for name in FILES}
    open_ = {name: Draft7Validator(printed(name)) for name in FILES}
    tried = taken = 0
    for name, document in _documents():
        for changed in (document, *_with_another_text(document)):
            tried += 1
            is_right = strict[name].is_valid(changed)
            taken += is_right
            assert open_[name].is_valid(changed) is is_right, changed
    assert 50 < taken < tried


def test_same_bytes_whatever_the_hash_seed(project: Project) -> None:
    """Names come in order, from sets and maps alike."""
    command = [sys.executable, "-m", "kservegen", "schema", "environment", "--root", str(project.root)]
    outputs = {
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_written_once_and_checked(project: Project) -> None:
    """A second write changes nothing, and a new name makes them stale."""
    before = run("--check", root=project.root)
    assert (before.code, before.output.count(": not there\n")) == (1, 5)
    first = run("--write", root=project.root)
    assert (first.code, first.output.count(": written\n")) == (0, len(FILES))
    assert run("--write", root=project.root).output.count(": unchanged\n") == len(FILES)
    assert run("--check", root=project.root).code == 0

    project.models("profiles: {tiny: {minReplicas: 1}}\nmodels: {}")
    stale = run("--check", "--output", "json", root=project.root)
    assert stale.code == 1
    report = json.loads(stale.output)
    assert not [
        *Draft7Validator(json.loads((ROOT / "schemas/kservegen/report.schema.json").read_text())).iter_errors(report)
    ]
    changes = {found["file"]: (found["change"], found["message"]) for found in report["schemas"]}
    assert changes["schemas/kservegen/models.schema.json"] == ("changed", "stale")
    assert changes["schemas/kservegen/lock.schema.json"] == ("same", "unchanged")
    assert _listed("models", "profiles", project) == ["tiny"]


def test_nothing_is_lost_with_a_broken_file(project: Project) -> None:
    """Names of a file that cannot be read would be missing, so nothing is written."""
    run("--write", root=project.root)
    before = (project.root / "schemas/kservegen/models.schema.json").read_bytes()
    project.write("models.yaml", "version: 1\nmodels: {a: [\n")
    done = run("--write", root=project.root)
    assert done.code == 2
    assert "Run kservegen validate" in done.output
    assert (project.root / "schemas/kservegen/models.schema.json").read_bytes() == before


def test_a_catalog_with_mistakes_is_completed(project: Project) -> None:
    """An editor is needed most while something is wrong."""
    project.models("profiles: {tiny: {minReplicas: one}}\nmodels: {a: {profile: tinny}}")
    assert _listed("models", "profiles", project) == ["tiny"]


def test_own_schemas_stay() -> None:
    """Those that kservegen reads itself are not written over."""
    done = run("--write")
    assert done.code == 2
    assert "kservegen itself reads" in done.output


@pytest.mark.parametrize("words", [(), ("models", "lock"), ("--write", "--check"), ("gpus",)])
def test_usage(words: tuple[str, ...], project: Project) -> None:
    """One schema is printed at a time."""
    assert run(*words, root=project.root).code == 2


def test_releases_in_use_count(project: Project) -> None:
    """Runtimes and values are those of the environments' own releases."""
    project.write("environments/dev.yaml", DEV.replace("v0.19.0", "v0.17.0"))
    runtimes = mapping(mapping(printed("models", project.root)["definitions"])["known.runtimes"])
    assert "of KServe v0.17.0 for" in str(runtimes["enumDescriptions"])
    assert "v0.19.0" not in str(runtimes)
