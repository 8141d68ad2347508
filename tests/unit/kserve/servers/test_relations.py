"""What flags need of each other: what was given in, the laws that are broken out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kservegen.kserve.servers import relations
from kservegen.kserve.servers.parsing import Grammar, Word, read_words
from kservegen.kserve.servers.relations import clashes
from kservegen.kserve.servers.settings import settings_of
from kservegen.kserve.servers.tables import flag_table

TABLE = flag_table("vllm", "0.23.0")
LAWS = relations._laws_of(TABLE)
BESIDE = (
    "--api-server-count --data-parallel-size --distributed-executor-backend --max-model-len --max-num-batched-tokens "
    "--mm-encoder-attn-dtype --mm-processor-cache-type --quantization --tensor-parallel-size --tool-call-parser"
)
FLAGS = sorted({*BESIDE.split(), *(flag for law, _ in LAWS for flag in law.flags)})
VALUES = ("0", "1", "2", "ray", "a2a", "torch_shm", "awq", '{"kv_connector": "x", "backend": 1}')


@given(st.data())
def test_a_law_is_broken_only_where_one_of_its_flags_is_given(data: st.DataObject) -> None:
    words = []
    for flag in data.draw(st.lists(st.sampled_from(FLAGS), min_size=1, unique=True)):
        known = TABLE.options.get(flag)
        ways = [f"{flag}={value}" for value in VALUES] if known and known.takes_value else [flag, f"--no-{flag[2:]}"]
        words.append(Word(data.draw(st.sampled_from(ways))))
    settings = settings_of(read_words(words, TABLE, Grammar(converts=True)), is_whole=data.draw(st.booleans()))
    found = list(clashes(settings, TABLE))
    with pytest.MonkeyPatch.context() as patched:
        always = [(replace(law, flags=frozenset(settings.last)), is_sure) for law, is_sure in LAWS]
        patched.setattr(relations, "_laws_of", lambda _: always)
        assert not settings.last or found == list(clashes(settings, TABLE))
