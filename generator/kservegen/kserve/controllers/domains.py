"""Host names of services: a name and the settings in, the host out.

Source: pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/{domain,path}.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.names import label_error, subdomain_error
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.values import NO_FIELD, GoStruct, GoValue
from kservegen.kserve.controllers.made import CONFIG_MAP, ReconcileError, text_map
from kservegen.kserve.controllers.settings import ControllerSettings

DEFAULT_TEMPLATE: Final = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"
_FIELD: Final = lazy_pattern(r"\{\{-?\s*\.(\w+)(?:\.(\w+))?\s*-?\}\}")
_NAMED: Final = lazy_pattern(r"\{\{-?\s*\.(?:Name|Namespace|IngressDomain)\s*-?\}\}")
_INDEX: Final = lazy_pattern(r'\{\{-?\s*index\s+\.(Labels|Annotations)\s+"([^"]*)"\s*-?\}\}')
# Where the templates stand: what is wrong with one for every service is to be mended there.
TEMPLATES: Final[Path] = (CONFIG_MAP, "ingress")
_NO_VALUE: Final = "<no value>"


def host_name(name: str, metadata: JsonObject, settings: ControllerSettings, domain: str = "") -> str:
    """Return the host of a service or of one of its components; ReconcileError where it is none."""
    template = settings.text("ingress", "domainTemplate") or DEFAULT_TEMPLATE
    fields = {
        "Name": name,
        "Namespace": text(metadata.get("namespace")),
        "IngressDomain": domain or settings.text("ingress", "ingressDomain") or "example.com",
    }
    host = fill_template(template, fields, metadata)
    if error := host_error(host):
        message = f"failed creating host name: invalid domain name {host!r}: {error}"
        raise ReconcileError("build", "ReconcileFailed", message)
    return host


@lru_cache(maxsize=64)
def is_template_of_names(settings: ControllerSettings) -> bool:
    """Whether hosts are put together of nothing but the names, the namespace and the domain of a service."""
    return "{{" not in _NAMED.sub("", settings.text("ingress", "domainTemplate") or DEFAULT_TEMPLATE)


def template_fault(template: str) -> str:
    """Say why a template of the ConfigMap cannot be filled in for any service; blank where it can for some."""
    try:
        fill_template(template, {"Name": "name", "Namespace": "namespace", "IngressDomain": "example.com"}, {})
    except ReconcileError as error:
        return error.outcome.message
    return ""


def host_error(host: str) -> str | None:
    """Validate a fully qualified domain name."""
    if "." not in host.removesuffix("."):
        return "should be a domain with at least two segments separated by dots"
    for part in host.removesuffix(".").split("."):
        if error := label_error(part):
            return error
    return subdomain_error(host.removesuffix("."))


def fill_template(template: str, fields: Mapping[str, str], metadata: JsonObject) -> str:
    """Fill a template of the ConfigMap in; ReconcileError where it asks for what there is not."""
    maps = {name: text_map(mapping(metadata.get(name.lower()))) for name in ("Labels", "Annotations")}

    def field(match: re.Match[str]) -> str:
        name, key = match[1], match[2]
        if key is None and name in fields:
            return fields[name]
        if key is not None and name in maps:
            return text(maps[name].get(key)) if key in maps[name] else _NO_VALUE
        raise _unfilled(f"template {template!r} asks for .{name}, which is not there")

    filled = _INDEX.sub(lambda match: text(maps[match[1]].get(match[2])), template)
    filled = _FIELD.sub(field, filled)
    return _evaluated(template, {**fields, **maps}) if "{{" in filled else filled


def _evaluated(template: str, data: Mapping[str, GoValue]) -> str:
    """Fill a template in that is more than fields; ReconcileError where Go would not."""
    from kservegen.formats.gotemplate.evaluate import evaluate_template  # noqa: PLC0415 - few write such a template
    from kservegen.formats.gotemplate.parser import parse_template  # noqa: PLC0415

    parsed = parse_template(template)
    if parsed is None:
        return template
    root = GoStruct("DomainTemplateValues", lambda name: data.get(name, NO_FIELD))
    filled = parsed if isinstance(parsed, TemplateFault) else evaluate_template(parsed, root, {})
    if isinstance(filled, TemplateFault):
        raise _unfilled(f"template {template!r} cannot be filled in: {filled.message}")
    return filled


def _unfilled(message: str) -> ReconcileError:
    return ReconcileError("build", "ReconcileFailed", message, TEMPLATES)
