"""`kubectl get`: words in, the objects that it prints out; started without a shell, and only to read."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

_SECONDS: Final = 30
_LONGEST: Final = 300
_ABSENT_KIND: Final = lazy_pattern(r"doesn't have a resource type|could not find the requested resource|no matches for")
_FORBIDDEN: Final = lazy_pattern(r"[Ff]orbidden|[Uu]nauthorized")


class KubectlRefusedError(GeneratorError):
    """The cluster answers, and does not let this user read what was asked for."""


class Kubectl(Struct, frozen=True):
    """Kubectl for one cluster; `context` is blank for its current one."""

    context: str = ""

    def get(self, kind: str, namespace: str, *, selector: str = "") -> bytes | None:
        """Return all objects of a kind in a namespace, as JSON; None where the cluster does not serve the kind.

        KubectlRefusedError where they may not be read, GeneratorError where there is no kubectl or no answer.
        """
        binary = shutil.which("kubectl")
        if binary is None:
            raise GeneratorError(
                "kubectl is not on the path", hint="Install it, or name files that it wrote elsewhere: --from PATH."
            )
        words = [f"--request-timeout={_SECONDS}s", "--namespace", namespace, "get", kind, "--output", "json"]
        words += [f"--selector={selector}"] if selector else []
        where = ["--context", self.context] if self.context else []
        done = _run([binary, *where, *words])
        if done.returncode == 0:
            return done.stdout
        said = _complaint(done.stderr)
        if _ABSENT_KIND.search(said):
            return None
        subject = f"{kind} in {namespace}"
        if _FORBIDDEN.search(said):
            raise KubectlRefusedError("may not be read", subject=subject, hint=f"kubectl says: {said}")
        raise GeneratorError(
            f"kubectl cannot read it: {said or f'exit code {done.returncode}'}",
            subject=subject,
            hint="Look at KUBECONFIG and --context.",
        )


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and every word is one argument
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=2 * _SECONDS
        )
    except subprocess.TimeoutExpired:
        raise GeneratorError(f"kubectl does not answer within {2 * _SECONDS} seconds", subject=command[0]) from None
    except OSError as problem:
        raise GeneratorError(f"cannot be run: {problem.strerror}", subject=command[0]) from problem


def _complaint(said: bytes) -> str:
    """Return the last line that kubectl wrote, shortened."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:_LONGEST] if lines else ""
