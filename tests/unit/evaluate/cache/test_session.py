"""A run with the cache answers as one without: the same bytes, the same findings, whatever was edited or broken."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.project import DEV, Project

from kservegen.commands.render import RenderOptions, render, validate
from kservegen.commands.result import Result
from kservegen.evaluate.cache import folder, session

MODELS = """\
version: 1
defaults: {namespace: ns}
profiles:
  small: {minReplicas: 1}
models:
  iris:
    modelFormat: sklearn
    storageUri: s3://models/iris
    profile: small
  wine:
    modelFormat: xgboost
    storageUri: s3://models/wine
    resources:
      requests: {cpu: "1", memory: 2Gi}
      limits: {cpu: "2", memory: 4Gi}
  # a model of our own
  custom:
    containers:
      - {name: kserve-container, image: "example.com/custom:1"}
  own-runtime:
    modelFormat: sklearn
    storageUri: s3://models/own
    runtime: mine
graphs:
  chain:
    nodes:
      root: {routerType: Sequence, steps: [{serviceName: iris}, {serviceName: wine}]}
runtimes:
  mine:
    supportedModelFormats: [{name: sklearn, version: "1", autoSelect: true, priority: 1}]
    containers:
      - {name: kserve-container, image: "example.com/runtime:1"}
"""
PROD = DEV.replace("dev", "prod") + "models: {wine: {minReplicas: 2}, custom: null}\nbudgets: {all: {memory: 64Gi}}\n"
FILES = ("models.yaml", "environments/dev.yaml", "environments/prod.yaml")


@pytest.fixture(autouse=True)
def _every_catalog_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_WORTH_IT", 0)


class Pair:
    """A repository that is rendered twice after each edit: with the cache and without."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = Project(root / "repository")
        self.cache = root / "cache"
        self.outs = root / "with", root / "without"
        monkeypatch.setenv("KSERVEGEN_CACHE_DIR", str(self.cache))
        self.project.write("models.yaml", MODELS)
        self.project.write("environments/prod.yaml", PROD)

    def read(self, file: str) -> str:
        """Return a file of the repository."""
        return (self.project.root / file).read_text("utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace what stands in a file."""
        assert old in self.read(file)
        self.project.write(file, self.read(file).replace(old, new, 1))

    def rendered(self) -> Result:
        """Render twice; both have to come to the same."""
        results = [
            render(self.project.repository, RenderOptions(out=out, use_cache=use_cache, allow_removals=99))
            for out, use_cache in zip(self.outs, (True, False), strict=True)
        ]
        assert results[0].diagnostics == results[1].diagnostics
        assert results[0].objects == results[1].objects
        assert tree(self.outs[0]) == tree(self.outs[1])
        return results[0]

    def validated(self) -> Result:
        """Validate twice; both have to come to the same."""
        result = validate(self.project.repository, use_cache=True)
        assert result.diagnostics == validate(self.project.repository).diagnostics
        return result


def tree(root: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Make a repository without findings, with a warm cache."""
    made = Pair(tmp_path, monkeypatch)
    assert made.rendered().diagnostics == ()
    return made


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many entries each run took over."""
    numbers: list[int] = []
    memory = session.Session.memory

    def noted(self: session.Session) -> object:
        found = memory(self)
        numbers.append(max(len(kept.entries) for kept in found.kept.values()))
        return found

    monkeypatch.setattr(session.Session, "memory", noted)
    return numbers


def test_a_second_run_takes_everything_over(pair: Pair, taken: list[int]) -> None:
    assert pair.rendered().diagnostics == ()
    assert pair.validated().diagnostics == ()
    assert taken == [6, 6]


def test_an_edit_is_looked_at_and_the_rest_is_taken_over(pair: Pair, taken: list[int]) -> None:
    pair.edit("models.yaml", "custom:1", "custom:2")
    assert pair.rendered().diagnostics == ()
    pair.rendered()
    assert taken == [5, 6]


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("models.yaml", "serviceName: iris", "serviceName: irsi", "kserve/graph-target"),
        ("models.yaml", "  wine:\n", "  vine:\n", "kserve/graph-target"),
        ("models.yaml", "  mine:\n", "  yours:\n", "kserve/runtime-reference"),
        ("models.yaml", "  custom:\n", "  ns/iris:\n", "catalog/duplicate-name"),
        ("models.yaml", "  custom:\n", "  iris:\n", "yaml/duplicate-key"),
        ("models.yaml", "memory: 4Gi}", "memory: 1Gi}", "kubernetes/requests-over-limits"),
        ("models.yaml", "{namespace: ns}", "{namespace: nowhere}", "catalog/unknown-namespace"),
        ("models.yaml", "modelFormat: xgboost", "modelFromat: xgboost", "schema/unknown-field"),
        ("environments/prod.yaml", "memory: 64Gi", "memory: 1Gi", "budget/exceeded"),
        ("environments/prod.yaml", "custom: null", "costum: null", "catalog/unknown-name"),
    ],
)
def test_a_mistake_is_found_beside_what_was_clean(pair: Pair, file: str, old: str, new: str, rule: str) -> None:
    pair.edit(file, old, new)
    assert rule in {d.rule for d in pair.validated().diagnostics}
    assert rule in {d.rule for d in pair.rendered().diagnostics}
    pair.edit(file, new, old)
    assert pair.rendered().diagnostics == ()


