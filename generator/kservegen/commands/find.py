"""A name from a cluster in; the catalog's line that it comes from, its owner, its files and its last commits out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import CatalogDocument
from kservegen.catalog.resolve import resolve_environment
from kservegen.checks.locate import Locator
from kservegen.commands.find_query.generated import Sight, sights
from kservegen.commands.find_query.query import Query, readings
from kservegen.commands.made_summary import make_stored
from kservegen.core.diagnostics import Diagnostic, Finding, Location
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonValue, Path, format_path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.core.suggest import did_you_mean, suggest_stem
from kservegen.evaluate.environment import bound_policies, build_objects, default_environment
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.formats.yaml.files import read_bytes
from kservegen.formats.yaml.load import load_strict
from kservegen.git.log import Commit, Span, content, history
from kservegen.git.process import Git, open_git
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.derived import Derived, Pods, derived_of
from kservegen.render.gitops.repository import OutputRepository as Addresses
from kservegen.render.gitops.syncers import syncers, with_applications
from kservegen.render.objects.environment import BuiltEnvironment

COMMITS: Final = 5
_MODE: Final = "serving.kserve.io/deploymentMode"


class SourcePlace(NamedTuple):
    """Where an object is in one environment. `rendered` says whether the file is there; `syncer` what syncs it."""

    environment: str
    file: str
    rendered: bool
    syncer: ResourceId | None


class LineHistory(NamedTuple):
    """What git knows of the lines. `notes` are sentences on what it does not; `edited` says that more is to come."""

    commits: tuple[Commit, ...] = ()
    edited: bool = False
    notes: tuple[str, ...] = ()


_UNKNOWN: Final = LineHistory()


class FoundObject(Struct, frozen=True, kw_only=True):
    """One answer: `name` is a `kinds` of `workload`, in the `role` of it that KServe gives it, made of `subject`.

    `workload` and `role` are blank where the name is the object's own. `words` is the path in the catalog, `beside` the
    other lines that say it: those of environments.
    """

    name: str
    kinds: tuple[str, ...]
    workload: str
    role: str
    subject: ResourceId
    words: str
    location: Location
    owner: str
    places: tuple[SourcePlace, ...]
    beside: tuple[Location, ...] = ()
    past: LineHistory = _UNKNOWN


# A file and the path in it of what an answer comes from.
_Written: TypeAlias = tuple[tuple[CatalogDocument, Path], ...]


class _Candidate(NamedTuple):
    rank: tuple[int, int]
    found: FoundObject
    written: _Written


def find_object(project: Project, name: str, environments: Sequence[str] = ()) -> tuple[FoundObject, ...]:
    """Find what a name comes from, the most specific answer first; GeneratorError where it comes from nothing."""
    return _with_past(project, [_with_lines(candidate) for candidate in _find(project, name, environments)])


def find_subjects(project: Project, name: str, environments: Sequence[str] = ()) -> tuple[ResourceId, ...]:
    """Return the objects of the catalog that a name comes from; GeneratorError where it comes from nothing."""
    return tuple(dict.fromkeys(one.found.subject for one in _find(project, name, environments)))


def _find(project: Project, name: str, environments: Sequence[str]) -> list[_Candidate]:
    queries, shared, known = readings(name), SharedResults(), set[str]()
    found = []
    for environment in project.choose(environments):
        resolved, _ = resolve_environment(project.catalog, environment, shared.entries)
        built = build_objects(resolved, project.tools, bound_policies(resolved, project.tools), shared)
        if not isinstance(built, Finding):
            found.append(built)

    def looked(look: _Look, asked: Sequence[Query]) -> list[_Candidate] | None:
        answers = ([one for built in found for one in look(built, query)] for query in asked)
        return next(filter(None, answers), None)

    def among(asked: Sequence[Query]) -> list[_Candidate] | None:
        # What is seldom asked for is made last: it takes as long as to check it.
        near = looked(lambda built, query: _look(project, built, query, known), asked)
        if near and not all(map(_is_doubtful, near)):
            return near
        made = looked(lambda built, query: _look_at_made(project, built, query, shared), asked)
        if near and made:
            return [one for one in made if one.rank[0] <= 0] or near
        return near or made

    likeliest = among(queries)
    if likeliest is None:
        said_more = any(query.kind or query.namespace for query in queries)
        bare = among((Query(queries[0].name),)) if said_more else None
        raise _nothing(
            name.strip(), queries[0].name, bare, tuple(_mentions(found, name, queries)), known, project.doubt
        )
    return _together(likeliest)


# Fewer characters a hash has once in ten thousand times.
_SHORTEST_HASH: Final = 6


def _is_doubtful(candidate: _Candidate) -> bool:
    """Whether a ReplicaSet is guessed from an ending that is hardly a hash: something else may be called so."""
    found = candidate.found
    return "ReplicaSet" in found.kinds and len(found.name) - len(found.workload) - 1 < _SHORTEST_HASH


_Look: TypeAlias = Callable[[BuiltEnvironment, Query], Iterator[_Candidate]]


def _look(project: Project, built: BuiltEnvironment, query: Query, known: set[str]) -> Iterator[_Candidate]:
    """Hold the query against every object of an environment and all that is made of it; note the names in `known`."""
    locator = Locator.of(built)
    folder = Addresses.of(built.environment).folder
    by_source = syncers((r for r in built.own if r.file.startswith("sync/")), folder)
    mode = built.settings.deployment_mode
    for resource in (*with_applications(built.resources), *_charts(built)):
        known.add(resource.id.name)
        if query.namespace and query.namespace != resource.id.namespace:
            continue
        for derived, sight in _sights(resource, query, mode):
            syncer = by_source.get(resource.id.name if resource.kind == _CHART else resource.file.rpartition("/")[0])
            place = _place(project, built.environment.name, resource, syncer)
            yield _candidate(locator, resource, derived, sight, query.name, place)


def _look_at_made(
    project: Project, built: BuiltEnvironment, query: Query, shared: SharedResults
) -> Iterator[_Candidate]:
    """Hold the query against all that KServe makes of the entries of an environment."""
    locator = Locator.of(built)
    folder = Addresses.of(built.environment).folder
    by_source = syncers((r for r in built.own if r.file.startswith("sync/")), folder)
    defaulted = default_environment(built, project.tools, shared=shared)
    for item in defaulted.objects:
        made = make_stored(item.resource, defaulted.context)
        for derived in _derived_from(made, item.written.id.namespace, query) if made is not None else ():
            for sight in sights(query.name, derived):
                if query.wants(*sight.kinds):
                    syncer = by_source.get(item.written.file.rpartition("/")[0])
                    place = _place(project, built.environment.name, item.written, syncer)
                    yield _candidate(locator, item.written, derived, sight, query.name, place)


# Kinds that pods are made of, by what names them.
_PODS: Final[Mapping[tuple[str, str], Pods]] = {
    ("apps/v1", "DaemonSet"): "DaemonSet",
    ("apps/v1", "Deployment"): "Deployment",
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"): "LeaderWorkerSet",
    ("serving.knative.dev/v1", "Service"): "Knative",
}


def _derived_from(made: Made, namespace: str, query: Query) -> Iterator[Derived]:
    """Yield the made objects that may be in the namespace that is asked for; some kinds have none."""
    for item in made.objects:
        kind, version = text(item.doc.get("kind")), text(item.doc.get("apiVersion"))
        metadata = mapping(item.doc.get("metadata"))
        if query.namespace in {"", namespace, text(metadata.get("namespace"))}:
            yield Derived(text(metadata.get("name")), (kind,), "", _PODS.get((version, kind), ""))


_CHART: Final = "Chart"


def _charts(built: BuiltEnvironment) -> Iterator[Resource]:
    """Yield the charts of an environment as if they were objects: what they install has names as well."""
    for chart in built.platform.charts:
        words: Path = ("kserve", "values", chart.name)
        if not built.environment.mapping("kserve", "values", chart.name):
            words = ("kserve", "version")
        yield Resource(
            id=ResourceId(_CHART, built.platform.namespace, chart.name),
            api_version="",
            doc={},
            file=f"platform/values/{chart.name}.yaml" if chart.values else "README.md",
            subject=chart.name,
            origins=(Origin((), words),),
        )


def _sights(resource: Resource, query: Query, mode: str) -> Iterator[tuple[Derived | None, Sight]]:
    is_object = query.name in {resource.id.name, resource.subject} and query.wants(resource.kind)
    if is_object:
        yield None, Sight((resource.kind,), -1)
    own = text(resource.annotations.get(_MODE)) or mode
    spec = resource.spec
    for derived in derived_of(resource.kind, resource.id.name, spec, own):
        if is_object and derived.name == resource.id.name:
            continue  # its own Service is called like it: no other answer
        for sight in sights(query.name, derived):
            kinds = tuple(kind for kind in sight.kinds if query.wants(kind))
            if kinds:
                yield derived, Sight(kinds, sight.depth)


def _place(project: Project, environment: str, resource: Resource, syncer: Resource | None) -> SourcePlace:
    file = f"{OUTPUT_FOLDER}/{environment}/{resource.file}"
    return SourcePlace(environment, file, (project.repository.root / file).is_file(), syncer.id if syncer else None)


def _candidate(
    locator: Locator, resource: Resource, derived: Derived | None, sight: Sight, name: str, place: SourcePlace
) -> _Candidate:
    entry = locator.entries.get(resource.identity)
    words = resource.words(())
    written: _Written
    if entry is not None:
        path: Path = (entry.section, entry.key)
        written = tuple((f.document, f.path) for f in entry.fragments if f.path == path)
    else:
        path = words
        documents = locator.environment.source.documents
        written = tuple((d, path) for d in documents if path and d.source.has(path))
    found = FoundObject(
        name=name,
        kinds=sight.kinds,
        workload=derived.name if derived else "",
        role=derived.role if derived else "",
        subject=resource.id,
        words=format_path(path),
        location=entry.own_location if entry else locator.locate(resource, (), at_key=True),
        owner=text(entry.words.get("owner")) if entry else "",
        places=(place,),
    )
    # The object itself comes before what is made of it, and a longer name says more than a shorter one.
    return _Candidate((sight.depth, -len(found.workload)), found, written)


def _together(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Make one answer of what is the same in several environments, and put the answers in order."""
    merged: dict[tuple[object, ...], _Candidate] = {}
    for candidate in candidates:
        found = candidate.found
        key = (found.kinds, found.workload, found.subject, found.location, found.owner)
        earlier = merged.get(key)
        if earlier is None:
            merged[key] = candidate
            continue
        places = (*earlier.found.places, *found.places)
        written = tuple(dict.fromkeys((*earlier.written, *candidate.written)))
        merged[key] = _Candidate(earlier.rank, replace(earlier.found, places=places), written)
    return sorted(merged.values(), key=lambda candidate: candidate.rank)


