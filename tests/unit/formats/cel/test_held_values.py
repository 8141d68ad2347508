"""What the interpreter keeps of the values that pass through Kubernetes' functions."""

from __future__ import annotations

import tracemalloc

import pytest

from kservegen.formats.cel.engine import CelEngine, Program

TWICE = '[quantity(object.a)].all(q, q.isLessThan(quantity("2Gi")) && q.isGreaterThan(quantity("1")) && q == q.add(0))'
VALUES = {
    TWICE: True,
    'quantity(object.a).add(quantity(object.a)).compareTo(quantity("2Gi")) == 0': True,
    'url("https://a.example/x").getHost() == url("https://a.example/y").getHost()': True,
    'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.2.3").major() == 1': True,
    'cidr("10.0.0.0/8").containsIP(ip("10.1.2.3"))': True,
}


@pytest.mark.parametrize("expression", VALUES)
def test_a_value_is_used_twice_and_little_is_left_of_it(expression: str) -> None:
    engine = CelEngine(("object",))
    program = engine.compile(expression)
    assert isinstance(program, Program)

    def evaluate(times: int) -> None:
        for _ in range(times):
            assert program.evaluate(engine.scope({"object": {"a": "1Gi"}})) is VALUES[expression]

    evaluate(20)
    tracemalloc.start()
    evaluate(200)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 200 < 1_000


def test_a_document_is_left_as_it_is() -> None:
    engine = CelEngine(("object",))
    program = engine.compile('dyn(object).isLessThan(quantity("1"))')
    assert isinstance(program, Program)
    document: dict[str, object] = {"kubernetes.Quantity": "3e0", "more": ["x"]}
    found = program.evaluate(engine.scope({"object": document}, on_wire=False))
    assert found is False
    assert document == {"kubernetes.Quantity": "3e0", "more": ["x"]}
