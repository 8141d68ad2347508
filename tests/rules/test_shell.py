"""What a shell makes of a word: our reading of its quoting, held against bash itself."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.checks.rules.kserve._shell import Hazard, hazards

WORDS = st.text(alphabet="ab =-,.:/'\"\\$`;&|<>()*?[]{}~#\n", max_size=10)

# POSIX, XCU 2.2: a backslash keeps any character, but between double quotes only these.
PIECE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)""", re.DOTALL)
KEPT = re.compile(r"""\\([$`"\\])""")


def unquoted(word: str) -> str:
    """Take away quotes and nothing else, as the standard does; `shlex` keeps a backslash before `$` and backquote."""
    return "".join(
        single + KEPT.sub(r"\1", double) + escaped + plain for single, double, escaped, plain in PIECE.findall(word)
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("--max-model-len=8192", ()),
        ('\'{"a": 1, "b": 2}\'', ()),
        ("a~b#c", ()),
        ("\\;\\$", ()),
        ('"a b"', ()),
        ("'$x `y`'", ()),
        ("it's", (Hazard.UNBALANCED,)),
        ("a\\", (Hazard.UNBALANCED,)),
        ("a\\\nb", (Hazard.JOINED,)),
        ('"a\\\nb"', (Hazard.JOINED,)),
        ("a;b", (Hazard.COMMAND,)),
        ("a\nb", (Hazard.COMMAND,)),
        ('"$x"', (Hazard.EXPANSION,)),
        ("{a,b}", (Hazard.BRACES,)),
        ("{1..3}", (Hazard.BRACES,)),
        ("{},}", (Hazard.BRACES,)),
        ('{"a":1}', (Hazard.LOST_QUOTES,)),
        ('{"a":1,"b":2}', (Hazard.BRACES, Hazard.LOST_QUOTES)),
        ("#a", (Hazard.COMMENT,)),
        ("a #b", (Hazard.COMMENT, Hazard.SPLIT)),
        ("~/a", (Hazard.HOME,)),
        ("a=~/b", (Hazard.HOME,)),
        ("a=b:~", (Hazard.HOME,)),
        ("--a=~/b", ()),
        ("a:~", ()),
        ("a='~'", ()),
        ("[1,2]", (Hazard.GLOB,)),
        ("a b", (Hazard.SPLIT,)),
    ],
)
def test_hazards_by_their_weight(word: str, expected: tuple[Hazard, ...]) -> None:
    assert hazards(word) == expected


@given(WORDS)
def test_what_is_quoted_is_safe(word: str) -> None:
    assert hazards(shlex.quote(word)) == ()


@settings(
    max_examples=examples(1500), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(words=st.lists(WORDS, min_size=1, max_size=30))
def test_bash_changes_nothing_where_we_see_no_hazard(tmp_path: Path, words: list[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    safe = [word for word in words if word and not hazards(word)]
    # As the start script has it: the arguments are pasted into one text, which is parsed once more. No command but
    # the shell's own can be found, should we be wrong.
    script = "eval \"printf '%s\\\\0' $@\""
    read = subprocess.run(
        [bash, "--norc", "-c", script, "_", *safe],
        cwd=tmp_path,
        env={"PATH": "", "HOME": "/home/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.stderr == ""
    # Quotes that stay within a word go, as they are meant to; nothing else may.
    assert read.stdout.split("\0")[:-1] == [unquoted(word) for word in safe] or not safe