def test_a_runtime_that_changes_is_seen_by_models_that_did_not(pair: Pair) -> None:
    pair.edit("models.yaml", "[{name: sklearn, version", "[{name: onnx, version")
    pair.rendered()


def test_a_budget_counts_what_is_taken_over(pair: Pair) -> None:
    pair.edit("environments/prod.yaml", "memory: 64Gi", "memory: 20Gi")
    pair.rendered()
    pair.edit("models.yaml", "profile: small", "profile: small\n    resources: {requests: {memory: 30Gi}}")
    assert pair.rendered().diagnostics


def test_what_a_graph_leads_to_is_looked_at_with_all_that_is_there(pair: Pair, taken: list[int]) -> None:
    pair.edit("models.yaml", "profile: small", "maxReplicas: 7")
    assert pair.rendered().diagnostics == ()
    pair.rendered()
    assert taken == [5, 6]


def test_one_environment_is_not_taken_for_all(pair: Pair, taken: list[int]) -> None:
    folder_of_one = pair.outs[0].with_name("one")
    pair.edit("models.yaml", "custom:1", "custom:2")
    render(pair.project.repository, RenderOptions(out=folder_of_one, use_cache=True), environments=("dev",))
    assert pair.rendered().diagnostics == ()
    assert taken == [5, 5]  # of the entry that was rendered for dev alone, prod is not known


Edit = Callable[[list[str], Random], None]


def _insert(text: str) -> Edit:
    return lambda lines, random: lines.insert(random.randrange(len(lines) + 1), text)


def _drop(lines: list[str], random: Random) -> None:
    del lines[random.randrange(len(lines))]


def _move(lines: list[str], random: Random) -> None:
    start = random.randrange(len(lines))
    taken = [lines.pop(start) for _ in range(min(random.randint(1, 5), len(lines) - start))]
    at = random.randrange(len(lines) + 1)
    lines[at:at] = taken


def _append(text: str) -> Edit:
    def edit(lines: list[str], random: Random) -> None:
        at = random.randrange(len(lines))
        lines[at] += text

    return edit


def _swap(old: str, new: str) -> Edit:
    def edit(lines: list[str], _random: Random) -> None:
        lines[:] = "\n".join(lines).replace(old, new, 1).split("\n")

    return edit


EDITS: tuple[Edit, ...] = (
    _drop,
    _move,
    *map(
        _insert, ("", "# note", "  new: {modelFormat: sklearn, storageUri: s3://new}", "    minReplicas: 3", "graphs:")
    ),
    *map(_append, (' "', " '", " [", " # note", "x", " |", "\t")),
    _swap("iris", "rose"),
    _swap("minReplicas: 1", "minReplicas: 2"),
    _swap("example.com/custom:1", "example.com/custom:2"),
    _swap("small", "big"),
    _swap("memory: 4Gi", "memory: 5Gi"),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 999), st.sampled_from(FILES)), max_size=5))
