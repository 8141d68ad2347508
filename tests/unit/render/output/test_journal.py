"""A journal is read back as it was written; anything else is refused with the reason."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.render.output.journal import Journal, JournalStep, StepKind, decode_journal, encode_journal
from kservegen.render.output.paths import is_confined

DIGEST = "0" * 64
JOURNAL = Journal(
    folders=("dev", "dev/new"),
    steps=(
        JournalStep(StepKind.REMOVE, "dev/old file.yaml"),
        JournalStep(StepKind.CREATE, "dev/new/ü.yaml", DIGEST),
        JournalStep(StepKind.REPLACE, "dev/README.md", DIGEST),
    ),
)


def _sealed(body: bytes) -> bytes:
    return f"kservegen-journal 1 {sha256(body).hexdigest()}\n".encode() + body


def test_it_reads_as_its_manual_says() -> None:
    assert encode_journal(JOURNAL).decode().splitlines()[1:] == [
        "folder dev",
        "folder dev/new",
        "remove dev/old file.yaml",
        f"create {DIGEST} dev/new/ü.yaml",
        f"replace {DIGEST} dev/README.md",
    ]
    assert decode_journal(encode_journal(JOURNAL)) == JOURNAL


@given(st.lists(st.tuples(st.sampled_from(StepKind), st.text(min_size=1)), max_size=8))
def test_every_journal_that_may_be_written_is_read_back(asked: list[tuple[StepKind, str]]) -> None:
    paths = {f"dev/{name}": kind for kind, name in asked if is_confined(f"dev/{name}") and "/" not in name}
    steps = tuple(JournalStep(kind, path, "" if kind is StepKind.REMOVE else DIGEST) for path, kind in paths.items())
    assert decode_journal(encode_journal(Journal(("dev",), steps))) == Journal(("dev",), steps)


def test_every_cut_and_every_flipped_bit_shows() -> None:
    text = encode_journal(JOURNAL)
    for end in range(len(text)):
        with pytest.raises(ValueError, match="cut off, damaged, or of another version"):
            decode_journal(text[:end])
    for place in range(len(text)):
        with pytest.raises(ValueError, match="cut off, damaged, or of another version"):
            decode_journal(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"remove /etc/passwd\n", "the path '/etc/passwd' leaves the output folder"),
        (b"remove dev/../../x\n", "leaves the output folder"),
        (b"remove dev/.git/config\n", "leaves the output folder"),
        (b"remove x\n", "leaves the output folder"),
        (b"remove \n", "leaves the output folder"),
        (b"remove dev/a\0b\n", "leaves the output folder"),
        (f"create {DIGEST} ../x\n".encode(), "the path '../x' leaves the output folder"),
        (f"replace {DIGEST} dev\\..\\x\n".encode(), "leaves the output folder"),
        (b"folder ../x\n", "the folder '../x' leaves the output folder"),
        (b"folder /\n", "leaves the output folder"),
        (b"create dev/a.yaml\n", "no SHA-256 stands before"),
        (b"replace ABC dev/a.yaml\n", "no SHA-256 stands before"),
        (b"rename dev/a.yaml\n", "it asks for 'rename', which is none of remove, create, replace"),
        (b"\n", "it asks for ''"),
        (b"remove dev/\xff\n", "it is not UTF-8"),
        (b"remove dev/a\nremove dev/a\n", "names a path twice"),
        (b"remove dev/a\nremove dev/a/b\n", "both as a file and as a folder"),
    ],
)
def test_what_kservegen_would_not_have_written_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the reason is compared below)
        decode_journal(_sealed(body))
    assert reason in str(caught.value)


@given(st.binary())
def test_no_bytes_are_anything_but_a_refusal(text: bytes) -> None:
    with pytest.raises(ValueError, match="cut off, damaged"):
        decode_journal(text)
