"""A mistake in an expression stands at its own line and column of the policy's file, however YAML writes the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.checks.policy.conftest import place

from kservegen.checks.policy.binding import bind_policies
from kservegen.checks.policy.files import read_policies

HEAD = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  validations:
"""  # seven lines

FOLDED = """  - expression: >-
      object.spec.replicas > 1
      && object.spec.replicas <
        1 + 'a'
"""
LITERAL = """  - expression: |

      object.spec.replicas > 1 &&
      nothing > 2
"""
INDENTED = """  - expression: |2
        1 == 'a'
"""
PLAIN = """  - expression: object.spec.replicas > 1 &&
      1 + 'a' > 2
"""
QUOTED = """  - expression: "object.a > 1 && 1 + 'a' > 2"
"""
RETURN = """  - expression: "object.a > 1 &&\r 1 + 'a' > 2"
"""
ESCAPED = """  - expression: "object.a == '\\\\\\\\d' && 1 + 'a' > 2"
"""
WRONG_TYPE = """  - expression: object.spec.replicas
"""
SYNTAX = """  - expression: >-
      object.spec.replicas >
      && true
"""


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        (FOLDED, "11:11"),
        (LITERAL, "11:7"),
        (INDENTED, "9:11"),
        (PLAIN, "9:9"),
        (QUOTED, "8:36"),
        (RETURN, "9:4"),  # a carriage return ends a line, as it does for every other place
        (ESCAPED, "8:17"),  # not exact: the scalar's own start
        (WRONG_TYPE, "8:17"),
        (SYNTAX, "10:7"),
    ],
)
def test_position(tmp_path: Path, validation: str, expected: str) -> None:
    (tmp_path / "p.yaml").write_text(HEAD + validation, "utf-8", newline="")
    files = read_policies([tmp_path], lambda path: path.name)
    assert not files.diagnostics
    found = bind_policies(files.policies, {"bindings": {"p": {"actions": ["Deny"]}}}, locate=place)
    (problem,) = found.diagnostics
    assert problem.rule == "policy/invalid"
    assert str(problem.location) == f"p.yaml:{expected}"


def test_a_policy_has_no_name_of_a_rule_about_policies(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(HEAD.replace("name: p}", "name: cost}") + WRONG_TYPE, "utf-8")
    (problem,) = read_policies([tmp_path], lambda path: path.name).diagnostics
    assert (problem.rule, str(problem.location)) == ("policy/invalid", "p.yaml:3:18")


def test_marks_of_a_policy_are_text(tmp_path: Path) -> None:
    head = HEAD.replace("name: p}", "name: p, annotations: {a: 12, b: x}}")
    assert head != HEAD
    (tmp_path / "p.yaml").write_text(head + WRONG_TYPE, "utf-8")
    (problem,) = read_policies([tmp_path], lambda path: path.name).diagnostics
    assert (problem.rule, problem.path, problem.seen) == ("policy/invalid", "metadata.annotations.a", "12")