def test_random_edits_come_to_the_same(edits: list[tuple[Edit, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        pair = Pair(Path(root), patch)
        pair.rendered()
        for edit, seed, file in edits:
            lines = pair.read(file).split("\n")
            edit(lines, Random(seed))  # noqa: S311 - a choice of lines, not a secret
            pair.project.write(file, "\n".join(lines))
            pair.rendered()


def _flip(content: bytes) -> bytes:
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _content: b"",
        lambda content: content[:-20],
        _flip,
        lambda _content: b"\x00\xff" * 99,
        lambda content: content.replace(b"sklearn", b"xgboost"),
        lambda content: b"[" * 100_000 + content,
    ],
)
def test_a_spoilt_cache_is_no_cache(pair: Pair, taken: list[int], spoil: Callable[[bytes], bytes]) -> None:
    for path in pair.cache.rglob("*.json"):
        path.write_bytes(spoil(path.read_bytes()))
    assert pair.rendered().diagnostics == ()
    assert taken == []
    pair.rendered()
    assert taken == [6]


@pytest.mark.parametrize("body", [[], {}, {"records": 1}, {"records": {"x": 1}, "around": {"dev": 3}}])
def test_a_foreign_body_is_no_cache(pair: Pair, body: object) -> None:
    for path in pair.cache.rglob("*.json"):
        text = json.dumps(body).encode()
        path.write_bytes(sha256(text).hexdigest().encode() + b"\n" + text)
    assert pair.rendered().diagnostics == ()


def test_records_of_a_wrong_shape_are_none_of_ours(pair: Pair) -> None:
    for path in pair.cache.rglob("*.json"):
        body = json.loads(path.read_bytes().partition(b"\n")[2])
        for number, record in enumerate(body["records"].values()):
            record[("section", "key", "in", "forms")[number % 4]] = 7
        text = json.dumps(body).encode()
        path.write_bytes(sha256(text).hexdigest().encode() + b"\n" + text)
    assert pair.rendered().diagnostics == ()


def test_a_policy_that_changes_begins_a_new_generation(pair: Pair, taken: list[int]) -> None:
    pair.project.write("policies/mine.txt", "anything")
    pair.rendered()
    assert taken == []
    assert len(list(pair.cache.iterdir())) == 2


def test_generations_and_files_are_bounded(pair: Pair) -> None:
    for number in range(9):
        pair.project.write("policies/mine.txt", str(number))
        render(pair.project.repository, RenderOptions(out=pair.outs[0], use_cache=True))
    assert len(list(pair.cache.iterdir())) == 6
    for number in range(30):
        pair.edit("models.yaml", "minReplicas: 1", f"minReplicas: 1{number}")
        render(pair.project.repository, RenderOptions(out=pair.outs[0], use_cache=True))
        pair.edit("models.yaml", f"minReplicas: 1{number}", "minReplicas: 1")
    assert max(len(list(generation.iterdir())) for generation in pair.cache.iterdir()) <= 13


def test_a_cache_that_cannot_be_written_is_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = pair.project.root / "file"
    blocked.write_text("", "utf-8")
    monkeypatch.setenv("KSERVEGEN_CACHE_DIR", str(blocked / "cache"))
    assert pair.rendered().diagnostics == ()


def test_the_cache_lies_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KSERVEGEN_CACHE_DIR", str(tmp_path / "own"))
    assert folder.default_folder() == tmp_path / "own"
    monkeypatch.delenv("KSERVEGEN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder.default_folder() == tmp_path / "xdg" / "kservegen"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder.default_folder() == tmp_path / ".cache" / "kservegen"


def test_small_catalogs_have_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_WORTH_IT", (pair.project.root / "models.yaml").stat().st_size + 1)
    assert session.open_session(pair.project.repository, ()) is None