def _with_lines(candidate: _Candidate) -> _Candidate:
    """Note the lines beside the entry's own: those of environments that say something else."""
    lines = (document.source.key(path) for document, path in candidate.written)
    beside = tuple(dict.fromkeys(line for line in lines if line != candidate.found.location))
    return candidate._replace(found=replace(candidate.found, beside=beside))


def _with_past(project: Project, candidates: Iterable[_Candidate]) -> tuple[FoundObject, ...]:
    try:
        git = open_git(project.repository.root)
    except GeneratorError as problem:
        note = LineHistory(notes=(f"no commits: {problem.message}",))
        return tuple(replace(candidate.found, past=note) for candidate in candidates)
    return tuple(replace(c.found, past=_past(project, git, c.written)) for c in candidates)


def _past(project: Project, git: Git, written: _Written) -> LineHistory:
    """Ask git for the lines as HEAD has them: those in the folder may have moved since."""
    spans: list[Span] = []
    notes: list[str] = []
    edited = False
    for document, path in written:
        committed = content(git, document.file)
        now = _lines(project, document, path)
        span = _span(committed, document.file, path) if committed is not None else None
        if committed is None or span is None:
            edited = True
            continue
        spans.append(span)
        edited = edited or _cut(committed, span) != now
    told = history(git, spans, limit=COMMITS)
    if not told.complete:
        notes.append("the clone is shallow: what older commits did is not here: git fetch --unshallow")
    return LineHistory(told.commits, edited, tuple(notes))


