"""Where a text says that it holds a Secret: by a pattern over all of it, and as it is looked for."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kservegen.core.secret_data import has_mark

MARK = re.compile(
    r"""(?i:kind)\\?["']?\s*:\s*(?:[!&]\S*\s+|[>|][-+0-9]*\s+)*(?:\\?["']?(?i:secret)s?(?i:list)?\b(?![\w-])|\*|"[^"\n]*\\)"""
    r"""|(?:^|[\s"'{,/])(?:v1/)?Secret/|(?:^|[\s"'{,])(?:v1/)?(?i:secrets?(?:list)?)/[\w./-]+["']?\s*:|\bstringData\b"""
)
WORDS = "kind Kind KIND k\u0131nd secret Secret \u017fecret SECRETS SecretList List stringData stringdata v1/ x".split()
SIGNS = (": ", ":", "/", "-", '"', "'", "\\", "\n", " ", "{", ",", "*", "!t ", ">- ", "_")
TEXTS = st.lists(st.sampled_from((*WORDS, *SIGNS)), max_size=12).map("".join)


@given(TEXTS)
def test_a_mark_is_found_where_the_pattern_finds_one(text: str) -> None:
    assert has_mark(text) is bool(MARK.search(text))


def test_no_other_letter_is_taken_for_one_of_a_mark() -> None:
    letters = set("kindsecretstringdatalist")
    every = "".join(map(chr, range(0x110000)))
    taken = re.findall(f"(?i:[{''.join(letters)}])", every)
    assert {letter for letter in taken if letter.lower() not in letters} == {"\u0130", "\u0131", "\u017f"}
    assert has_mark("\u212aind: Secret")
