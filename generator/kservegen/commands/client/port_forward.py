"""`kubectl port-forward` as long as it is needed: started without a shell, its port awaited, always ended."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, Final, NamedTuple

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

_READY: Final = lazy_pattern(rb"Forwarding from 127\.0\.0\.1:(\d+) ->")
_GRACE: Final = 2.0  # seconds for kubectl to end when asked
_LONGEST: Final = 300


class Tunnel(NamedTuple):
    """The way to a Service. `context` is kubectl's, blank for its current one."""

    namespace: str
    service: str
    port: int
    context: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What kubectl is told before the ports."""
        context = ("--context", self.context) if self.context else ()
        target = f"service/{self.service}"
        return (*context, "--namespace", self.namespace, "port-forward", "--address", "127.0.0.1", target)


@contextmanager
def forwarded(tunnel: Tunnel, timeout: float) -> Iterator[int]:
    """Forward a free local port to the Service and yield it once it takes connections; GeneratorError otherwise."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise GeneratorError(
            "kubectl is not on the path", hint="Install it, or say where the model is reached: --url URL."
        )
    process = _start([kubectl, *tunnel.words, f":{tunnel.port}"])
    with _ended(process):
        try:
            yield _await_port(process, tunnel, timeout)
        except GeneratorError as problem:
            said = _complaint(process)
            if not said or problem.hint == said:
                raise
            raise GeneratorError(problem.message, subject=problem.subject, hint=f"kubectl says: {said}") from problem


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - no shell, and every word is one argument
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as problem:
        raise GeneratorError(f"cannot be run: {problem.strerror}", subject=command[0]) from problem


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process whatever happens, a polite request to this one to end included."""
    with process, _terminated():
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _terminated() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that what is open is closed; signals are the main thread's alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _await_port(process: subprocess.Popen[bytes], tunnel: Tunnel, timeout: float) -> int:
    said, ended = b"", False
    for chunk in _chunks(process.stdout, timeout):
        said += chunk
        ended = not chunk
        found = _READY.search(said)
        if found is not None:
            return int(found[1])
    if not ended:
        late = f"kubectl port-forward was not ready within {timeout:g} seconds"
        raise GeneratorError(late, subject=f"service/{tunnel.service}")
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)  # its last words are there when it has ended
    raise _refused(_complaint(process), tunnel)


def _chunks(pipe: IO[bytes] | None, timeout: float) -> Iterator[bytes]:
    """Yield what a pipe gives, blank at its end, until that or until the time is over."""
    if pipe is None:
        return
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(pipe.fileno(), 4096)
            yield chunk
            if not chunk:
                return


def _complaint(process: subprocess.Popen[bytes]) -> str:
    """Return the last line that kubectl has written to its standard error so far, shortened."""
    said = b"".join(_chunks(process.stderr, 0.0))
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:_LONGEST] if lines else ""


_REFUSALS: Final = (
    (
        r'services "[^"]*" not found|namespaces "[^"]*" not found',
        "there is no such Service in the cluster",
        "The model is not deployed there, or kubectl asks another cluster: --context NAME.",
    ),
    (
        r"pod is not running|timed out waiting for the condition",
        "no pod of it runs",
        "Read how to watch it become Ready in the environment's README.md.",
    ),
    (r"[Ff]orbidden", "kubectl may not forward ports there", "It takes create on pods/portforward in the namespace."),
    (
        r"[Uu]nable to connect|connection to the server|no configuration has been provided|context .* does not exist",
        "kubectl reaches no cluster",
        "Look at KUBECONFIG and --context.",
    ),
)


def _refused(said: str, tunnel: Tunnel) -> GeneratorError:
    subject = f"service/{tunnel.service} in {tunnel.namespace}"
    for pattern, message, hint in _REFUSALS:
        if re.search(pattern, said):
            return GeneratorError(f"{message} ({said})", subject=subject, hint=hint)
    return GeneratorError(f"kubectl port-forward ended: {said or 'without a word'}", subject=subject)
