"""Requests to a model's server: the module that speaks to it, for `kservegen call` alone.

No proxy of the environment is asked and no redirect followed: the answer is that of the address which was named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from kservegen.commands.client.exchange import Address, CallRequest, CallResponse, Trust
from kservegen.core.errors import GeneratorError

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from socket import socket
    from ssl import SSLContext

_CHUNK: Final = 64 << 10
_LARGEST: Final = 16 << 20


class Client:
    """Sends requests to one server; each one, its whole answer included, has `timeout` seconds."""

    def __init__(self, address: Address, trust: Trust, timeout: float) -> None:
        self._address, self._trust, self._timeout = address, trust, timeout

    def send(self, ask: CallRequest) -> CallResponse:
        """Send one request and return its answer, whatever the status; GeneratorError where there is none."""
        deadline = time.monotonic() + self._timeout
        with _explained(self._address, self._timeout):
            with closing(self._connect()) as connection:
                method = "GET" if ask.body is None else "POST"
                connection.request(method, self._address.path + ask.route, body=ask.body, headers=self._headers(ask))
                wire = connection.sock  # where the server closes, the connection gives it away to the response
                with connection.getresponse() as response:
                    body = _read(response, wire, deadline)
            return CallResponse(
                status=response.status,
                content_type=(response.headers.get_content_type() if "Content-Type" in response.headers else ""),
                body=self._hide(body),
                location=response.headers.get("Location", "").partition("?")[0],
                seconds=self._timeout - (deadline - time.monotonic()),
            )

    def _hide(self, body: bytes) -> bytes:
        """Take the token out of an answer that repeats it."""
        token = self._trust.token.encode()
        return body.replace(token, b"***") if token else body

    def _connect(self) -> HTTPConnection:
        import http.client  # noqa: PLC0415 - for this command alone

        host, port = self._address.host, self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=_tls(self._trust))

    def _headers(self, ask: CallRequest) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "kservegen"}
        if ask.body is not None:
            headers["Content-Type"] = "application/json"
        if self._trust.host:
            headers["Host"] = self._trust.host
        if self._trust.token:
            headers["Authorization"] = f"Bearer {self._trust.token}"
        return headers


def _tls(trust: Trust) -> SSLContext:
    import ssl  # noqa: PLC0415 - for this command alone

    try:
        context = ssl.create_default_context(cafile=trust.ca_file or None)
    except (OSError, ssl.SSLError) as problem:
        raise GeneratorError("no certificates can be read from it", subject=trust.ca_file) from problem
    if trust.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _read(response: HTTPResponse, wire: socket, deadline: float) -> bytes:
    """Read the whole body before the deadline; a server that sends byte by byte is not waited for."""
    found = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        wire.settimeout(left)
        chunk = response.read1(_CHUNK)
        if not chunk:
            return bytes(found)
        found += chunk
        if len(found) > _LARGEST:
            raise GeneratorError(f"the answer is larger than {_LARGEST >> 20} MiB", hint="Ask for less: --data.")


@contextmanager
def _explained(address: Address, timeout: float) -> Iterator[None]:
    """Say in a sentence why there was no answer."""
    import http.client  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    subject = str(address)
    try:
        yield
    except ssl.SSLCertVerificationError as problem:
        hint = "Name the authority that signed it with --ca-file FILE, or try without trust: --insecure."
        said = f"its certificate is not trusted: {problem.verify_message.rstrip('.')}"
        raise GeneratorError(said, subject=subject, hint=hint) from None
    except ssl.SSLError as problem:
        hint = "Try http:// instead." if problem.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"} else ""
        raise GeneratorError(f"no TLS connection: {problem.reason}", subject=subject, hint=hint) from None
    except TimeoutError:
        hint = "A first answer may take long while the model loads: --timeout SECONDS."
        raise GeneratorError(f"no answer within {timeout:g} seconds", subject=subject, hint=hint) from None
    except ConnectionRefusedError:
        raise GeneratorError("connection refused: nothing listens there", subject=subject) from None
    except (http.client.HTTPException, ConnectionError):
        hint = "It may speak TLS there: try https://." if address.scheme == "http" else ""
        raise GeneratorError("it closed the connection without an answer", subject=subject, hint=hint) from None
    except UnicodeError:
        raise GeneratorError("not a host's name", subject=subject) from None
    except OSError as problem:
        raise GeneratorError(f"it cannot be reached: {problem.strerror or problem}", subject=subject) from None
