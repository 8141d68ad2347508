"""A cluster's API server: the module that speaks to it, for those commands that ask a cluster, only to get and list.

Where names are all that counts, metadata is all that is asked for (PartialObjectMetadata), so that no content travels.
The API has no way to ask for the keys of a Secret alone: its values come too where keys are wanted, and are dropped
before anything else is done. What a server answers never reaches a message, nor do addresses: both can carry a token.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from kservegen.catalog.inventory.collection import InventoryDraft
from kservegen.catalog.inventory.facts import CONTROLLER_NAME, controller_namespace
from kservegen.catalog.inventory.kinds import (
    BUILT_IN_GROUPS,
    CONTROLLER,
    DEFINITION,
    EVERYWHERE,
    LISTED,
    SECRET,
    ListedKind,
)
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.foreign_json import parse_json
from kservegen.core.jsontypes import JsonObject, JsonValue

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_SECONDS: Final = 30.0
_PAGE: Final = 500
_PAGE_OF_DEFINITIONS: Final = 10  # one may be of several MiB
_PAGE_OF_OBJECTS: Final = 100  # with their managedFields
_LARGEST_ANSWER: Final = 64 << 20
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_WHOLE: Final = "application/json"
# One answer with every group, version and resource; servers before Kubernetes 1.30 may not give it.
_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_CHUNK: Final = 1 << 20
_FORBIDDEN: Final = {401: "unauthorized", 403: "forbidden"}


class _Answer(NamedTuple):
    status: int
    body: JsonObject
    date: str


class _Listing(NamedTuple):
    """A kind to list, in the version that the server has it in; `whole` asks for more than metadata."""

    kind: ListedKind
    version: str | None
    whole: bool


class _RefusedError(Exception):
    """A list was not given; the reason says why, in our words."""


class ApiServer:
    """An API server as a kubeconfig names it; `day` is the one that it says it is, blank before it was asked."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self.day = ""

    @classmethod
    def open(cls, kubeconfig: Path | None, context: str | None, *, asked_by: str = "kservegen inventory") -> ApiServer:
        """Find the server; without a kubeconfig as kubectl does, or as a pod of the cluster does.

        GeneratorError where the client of the extra is not installed, or no kubeconfig names a server.
        """
        try:
            from kubernetes import config  # noqa: PLC0415 - an extra, for this command alone
            from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415
        except ImportError:
            raise GeneratorError(
                "asking a cluster needs the Python package kubernetes",
                subject=asked_by,
                hint="Install kservegen[cluster], or write down what kubectl get -o json says and name the files.",
            ) from None
        settings = Configuration()
        inside = kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ
        try:
            if inside and "KUBECONFIG" not in os.environ:
                config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
            else:
                file = None if kubeconfig is None else str(kubeconfig)
                config.load_kube_config(  # type: ignore[no-untyped-call]
                    file, context, client_configuration=settings, persist_config=False
                )
        except (config.ConfigException, OSError, ValueError, TypeError, KeyError):
            # What the client says of it may quote the file, which holds credentials.
            raise GeneratorError(
                f"no cluster can be found: {_why_not(kubeconfig, context)}",
                subject=str(kubeconfig or "kubeconfig"),
                hint="Name a kubeconfig with --kubeconfig and one of its contexts with --context; or name files, in "
                "place of the cluster.",
            ) from None
        return cls(ApiClient(configuration=settings))

    def fill(self, draft: InventoryDraft, namespaces: Iterable[str], kserve: str, *, with_keys: bool) -> None:
        """List every kind: in these namespaces, in KServe's own, or everywhere; what is refused is noted."""
        draft.kubernetes_version = text(self._get("/version", _WHOLE).body.get("gitVersion"))
        served = self._discover(draft)
        wanted = sorted({*namespaces})
        for kind in (*LISTED, CONTROLLER):
            if kind is DEFINITION:
                continue
            near = sorted({*([] if kind is CONTROLLER else wanted), *([kserve] if kind.in_kserve else ())})
            whole = not kind.names_only and (kind is not SECRET or with_keys)
            listing = _Listing(kind, self._version(kind, served), whole=whole)
            if kind.namespaced and not kind.across:
                self._list_in(draft, listing, near)
            elif not self._list_in(draft, listing, [EVERYWHERE]) and kind.namespaced:
                self._list_in(draft, listing, sorted({*near, kserve}))

    def kserve_namespace(self) -> str:
        """Return the namespace that KServe's controller runs in; blank where that is not one, or may not be read."""
        try:
            found = list(self._items(_Listing(CONTROLLER, "v1", whole=True), ""))
        except _RefusedError:
            return ""
        return controller_namespace(found)

    def definitions(self) -> Iterator[JsonObject]:
        """List the CustomResourceDefinitions, whole; GeneratorError where they are not given."""
        try:
            yield from self._items(_Listing(DEFINITION, "v1", whole=True), "", page=_PAGE_OF_DEFINITIONS)
        except _RefusedError as refused:
            raise GeneratorError(
                f"the cluster does not give its CustomResourceDefinitions: {refused}",
                hint="Ask for the right to list them, or name files: kubectl get crd -o json.",
            ) from None

    def versions(self) -> dict[tuple[str, str], str]:
        """Tell the version in which the server has each resource, the preferred one first, by group and plural.

        GeneratorError where it does not tell.
        """
        try:
            return _preferred(self._served())
        except _RefusedError as refused:
            raise GeneratorError(
                f"the cluster does not say what it serves: {refused}", hint="Ask for the right to GET /apis."
            ) from None

    def objects(
        self, kind: ListedKind, version: str, namespaces: Sequence[str], *, selector: str = ""
    ) -> Iterator[JsonObject]:
        """List the objects of a kind in namespaces, or in all of them where none is named; Secrets without values.

        `selector` chooses by labels. GeneratorError where they are not given.
        """
        for namespace in (namespaces if kind.namespaced else ()) or ("",):
            try:
                yield from self._items(_Listing(kind, version, whole=True), namespace, _PAGE_OF_OBJECTS, selector)
            except _RefusedError as refused:
                place = f"of namespace {namespace}" if namespace else "of all namespaces" if kind.namespaced else ""
                raise GeneratorError(
                    " ".join(
                        filter(None, ("the cluster does not give its", kind.plural, f"{place}: {refused}".strip()))
                    ),
                    subject=f"{kind.plural}.{kind.group}" if kind.group else kind.plural,
                    hint="Ask for the right to list them; or name the namespaces that you may read with --namespace, "
                    "which leaves out what is cluster-wide.",
                ) from None

    def _version(self, kind: ListedKind, served: Mapping[tuple[str, str], str]) -> str | None:
        """Return the version in which the server has a kind: blank for none at all, None where it does not tell."""
        if not kind.group:
            return "v1"
        return served.get((kind.group, kind.plural), "") if served else None

    def _list_in(self, draft: InventoryDraft, listing: _Listing, places: Sequence[str]) -> bool:
        """List a kind in namespaces, or everywhere; return whether all of them could be read."""
        done = True
        for place in places:
            asked = "" if place == EVERYWHERE else place
            try:
                found = list(self._items(listing, asked))
            except _RefusedError as refused:
                draft.fail(listing.kind, asked, str(refused))
                done = False
                continue
            for doc in found:
                draft.add(doc)
            if listing.kind is not CONTROLLER:
                draft.cover(listing.kind, place)
        return done

    def _items(self, listing: _Listing, namespace: str, page: int = _PAGE, selector: str = "") -> Iterator[JsonObject]:
        kind, version = listing.kind, listing.version
        if version is None:
            raise _RefusedError("the server does not say what it serves")
        if not version:
            return  # no such kind, and so none of it
        start = f"/apis/{kind.group}/{version}" if kind.group else "/api/v1"
        path = "/".join(filter(None, (start, namespace and f"namespaces/{namespace}", kind.plural)))
        said = "/".join(filter(None, (kind.group, version)))
        query: list[tuple[str, str]] = [("limit", str(page)), ("labelSelector", selector)]
        if kind is CONTROLLER:
            query.append(("fieldSelector", f"metadata.name={CONTROLLER_NAME}"))
        following = ""
        while True:
            answer = self._get(path, _WHOLE if listing.whole else _METADATA, [*query, ("continue", following)])
            if answer.status == 410:  # the list is older than the server remembers: ask for what is left as it is now
                following = text(mapping(answer.body.get("metadata")).get("continue"))
                if following:
                    continue
                raise _RefusedError("the list changed while it was read")
            if answer.status != 200:
                raise _RefusedError(_FORBIDDEN.get(answer.status, f"status {answer.status}"))
            for item in map(mapping, sequence(answer.body.get("items"))):
                yield _without_values({**item, "apiVersion": said, "kind": kind.kind}, kind)
            following = text(mapping(answer.body.get("metadata")).get("continue"))
            if not following:
                return

    def _discover(self, draft: InventoryDraft) -> dict[tuple[str, str], str]:
        """Tell the version in which the server has each resource, the preferred one first, by group and plural.

        Empty where it does not tell.
        """
        try:
            served = self._served()
        except _RefusedError as refused:
            draft.fail(DEFINITION, "", str(refused))
            return {}
        for (group, plural), versions in served.items():
            if group in BUILT_IN_GROUPS:
                continue
            listed: list[JsonValue] = [{"name": version, "served": True} for version in sorted(versions)]
            draft.add(
                {
                    "apiVersion": "apiextensions.k8s.io/v1",
                    "kind": DEFINITION.kind,
                    "metadata": {"name": f"{plural}.{group}"},
                    "spec": {"versions": listed},
                }
            )
        draft.cover(DEFINITION)
        return _preferred(served)

    def _served(self) -> dict[tuple[str, str], list[str]]:
        """Return the versions of each resource, the preferred one first, by group and plural."""
        answer = self._get("/apis", _DISCOVERY)
        if answer.status != 200:
            raise _RefusedError(_FORBIDDEN.get(answer.status, f"status {answer.status}"))
        found: dict[tuple[str, str], list[str]] = {}
        for group, version, resources in self._groups(answer.body):
            for plural in resources:
                if "/" not in plural:  # otherwise a part of a resource, such as its status
                    found.setdefault((group, plural), []).append(version)
        return found

    def _groups(self, body: JsonObject) -> Iterator[tuple[str, str, list[str]]]:
        """Yield each version of each group with the plurals of its resources."""
        for item in map(mapping, sequence(body.get("items"))):  # an APIGroupDiscoveryList
            for version in map(mapping, sequence(item.get("versions"))):
                resources = [text(known.get("resource")) for known in map(mapping, sequence(version.get("resources")))]
                yield text(mapping(item.get("metadata")).get("name")), text(version.get("version")), resources
        for item in map(mapping, sequence(body.get("groups"))):  # an APIGroupList, of an older server
            group, preferred = text(item.get("name")), text(mapping(item.get("preferredVersion")).get("version"))
            listed = [text(mapping(each).get("version")) for each in sequence(item.get("versions"))]
            for name in (*(v for v in listed if v == preferred), *(v for v in listed if v != preferred)):
                known = map(mapping, sequence(self._get(f"/apis/{group}/{name}", _WHOLE).body.get("resources")))
                yield group, name, [text(each.get("name")) for each in known]

    def _get(self, path: str, accept: str, query: list[tuple[str, str]] | None = None) -> _Answer:
        import urllib3  # noqa: PLC0415 - comes with the client

        asked = [pair for pair in query or () if pair[1]]
        try:
            method, url, headers, *_ = self._api.param_serialize(
                "GET", path, query_params=asked, header_params={"Accept": accept}, auth_settings=["BearerToken"]
            )
            response = self._api.call_api(method, url, headers, _request_timeout=_SECONDS)
            body = self._read(response.response)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
            raise _unreachable(type(problem).__name__) from None
        except Exception as problem:
            if type(problem).__module__.startswith("kubernetes."):
                raise _unreachable(type(problem).__name__) from None
            raise
        date = response.headers.get("Date") or ""
        self.day = self.day or _day(date)
        return _Answer(response.status, body, date)

    def _read(self, response: object) -> JsonObject:
        content = bytearray()
        for chunk in response.stream(_CHUNK, decode_content=True):  # type: ignore[attr-defined]
            content += chunk
            if len(content) > _LARGEST_ANSWER:
                raise GeneratorError(f"the server answers with more than {_LARGEST_ANSWER >> 20} MiB")
        try:
            return mapping(parse_json(content))
        except (ValueError, RecursionError):
            return {}


def _preferred(served: Mapping[tuple[str, str], Sequence[str]]) -> dict[tuple[str, str], str]:
    return {resource: versions[0] for resource, versions in served.items()}


def _without_values(doc: JsonObject, kind: ListedKind) -> JsonObject:
    """Drop the values of a Secret before anybody looks at it."""
    if kind is not SECRET:
        return doc
    return {**doc, "data": dict.fromkeys(mapping(doc.get("data")), "")}


def _why_not(kubeconfig: Path | None, context: str | None) -> str:
    """Say why a kubeconfig leads to no server, None being the one that kubectl finds."""
    if kubeconfig is not None and not kubeconfig.is_file():
        return "there is no such file"
    if context is not None:
        return f"no context {context} that names a server is there"
    return "no kubeconfig is there, or it names no server"


def _unreachable(reason: str) -> GeneratorError:
    return GeneratorError(
        f"the cluster gives no answer: {reason}",
        hint="Look at --kubeconfig, --context and the network; or name files, in place of the cluster.",
    )


def _day(written: str) -> str:
    try:
        return parsedate_to_datetime(written).date().isoformat()
    except ValueError:
        return ""
