"""Reading URLs as Go does: the table is what Go itself says, as it does of 120,000 random texts that were compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.checks.rules.kserve._go_url import storage_url_error

COLON = "first path segment in URL cannot contain colon"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("hf://owner/model:rev", None),
        ("hf:owner", None),
        ("model", None),
        ("./a:b", None),
        ("/a:b", None),
        ("oci://r:5000/x", None),
        ("oci://r:/x", None),
        ("s3://user:pass@host/x", None),
        ("s3://b/{{ .Name }}", None),
        ("s3://bücket/ä", None),
        ("s3://b/a?%zz", None),
        ("s3://[::1]:80/x", None),
        ("-hf://a", COLON),
        ("1hf://a", COLON),
        ("a b:c", COLON),
        (":a", "missing protocol scheme"),
        ("hf://model:rev", 'invalid port ":rev" after host'),
        ("hf://{{.x}}/b", 'invalid character "{" in host name'),
        ("hf://a b/c", 'invalid character " " in host name'),
        ("hf://a%41/c", 'invalid URL escape "%41"'),
        ("hf://a/%4", 'invalid URL escape "%4"'),
        ("hf://a#%zz", 'invalid URL escape "%zz"'),
        ("hf://[::1", "missing ']' in host"),
        ("hf://a[", "invalid IP-literal"),
        ("hf://{@a", "net/url: invalid userinfo"),
        ("hf://a\n", "net/url: invalid control character in URL"),
    ],
)
def test_what_go_says(text: str, expected: str | None) -> None:
    assert storage_url_error(text) == expected


@given(st.text(alphabet="ahf3:/@%4z?#[]. {é\x01", max_size=12))
def test_any_text_is_judged(text: str) -> None:
    error = storage_url_error(text)
    assert error is None or error
