"""`kservegen lock` against a server that speaks the Hub's API, against folders, and against facts given by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from tests.support.hub import COMMIT, NEWER, TOKEN, FakeHub, safetensors, serve
from tests.support.project import Project

from kservegen.catalog.lock.entry import LARGEST_HEADER
from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas" / "kservegen"
LOCK = "environments/dev.lock.yaml"
CONFIG = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "num_hidden_layers": 24,
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": True,
    "sliding_window": 32768,
    "use_sliding_window": False,
}
FILES = {
    "config.json": json.dumps(CONFIG).encode(),
    "model-1.safetensors": safetensors({"a": ("BF16", 3_000_000), "b": ("F32", 40)}),
    "model-2.safetensors": safetensors({"c": ("BF16", 500)}),
    "consolidated.safetensors": safetensors({"a": ("BF16", 3_000_500)}),
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model-1.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}}
    ).encode(),
}
MODELS = """\
models:
  tiny: {modelFormat: huggingface, storageUri: hf://acme/tiny}
  chat: {kind: LLMInferenceService, model: hf://acme/chat, resources: {limits: {nvidia.com/gpu: '1'}}}
  bucket: {kind: LLMInferenceService, model: s3://models/chat, resources: {limits: {nvidia.com/gpu: '1'}}}
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve() as server:
        server.add("acme/tiny", FILES)
        server.add("acme/chat", FILES)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield server


@pytest.fixture
def loaded(project: Project) -> Project:
    project.models(MODELS)
    return project


def lock(project: Project, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    done = CliRunner().invoke(cli, ["lock", "--root", str(project.root), *words], standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0), done.output


def entries(project: Project) -> dict[str, dict[str, object]]:
    """Return what the lock holds; it must be what the published schema allows."""
    document = yaml.safe_load((project.root / LOCK).read_text("utf-8"))
    jsonschema.validate(document, json.loads((SCHEMAS / "lock.schema.json").read_text("utf-8")))
    found: dict[str, dict[str, object]] = document["models"]
    return found


def test_a_model_is_locked_from_headers_alone(loaded: Project, hub: FakeHub) -> None:
    code, said = lock(loaded, "tiny")
    assert (code, said) == (
        0,
        f"{LOCK}: hf://acme/tiny is pinned to 0123456789ab: tiny restarts when this is rendered and synced\n",
    )
    wanted = {k: v for k, v in CONFIG.items() if k not in {"architectures", "sliding_window", "use_sliding_window"}}
    assert entries(loaded) == {
        "hf://acme/tiny": {
            "revision": COMMIT,
            "license": "apache-2.0",
            "downloadBytes": sum(map(len, FILES.values())),
            "weightBytes": {"BF16": 3_000_500, "F32": 40},
            "quantization": "",
            "config": {"architecture": "Qwen2ForCausalLM", **wanted},
        }
    }
    assert hub.sent < 300_000
    assert {token for path, _, token in hub.asked if "acme/tiny" in path} == {f"Bearer {TOKEN}"}
    assert TOKEN not in said + (loaded.root / LOCK).read_text("utf-8")
    assert loaded.spec("tiny")["predictor"] == {
        "model": {"modelFormat": {"name": "huggingface"}, "storageUri": f"hf://acme/tiny:{COMMIT}"}
    }


def test_one_model_at_a_time_unless_all(loaded: Project, hub: FakeHub) -> None:
    lock(loaded, "tiny")
    hub.add("acme/tiny", FILES, NEWER)
    lock(loaded, "hf://acme/chat")
    assert {address: entry["revision"] for address, entry in entries(loaded).items()} == {
        "hf://acme/tiny": COMMIT,
        "hf://acme/chat": COMMIT,
    }
    code, said = lock(loaded, "--all")
    assert code == 0
    assert "hf://acme/chat is as it was" in said
    assert "hf://acme/tiny is pinned to 89abcdef0123 (was 0123456789ab)" in said


def test_comments_and_order_are_kept(loaded: Project, hub: FakeHub) -> None:
    text = f"# mine\nversion: 1\nmodels:\n  hf://acme/tiny:  # tried in May\n    revision: {NEWER}  # pinned by hand\n"
    loaded.write(LOCK, text)
    lock(loaded, "tiny")
    assert (loaded.root / LOCK).read_text("utf-8").startswith(text.replace(NEWER, COMMIT))
    assert hub.asked


def test_check_finds_drift_at_its_line(loaded: Project, hub: FakeHub) -> None:
    lock(loaded, "--all")
    assert lock(loaded, "--check") == (0, "no lock has drifted\n")
    hub.add("acme/tiny", FILES, NEWER)
    loaded.models(MODELS.replace("hf://acme/chat", "hf://acme/other"))
    text = (loaded.root / LOCK).read_text("utf-8")
    code, said = lock(loaded, "--check")
    line = 1 + text.splitlines().index("  hf://acme/chat:")
    moved = 2 + text.splitlines().index("  hf://acme/tiny:")
    assert (code, said.splitlines()) == (
        1,
        [
            f"{LOCK}:{line}:3: hf://acme/chat: no model of this environment is served from it any more",
            f"{LOCK}:{moved}:5: hf://acme/tiny: it has moved on: locked 0123456789ab, now 89abcdef0123",
        ],
    )
    assert (loaded.root / LOCK).read_text("utf-8") == text


def test_facts_that_somebody_changed_are_drift(loaded: Project, hub: FakeHub) -> None:
    lock(loaded, "tiny")
    path = loaded.root / LOCK
    path.write_text(path.read_text("utf-8").replace("3000500", "17"), "utf-8")
    code, said = lock(loaded, "--check")
    assert code == 1
    assert "its weightBytes is not what the locked revision has" in said
    assert hub.asked


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (403, "GatedRepo", "hf://acme/tiny: the repository is gated | Ask for access"),
        (401, "GatedRepo", "hf://acme/tiny: the repository is gated | Ask for access"),
        (404, "RepoNotFound", "hf://acme/tiny: there is no such repository, or it is private | Look at the name."),
        (401, "RepoNotFound", "hf://acme/tiny: there is no such repository, or it is private | Look at the name."),
        (403, "", "hf://acme/tiny: the Hub refuses: status 403 | Set HF_TOKEN"),
        (500, "", "hf://acme/tiny: the Hub refuses: status 500 | Try again later"),
    ],
)
def test_refusals_are_told_in_a_sentence(loaded: Project, hub: FakeHub, status: int, error: str, said: str) -> None:
    hub.errors["acme/tiny"] = (status, error)
    code, told = lock(loaded, "tiny")
    assert code == 2
    assert told.startswith(said)
    assert TOKEN not in told
    assert not (loaded.root / LOCK).exists()


def test_a_renamed_repository_is_followed_and_named(loaded: Project, hub: FakeHub) -> None:
    hub.add("acme/renamed", FILES)
    hub.renamed["acme/tiny"] = "acme/renamed"
    assert lock(loaded, "tiny")[0] == 0
    assert entries(loaded)["hf://acme/tiny"]["repository"] == "acme/renamed"


def test_a_server_without_ranges_is_not_listened_to_beyond_the_header(loaded: Project, hub: FakeHub) -> None:
    hub.ranges = False
    assert lock(loaded, "tiny")[0] == 0
    assert entries(loaded)["hf://acme/tiny"]["weightBytes"] == {"BF16": 3_000_500, "F32": 40}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ((LARGEST_HEADER + 1).to_bytes(8, "little") + b"{}", "its header is said to be"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "its header is said to be"),
        (b"\x02\x00", "its header is said to be"),
        ((200).to_bytes(8, "little") + b"{}", "is cut off"),
        ((4).to_bytes(8, "little") + b"null", "is no map"),
        ((12).to_bytes(8, "little") + b'{"a":{"x":1}}'[:12], "is no JSON"),
        (safetensors({"a": ("BF16", 8)}).replace(b"[0, 8]", b"[8, 0]"), "no dtype or no offsets"),
        (safetensors({"a": ("BF16", 8)}).replace(b"[0, 8]", b'["0"] '), "no dtype or no offsets"),
    ],
)
def test_odd_headers_are_refused(loaded: Project, hub: FakeHub, content: bytes, problem: str) -> None:
    hub.add("acme/tiny", {"config.json": FILES["config.json"], "model.safetensors": content})
    code, said = lock(loaded, "tiny")
    assert code == 2
    assert problem in said


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("1" + "0" * 30, "config.hidden_size: 1000000000000000000000000000000 is not at most 1099511627776"),
        ("9223372036854775808", "config.hidden_size: 9223372036854775808 is not at most 1099511627776"),
        ("NaN", "config.json is no JSON"),
        ("1e400", "config.json is no JSON"),
    ],
)
def test_a_number_that_no_model_has_is_refused(loaded: Project, hub: FakeHub, number: str, problem: str) -> None:
    config = FILES["config.json"].replace(b'"hidden_size": 896', f'"hidden_size": {number}'.encode())
    assert config != FILES["config.json"]
    hub.add("acme/tiny", {**FILES, "config.json": config})
    code, said = lock(loaded, "tiny")
    assert code == 2
    assert problem in said
    assert not (loaded.root / LOCK).exists()


