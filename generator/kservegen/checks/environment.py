"""Checks of an environment's own words: what they name exists, what is needed is there, what is said has an effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec.structs import replace

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.basis import CHART, Directory
from kservegen.checks.plain_secrets import check_own_words
from kservegen.checks.rules.kserve.reconcile import TEMPLATE_CAUSE
from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.document import mapping, sequence, texts_in, value_at
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import DEFAULTS_NAME, ENVIRONMENTS_FOLDER
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.charts.model import Charts, KeyPath, default_images, effective, is_on
from kservegen.kserve.charts.release import check_release, config_owner
from kservegen.kserve.charts.traps import CREATE_GATEWAY, ENABLE_GATEWAY_API, KSERVE_GATEWAY
from kservegen.kserve.charts.values import check_values
from kservegen.kserve.controllers.domains import template_fault
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment
from kservegen.render.objects.images import split_image
from kservegen.render.objects.pins import PINNED
from kservegen.render.objects.settings import promises_of

# Operators that checks know by name; a test holds this list against what the rules ask for.
KNOWN_PREREQUISITES = frozenset(
    """
    cert-manager gateway-api gateway-api-inference-extension istio keda knative-eventing knative-serving
    leaderworkerset modelmesh nvidia-device-plugin nvidia-gpu-operator opentelemetry prometheus wva
    """.split()
)


def check_environment(built: BuiltEnvironment, charts: Charts, directory: Directory) -> Iterator[Finding]:
    """Check one built environment; paths are paths of the environment's words. `directory` knows what is there."""
    environment = built.environment
    yield from _prerequisites(environment, charts)
    if environment.text("gitops", "engine") in ENGINES:
        from kservegen.checks.gitops import check_gitops  # noqa: PLC0415 - brings the words of engines

        yield from check_gitops(built, charts)
    yield from _node_pools(environment)
    yield from _missing_charts(built)
    yield from _chart_needs(built, charts, directory)
    yield from _values(built, charts, directory)
    yield from _unused_images(built, charts)
    yield from _accelerators(environment)
    yield from check_own_words(environment)


def _prerequisites(environment: ResolvedEnvironment, charts: Charts) -> Iterator[Finding]:
    known = KNOWN_PREREQUISITES.union(charts.names)
    for index, item in enumerate(sequence(environment.at("prerequisites"))):
        if not isinstance(item, str) or item in known or item.count("/") in {1, 2}:
            continue
        yield Finding(
            rule="catalog/unknown-prerequisite",
            path=("prerequisites", index),
            message=f"nothing is known about a prerequisite called {item}",
            seen=item,
            allowed=", ".join(sorted(KNOWN_PREREQUISITES)) + ", or an object as Kind/name or Kind/namespace/name",
            hint=did_you_mean(item, KNOWN_PREREQUISITES),
        )


def _node_pools(environment: ResolvedEnvironment) -> Iterator[Finding]:
    known = environment.mapping("accelerators")
    for name, words in environment.mapping("nodePools").items():
        accelerator = mapping(words).get("accelerator")
        if isinstance(accelerator, str) and accelerator not in known:
            yield Finding(
                rule="catalog/unknown-accelerator",
                path=("nodePools", name, "accelerator"),
                message=f"this environment has no accelerator {accelerator}",
                seen=accelerator,
                allowed=", ".join(known) or "none is defined",
                hint=did_you_mean(accelerator, known) or "Define it under accelerators.",
                cause=accelerator,
            )


def _missing_charts(built: BuiltEnvironment) -> Iterator[Finding]:
    for kind, chart in built.platform.missing:
        yield Finding(
            rule="kserve/chart-missing",
            path=("kserve", "charts", chart),
            message=f"{kind} objects need chart {chart}, which is switched off",
            seen="false",
            hint=f"Remove the line, or remove the {kind} objects from this environment.",
        )


def _chart_needs(built: BuiltEnvironment, charts: Charts, directory: Directory) -> Iterator[Finding]:
    """Each chart in use needs operators that the environment must promise."""
    known = set(charts.names)
    used = set(built.platform.names)
    wanted: dict[tuple[str, ...], list[str]] = {}
    promised = promises_of(built.environment)
    for use in built.platform.charts:
        chart = charts.by_name.get(use.name)
        directory.look_up_promise(use.name, kind=CHART)  # one that is promised is installed by somebody else
        for need in chart.info.needs if chart else ():
            if need.when is not None or used.intersection(need.one_of) or built.platform.by_others:
                continue
            if not any(directory.look_up_promise(name).is_there for name in need.one_of):
                wanted.setdefault(need.one_of, []).append(use.name)
    for one_of, users in wanted.items():
        operators = [name for name in one_of if name not in known]
        what = " or ".join(operators or one_of)
        yield Finding(
            rule="kserve/prerequisite",
            path=("prerequisites",),
            message=f"{', '.join(users)} needs {what}, which is neither installed nor promised here",
            hint=f"Install it, then promise it: prerequisites: [{', '.join([*promised, (operators or one_of)[0]])}].",
            promise=(operators or one_of)[0],
            at_key=True,
            cause=what,
        )


