"""A real etcd and kube-apiserver on 127.0.0.1 for the length of a test session, and a client that speaks to them."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.cluster import binaries

HOST = "127.0.0.1"
# How long nothing may change while somebody waits, in seconds of a machine that has nothing else to do. Longer than
# the engines take to try again: Argo CD's retries are at most three minutes apart, Flux's two.
PATIENCE = 240.0
# The API server hangs up on who has been silent for 90 s.
IDLE = 30.0

Json = dict[str, Any]

# The programs that run now, with their logs: where one has ended, waiting for what it does is in vain.
_programs: dict[Path, subprocess.Popen[bytes]] = {}


class Answer(NamedTuple):
    """What the API server said: the code, the object or Status, and its warnings."""

    code: int
    body: Json
    warnings: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The Status's message; blank for an object."""
        return str(self.body.get("message", "")) if self.body.get("kind") == "Status" else ""

    @property
    def accepted(self) -> bool:
        """Whether the request was granted."""
        return self.code < 300


class Client:
    """Speaks to one API server over one connection."""

    def __init__(self, port: int, token: str, authority: Path) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        self._connection = http.client.HTTPSConnection(HOST, port, context=context, timeout=600)
        self._used = time.monotonic()
        self.url, self.token, self.authority = f"https://{HOST}:{port}", token, authority

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Answer:
        """Send one request; again while the server is too busy to answer it."""
        found: list[Answer] = []

        def is_answered() -> bool:
            found[:] = [self._send(method, f"{path}?{urlencode(query)}" if query else path, body)]
            (answer,) = found
            failed = method == "GET" and path.startswith("/api") and answer.code >= 500
            return answer.code != 429 and not failed

        wait_for(f"an answer to {method} {path}", is_answered)
        return found[0]

    def _send(self, method: str, url: str, body: Json | None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if method == "PATCH":
            headers["Content-Type"] = "application/apply-patch+yaml"
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # the next request opens another
        try:
            self._connection.request(method, url, json.dumps(body) if body is not None else None, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # a broken connection takes no further request
            raise
        self._used = time.monotonic()
        warnings = tuple(value for name, value in response.getheaders() if name.lower() == "warning")
        return Answer(response.status, json.loads(text) if text.startswith(b"{") else {"raw": text.decode()}, warnings)


def wait_for(what: str, check: Callable[[], bool], watch: Callable[[], object] = lambda: None) -> None:
    """Ask until the answer is yes.

    Fails with what was waited for once `watch` has shown nothing new for as long as `PATIENCE` says, and at once where
    a program has ended that should run. A machine whose cores are shared is given more time, by as much as they are.
    """
    seen: set[str] = set()
    left, last = PATIENCE, time.monotonic()
    while not check():
        for log, process in _programs.items():
            if process.poll() is not None:
                raise RuntimeError(f"{log.stem} has ended: {log.read_text('utf-8', 'replace')[-2000:]}")
        now = time.monotonic()
        left, last = left - (now - last) / programs_per_core(), now
        state = str(watch())
        if state not in seen:
            seen.add(state)
            left = PATIENCE
        if left < 0:
            raise TimeoutError(f"waited for {what} until nothing had changed for a long time; at last: {state}")
        time.sleep(0.05)


def programs_per_core() -> float:
    """Return how many programs want each core of this machine; 1 where all get what they want."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def openssl(*words: str) -> None:
    """Run openssl; fails with what it says."""
    subprocess.run([binaries.find("openssl"), *words], capture_output=True, check=True)


def kubeconfig(folder: Path, client: Client) -> Path:
    """Write the file by which programs find the API server, and may do everything there."""
    cluster = {"server": client.url, "certificate-authority": str(client.authority)}
    config: Json = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "here", "user": {"token": client.token}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config), "utf-8")
    return path


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that signs itself; return it and its key."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{HOST},DNS:localhost")
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, "-keyout", str(key), "-out", str(crt)
    )
    return crt, key


@contextmanager
def running(
    name: str, command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program and end it, in the environment of the tests unless one is given; its output is kept in `folder`."""
    log = folder / f"{name}.log"
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process:
        _programs[log] = process
        try:
            yield process
        finally:
            del _programs[log]
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def control_plane(folder: Path) -> Iterator[Client]:
    """Start etcd and the API server; yields a client that may do everything."""
    etcd = binaries.find("etcd")
    with ExitStack() as started:
        store, peer = free_port(), free_port()
        started.enter_context(running("etcd", _etcd(etcd, folder, store, peer), folder))
        port, token = free_port(), secrets.token_hex(16)
        crt, key = certificate(folder, "apiserver")
        (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n', "utf-8")
        command = _apiserver(binaries.built("kube-apiserver"), folder, store, port, crt, key)
        started.enter_context(running("kube-apiserver", command, folder))
        client = Client(port, token, crt)
        started.callback(client.close)
        wait_for("the API server", lambda: _is_ready(client))
        yield client


def _etcd(program: Path, folder: Path, port: int, peer: int) -> list[str]:
    url, peers = f"http://{HOST}:{port}", f"http://{HOST}:{peer}"
    options = {
        "data-dir": folder / "etcd",
        "listen-client-urls": url,
        "advertise-client-urls": url,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
        "unsafe-no-fsync": "true",
    }
    return _words(program, options)


def _apiserver(program: Path, folder: Path, store: int, port: int, crt: Path, key: Path) -> list[str]:
    signing = folder / "service-accounts.key"
    openssl("genrsa", "-out", str(signing), "2048")
    options = {
        "etcd-servers": f"http://{HOST}:{store}",
        "bind-address": HOST,
        "advertise-address": HOST,
        "secure-port": port,
        "tls-cert-file": crt,
        "tls-private-key-file": key,
        "cert-dir": folder,
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.96.0.0/16",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": signing,
        "service-account-signing-key-file": signing,
        "disable-admission-plugins": "ServiceAccount",
        # Late answers are better than none.
        "request-timeout": "10m",
        "enable-priority-and-fairness": "false",
    }
    return _words(program, options)


def _words(program: Path, options: Mapping[str, object]) -> list[str]:
    return [str(program), *(f"--{name}={value}" for name, value in options.items())]


def _is_ready(client: Client) -> bool:
    try:
        return client.call("GET", "/readyz").code == 200
    except OSError:
        return False
