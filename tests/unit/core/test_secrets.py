"""What is a secret in plain sight and what only looks like one: a table both ways, and laws of hiding."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.core import secrets
from kservegen.core.jsontypes import JsonValue
from kservegen.core.secrets import (
    HIDDEN,
    HiddenSecrets,
    cut_secrets,
    mask_text,
    may_hold_secrets,
    secrets_in,
    secrets_in_line,
    secrets_in_text,
)

# A dot in the middle (·) keeps scanners of repositories away from these texts; it is taken out before they are judged.
# Everything here is made up.
RANDOM_20 = "T7qL2mZx9·VbR4kW8nYc3"
RANDOM_36 = "aZ4kQ9xW2mN7·vB1cR8tY3pL6sD5fG0hJ2kE4u"
RANDOM_40 = "wJalrX7tnFEMI·K7MDENG1bPxRfiCY2qZ9LhT8vW3"
HEX_32 = "9f86d081884c7d65·9a2feaa0c55ad015"
HEX_64 = "9f86d081884c7d659a2feaa0c55ad015·a3bf4f1b2b0b822cd15d6c15b0f00a08"

# The name that a value stands under, and the value.
SECRETS: tuple[tuple[str, str], ...] = (
    # known shapes, wherever they stand
    ("NOTE", f"hf_·{RANDOM_36}"),
    ("args", f"--hf=hf_·{RANDOM_36}"),
    ("args", f"--hf-token=hf_·{RANDOM_36}"),
    ("NOTE", f"api_org_·{RANDOM_36}"),
    ("NOTE", f"ghp_·{RANDOM_36}"),
    ("NOTE", f"gho_·{RANDOM_36}"),
    ("x.example.com/note", f"github_pat_·{RANDOM_36}"),
    ("NOTE", f"glpat-·{RANDOM_20}"),
    ("NOTE", f"gldt-·{RANDOM_20}"),
    ("NOTE", "AKIA·QWERTYUIOPASDF12"),
    ("command", "echo ASIA·QWERTYUIOPASDF12 > key"),
    ("NOTE", f"AIza·{RANDOM_36}"[:40]),
    ("NOTE", f"ya29.·{RANDOM_40}"),
    ("NOTE", f"GOCSPX-·{RANDOM_20}abcdEFGH"),
    ("NOTE", f"xoxb-·123456789012-{RANDOM_20}"),
    ("NOTE", f"xapp-·1-{RANDOM_20}"),
    ("NOTE", f"sk-·{RANDOM_40}"),
    ("NOTE", f"sk-proj-·{RANDOM_40}"),
    ("NOTE", f"sk-ant-·api03-{RANDOM_40}"),
    ("NOTE", f"sk-or-v1-·{HEX_64}"),
    ("NOTE", f"nvapi-·{RANDOM_40}"),
    ("NOTE", f"gsk_·{RANDOM_40}"),
    ("NOTE", f"r8_·{RANDOM_36}x"),
    ("NOTE", f"sk_live_·{RANDOM_20}"),
    ("NOTE", f"SG.·{RANDOM_20}.{RANDOM_40}"),
    ("NOTE", f"npm_·{RANDOM_36}"),
    ("NOTE", f"pypi-·AgEIcHlwaS5vcmc{RANDOM_40}"),
    ("NOTE", f"dop_v1_·{HEX_64}"),
    ("NOTE", f"dapi·{HEX_32}"),
    ("NOTE", f"hvs.·{RANDOM_40}"),
    ("NOTE", f"dckr_pat_·{RANDOM_20}"),
    ("NOTE", f"glsa_·{RANDOM_36}"),
    ("NOTE", f"shpat_·{HEX_32}"),
    ("NOTE", "AGE-SECRET-KEY-·1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54K"),
    ("NOTE", "eyJhbGciOiJIUzI1NiJ9·.eyJzdWIiOiJtb2RlbHMifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
    ("NOTE", "-----BEGIN RSA ·PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
    ("NOTE", "-----BEGIN ·PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nMIIE"),
    ("NOTE", "-----BEGIN OPENSSH ·PRIVATE KEY-----"),
    ("NOTE", "-----BEGIN PGP ·PRIVATE KEY BLOCK-----"),
    # URIs
    ("storageUri", "https://user:hunter2@h.example.com/m.joblib"),
    ("DB", "postgres://u:p4ssw0rd@db/x"),
    ("CACHE", "redis://:swordfish@cache:6379/0"),
    ("NOTE", "mongodb+srv://models:Sommer2024@c0.example.net/db?retryWrites=true"),
    ("repoURL", f"https://{RANDOM_40}@git.example.com/org/models.git"),
    ("storageUri", f"https://b.s3.amazonaws.com/m?X-Amz-Expires=60&X-Amz-Signature={HEX_64}"),
    ("storageUri", "https://a.blob.core.windows.net/c/m?sv=2024-01-01&se=2027-01-01&sig=q3R%2Bx7Zk%3D"),
    ("storageUri", "https://h.example.com/m.tar?token=abc"),
    ("storageUri", "https://h.example.com/m.tar?access_token=3f2a9c1d"),
    ("storageUri", "https://storage.googleapis.com/b/m?GoogleAccessId=x&Signature=Ab%2F9"),
    ("HOOK", f"https://hooks.slack.com/services/T0·0000/B00000/{RANDOM_20}"),
    # headers
    ("header", f"Authorization: Bearer {RANDOM_20}"),
    ("command", "curl -H 'Authorization: Basic dXNlcjpodW50ZXIy' https://h.example.com"),
    ("authorization", f"Bearer {RANDOM_20}"),
    ("command", f"curl -H 'X-Api-Key: {RANDOM_20}' https://h.example.com"),
    # telling names
    ("DB_PASSWORD", "hunter2"),
    ("dbPassword", "minio123"),
    ("MYSQL_ROOT_PASSWORD", "changeme"),
    ("SMTP_PASS", "Winter2025"),
    ("KEYSTORE_PASSPHRASE", "correct horse battery staple"),
    ("HF_TOKEN", "abcdef012345"),
    ("WANDB_API_KEY", HEX_32),
    ("AWS_SECRET_ACCESS_KEY", RANDOM_40),
    ("MINIO_SECRET_KEY", "minio123"),
    ("CLIENT_SECRET", "p8e-Q1w"),
    ("SESSION_SECRET_BASE64", "c2Vzc2lvbg9x"),
    ("ADMIN_PASSWORD_2", "geheim"),
    ("x.example.com/api-token", "t0ken-of-mine"),
    ("secretAccessKey", "verysecret"),
    ("args", "--api-key=abc123xyz"),
    ("args", "--password hunter2"),
    ("args", "vllm serve /mnt/models --api-key abc123xyz --port 8080"),
    ("command", "export HF_TOKEN=abc123xyz && python -m server"),
    ("CONFIG", '{"user": "models", "password": "hunter2"}'),
    ("CONFIG", "user: models\npassword: hunter2\n"),
    ("AZURE", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=q3Rx7Zkq3Rx7Zk==;EndpointSuffix=core"),
    ("JDBC", "jdbc:sqlserver://h;user=sa;password=Sommer24;encrypt=true"),
    # letters and digits in no order
    ("NOTE", RANDOM_40),
    ("OPAQUE", f"{RANDOM_20}{RANDOM_20}"),
)
NO_SECRETS: tuple[tuple[str, str], ...] = (
    # references, places, sizes
    ("DB_PASSWORD", "$(DB_PASSWORD_FROM_SECRET)"),
    ("DB_PASSWORD", "${DB_PASSWORD}"),
    ("HF_TOKEN", "{{ .Values.token }}"),
    ("HF_TOKEN", "vault:secret/data/models#token"),
    ("HF_TOKEN", "/var/run/secrets/hf/token"),
    ("HF_TOKEN", "file:///etc/token"),
    ("API_KEY", "<your api key>"),
    ("API_KEY", "REPLACE_ME"),
    ("API_KEY", "your-api-key"),
    ("args", "--api-key=EMPTY"),
    ("args", "--api-key EMPTY"),
    ("args", "--api-key=$(VLLM_API_KEY)"),
    ("args", "--api-key ${VLLM_API_KEY}"),
    ("NOTE", "the server does not know --api-key and ignores it"),
    ("NOTE", "--api-key needs a value"),
    ("PASSWORD_FILE", "/etc/db/password"),
    ("HF_TOKEN_PATH", "/cache/token"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
    ("TOKEN_URL", "https://login.example.com/oauth2/token"),
    ("TOKEN_ENDPOINT", "https://login.example.com/token"),
    ("AUTH_TOKEN_TTL", "3600s"),
    ("MAX_TOKEN", "4096"),
    ("max_tokens", "4096"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("tokenizer", "hf://Qwen/Qwen2.5-0.5B-Instruct"),
    ("EOS_TOKEN", "<|im_end|>"),
    ("eos_token", "im_end"),
    ("PAD_TOKEN", "[PAD]"),
    ("args", "--image-token=image"),
    ("args", "--tokenizer-mode=mistral"),
    ("args", "--max-num-batched-tokens=8192"),
    ("args", "--enable-auto-tool-choice"),
    ("args", "--ssl-keyfile=/etc/tls/tls.key"),
    ("args", "--ssl-certfile=/etc/tls/tls.crt"),
    ("secretName", "storage-config"),
    ("serving.kserve.io/secretName", "storage-config"),
    ("secret", "storage-config"),
    ("STORAGE_SECRET", "storage-config"),
    ("existingSecret", "minio-credentials"),
    ("credentials", "models-reader"),
    ("accessKeyIdName", "AWS_ACCESS_KEY_ID"),
    ("secretAccessKeyName", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_ACCESS_KEY_ID", "AKIA·IOSFODNN7EXAMPLE"),
    ("automountServiceAccountToken", "false"),
    ("PASSWORDLESS_LOGIN", "true"),
    ("COMPASS_URL", "https://compass.example.com"),
    ("AUTHOR", "Grace Hopper"),
    ("KEYCLOAK_REALM", "models"),
    ("cache-key", "qwen-2-5"),
    ("PRIMARY_KEY", "id"),
    ("app.kubernetes.io/name", "token-service"),
    # URIs
    ("storageUri", "hf://Qwen/Qwen2.5-0.5B-Instruct"),
    ("storageUri", "hf://TheBloke/Llama-2-70B-Chat-GPTQ:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
    ("storageUri", "s3://models-prod/team/sklearn/iris/v12/model.joblib"),
    ("storageUri", "https://storage.googleapis.com/kfserving-examples/models/sklearn/1.0/model/model.joblib"),
    ("storageUri", "https://drive.google.com/uc?id=1a2B3c4D5e6F7g8H9i0JkLmNoPqRsTuVw"),
    ("storageUri", f"oci://registry.example.com/models/llama@sha256:{HEX_64}"),
    ("repoURL", "ssh://git@git.example.com/org/models.git"),
    ("repoURL", "git@git.example.com:org/models.git"),
    ("DB", "postgres://models@db:5432/x?sslmode=require"),
    ("DB", "postgres://models:$(DB_PASSWORD)@db:5432/x"),
    ("DB", "postgres://models:***@db:5432/x"),
    ("NOTE", "https://example.com/docs?page=2&sort=token&lang=de"),
    # digests, public keys, identifiers, prose
    ("image", f"registry.example.com/kserve/huggingfaceserver@sha256:{HEX_64}"),
    ("checksum/config", HEX_64),
    ("REVISION", "3f2a9c1d8b7e6f5a4c3b2d1e0f9a8b7c6d5e4f3a"),
    ("RUN_ID", "123e4567-e89b-12d3-a456-426614174000"),
    ("integrity", "sha512-q3Rx7ZkP9sLm2Vt8Yw4Bn6Cd1Ef5Gh0Jk3Lq7Rs9Tu2Vx4Yz6Ab8Cd0Ef2Gh4Jk6=="),
    ("example.com/signature", "MEUCIQDx7ZkP9sLm2Vt8Yw4Bn6Cd1Ef5Gh0Jk3Lq7Rs9Tu2Vx4Yz6AbIgCd0Ef2Gh4Jk6Mn8="),
    ("KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK7x9Zq3Rx7ZkP9sLm2Vt8Yw4Bn6Cd1Ef5Gh0Jk3L models@example"),
    ("CA", "-----BEGIN CERTIFICATE-----\nMIIDx7ZkP9sLm2Vt8Yw4Bn6Cd1Ef5Gh0Jk3Lq7Rs9\n-----END CERTIFICATE-----"),
    ("CONFIG", "eyJtb2RlbCI6ICJxd2VuIiwgInJlcGxpY2FzIjogMiwgIm5vdGUiOiAiYSB0ZXh0In0="),
    ("NAME", "NousHermes2Mixtral8x7BDPOInstructGPTQ"),
    ("NAME", "Qwen2VLForConditionalGenerationTensorRT"),
    ("FEATURES", "TensorRTLLMPrecomputedCacheEnabled"),
    ("PATH", "/opt/Nvidia/TensorRT10/Lib64/Python312/SitePackages"),
    ("example.com/note", "password: ask the platform team"),
    ("example.com/note", "The token is in the Secret models-reader."),
    ("example.com/note", "rotate the api key: see the wiki"),
    ("LANG", "C.UTF-8"),
    ("NVIDIA_VISIBLE_DEVICES", "GPU-8f2c1d34-5b6a-7c8d-9e0f-1a2b3c4d5e6f"),
    ("LD_LIBRARY_PATH", "/usr/local/nvidia/lib64:/usr/local/cuda/lib64"),
    ("pattern", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
)


def plain(text: str) -> str:
    return text.replace("·", "")


def test_the_table_has_at_least_seventy_five_of_each() -> None:
    assert len(SECRETS) >= 75
    assert len(NO_SECRETS) >= 75


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_found_and_hidden(name: str, value: str) -> None:
    doc: JsonValue = {"metadata": {"annotations": {name: plain(value)}}}
    assert [placed.path for placed in secrets_in(doc)][:1] == [("metadata", "annotations", name)]
    assert may_hold_secrets(doc)
    hidden = HiddenSecrets(doc).mask(doc)
    assert HIDDEN in str(hidden)
    assert list(secrets_in(hidden)) == []


@pytest.mark.parametrize(("name", "value"), NO_SECRETS)
def test_what_only_looks_like_a_secret_is_left_alone(name: str, value: str) -> None:
    doc: JsonValue = {"env": [{"name": name, "value": plain(value)}], "metadata": {"annotations": {name: plain(value)}}}
    assert list(secrets_in(doc)) == []
    assert HiddenSecrets(doc).mask(doc) == doc


@pytest.mark.parametrize(
    ("doc", "path"),
    [
        ({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, ("env", 0, "value")),
        ({"env": [{"value": "hunter2", "name": "DB_PASSWORD"}]}, ("env", 0, "value")),
        ({"args": ["--model=x", "--api-key", "abc123xyz", "--port", "80"]}, ("args", 2)),
        ({"args": {"api-key": "abc123xyz"}}, ("args", "api-key")),
        ({"kserve": {"values": {"storage": {"s3": {"secretKey": "minio123"}}}}}, None),
    ],
)
def test_a_value_is_judged_by_the_name_beside_it(doc: JsonValue, path: tuple[str | int, ...] | None) -> None:
    expected = path or ("kserve", "values", "storage", "s3", "secretKey")
    assert [placed.path for placed in secrets_in(doc)] == [expected]
    assert may_hold_secrets(doc)


@pytest.mark.parametrize(
    "doc",
    [
        {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]},
        {"volumes": [{"name": "token", "secret": {"secretName": "Hunter2Hunter2"}}]},
        {"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "x"}}]}}]},
        {"imagePullSecrets": [{"name": "registry"}], "automountServiceAccountToken": False},
    ],
)
def test_fields_that_refer_to_secrets_hold_none(doc: JsonValue) -> None:
    assert list(secrets_in(doc)) == []


def test_a_document_without_secrets_is_told_at_once() -> None:
    args: JsonValue = ["--model_name=iris", "--max-model-len=1024", "-v"]
    assert not may_hold_secrets({"env": [{"name": "LOG_LEVEL", "value": "info"}], "args": args, "port": 8080})


@given(
    st.lists(st.sampled_from(("--", "-", "_", "/", ".", "+", "token", "key", "api", "Bearer", "A7b", "x")), max_size=5)
)
def test_a_short_word_by_itself_is_no_secret(parts: list[str]) -> None:
    word = "".join(parts)[:14]
    assert secrets_in_text(word) == secrets_in_text(f"{word} ") == ()


def test_no_shape_is_that_short() -> None:
    shapes = [plain(value) for _, value in SECRETS if secrets_in_text(plain(value))]
    assert min(map(len, shapes)) >= 15


def test_random_texts_are_told_from_words() -> None:
    chosen = random.Random(1)  # noqa: S311 - a sample, not a key
    keys = ["".join(chosen.choices(string.ascii_letters + string.digits, k=40)) for _ in range(500)]
    missed = [key for key in keys if not secrets_in_text(key)]
    assert len(missed) <= 10


@given(st.text(max_size=200))
def test_spans_are_in_order_and_within_and_hiding_twice_is_hiding_once(text: str) -> None:
    spans = secrets_in_text(text)
    ends = [place for span in spans for place in (span.start, span.end)]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(text) for place in ends)
    assert mask_text(mask_text(text)) == mask_text(text)


LINES: dict[str, tuple[list[str], str]] = {
    "beside its name": (["- name: DB_PASSWORD", "  value: hunter2"], "  value: (hidden)"),
    "before its name": (["  value: hunter2", "  name: DB_PASSWORD"], "  value: (hidden)"),
    "in one line": (["- {name: DB_PASSWORD, value: hunter2}"], "- {name: DB_PASSWORD, value: (hidden)}"),
    "under its name": (["stringData: {password: hunter2}"], "stringData: {password: (hidden)}"),
    "after a flag": (["- --api-key", "- abc123xyz"], "- (hidden)"),
    "after a flag in one line": (["args: [--api-key, abc123xyz]"], "args: [--api-key, (hidden)]"),
    "of a private key": (["key: |", "  -----BEGIN ·PRIVATE KEY-----", "  MIIEvQIBADANBg"], "  (hidden)"),
    "of a certificate": (["crt: |", "  -----BEGIN CERTIFICATE-----", "  MIIEvQIBADANBg"], "  MIIEvQIBADANBg"),
    "of another name": (["- name: LOG_LEVEL", "  value: hunter2"], "  value: hunter2"),
}


@pytest.mark.parametrize("case", LINES)
def test_a_line_of_a_file_is_shown_without_its_secret(case: str) -> None:
    written, expected = LINES[case]
    lines = [plain(line) for line in written]
    at = next((i for i, line in enumerate(lines) if "hunter2" in line), len(lines) - 1)
    assert cut_secrets(lines[at], secrets_in_line(lines, at)) == expected


@given(
    st.text(alphabet="a1A=:-. _/@", max_size=20) | st.sampled_from([text.replace("·", "")[:12] for _, text in SECRETS])
)
def test_a_short_text_is_judged_by_its_signs_as_by_all_else(text: str) -> None:
    shortly = secrets_in_text(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(secrets, "_SHORTEST_SHAPE", 0)
        assert shortly == secrets_in_text.__wrapped__(text)


def test_no_known_shape_is_shorter_than_what_is_looked_at() -> None:
    parser = re._parser  # type: ignore[attr-defined]
    shortest = min(parser.parse(pattern).getwidth()[0] for pattern in (secrets._SHAPE, secrets._HEADER))
    assert shortest >= secrets._SHORTEST_SHAPE
    assert parser.parse(secrets._SHAPE).getwidth()[0] == secrets._SHORTEST_MARKED
