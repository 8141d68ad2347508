"""What is known to be text by its letters is text to every reader."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from kservegen.formats.yaml.readings import (
    is_text_everywhere,
    read_as_kubectl,
    read_as_yaml_1_1,
    read_as_yaml_1_2,
    read_plain,
)

WORDS = (".inf", "-.INF", ".NaN", "null", "false", "OFF", "yes", "<<", "=", "~", "0x", "0b", "0o17", "1e5", "2001-1-1")
TEXTS = st.one_of(
    st.text("+-.0123456789eExXoObBfFaAnNiItTzZ:_ gGmMk~=<", min_size=1, max_size=7),
    st.lists(st.sampled_from((*WORDS, "1", "Gi", "m", "-", ".", "y", "n", "t")), min_size=1, max_size=3).map("".join),
)


@given(TEXTS)
@example("201m")
@example("--workers=2")
@example("2001-01-01t1:00:00Z")
def test_what_is_read_as_text_is_text_to_every_reader(text: str) -> None:
    readings = [read(text) for read in (read_as_kubectl, read_as_yaml_1_2, read_as_yaml_1_1)]
    if is_text_everywhere(text):
        assert readings == [text] * 3
    if read_plain(text) == text:
        assert readings[:2] == [text] * 2  # a date is one in YAML 1.1 alone
    elif readings == [text] * 3:
        raise AssertionError("every reader takes it for text")
