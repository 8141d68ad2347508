"""`explain WORD`: every short word of a closed set that results print is explained, and every word that people type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest
from tests.test_rule_ids import composed, literals

from kservegen.catalog import field_mapping
from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.changes.plan.model import Fate, Presence, Verb
from kservegen.changes.upgrade.model import Topic
from kservegen.checks.gpu.estimate import FitVerdict, Gate
from kservegen.checks.registry import find_manual, manuals
from kservegen.commands import field_source
from kservegen.commands.explain_word import explain_word
from kservegen.commands.rollout.places import PlaceState
from kservegen.core.diagnostics import BaselineState
from kservegen.core.terms import terms
from kservegen.kserve import controllers
from kservegen.kserve.releases import ReviewStatus
from kservegen.render.commit.outcome import Status

PRINTED: Final[tuple[type[StrEnum], ...]] = (
    Verb,
    Fate,
    Presence,
    Topic,
    FitVerdict,
    Gate,
    BaselineState,
    ReviewStatus,
    Status,
    PlaceState,
)
# Words of other sets: verdicts without an estimate, what becomes of files, layers that are none of the merge.
OTHERS: Final = frozenset(
    {
        "refused",
        "not estimated",
        "written",
        "stale",
        "foreign",
        "same",
        "skipped",
        "unread",
        "new",
        "gone",
        "images",
        "uriPrefixes",
        "defaults",
    }
    # Of Kubernetes and KServe, in what status prints of a cluster.
    | {
        "BlockedByFailedLoad",
        "ContainersNotReady",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImagePull",
        "Evicted",
        "FailedCreate",
        "ImagePullBackOff",
        "IngressReady",
        "InvalidImageName",
        "InvalidSpec",
        "MinimumReplicasUnavailable",
        "OOMKilled",
        "PredictorReady",
        "ProgressDeadlineExceeded",
        "Unschedulable",
    }
    | {"maxRemovals", "maxRestartingAccelerators", "maxLeftBehind", "internal"}
    | {field_source.KEY, field_source.KSERVEGEN, field_source.ENVIRONMENT, field_source.LOCK}
)
ROOM: Final = Path(controllers.__file__).parent


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what names of a module stand for."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = node.value
    return found


def _steps_and_reasons() -> Iterator[str]:
    """List the steps and reasons with which a controller stops, from the code that says them."""
    for file in sorted(ROOM.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        constants = _constants(tree)
        for value in constants.values():  # ("MainWorkloadReady", "ReconcileScalingError"), by itself or in a table
            pairs = value.values if isinstance(value, ast.Dict) and file.stem == "runtime_choice" else [value]
            for pair in pairs:
                match pair:
                    case ast.Tuple([ast.Constant(str(first)), ast.Constant(str(second))]) if first.endswith("Ready"):
                        yield from (first, second)
                    case ast.Tuple([ast.Constant(str(first)), ast.Constant(str(_))]) if file.stem == "runtime_choice":
                        yield first
        constant = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (said for said in constant if isinstance(said, str) and re.fullmatch(r"[A-Z][A-Za-z]+sReady", said))
        for call in ast.walk(tree):
            name = getattr(getattr(call, "func", None), "id", "")
            if not isinstance(call, ast.Call) or name not in {"ReconcileError", "Outcome", "_stopped", "_refuse"}:
                continue
            keywords = [word.value for word in call.keywords if word.arg in {"step", "reason"}]
            for argument in (*call.args[: 1 if name.startswith("_") else 2], *keywords):
                value = constants.get(argument.id, argument) if isinstance(argument, ast.Name) else argument
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def test_every_word_that_is_printed_is_explained() -> None:
    """Of enumerations, of controllers and of closed sets without one."""
    said = {*_steps_and_reasons()}
    assert {"NoSupportingRuntime", "build", "PresetsCombined", "ReconcileScalingError", "NotFound"} <= said
    enumerated = {item.value for each in PRINTED for item in each if item.value}
    # The roles of components are steps of their own.
    printed = said | enumerated | OTHERS | {"predictor", "transformer", "explainer", "worker"}
    assert {word for word in printed if word not in terms()} == set()
    assert terms().keys() - printed == set()


def test_every_printed_id_is_explained() -> None:
    """`explain` takes each as it is printed, and the ids of the table of KServe's rules."""
    printed = {rule for _, rule in (*literals(), *composed())} & manuals().keys()
    assert len(printed) > 150
    for rule in {*printed, *manuals()}:
        assert find_manual(rule) is manuals()[rule]
    for upstream in {
        entry for meta in manuals().values() for entry in meta.upstream if re.fullmatch(r"[A-Z]+-\d+", entry)
    }:
        assert find_manual(upstream.lower()) is not None, upstream


def test_every_word_that_is_typed_is_explained() -> None:
    """By its path and by its name; a word of Kubernetes alone is explained by Kubernetes."""
    for path in DESCRIPTIONS:
        if not path.endswith("-overlay"):
            assert explain_word(path) is not None, path
    for word in field_mapping.OWN | field_mapping.MODEL_SPEC | frozenset(field_mapping.ANNOTATIONS):
        assert explain_word(word) is not None, word


@pytest.mark.parametrize(
    ("name", "typed", "printed_by"),
    [
        ("maxRemovals", ("guards.maxRemovals",), ("guards",)),
        ("guards.maxRemovals", ("guards.maxRemovals",), ("guards",)),
        ("nosupportingruntime", (), ("simulate", "reason")),
        ("accelerator.count", ("accelerator.count",), ()),
    ],
)
def test_a_word_is_found_however_it_is_written(name: str, typed: tuple[str, ...], printed_by: tuple[str, ...]) -> None:
    found = explain_word(name)
    assert found is not None
    assert tuple(path for path, _ in found.typed) == typed
    assert (found.term.printed_by if found.term else ()) == printed_by


def test_what_is_no_word() -> None:
    assert explain_word("no such word") is None