def _values(built: BuiltEnvironment, charts: Charts, directory: Directory) -> Iterator[Finding]:
    said = built.environment.mapping("kserve", "values")
    used = built.platform.values()
    for chart, values in said.items():
        if chart in charts.by_name:  # the schema knows the names of charts
            for finding in check_values(charts, chart, mapping(values)):
                yield replace(finding, path=("kserve", "values", chart, *finding.path))
            yield from _templates(chart, mapping(values))
    kserve = built.platform.namespace
    for finding in check_release(charts, used, kserve, is_there=lambda it: directory.look_up_promise(it).is_there):
        if finding.rule != "kserve/chart-namespace":
            yield replace(finding, path=("kserve", "values", *finding.path))
        elif not built.platform.by_others:  # who have ways of their own
            yield replace(finding, path=_NAMESPACE, hint=f"{finding.hint} {_OTHERS_MAY}", at_key=False)
    yield from _unpromised_gateway(built, charts, directory)
    yield from _two_modes(built, said)


_NAMESPACE: Final = ("kserve", "namespace")
_OTHERS_MAY: Final = "Where others have installed KServe elsewhere, say kserve.install: none."
_TEMPLATES = ("domainTemplate", "pathTemplate")


def _templates(chart: str, values: JsonObject) -> Iterator[Finding]:
    """Read the Go templates of the ConfigMap: the controller does not start with one that it cannot parse."""
    gateway = mapping(mapping(mapping(values.get("kserve")).get("controller")).get("gateway"))
    for name in _TEMPLATES:
        template = gateway.get(name)
        if not isinstance(template, str) or "{{" not in template:
            continue
        from kservegen.formats.gotemplate.parser import parse_template  # noqa: PLC0415 - few environments write a template
        from kservegen.formats.gotemplate.problem import TemplateFault  # noqa: PLC0415

        problem = parse_template(template)
        if isinstance(problem, TemplateFault):
            yield Finding(
                rule="kserve/config-template",
                path=("kserve", "values", chart, "kserve", "controller", "gateway", name),
                message=f"{name} is no Go template: {problem.message}",
                seen=template,
                hint="Close every {{ with }}, and write fields as {{ .Name }}.",
            )
        elif fault := template_fault(template):
            yield Finding(
                rule="kserve/reconcile",
                path=("kserve", "values", chart, "kserve", "controller", "gateway", name),
                message=f"KServe's controller stops at every service: {fault}",
                seen=template,
                hint="Write .Name, .Namespace, .IngressDomain, .Labels.name or .Annotations.name.",
                cause=TEMPLATE_CAUSE,
            )


_NO_ROUTES: KeyPath = ("kserve", "controller", "gateway", "disableIngressCreation")


def _unpromised_gateway(built: BuiltEnvironment, charts: Charts, directory: Directory) -> Iterator[Finding]:
    """Find routes of InferenceServices that lead to a Gateway which nobody makes or promises: none is ever ready."""
    routed = any(built.entry.info.kind == "InferenceService" for built in built.entries)
    used = built.platform.values()
    owner = config_owner(charts, used)
    chart = charts.by_name.get(owner)
    if chart is None or not routed or built.settings.deployment_mode != "Standard":
        return
    values = used[owner]
    if not is_on(chart, values, ENABLE_GATEWAY_API):
        return
    if is_on(chart, values, CREATE_GATEWAY) or is_on(chart, values, _NO_ROUTES):
        return
    name = effective(chart, values, KSERVE_GATEWAY)
    if not isinstance(name, str) or directory.look_up_promise(f"Gateway/{name}").is_there:
        return
    yield Finding(
        rule="kserve/gateway-reference",
        path=("kserve", "values", owner, *ENABLE_GATEWAY_API),
        message=f"Gateway {name} is not there, as far as the environment says: no InferenceService becomes ready",
        seen=name,
        hint=f"Create it, then promise it: prerequisites: [Gateway/{name}].",
        promise=f"Gateway/{name}",
        severity=Severity.WARNING,
    )


