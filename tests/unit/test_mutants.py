"""The tool that asks whether tests notice: what it changes in a module, and how it chooses the tests for a change."""

from __future__ import annotations

from tools.mutants.__main__ import choose, sample
from tools.mutants.changes import Mutant, mutants
from tools.mutants.recording import Seen

SOURCE = '''"""A module."""

from __future__ import annotations

WORDS: Final = ("a", 3)


@cache(1)
def f(a: Literal[1]) -> str:
    """Do it."""
    assert a, "always"
    for x in [y for y in a if y > 2]:
        if x and not a:
            continue
        total += x
        log(x, encoding="utf-8")
        yield f"{x} of {a:>3}"
    return a + 1 if a is None else g(key=True)
'''


def test_a_module_is_changed_in_what_it_does_and_nothing_else() -> None:
    assert {(mutant.line, mutant.old, mutant.new) for mutant in mutants(SOURCE)} == {
        (5, '"a"', '""'),
        (5, "3", "4"),
        (12, "y > 2", "(not (y > 2))"),
        (12, "y > 2", "(y >= 2)"),
        (12, "2", "3"),
        (13, "x and not a", "((x) or (not a))"),
        (13, "x and not a", "(not (x and (not a)))"),
        (13, "not a", "(a)"),
        (14, "continue", "break"),
        (15, "total += x", "pass"),
        (16, 'log(x, encoding="utf-8")', "pass"),
        (17, 'yield f"{x} of {a:>3}"', "pass"),
        (17, 'f"{x} of {a:>3}"', '""'),
        (18, "a + 1 if a is None else g(key=True)", "None"),
        (18, "a + 1", "((a) - (1))"),
        (18, "1", "2"),
        (18, "a is None", "(a is not None)"),
        (18, "a is None", "(not (a is None))"),
        (18, "True", "False"),
    }


def test_a_change_stands_where_its_text_stood() -> None:
    source = "ä = f(\n    'é' +  1)\n"
    (mutant,) = mutants(source)[-1:]
    assert (mutant.line, mutant.applied(source)) == (2, "ä = f(\n    'é' +  2)\n")


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    first, again, other = (sample(20, seed, "generator/kservegen/core") for seed in (1, 1, 2))
    assert first == again != other
    assert len({(file, mutant.line) for file, mutant in first}) == len(first)


def test_tests_that_run_the_line_come_first_by_how_little_else_they_run() -> None:
    seen = Seen(
        tests={"a.py": {1: set(), 5: {"wide", "narrow", "slow"}, 9: {"other"}}, "b.py": {3: {"user"}}, "c.py": {}},
        seconds={"wide": 1.0, "narrow": 1.0, "slow": 100.0, "other": 1.0, "user": 1.0},
        reach={"wide": 900, "narrow": 9, "slow": 90, "other": 1, "user": 1},
    )

    def chosen(file: str, line: int) -> tuple[str, ...]:
        return choose(seen, {"c.py": ["b.py"]}, file, Mutant(line, 0, "x", "y"))

    assert chosen("a.py", 5) == ("narrow",)
    assert set(chosen("a.py", 1)) == {"other", "narrow"}, "a line of the import: every test of the module"
    assert chosen("c.py", 7) == ("user",), "nothing but data: the tests of who imports it"
