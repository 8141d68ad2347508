"""An input in; what the tool did wrong with it out.

The input goes through the seams that the commands use, without a process and without a disk: what is loaded is held in
memory. Wrong are an exception that is no failure of the operation, a finding that says that the tool itself failed, a
place that the input does not have, and a report that cannot be written.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

import msgspec
from tests.fuzz.cases import CONFIG, ENVIRONMENT, LOCK, MANIFEST, MODELS, POLICY, RENDERED, Case, Kind
from tests.fuzz.commands import internal_findings

from kservegen.catalog.load import load_catalog
from kservegen.catalog.lock.entry import described
from kservegen.catalog.model import Catalog
from kservegen.catalog.owners import Owners
from kservegen.changes.plan.effects import with_effects
from kservegen.changes.plan.environment import plan_environment, read_change
from kservegen.changes.plan.model import Plan
from kservegen.changes.plan.trees import Differences
from kservegen.checks.manifests.plain import read_plain_manifests
from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.owners.words import check_owners
from kservegen.checks.policy.files import PolicyFiles
from kservegen.checks.policy.load import load
from kservegen.checks.policy.model import PolicySource
from kservegen.checks.waivers.apply import Clock
from kservegen.commands.result import FilePlan, Result
from kservegen.core.diagnostics import Diagnostic, Location, merge_diagnostics
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import Repository, packaged_data
from kservegen.evaluate.environment import Evaluation, Tools, evaluate, ledger_of
from kservegen.evaluate.manifests import Linter
from kservegen.evaluate.project import OwnSchema, open_tools
from kservegen.evaluate.sharing import SharedResults
from kservegen.formats.templates import PageTemplates
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.render.codeowners import build_codeowners
from kservegen.render.layout import lay_out
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.pages import SHIPPED_PAGES
from kservegen.report.github import render_github
from kservegen.report.json_report import render_json
from kservegen.report.plan_json import changes_as_json
from kservegen.report.plan_markdown import plan_as_markdown
from kservegen.report.plan_text import plan_as_text
from kservegen.report.sarif import render_sarif
from kservegen.report.text import render_text

_NOWHERE: Final = Path("/nowhere")
_PACKAGE: Final = f"kservegen{'/'}"
_BREAK: Final = re.compile(r"\r\n|\n|\r")
_CLOCK: Final = Clock(date(2026, 11, 1))
# Of so many inputs, one has its reports written and its files laid out as well: that costs more than judging it.
_WRITTEN_OF: Final = 5


class Fault(NamedTuple):
    """What went wrong: `kind` is the same for all inputs that fail at one place, `detail` tells this one apart."""

    kind: str
    detail: str


class Judge:
    """Judges inputs one after the other; schemas and rules are kept from one to the next."""

    def __init__(self) -> None:
        self._tools = open_tools(Repository(_NOWHERE, {}))
        self._schemas = {name: OwnSchema(name) for name in ("models", "environments", "lock", "inventory", "owners")}
        release = self._tools.releases.get(self._tools.releases.newest_reviewed)
        self._clusters = [reference_cluster(release, mode, self._tools.schemas) for mode in ("Standard", "Knative")]
        self._templates = PageTemplates(shipped=SHIPPED_PAGES)
        self._count = 0

    def faults(self, case: Case, number: int | None = None) -> tuple[Fault, ...]:
        """Return what the tool does wrong with an input; what is done with it hangs on its number or on their count."""
        self._count = self._count + 1 if number is None else number
        try:
            return tuple(dict.fromkeys(self._judge(case)))
        except GeneratorError:
            return ()  # the operation cannot go on, and says why
        except RecursionError as error:
            return (Fault("RecursionError", _last_lines(error)),)
        except Exception as error:  # noqa: BLE001 - what this is for
            return (Fault(_kind(error), _last_lines(error)),)

    def _judge(self, case: Case) -> Iterator[Fault]:
        match case.kind:
            case Kind.CATALOG | Kind.POLICY:
                yield from self._catalog(case)
            case Kind.MANIFESTS:
                yield from self._of(self._manifests(case.files[MANIFEST]), case)
            case Kind.FACTS:
                yield from self._facts(case)
            case Kind.CHANGE:
                yield from self._change(case)
            case Kind.COMMANDS:
                for line in internal_findings(case.files, case.commands):
                    yield Fault(re.sub(r"^.*?: |'.*'|\d+", "…", line)[:120], line[:500])

    def _manifests(self, content: bytes) -> Result:
        linter = Linter(self._tools.checker, self._clusters[self._count % len(self._clusters)], TemporaryFile)
        linter.add(content, MANIFEST, named=True)
        documents, diagnostics = linter.finish()
        return Result(command="validate", diagnostics=diagnostics, documents=documents)

    def _facts(self, case: Case) -> Iterator[Fault]:
        """Turn a config.json into an entry of a lock, as `lock --from` does, and estimate with it."""
        try:
            config = mapping(json.loads(case.files[CONFIG]))
        except (ValueError, RecursionError):
            return  # not JSON: `lock` says so
        entry = described(config)
        if any(self._schemas["lock"].check({"version": 1, "models": {"hf://org/m": entry}})):
            return  # refused before it is written
        said: list[JsonValue] = ["--max-model-len=8k", "--tensor-parallel-size=2", "--max-num-seqs=16"]
        model: JsonObject = {
            "modelFormat": "huggingface", "storageUri": "hf://org/m", "namespace": "ml",
            "accelerator": {"type": "l4", "count": 2}, "args": said[: self._count % 4],
            "resources": {"requests": {"memory": "8Gi"}, "limits": {"memory": "8Gi"}},
        }  # fmt: skip
        files = {
            MODELS: {"version": 1, "models": {"m": model}},
            ENVIRONMENT: {
                "version": 1, "cluster": {"name": "dev"}, "kserve": {"version": "v0.19.0"}, "namespaces": {"ml": {}},
                "gitops": {"engine": "none"}, "prerequisites": ["cert-manager"],
                "accelerators": {"l4": {"resource": "nvidia.com/gpu", "gpu": "L4"}},
            },
            LOCK: {"version": 1, "models": {"hf://org/m": entry}},
        }  # fmt: skip
        written = {name: json.dumps(value).encode() for name, value in files.items()}
        yield from self._catalog(replace(case, files=written))

    def _evaluated(self, files: Mapping[str, bytes]) -> tuple[Result, Catalog, Evaluation | None]:
        policy = files.get(POLICY)
        tools = self._tools if policy is None else _with_policy(self._tools, policy)
        sources = {name: content for name, content in files.items() if name != POLICY}
        repository = Repository(_NOWHERE, sources)
        catalog, diagnostics = load_catalog(
            repository,
            check_models=self._schemas["models"],
            check_environment=self._schemas["environments"],
            check_lock=self._schemas["lock"],
            check_inventory=self._schemas["inventory"],
            check_owners=self._schemas["owners"],
        )
        catalog, found = read_plain_manifests(repository, catalog)
        diagnostics += found
        if catalog.owners is not None:
            diagnostics.extend(check_owners(catalog, catalog.owners))
            build_codeowners(Owners.of(catalog.owners.value), catalog)
        if "dev" not in catalog.environments:
            return Result(command="validate", diagnostics=merge_diagnostics(diagnostics)), catalog, None
        evaluation = evaluate(catalog, "dev", tools, SharedResults(), _CLOCK)
        merged = merge_diagnostics([*diagnostics, *evaluation.diagnostics])
        return Result(command="validate", diagnostics=merged, environments=("dev",)), catalog, evaluation

    def _catalog(self, case: Case) -> Iterator[Fault]:
        result, _, evaluation = self._evaluated(case.files)
        yield from self._of(result, case)
        if self._count % _WRITTEN_OF == 0 and evaluation is not None and evaluation.built is not None:
            ledger_of(evaluation)
            self._lay_out(evaluation.built)

    def _of(self, result: Result, case: Case) -> Iterator[Fault]:
        yield from _internal(result.diagnostics)
        yield from _misplaced(result.diagnostics, case.files)
        if self._count % _WRITTEN_OF == 0:
            _write(result, case.files)

    def _lay_out(self, built: BuiltEnvironment) -> dict[str, bytes]:
        return dict(lay_out(built, self._templates))

    def _change(self, case: Case) -> Iterator[Fault]:
        """Compare what two catalogs come to, whatever is wrong with either, as `plan` does."""
        rendered = {name: case.before[name] for name in case.before if name.startswith(RENDERED)}
        _, catalog, before = self._evaluated({name: case.before[name] for name in case.before if name not in rendered})
        result, _, after = self._evaluated(case.files)
        yield from _internal(result.diagnostics)
        if after is None or after.built is None or before is None or before.built is None:
            return
        old = {**_inside(self._lay_out(before.built)), **_inside(rendered)}
        new = _inside(self._lay_out(after.built))
        differences = Differences(
            old={name: content for name, content in old.items() if new.get(name) != content},
            new={name: content for name, content in new.items() if old.get(name) != content},
        )
        change = read_change("dev", after.built, differences, mapping(catalog.environments["dev"].own.value))
        planned = with_effects(change, plan_environment(change), self._tools, after)
        plan = Plan(base="before", environments=(planned,), unknown=())
        wanted = Result(command="plan", diagnostics=result.diagnostics, plan=FilePlan(changes=plan))
        plan_as_text(wanted, plan, lambda _: None, colour=False, everything=True)
        plan_as_markdown(wanted, plan, self._templates)
        json.dumps(changes_as_json(plan))


def _inside(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.partition("/")[2]: content for name, content in files.items()}


def _with_policy(tools: Tools, content: bytes) -> Tools:
    """Return the tools of a repository with one policy of its own."""
    manifests = load_manifests(content, POLICY)
    sources = [
        PolicySource(doc=document.value, locate=document.source.value, raw=content.decode("utf-8", "replace"))
        for document in manifests.documents
        if isinstance(document.value, dict)
    ]
    policies, found = load(sources)
    files = PolicyFiles(policies, (*manifests.diagnostics, *found))
    return msgspec.structs.replace(tools, policies=lambda: files)


def _write(result: Result, files: Mapping[str, bytes]) -> None:
    """Write the result in every form; all of them have to be UTF-8, the two of JSON have to be JSON."""

    def lines(file: str) -> list[str] | None:
        content = files.get(file)
        return None if content is None else content.decode("utf-8", "replace").splitlines()

    texts = [render_text(result, lines, colour=True), render_github(result), render_json(result), render_sarif(result)]
    for text in texts:
        text.encode()
    for text in texts[2:]:
        json.loads(text)


def _internal(diagnostics: Iterable[Diagnostic]) -> Iterator[Fault]:
    for item in diagnostics:
        if item.rule.startswith("internal/"):
            said = re.sub(r"'.*'|\d+", "…", item.message)[:120]
            yield Fault(f"{item.rule}: {said}", f"{item.location}: {item.message[:500]}")


def _misplaced(diagnostics: Iterable[Diagnostic], files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Find places that are not in the files that were handed in."""
    lines = {name: _BREAK.split(content.decode("utf-8", "replace")) for name, content in files.items()}
    for item in diagnostics:
        for place in (item.location, *(related.location for related in item.related)):
            if wrong := _wrong_place(place, lines):
                yield Fault(f"wrong place of {item.rule}: {wrong}", f"{place}: {item.message[:200]}")


def _wrong_place(place: Location, lines: Mapping[str, list[str]]) -> str:
    if place.file not in lines:
        return "" if (packaged_data() / place.file).exists() else "no such file"
    held = lines[place.file]
    if not 1 <= place.line <= len(held):
        return "no such line"
    return "" if 1 <= place.column <= len(held[place.line - 1].removeprefix("\ufeff")) + 1 else "no such column"


def _kind(error: BaseException) -> str:
    """Name an exception by its type and by the innermost place of the package that it came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in frame.filename]
    own = [frame for frame in frames if "/tests/" not in frame.filename]
    place = f"{own[-1].filename.rpartition(_PACKAGE)[2]} in {own[-1].name}: {own[-1].line}" if own else "outside"
    return f"{type(error).__name__} at {place}"


def _last_lines(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-6))[-3000:]


def value_of(content: bytes) -> JsonValue:
    """Read one document of an input; None for what is none, or several."""
    documents = load_manifests(content, MANIFEST)
    return documents.documents[0].value if len(documents.documents) == 1 and not documents.diagnostics else None