def _lines(project: Project, document: CatalogDocument, path: Path) -> list[bytes]:
    data = read_bytes(project.repository.root / document.file, document.file, project.repository.root)
    if isinstance(data, Diagnostic):
        return []
    span = _span(data, document.file, path)
    return _cut(data, span) if span else []


def _span(data: bytes, file: str, path: Path) -> Span | None:
    """Return the lines of what stands at `path`, without blank lines and comments that follow it."""
    lines = data.splitlines()
    found = load_strict(data, file).source.span(path)
    if found is None:
        return None
    first, last = found[0], found[1] or len(lines)
    while last > first and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith(b"#")):
        last -= 1
    return Span(file, first, last)


def _cut(data: bytes, span: Span) -> list[bytes]:
    return data.splitlines()[span.first - 1 : span.last]


_TAIL: Final = lazy_pattern(r"(-[bcdfghjklmnpqrstvwxz2456789]{1,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_MENTIONS: Final = 3  # so many places of a name are told


def _mentions(environments: Iterable[BuiltEnvironment], name: str, queries: Sequence[Query]) -> Iterator[str]:
    """Say where entries name what they do not make: a Secret, a claim, an account, an image."""
    wanted, told = {name.strip(), *(query.name for query in queries)} - {""}, dict[Location, str]()
    for built in environments:
        locator = Locator.of(built)
        for entry in built.entries:
            for path, value in _texts(entry.resource.doc):
                if value in wanted or (value.startswith(_CLAIM) and value[len(_CLAIM) :].partition("/")[0] in wanted):
                    place = locator.locate(entry.resource, path)
                    told.setdefault(place, f"{place} ({entry.entry.key})")
    yield from [told[place] for place in sorted(told)][:_MENTIONS]


_CLAIM: Final = "pvc://"


def _texts(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _texts(inner, (*path, key))


def _nothing(
    typed: str,
    name: str,
    bare: Sequence[_Candidate] | None,
    mentions: Sequence[str],
    known: set[str],
    doubt: str,
) -> GeneratorError:
    """Say that nothing is called so, and what may help: the likeliest of it alone."""
    if bare:
        first = bare[0].found
        what = f"a {' or '.join(first.kinds)} of {first.subject}" if first.workload else f"{first.subject}"
        hint = f"Leave out its kind or namespace: {first.name} is {what}."
    elif mentions:
        hint = f"It is named at {', '.join(mentions)}."
    elif doubt:
        hint = f"{doubt[:1].upper()}{doubt[1:]}. Run kservegen validate."
    else:
        stem = _TAIL.sub("", name)
        for ending in ("-predictor", "-transformer", "-explainer", "-kserve"):
            stem = stem.removesuffix(ending)
        otherwise = "It may belong to something else in the cluster, or to another repository."
        hint = did_you_mean(stem, known, suggest_stem(stem, known) or otherwise, most=3)
    return GeneratorError(f'nothing in the catalog is or makes "{typed}"', hint=hint)
