"""A server on 127.0.0.1 that speaks the part of Kubernetes' API that kservegen uses: discovery and lists.

It answers GET alone, in pages, as metadata where that is asked for, and refuses what it is told to refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.http_server import Quiet, running

TOKEN = "cluster-token-of-nobody"  # noqa: S105
DAY = "Sun, 29 Nov 2026 10:00:00 GMT"


@dataclass
class FakeApi:
    """What the server has: resources by group, version and plural (with their kind), and objects by those.

    `forbidden` are paths, `aggregated` whether discovery is one answer, `expired` pages whose token is too old.
    """

    url: str = ""
    resources: dict[tuple[str, str, str], str] = field(default_factory=dict)
    objects: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    aggregated: bool = True
    expired: int = 0
    page: int = 2
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Accept
    tokens: set[str] = field(default_factory=set)

    def add(self, group: str, version: str, kind: str, *objects: dict[str, Any]) -> None:
        """Serve a kind, and objects of it."""
        plural = f"{kind.lower()}es" if kind.lower().endswith("s") else f"{kind.lower()}s"
        self.resources[group, version, plural] = kind
        self.objects.setdefault((group, plural), []).extend(objects)

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig that leads here."""
        file = folder / "kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
        }
        file.write_text(json.dumps(content), "utf-8")
        return file

    def answer(self, path: str, query: dict[str, list[str]], accept: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the body for a path."""
        if path in self.forbidden:
            return 403, {"kind": "Status", "message": f"forbidden to {TOKEN}"}
        match path.strip("/").split("/"):
            case ["version"]:
                return 200, {"gitVersion": "v1.34.1"}
            case ["apis"]:
                return 200, self._groups(accept)
            case ["apis", group, version]:
                found = [(p, k) for (g, v, p), k in self.resources.items() if (g, v) == (group, version)]
                listed = [{"name": p, "kind": k} for p, k in found] + [
                    {"name": f"{p}/status", "kind": k} for p, k in found
                ]
                return 200, {"kind": "APIResourceList", "resources": listed}
            case ["api", "v1", *rest]:
                return self._list("", "v1", rest, query, accept)
            case ["apis", group, version, *rest]:
                return self._list(group, version, rest, query, accept)
        return 404, {"kind": "Status"}

    def _groups(self, accept: str) -> dict[str, Any]:
        versions: dict[str, list[str]] = {}
        for group, version, _ in self.resources:
            if group and version not in versions.setdefault(group, []):
                versions[group].append(version)
        if self.aggregated and "APIGroupDiscoveryList" in accept:
            return {
                "kind": "APIGroupDiscoveryList",
                "items": [
                    {
                        "metadata": {"name": group},
                        "versions": [
                            {
                                "version": version,
                                "resources": [
                                    {"resource": plural, "responseKind": {"kind": kind}}
                                    for (g, v, plural), kind in self.resources.items()
                                    if (g, v) == (group, version)
                                ],
                            }
                            for version in listed
                        ],
                    }
                    for group, listed in versions.items()
                ],
            }
        return {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": group,
                    "versions": [{"version": v} for v in listed],
                    "preferredVersion": {"version": listed[0]},
                }
                for group, listed in versions.items()
            ],
        }

    def _list(
        self, group: str, version: str, rest: list[str], query: dict[str, list[str]], accept: str
    ) -> tuple[int, dict[str, Any]]:
        namespace, plural = (rest[1], rest[2]) if len(rest) == 3 else ("", rest[0])
        kind = self.resources.get((group, version, plural))
        if kind is None:
            return 404, {"kind": "Status"}
        found = self.objects.get((group, plural), [])
        found = [each for each in found if not namespace or each["metadata"].get("namespace") == namespace]
        names = [word.partition("=")[2] for word in query.get("fieldSelector", [])]
        found = [each for each in found if not names or each["metadata"]["name"] in names]
        for key, _, value in (word.partition("=") for word in query.get("labelSelector", [])):
            found = [each for each in found if each["metadata"].get("labels", {}).get(key) == value]
        start = int(query.get("continue", ["0"])[0])
        if start and self.expired:
            self.expired -= 1
            return 410, {"kind": "Status", "metadata": {"continue": str(start)}}
        items = found[start : start + self.page]
        if "PartialObjectMetadataList" in accept:
            items = [{"metadata": each["metadata"]} for each in items]
        following = str(start + self.page) if start + self.page < len(found) else ""
        return 200, {"kind": f"{kind}List", "metadata": {"continue": following}, "items": items}


@contextmanager
def serve_api() -> Iterator[FakeApi]:
    """Run the server; it has the kinds of Kubernetes that need no operator, and nothing of any."""
    api = FakeApi()
    for kind in ("Secret", "ConfigMap", "ServiceAccount", "PersistentVolumeClaim", "Node", "Namespace"):
        api.add("", "v1", kind)
    for group, kind in (
        ("storage.k8s.io", "StorageClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("networking.k8s.io", "IngressClass"),
        ("apps", "Deployment"),
    ):
        api.add(group, "v1", kind)

    class Handler(Quiet, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer what is asked."""
            split = urlsplit(self.path)
            accept = self.headers.get("Accept") or ""
            api.asked.append((self.command, split.path, accept))
            api.tokens.add(self.headers.get("Authorization") or "")
            status, body = api.answer(split.path, parse_qs(split.query), accept)
            content = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Date", DAY)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - whoever writes is caught by `asked`

    with running(Handler) as port:
        api.url = f"http://127.0.0.1:{port}"
        yield api