def _two_modes(built: BuiltEnvironment, said: JsonObject) -> Iterator[Finding]:
    """Find values that disagree with kserve.deploymentMode, from which the chart's own is written."""
    mode = built.settings.deployment_mode
    for chart, values in said.items():
        controller = mapping(mapping(mapping(values).get("kserve")).get("controller"))
        other = controller.get("deploymentMode", mode)
        if other != mode:
            yield Finding(
                rule="catalog/said-twice",
                path=("kserve", "values", chart, "kserve", "controller", "deploymentMode"),
                message="the chart's deploymentMode and kserve.deploymentMode disagree",
                seen=f"{other} and {mode}",
                hint="Keep kserve.deploymentMode and remove this line.",
            )


def _unused_images(built: BuiltEnvironment, charts: Charts) -> Iterator[Finding]:
    overrides = built.settings.images
    if not overrides.by_name:
        return
    names = {key.repository for use in built.platform.charts for key in default_images(charts, use.name)}
    names.update(split_image(image).name for entry in built.entries for image in _images(entry.entry.words))
    for override in overrides.unused(names):
        yield Finding(
            rule="catalog/unused-image",
            path=("images", override.index, "name"),
            message=f"no chart in use and no container has an image called {override.name}",
            seen=override.name,
            hint="Write the image as the chart or the catalog does, without its tag.",
        )


def unused_lock_entries(built: BuiltEnvironment) -> Iterator[Diagnostic]:
    """Tell of addresses in the lock that no object names: what is said of them counts for none."""
    environment, lock = built.environment, built.environment.source.lock
    if lock is None or not environment.locked:
        return
    served = (value_at(entry.resource.doc, PINNED.get(entry.resource.kind, ())) for entry in built.entries)
    if not _unnamed(environment.locked, {text for text in served if isinstance(text, str)}):
        return  # what follows looks at every text of every object
    texts = {text for entry in built.entries for text in texts_in(entry.resource.doc)}
    for address in sorted(_unnamed(environment.locked, texts)):
        bare = address.partition("://")[2] or address
        if any(bare in text for text in texts):  # in an argument, beside others
            continue
        known = sorted(text for text in texts | _without_revisions(texts) if "://" in text)
        yield by_manual(
            "catalog/unused-lock-entry",
            f"nothing of {environment.name} is served from {address}, so what is said of it counts for nothing",
            lock.source.key(("models", address)),
            path=format_path(("models", address)),
            seen=address,
            hint=did_you_mean(address, known),
            environments=(environment.name,),
        )


def _unnamed(locked: JsonObject, texts: AbstractSet[str]) -> AbstractSet[str]:
    return locked.keys() - texts - _without_revisions(texts)


def _without_revisions(texts: Iterable[str]) -> AbstractSet[str]:
    """Return addresses as the lock names them, which writes revisions behind."""
    return {text.rpartition(":")[0] for text in texts if text.count(":") > 1}


def _images(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "image" and isinstance(item, str):
                yield item
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


def _accelerators(environment: ResolvedEnvironment) -> Iterator[Finding]:
    for name, facts in environment.mapping("accelerators").items():
        if not mapping(facts).get("resource"):
            yield Finding(
                rule="catalog/accelerator-resource",
                path=("accelerators", name),
                message=f"accelerator {name} names no resource",
                hint="Add resource, for example nvidia.com/gpu.",
                at_key=True,
            )


def check_namespaces(built: BuiltEnvironment, directory: Directory) -> Iterator[tuple[BuiltEntry, Finding]]:
    """Yield the entries in a namespace that nobody creates, with a finding about their words."""
    environment = built.environment
    created = frozenset(environment.mapping("namespaces"))
    known = created | directory.names(kind="Namespace", namespace="")
    everywhere = f"{ENVIRONMENTS_FOLDER}/{DEFAULTS_NAME}.yaml"
    listed = f"ist it under namespaces in {environment.source.own.file}, or in {everywhere} for all."
    for entry in built.entries:
        namespace = entry.entry.namespace
        if not entry.entry.info.namespaced or not namespace or namespace in created:
            continue
        if not directory.look_up(kind="Namespace", namespace="", name=namespace).is_there:
            yield (
                entry,
                Finding(
                    rule="catalog/unknown-namespace",
                    path=("namespace",),
                    message=f"namespace {namespace} is neither created nor promised here",
                    seen=namespace,
                    allowed=", ".join(sorted(known)) or "none is created",
                    hint=f"{near} Otherwise l{listed}" if (near := did_you_mean(namespace, known)) else f"L{listed}",
                    cause=namespace,
                ),
            )
