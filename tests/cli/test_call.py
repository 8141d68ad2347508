"""`kservegen call` against a server that speaks the models' protocols, directly and through a port-forward."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.support import model_server
from tests.support.model_server import send
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
FAKE = ROOT / "tests" / "support" / "fake_kubectl.py"
SECRET = "tok-" + "secretsecret"
MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  iris2: {modelFormat: sklearn, storageUri: s3://models/iris, protocolVersion: v2}
  qwen: {modelFormat: huggingface, storageUri: hf://Qwen/Qwen2.5-0.5B-Instruct, args: [--model_name=q]}
  words: {modelFormat: huggingface, storageUri: hf://a/b, args: [--task=text_embedding]}
  mask: {modelFormat: huggingface, storageUri: hf://a/b, args: [--task=fill_mask]}
  chat: {kind: LLMInferenceService, model: {uri: hf://a/b, name: a/b}, router: true}
  own: {image: registry.example.com/own:1}
  asleep: {modelFormat: sklearn, storageUri: s3://models/iris, stop: true}
  team-b/iris3: {modelFormat: sklearn, storageUri: s3://models/iris}
  team-c/iris3: {modelFormat: sklearn, storageUri: s3://models/iris}
graphs:
  both: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""


@pytest.fixture
def loaded(project: Project) -> Project:
    project.models(MODELS)
    project.write("environments/dev.yaml", DEV.replace("{ns: {}}", "{ns: {}, team-b: {}, team-c: {}}"))
    return project


def call(project: Project, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    arguments = ["call", "--root", str(project.root), "--env", "dev", "--timeout", "20", *words]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    assert done.exception is None, done.exception
    return int(done.return_value or 0), done.output


def report(project: Project, *words: str) -> dict[str, Any]:
    code, said = call(project, "--output", "json", *words)
    document = json.loads(said)
    jsonschema.validate(document, SCHEMA)
    assert document["exitCode"] == code
    told: dict[str, Any] = document["call"]
    return told


RIGHT = [
    ("iris", {"models": {"iris": "v1"}}, "/v1/models/iris:predict", "predictions: [1, 1]"),
    ("iris2", {"models": {"iris2": "v2"}}, "/v2/models/iris2/infer", "output-0 = [1]"),
    ("qwen", {"models": {"q": "chat"}, "prefix": "/openai"}, "/openai/v1/chat/completions", "Hello! How can I help?"),
    ("chat", {"models": {"a/b": "chat"}}, "/v1/chat/completions", "Hello! How can I help?"),
    (
        "words",
        {"models": {"words": "embeddings"}, "prefix": "/openai"},
        "/openai/v1/embeddings",
        "an embedding of 3 numbers",
    ),
    ("both", {"graph": True}, "/", '{"step": {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}}'),
]


@pytest.mark.parametrize(("model", "has", "route", "says"), RIGHT)
def test_a_right_answer_in_each_protocol(
    loaded: Project, model: str, has: dict[str, Any], route: str, says: str
) -> None:
    with model_server.serve(**has) as server:
        told = report(loaded, model, "--url", server.url)
        assert (told["right"], told["status"], told["route"], told["says"]) == (True, 200, route, says)
        ((method, path, headers, _),) = server.asked
    assert (method, path, headers["Content-Type"]) == ("POST", route, "application/json")


def test_what_is_said_to_people(loaded: Project) -> None:
    with model_server.serve(models={"iris": "v1"}) as server:
        code, said = call(loaded, "iris", "--url", server.url)
    first, *rest = said.splitlines()
    assert code == 0
    assert first.startswith("iris in dev: answers as it should, in ")
    assert rest == [
        "  predictions: [1, 1]",
        "  asked:  POST /v1/models/iris:predict, Open Inference Protocol v1",
        f"  at:     {server.url}",
    ]


WRONG = [
    # model, server, words, exit code is 1, what it says, the hint
    (
        "iris",
        {"models": {"other": "v1", "irsi": "v1"}},
        (),
        "the server has no model called iris; it has: other, irsi (404)",
        "Did you mean irsi? The name is said by --model_name",
    ),
    (
        "chat",
        {"models": {"served": "chat"}},
        (),
        "the server has no model called a/b; it has: served (404)",
        "The name is said by --model_name",
    ),
    (
        "qwen",
        {"models": {"q": "chat"}},
        (),
        "nothing there answers to /openai/v1/chat/completions (404): Not Found",
        "It lists q at /v1/models: try --protocol v1, or --route /v1/chat/completions --protocol openai-chat.",
    ),
    (
        "iris",
        {"models": {"iris": "v2"}},
        (),
        "nothing there answers to /v1/models/iris:predict (404): Model with name iris does not exist.",
        "It lists iris at /v2/models: try --protocol v2.",
    ),
    (
        "qwen",
        {"models": {"q": "chat"}, "prefix": "/openai"},
        ("--route", "/openai/v1/nowhere", "--protocol", "openai-chat"),
        "the server has q and does not know /openai/v1/nowhere (404)",
        "another protocol",
    ),
    (
        "iris2",
        {"models": {"other": "v2"}, "index": True},
        (),
        "the server has no model called iris2; it has: other (404)",
        "The name is said by --model_name",
    ),
    (
        "words",
        {"models": {"words": "chat"}, "prefix": "/openai"},
        (),
        "it refuses the request (400): The model does not support embeddings",
        'It takes {"input": ["…"]}',
    ),
    (
        "iris",
        {"models": {"iris": "v1"}, "ready": False},
        (),
        "it is not ready (503): Model with name iris is not ready.",
        "Watch it become Ready",
    ),
    (
        "iris",
        {"models": {"iris": "v1"}},
        ("--data", '{"instances": [[1, 2, 3]]}'),
        "it fails (500): ValueError : X has 3 features, but SVC is expecting 4 features as input.",
        'It takes {"instances": […]}, each of the shape',
    ),
    (
        "iris",
        {"models": {"iris": "v1"}},
        ("--data", '{"inputs": []}'),
        'it refuses the request (400): Expected "instances" to be a list',
        'It takes {"instances": […]}',
    ),
    (
        "iris2",
        {"models": {"iris2": "v2"}},
        ("--data", '{"instances": [[1]]}'),
        "it refuses the request (422): body.inputs: field required",
        'It takes {"inputs": [{"name"',
    ),
    (
        "qwen",
        {"models": {"q": "chat"}, "prefix": "/openai"},
        ("--data", '{"messages": "hello"}'),
        "it refuses the request (400): [{'type': 'list_type', 'loc': ('body', 'messages'), 'msg': 'Input should be",
        "a list of messages",
    ),
    (
        "iris",
        {"models": {"iris": "v1"}, "token": SECRET},
        (),
        "it wants credentials (401): Unauthorized: nothing",
        "--token-env",
    ),
    (
        "iris",
        {"models": {"iris": "v1"}, "host": "iris.example.com"},
        (),
        "nothing there answers to /v1/models/iris:predict",
        "--host",
    ),
]


@pytest.mark.parametrize(("model", "has", "words", "says", "hint"), WRONG)
def test_a_wrong_answer_is_told_in_a_sentence(
    loaded: Project, model: str, has: dict[str, Any], words: tuple[str, ...], says: str, hint: str
) -> None:
    with model_server.serve(**has) as server:
        told = report(loaded, model, "--url", server.url, *words)
    assert told["right"] is False
    assert told["says"].startswith(says)
    assert hint in told["hint"]


def test_the_server_is_asked_what_it_has(loaded: Project) -> None:
    with model_server.serve(models={"other": "v1"}) as server:
        told = report(loaded, "iris", "--url", server.url)
        assert [path for _, path, _, _ in server.asked] == ["/v1/models/iris:predict", "/v1/models"]
    assert told["models"] == ["other"]


Odd = Callable[[BaseHTTPRequestHandler], None]


def page(request: BaseHTTPRequestHandler) -> None:
    send(request, 200, b"<html>\n  <title>Sign in</title>", "text/html")


def predicts(request: BaseHTTPRequestHandler) -> None:
    send(request, 200, {"outputs": []})


def redirects(request: BaseHTTPRequestHandler) -> None:
    request.send_response(302)
    request.send_header("Location", "https://login.example.com/start?state=secret")
    request.send_header("Content-Length", "0")
    request.end_headers()


def streams(request: BaseHTTPRequestHandler) -> None:
    send(request, 200, b"data: {}\n\n", "text/event-stream")


def towers(request: BaseHTTPRequestHandler) -> None:
    send(request, 200, b"[" * 100_000)


def gateway(request: BaseHTTPRequestHandler) -> None:
    send(request, 504, b"upstream request timeout", "text/plain")


def talks(request: BaseHTTPRequestHandler) -> None:
    send(request, 400, {"error": "no: " + "x" * 1000})


ODD: list[tuple[Odd, str]] = [
    (page, "it answers 200 with something that is not JSON (text/html): <html> <title>Sign in</title>"),
    (predicts, "the answer is not of Open Inference Protocol v1: no list of predictions (seen: keys outputs)"),
    (redirects, "it redirects to https://login.example.com/start (302)"),
    (streams, "it answers with a stream, which is not judged"),
    (towers, "it answers 200 with something that is not JSON (application/json): [[["),
    (gateway, "a gateway got no answer from the model (504): upstream request timeout"),
    (talks, "it refuses the request (400): no: xxx"),
]


@pytest.mark.parametrize(("odd", "says"), ODD)
def test_odd_answers_are_told_and_shortened(loaded: Project, odd: Odd, says: str) -> None:
    with model_server.serve(odd=odd) as server:
        told = report(loaded, "iris", "--url", server.url)
    assert told["says"].startswith(says)
    assert len(told["says"]) < 400


def hangs(request: BaseHTTPRequestHandler) -> None:
    request.connection.recv(1)  # until the client has had enough


def drips(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.flush()
    request.connection.recv(1)


def trickles(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" ")
        request.wfile.flush()
        if select.select([request.connection], [], [], 0.05)[0]:
            return  # the client has had enough


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


def floods(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b" " * (1 << 20))
    except OSError:
        return


@pytest.mark.parametrize(
    ("odd", "patience", "said"),
    [
        (hangs, "0.3", "no answer within 0.3 seconds"),
        (drips, "0.3", "no answer within 0.3 seconds"),
        (trickles, "0.3", "no answer within 0.3 seconds"),
        (hangs_up, "20", "it closed the connection without an answer | It may speak TLS"),
    ],
)
def test_no_answer_is_an_operational_failure(loaded: Project, odd: Odd, patience: str, said: str) -> None:
    with model_server.serve(odd=odd) as server:
        code, told = call(loaded, "iris", "--url", server.url, "--timeout", patience)
    assert code == 2
    assert told.startswith(f"{server.url}: {said}")


def test_an_endless_answer_is_not_read_to_its_end(loaded: Project) -> None:
    with model_server.serve(odd=floods) as server:
        code, told = call(loaded, "iris", "--url", server.url)
    assert (code, "the answer is larger than 16 MiB" in told) == (2, True)


def test_a_closed_port_is_told(loaded: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    code, told = call(loaded, "iris", "--url", f"http://127.0.0.1:{port}")
    assert (code, told) == (2, f"http://127.0.0.1:{port}: connection refused: nothing listens there | ")


def test_proxies_of_the_environment_are_not_asked(loaded: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with model_server.serve(models={"iris": "v1"}) as server:
        assert call(loaded, "iris", "--url", server.url)[0] == 0


def test_an_ingress_goes_by_the_host_header(loaded: Project) -> None:
    with model_server.serve(models={"iris": "v1"}, host="iris.example.com") as server:
        told = report(loaded, "iris", "--url", server.url, "--host", "iris.example.com")
    assert (told["right"], told["through"]) == (True, f"{server.url}, as iris.example.com")


def test_a_url_may_be_that_of_the_route_or_have_a_path_before_it(loaded: Project) -> None:
    with model_server.serve(models={"iris": "v1"}) as server:
        assert call(loaded, "iris", "--url", f"{server.url}/v1/models/iris:predict")[0] == 0
        call(loaded, "iris", "--url", f"{server.url}/serving/iris/")
        assert [path for _, path, _, _ in server.asked][1] == "/serving/iris/v1/models/iris:predict"


def test_a_token_is_sent_and_shown_to_nobody(loaded: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    with model_server.serve(models={"iris": "v1"}, token=SECRET) as server:
        assert call(loaded, "iris", "--url", server.url, "--token-env", "MY_TOKEN")[0] == 0
        assert server.asked[0][2]["Authorization"] == f"Bearer {SECRET}"
        server.token = SECRET[::-1]
        code, said = call(loaded, "iris", "--url", server.url, "--token-env", "MY_TOKEN")
        assert (code, SECRET in said, "Unauthorized: Bearer ***" in said) == (1, False, True)
    code, said = call(loaded, "iris", "--show", "--token-env", "MY_TOKEN")
    assert (SECRET in said, '-H "Authorization: Bearer $MY_TOKEN"' in said) == (False, True)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "MY_TOKEN: it is not set"),
        ("a b", "MY_TOKEN: it holds no token"),
        ("a\nX: y", "MY_TOKEN: it holds no token"),
    ],
)
def test_a_variable_without_a_token_is_told(
    loaded: Project, monkeypatch: pytest.MonkeyPatch, value: str | None, said: str
) -> None:
    monkeypatch.delenv("MY_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_TOKEN", value)
    code, told = call(loaded, "iris", "--url", "http://127.0.0.1:1", "--token-env", "MY_TOKEN")
    assert (code, told.startswith(said)) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("irsi",), "nothing in dev that takes requests is called irsi | Did you mean iris?"),
        (("own-predictor-abc",), "nothing in dev that takes requests is called own-predictor-abc | Did you mean own?"),
        (("zzz",), "Known: asleep, both, chat, "),
        (("iris3",), "iris3 is several things in dev: InferenceService team-b/iris3, InferenceService team-c/iris3"),
        (("own",), "InferenceService ns/own: it runs a server of its own | If you know what it speaks"),
        (("asleep",), "InferenceService ns/asleep: it is stopped in dev | Take out its stop: true"),
        (("iris", "--url", "ftp://x"), "--url: not the http or https URL of a server"),
        (("iris", "--url", "http://h:port"), "--url: not a URL"),
        (("iris", "--url", "http://u:secret@h"), "--url: the URL carries a user name or a password"),
        (("iris", "--url", "http://h/?token=secret"), "--url: the URL carries a query or a fragment"),
        (("iris", "--url", "http://h", "--token-env", "hf_secret-1"), "--token-env: not the name of an environment"),
        (("iris", "--data", "{"), "--data: not JSON"),
        (("iris", "--data", "no-such-file"), "no-such-file: cannot be read"),
        (("iris", "--url", "http://h", "--host", "a\nb"), "--host: not a host's name"),
        (("iris", "--url", "http://" + "a" * 70), "not a host's name"),
        (("iris", "--url", "https://h", "--ca-file", "no-such-file"), "no-such-file: no certificates can be read"),
    ],
)
def test_what_cannot_be_asked_is_told_without_secrets(loaded: Project, words: tuple[str, ...], said: str) -> None:
    code, told = call(loaded, *words)
    assert code == 2
    assert said in told
    assert "secret" not in told


def test_an_own_server_is_called_where_its_protocol_is_named(loaded: Project) -> None:
    with model_server.serve(models={"own": "v2"}) as server:
        assert call(loaded, "own", "--url", server.url, "--protocol", "v2")[0] == 0


def test_a_route_may_be_named(loaded: Project) -> None:
    with model_server.serve(models={"q": "chat"}) as server:
        assert call(loaded, "qwen", "--url", server.url, "--route", "/v1/chat/completions")[0] == 0
    assert call(loaded, "qwen", "--url", server.url, "--route", "v1") == (
        2,
        "--route: not a path | Such as /v1/chat/completions.",
    )


def test_data_comes_from_a_file_too_and_names_the_model(loaded: Project, tmp_path: Path) -> None:
    file = tmp_path / "ask.json"
    file.write_text('{"messages": [{"role": "user", "content": "ä"}]}', "utf-8")
    with model_server.serve(models={"q": "chat"}, prefix="/openai") as server:
        assert call(loaded, "qwen", "--url", server.url, "--data", str(file))[0] == 0
        assert server.asked[0][3] == {"model": "q", "messages": [{"role": "user", "content": "ä"}]}


@pytest.fixture
def kubectl(loaded: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the stand-in first on the path, and return the file that it writes its words to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "kubectl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', "utf-8")
    script.chmod(0o755)
    log = tmp_path / "kubectl.json"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(log))
    assert loaded.root.is_dir()
    yield log
    if log.exists():
        pid = json.loads(log.read_text("utf-8"))["pid"]
        with pytest.raises(ProcessLookupError):  # whatever happened, it has ended
            os.kill(pid, 0)


FORWARDS = [
    ("iris", {"models": {"iris": "v1"}}, ("ns", "service/iris-predictor", ":80")),
    ("chat", {"models": {"a/b": "chat"}}, ("ns", "service/chat-kserve-workload-svc", ":8000")),
    ("both", {"graph": True}, ("ns", "service/both", ":80")),
    ("team-b/iris3", {"models": {"iris3": "v1"}}, ("team-b", "service/iris3-predictor", ":80")),
]


@pytest.mark.parametrize(("model", "has", "target"), FORWARDS)
def test_the_right_service_is_forwarded(
    loaded: Project,
    kubectl: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    has: dict[str, Any],
    target: tuple[str, str, str],
) -> None:
    namespace, service, port = target
    with model_server.serve(**has) as server:
        monkeypatch.setenv("FAKE_TARGET", str(server.port))
        told = report(loaded, model, "--context", "there")
    assert (told["right"], told["through"]) == (True, f"{service} in {namespace}, through kubectl port-forward")
    words = json.loads(kubectl.read_text("utf-8"))["words"]
    assert words == [
        *("--context", "there", "--namespace", namespace),
        *("port-forward", "--address", "127.0.0.1", service, port),
    ]


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (
            "absent",
            "service/iris-predictor in ns: there is no such Service in the cluster (Error from server (NotFound)",
        ),
        ("pending", "service/iris-predictor in ns: no pod of it runs (error: unable to forward port"),
        ("no-cluster", "service/iris-predictor in ns: kubectl reaches no cluster (The connection to the server"),
        ("forbidden", "service/iris-predictor in ns: kubectl may not forward ports there"),
        ("odd", "service/iris-predictor in ns: kubectl port-forward ended: error: something that nobody"),
        ("silent", "service/iris-predictor: kubectl port-forward was not ready within 0.5 seconds"),
        ("lost", "it closed the connection without an answer | kubectl says: an error occurred forwarding"),
    ],
)
def test_a_forward_that_fails_is_told(
    loaded: Project, kubectl: Path, monkeypatch: pytest.MonkeyPatch, mode: str, said: str
) -> None:
    monkeypatch.setenv("FAKE_MODE", mode)
    code, told = call(loaded, "iris", "--timeout", "0.5" if mode == "silent" else "20")
    assert kubectl.exists() or mode == "silent"  # which a busy machine may not have begun in half a second
    assert code == 2
    assert said in told


def test_a_kubectl_that_will_not_end_is_ended(loaded: Project, kubectl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_MODE", "stubborn")
    with model_server.serve(models={"iris": "v1"}) as server:
        monkeypatch.setenv("FAKE_TARGET", str(server.port))
        assert call(loaded, "iris")[0] == 0
    assert kubectl.exists()


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def handled(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """Handle a signal here, so that a child gets it: what a parent ignores (in a shell's `&`), its children do too."""
    number: signal.Signals = request.param
    before = signal.signal(number, signal.default_int_handler)
    yield number
    signal.signal(number, before)


def test_kubectl_ends_with_the_command(loaded: Project, kubectl: Path, handled: signal.Signals) -> None:
    words = ["call", "iris", "--env", "dev", "--root", str(loaded.root)]
    with model_server.serve(odd=hangs) as server:
        environment = {**os.environ, "FAKE_TARGET": str(server.port), "PYTHONPATH": str(ROOT / "generator")}
        process = subprocess.Popen([sys.executable, "-m", "kservegen", *words], env=environment)
        assert server.reached.wait(30)
        process.send_signal(handled)
        assert process.wait(30) != 0
    assert kubectl.exists()


def test_without_kubectl_a_url_is_asked_for(loaded: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert call(loaded, "iris") == (
        2,
        "kubectl is not on the path | Install it, or say where the model is reached: --url URL.",
    )


def test_knative_services_have_to_be_named(loaded: Project, kubectl: Path) -> None:
    loaded.write("environments/dev.yaml", DEV.replace("deploymentMode: Standard", "deploymentMode: Knative"))
    code, told = call(loaded, "iris")
    assert (code, kubectl.exists()) == (2, False)
    assert told.startswith("InferenceService ns/iris: a Knative Service has no ports to forward | Say where it is")


def test_show_prints_commands_that_work_and_sends_nothing(loaded: Project) -> None:
    with model_server.serve(models={"q": "chat"}, prefix="/openai") as server:
        code, said = call(loaded, "qwen", "--url", server.url, "--show")
        assert (code, server.asked) == (0, [])
        if shutil.which("curl") is None:
            pytest.skip("curl is not there")
        done = subprocess.run(["sh", "-c", said], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "Hello! How can I help?"


def test_a_model_that_an_error_leaves_readable_is_called(loaded: Project) -> None:
    loaded.write("models/broken.yaml", "version: 1\nmodels:\n  more: {modelFormat: [\n")
    assert call(loaded, "iris", "--show")[0] == 0
    code, told = call(loaded, "more", "--show")
    assert code == 2
    assert "is called more | The catalog has errors, and what they are in may be missing: models/broken.yaml:" in told


def test_what_kserve_makes_no_service_of_is_not_called(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris, runtime: missing}\n")
    code, told = call(project, "iris", "--show")
    assert code == 2
    assert "InferenceService ns/iris: KServe stops before its Service is there, at runtime: " in told
    assert call(project, "iris", "--show", "--url", "http://models.example.com")[0] == 0


def test_a_service_without_an_address_is_asked_for_the_port_of_its_pods(project: Project) -> None:
    values = "values: {kserve-resources: {kserve: {service: {serviceClusterIPNone: true}}}}"
    project.write("environments/dev.yaml", DEV.replace("version: v0.19.0", f"version: v0.19.0, {values}"))
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n")
    assert "service/iris-predictor 8080:8080 &" in call(project, "iris", "--show")[1]


def test_show_is_json_where_that_is_asked_for(loaded: Project) -> None:
    _, said = call(loaded, "chat", "--show")
    code, text = call(loaded, "chat", "--show", "--output", "json")
    shown = json.loads(text)
    jsonschema.validate(shown, SCHEMA)
    assert (code, shown["exitCode"], shown["commands"]) == (0, 0, said.splitlines())


def test_show_prints_the_forward_too(loaded: Project) -> None:
    code, said = call(loaded, "chat", "--show")
    assert code == 0
    assert said.splitlines()[0] == (
        "kubectl --namespace ns port-forward --address 127.0.0.1 service/chat-kserve-workload-svc 8080:8000 &"
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    made.write_text(made.read_text("utf-8") + key.read_text("utf-8"), "utf-8")
    return made


def test_tls_is_trusted_only_where_it_may_be(loaded: Project, certificate: Path) -> None:
    with model_server.serve(certificate, models={"iris": "v1"}) as server:
        code, told = call(loaded, "iris", "--url", server.url)
        assert (code, told.startswith(f"{server.url}: its certificate is not trusted: self")) == (2, True)
        assert call(loaded, "iris", "--url", server.url, "--ca-file", str(certificate))[0] == 0
        assert call(loaded, "iris", "--url", server.url, "--insecure")[0] == 0


def test_tls_and_plain_http_are_told_apart(
    loaded: Project, certificate: Path, kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server.serve(certificate, models={"iris": "v1"}) as server:
        code, told = call(loaded, "iris", "--url", server.url.replace("https", "http"))
        assert (code, "It may speak TLS there" in told) == (2, True)
        monkeypatch.setenv("FAKE_TARGET", str(server.port))
        assert call(loaded, "iris", "--tls", "--insecure")[0] == 0
    assert kubectl.exists()
    with model_server.serve(models={"iris": "v1"}) as plain:
        code, told = call(loaded, "iris", "--url", plain.url.replace("http", "https"))
        assert (code, "Try http:// instead." in told) == (2, True)