def test_a_long_header_takes_a_second_request(loaded: Project, hub: FakeHub) -> None:
    tensors = {f"layer.{i}.weight": ("F16", 2) for i in range(4000)}
    hub.add("acme/tiny", {"config.json": FILES["config.json"], "model.safetensors": safetensors(tensors)})
    assert lock(loaded, "tiny")[0] == 0
    assert entries(loaded)["hf://acme/tiny"]["weightBytes"] == {"F16": 8000}
    assert len([path for path, _, _ in hub.asked if path.endswith("model.safetensors")]) == 2


def test_an_unreachable_hub(loaded: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://user:pass@127.0.0.1:1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    code, said = lock(loaded, "tiny")
    assert code == 2
    assert said.startswith("hf://acme/tiny: the Hub cannot be reached: ")
    assert "user:pass" not in said


def test_offline_looks_into_the_cache_only(loaded: Project, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, said = lock(loaded, "hf://acme/chat")
    assert (code, hub.asked) == (2, [])
    assert said.startswith("hf://acme/chat: HF_HUB_OFFLINE is set, and the cache does not hold this repository")


def test_a_folder(loaded: Project, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    code, said = lock(loaded, "bucket", "--from", str(folder))
    assert (code, said) == (0, f"{LOCK}: s3://models/chat has no revision to pin; its facts are written (bucket)\n")
    entry = entries(loaded)["s3://models/chat"]
    assert entry["weightBytes"] == {"BF16": 3_000_500, "F32": 40}
    assert entry["downloadBytes"] == sum(map(len, FILES.values()))
    assert loaded.spec("bucket")["model"] == {"name": "bucket", "uri": "s3://models/chat"}


@pytest.mark.parametrize(
    ("facts", "code", "said"),
    [
        ("weightBytes: {BF16: 5}\nconfig: {num_hidden_layers: 2}\n", 0, "has no revision to pin"),
        ("weightbytes: {BF16: 5}\n", 2, "weightbytes"),
        ("- a\n", 2, "the facts cannot be read"),
    ],
)
def test_facts_by_hand(loaded: Project, facts: str, code: int, said: str) -> None:
    loaded.write("facts.yaml", facts)
    done, told = lock(loaded, "bucket", "--facts", str(loaded.root / "facts.yaml"))
    assert done == code
    assert said in told
    assert (loaded.root / LOCK).exists() == (code == 0)


def test_an_address_that_only_a_person_knows(loaded: Project, hub: FakeHub) -> None:
    code, said = lock(loaded, "bucket")
    assert (code, hub.asked) == (2, [])
    assert said.startswith("s3://models/chat: only hf:// addresses can be asked for")


def test_a_model_that_a_cache_holds_is_not_parted_from_it(loaded: Project, hub: FakeHub) -> None:
    loaded.models(
        MODELS + "localModelCaches:\n  kept: {sourceModelUri: hf://acme/tiny, modelSize: 1Gi, nodeGroups: [gpu]}\n"
    )
    code, said = lock(loaded, "tiny")
    assert code == 0
    assert "is not pinned, its facts are: the cache kept" in said
    assert "revision" not in entries(loaded)["hf://acme/tiny"]
    assert hub.asked


ADAPTED = """\
models:
  chat:
    kind: LLMInferenceService
    model:
      uri: hf://acme/chat
      lora: {adapters: [{name: a, uri: hf://acme/tiny}, {name: b, uri: "s3://models/b"}]}
    resources: {limits: {nvidia.com/gpu: '1'}}
  own: {containers: [{name: kserve-container, image: 'a:1', env: [{name: STORAGE_URI, value: s3://models/own}]}]}
"""


def test_what_is_served_beside_a_model_is_known_and_not_pinned(loaded: Project, hub: FakeHub) -> None:
    loaded.models(ADAPTED)
    loaded.write("facts.yaml", "license: mit\n")
    facts = ("--facts", str(loaded.root / "facts.yaml"))
    assert lock(loaded, "--all")[0] == 0
    assert lock(loaded, "s3://models/b", *facts)[0] == lock(loaded, "own", *facts)[0] == 0
    found = entries(loaded)
    assert {address: "revision" in entry for address, entry in found.items()} == {
        "hf://acme/chat": True,
        "hf://acme/tiny": False,
        "s3://models/b": False,
        "s3://models/own": False,
    }
    assert lock(loaded, "--check")[0] == 0
    loaded.render()
    (written,) = (path.read_text("utf-8") for path in loaded.root.rglob("rendered/dev/models/**/*chat*.yaml"))
    assert ("hf://acme/chat:" in written, "uri: hf://acme/tiny\n" in written) == (True, True)
    assert any("acme/tiny" in str(request) for request in hub.asked)
    loaded.models(MODELS.splitlines()[0] + "\n" + MODELS.splitlines()[2] + "\n")
    assert lock(loaded, "--check")[0] == 1


def test_usage(loaded: Project) -> None:
    for words in ((), ("--all", "tiny"), ("--all", "--check"), ("--all", "--from", "x"), ("a", "b", "--facts", "x")):
        done = CliRunner().invoke(cli, ["lock", "--root", str(loaded.root), *words])
        assert done.exit_code == 2


def test_the_json_report(loaded: Project, hub: FakeHub) -> None:
    schema = json.loads((SCHEMAS / "report.schema.json").read_text("utf-8"))
    for words in (("tiny",), ("--check",)):
        report = json.loads(lock(loaded, *words, "--output", "json")[1])
        jsonschema.validate(report, schema)
    assert report["lock"] == []
    assert hub.asked
