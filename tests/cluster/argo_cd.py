"""A real Argo CD without its server, on 127.0.0.1: redis, repo server, both controllers, and their settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster import binaries
from tests.cluster.control_plane import HOST, Client, Json, free_port, kubeconfig, listens, running, wait_for
from tests.cluster.objects import collection, make_namespace, url

NAMESPACE = "argocd"
_REFRESH = "argocd.argoproj.io/refresh"
_CASCADE = "resources-finalizer.argocd.argoproj.io"


class ArgoCd:
    """An Argo CD whose application controller can be killed and started again."""

    def __init__(self, client: Client, start_controller: Callable[[], ExitStack]) -> None:
        self._client, self._start = client, start_controller
        # What others do while somebody waits here.
        self.meanwhile: Callable[[], None] = lambda: None
        self._controller: ExitStack | None = None

    def start_controller(self) -> None:
        """Start the application controller."""
        self._controller = self._start()

    def kill_controller(self) -> None:
        """End the application controller as a lost node would: without a word."""
        if self._controller is not None:
            self._controller.close()
            self._controller = None

    def application(self, name: str) -> Json:
        """Return an Application as it is now; empty where there is none."""
        answer = self._client.call("GET", url(_application({"name": name})))
        return answer.body if answer.accepted else {}

    def refresh(self, *names: str, hard: bool = False) -> None:
        """Have Applications compared with Git now; `hard` forgets what was rendered before. Returns when it is done."""
        self.ask_for_refresh(*names, hard=hard)
        for name in names:
            self.wait_for(name, "its refresh", lambda app: _REFRESH not in app["metadata"].get("annotations", {}))

    def ask_for_refresh(self, *names: str, hard: bool = False) -> None:
        """Have Applications compared with Git soon."""
        for name in names:
            self._mark({"name": name, "annotations": {_REFRESH: "hard" if hard else "normal"}})

    def wait_synced(self, name: str, commit: str) -> Json:
        """Wait until an Application is what a commit says, or whatever is there now, with no sync under way."""

        def is_synced(app: Json) -> bool:
            assert not (commit and _has_failed(app, commit)), f"{name}: {_said(app)}"
            return _is_synced(app, commit)

        return self.wait_for(name, f"its sync to {commit[:7]}", is_synced)

    def wait_for(self, name: str, what: str, check: Callable[[Json], bool]) -> Json:
        """Wait until an Application is as asked for; fails with what it says of itself, and when one shares an object.

        It may wait for others, so that it is no use giving up while anything happens to any of them.
        """
        apps: dict[str, Json] = {}

        def holds() -> bool:
            self.meanwhile()
            items = self._client.call("GET", collection(_application({}))).body["items"]
            apps.clear()
            apps.update({app["metadata"]["name"]: app for app in items})
            shared = [text for app in items for text in _shared(app)]
            assert shared == []
            return name in apps and check(apps[name])

        try:
            wait_for(f"{name}: {what}", holds, watch=lambda: {key: _said(app) for key, app in apps.items()})
        except TimeoutError as late:
            raise TimeoutError(f"{name}: {what}: {late}") from None
        return apps[name]

    def sync(self, *names: str) -> list[Json]:
        """Sync Applications by hand, with prune, and wait until that is done; returns what became of each object."""
        return [result for asked in [self._ask_for_sync(name) for name in names] for result in self._results(*asked)]

    def _ask_for_sync(self, name: str) -> tuple[str, Json]:
        asked = {"name": "asked", "value": secrets.token_hex(8)}
        # Argo CD's server, which does not run here, puts the Application's own options into what a person asks for.
        options = self.application(name)["spec"]["syncPolicy"].get("syncOptions", [])
        # On a machine with much to do an API server may give an object up that it takes a moment later.
        operation = {"sync": {"prune": True, "syncOptions": options}, "info": [asked], "retry": {"limit": 3}}
        self._mark({"name": name}, operation=operation)
        return name, asked

    def _results(self, name: str, asked: Json) -> list[Json]:
        def is_done(app: Json) -> bool:
            state = app["status"].get("operationState", {})
            mine = asked in state.get("operation", {}).get("info", [])
            return mine and state["phase"] not in ("Running", "Terminating")

        state = self.wait_for(name, "its sync by hand", is_done)["status"]["operationState"]
        assert state["phase"] == "Succeeded", state["message"]
        results: list[Json] = state["syncResult"].get("resources", [])
        return results

    def delete(self, name: str, *, cascade: bool) -> None:
        """Delete an Application and wait until it is gone; with `cascade` as people do who give no options."""
        uid = self.application(name)["metadata"]["uid"]
        if cascade:
            self._mark({"name": name, "finalizers": [_CASCADE]})
        self._client.call("DELETE", url(_application({"name": name})))

        def is_gone() -> bool:
            self.meanwhile()
            # The Application above it may make it anew at once.
            return bool(self.application(name).get("metadata", {}).get("uid") != uid)

        wait_for(f"{name}: its removal", is_gone, watch=lambda: _said(self.application(name)))

    def _mark(self, metadata: Json, **fields: object) -> None:
        doc = {**_application(metadata), **fields}
        done = self._client.call("PATCH", url(doc), doc, fieldManager="button", force="true")
        assert done.accepted, done.message


def _application(metadata: Json) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": NAMESPACE, **metadata},
    }


def _is_synced(app: Json, commit: str) -> bool:
    status = app.get("status", {})
    sync, operation = status.get("sync", {}), status.get("operationState", {})
    revisions = [sync.get("revision"), *sync.get("revisions", [])]
    # What is there already as it should be needs no operation.
    idle = "operation" not in app and operation.get("phase", "Succeeded") == "Succeeded"
    return sync.get("status") == "Synced" and (not commit or commit in revisions) and idle


def _has_failed(app: Json, commit: str) -> bool:
    """Whether Argo CD has given up on a commit: what failed last is not tried again."""
    operation = app.get("status", {}).get("operationState", {})
    result = operation.get("syncResult", {})
    tried = [result.get("revision"), *result.get("revisions", [])]
    return "operation" not in app and operation.get("phase") in ("Failed", "Error") and commit in tried


def _shared(app: Json) -> list[str]:
    conditions = app.get("status", {}).get("conditions", [])
    return [item["message"] for item in conditions if item["type"] == "SharedResourceWarning"]


def _said(app: Json) -> str:
    status = app.get("status", {})
    operation = status.get("operationState", {})
    said = {
        "sync": status.get("sync", {}).get("status"),
        "health": status.get("health"),
        "operation": (operation.get("phase"), operation.get("message"), operation.get("retryCount")),
        "conditions": [item["message"] for item in status.get("conditions", [])],
        "results": [
            item for item in operation.get("syncResult", {}).get("resources", []) if item.get("status") != "Synced"
        ],
        "resources": [item for item in status.get("resources", []) if item.get("status") != "Synced"],
    }
    return "\n".join(f"{key}: {value}" for key, value in said.items())


@contextmanager
def argo_cd(folder: Path, client: Client, authority: Path) -> Iterator[ArgoCd]:
    """Install and start Argo CD; `authority` is the certificate that its chart registries are trusted by."""
    program, helm, redis_server = binaries.built("argocd"), binaries.built("helm"), binaries.find("redis-server")
    _install(client)
    environment = {**_environment(folder, helm), "SSL_CERT_FILE": str(authority)}
    redis, repositories = free_port(), free_port()
    cache = f"--redis={HOST}:{redis}"
    with ExitStack() as started:
        started.enter_context(running("redis", _redis(redis_server, redis, folder), folder))
        wait_for("redis", lambda: listens(redis))
        command = [
            str(program),
            cache,
            "--disable-tls",
            f"--address={HOST}",
            f"--port={repositories}",
            f"--metrics-address={HOST}",
            f"--metrics-port={free_port()}",
        ]
        started.enter_context(
            running("argocd-repo-server", command, folder, {**environment, _ROLE: "argocd-repo-server"})
        )
        wait_for("the repo server", lambda: listens(repositories))
        options = ["--repo-server-plaintext", f"--kubeconfig={kubeconfig(folder, client)}", f"--namespace={NAMESPACE}"]
        sets = "argocd-applicationset-controller"
        command = [str(program), f"--argocd-repo-server={HOST}:{repositories}", *_free_addresses(), *options]
        started.enter_context(running(sets, command, folder, {**environment, _ROLE: sets}))
        command = [
            str(program),
            cache,
            f"--repo-server={HOST}:{repositories}",
            *options,
            # The one address that cannot be chosen: any free port, on all interfaces.
            "--metrics-port=0",
            # A script of health has one second; where the machine gave it less, the next look at it tells.
            "--app-resync=60",
            "--app-resync-jitter=0",
            "--repo-server-timeout-seconds=600",
        ]

        def controller() -> ExitStack:
            name = "argocd-application-controller"
            stack = ExitStack()
            process = stack.enter_context(running(name, command, folder, {**environment, _ROLE: name}))
            stack.callback(process.kill)
            return stack

        argo = ArgoCd(client, controller)
        argo.start_controller()
        started.callback(argo.kill_controller)
        yield argo


def _free_addresses() -> list[str]:
    return [f"--{name}-addr={HOST}:{free_port()}" for name in ("metrics", "probe", "webhook")]


# The one program of Argo CD is what this variable says.
_ROLE = "ARGOCD_BINARY_NAME"


def _environment(folder: Path, helm: Path) -> dict[str, str]:
    """Return variables that keep every file of Argo CD, git and Helm below `folder`."""
    home, temporary = folder / "home", folder / "tmp"
    for made in (home, temporary):
        made.mkdir()
    return {
        "PATH": f"{helm.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "TMPDIR": str(temporary),
        "ARGOCD_ASK_PASS_SOCK": str(temporary / "ask-pass.sock"),
        "ARGOCD_GPG_ENABLED": "false",
        # Late answers are better than none.
        "ARGOCD_EXEC_TIMEOUT": "10m",
        "ARGOCD_GIT_REQUEST_TIMEOUT": "10m",
        "ARGOCD_IGNORE_NORMALIZER_JQ_TIMEOUT": "1m",
        # Waves wait for health all the same.
        "ARGOCD_SYNC_WAVE_DELAY": "0",
        # The cluster that Argo CD runs in is the one of the kubeconfig.
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "KUBECONFIG": str(folder / "kubeconfig"),
    }


def _redis(program: Path, port: int, folder: Path) -> list[str]:
    return [str(program), "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(folder)]


def _install(client: Client) -> None:
    """Create the objects that Argo CD's controllers read their settings from."""
    labels = {"app.kubernetes.io/part-of": "argocd"}
    make_namespace(client, NAMESPACE)
    for kind, name, content in (
        ("ConfigMap", "argocd-cm", {}),
        ("ConfigMap", "argocd-rbac-cm", {}),
        ("Secret", "argocd-secret", {"stringData": {"server.secretkey": "nobody-logs-in-here"}}),
    ):
        named = {"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}}
        _apply(client, {"apiVersion": "v1", "kind": kind, **named, **content})
    everything = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    project = {"metadata": {"name": "default", "namespace": NAMESPACE}, "spec": everything}
    _apply(client, {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", **project})


def _apply(client: Client, doc: Json) -> None:
    done = client.call("PATCH", url(doc), doc, fieldManager="person", force="true")
    assert done.accepted, done.message
