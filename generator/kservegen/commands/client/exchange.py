"""What goes over the wire, as values: where to, what is asked, what came back."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from kservegen.core.errors import GeneratorError

_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a server listens. `path` is what stands before every route, without a slash at its end."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


class CallRequest(NamedTuple):
    """One request; without a body it is a GET."""

    route: str
    body: bytes | None = None


class CallResponse(NamedTuple):
    """What came back, whatever its status. `location` is where a redirect points; `seconds` is how long it took."""

    status: int
    content_type: str
    body: bytes
    location: str = ""
    seconds: float = 0.0


class Trust(Struct, frozen=True, kw_only=True):
    """What a client shows and accepts. `token` is sent as a bearer's and shown to nobody else."""

    token: str = ""
    host: str = ""
    ca_file: str = ""
    insecure: bool = False


def parse_address(url: str, route: str) -> Address:
    """Read what people give as a URL: the server's, one with a path before the routes, or that of the route itself.

    GeneratorError for one that is no address of a server, or that carries a password.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError as problem:
        raise GeneratorError("not a URL", subject="--url", hint="Such as http://models.example.com:8080.") from problem
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise GeneratorError("not the http or https URL of a server", subject="--url", hint="Such as http://host:8080.")
    if parts.username is not None or parts.password is not None:
        # The URL is not repeated: it holds a secret.
        raise GeneratorError(
            "the URL carries a user name or a password",
            subject="--url",
            hint="Put a token in an environment variable and name that: --token-env NAME.",
        )
    if parts.query or parts.fragment:
        raise GeneratorError("the URL carries a query or a fragment", subject="--url", hint="Leave it out.")
    path = parts.path.removesuffix(route) if route != "/" else parts.path
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Address(scheme, parts.hostname, port or _PORTS[scheme], path.rstrip("/"))
