"""A pod's `resourceClaims` and the objects beside it in; the devices that are claimed, and what nobody knows of, out.

Source: k8s.io/api/resource/v1 (types.go); v1beta2 has the same requests, v1beta1 has the fields of `exactly` beside
their name. A claim by name is one set of devices that all pods share; a template makes one claim for each pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.servers.devices import CLASS_PREFIX, class_devices, driver_class

# Finds an object by kind, namespace and name; None for one that is not among the files.
FindObject: TypeAlias = Callable[[str, str, str], JsonObject | None]

_PROFILE: Final = lazy_pattern(r"""profile["']?\]?\s*==\s*["']([1-9]g\.[0-9]{1,4}gb[^"']*)["']""")
_MIG: Final = "mig.nvidia.com"


class ClaimedDevices(NamedTuple):
    """Devices of one request: how many at the most, and what they can be, each as `device_names` writes it.

    `claim` names the claim that all pods share, with the request; blank where each pod has its own. `doubt` tells why
    the number, or that these are accelerators, is not certain.
    """

    names: tuple[str, ...]
    number: int
    claim: str = ""
    doubt: str = ""


class PodClaims(NamedTuple):
    """What a pod claims; `unknown` tells of claims whose devices nobody knows."""

    devices: tuple[ClaimedDevices, ...] = ()
    unknown: tuple[str, ...] = ()


NO_CLAIMS: Final = PodClaims()


def pod_claims(pod: JsonObject, namespace: str, find: FindObject) -> PodClaims:
    """Return what a pod with this spec claims."""
    devices: list[ClaimedDevices] = []
    unknown: list[str] = []
    for item in map(mapping, sequence(pod.get("resourceClaims"))):
        shared, template = text(item.get("resourceClaimName")), text(item.get("resourceClaimTemplateName"))
        kind, name = ("ResourceClaim", shared) if shared else ("ResourceClaimTemplate", template)
        if not name:
            continue  # the API server refuses it
        found = find(kind, namespace, name)
        if found is None:
            unknown.append(f"{kind}/{name} is not among the files")
            continue
        spec = mapping(found.get("spec"))
        listed = mapping((spec if shared else mapping(spec.get("spec"))).get("devices"))
        for request in map(mapping, sequence(listed.get("requests"))):
            asked = _of_request(request, find)
            if asked is not None:
                doubt = f"{kind}/{name}: {asked.doubt}" if asked.doubt else ""
                claim = f"{namespace}/{shared}/{text(request.get('name'))}" if shared else ""
                devices.append(asked._replace(claim=claim, doubt=doubt))
    return PodClaims(tuple(devices), tuple(unknown))


def _of_request(request: JsonObject, find: FindObject) -> ClaimedDevices | None:
    """Return what one request asks for; of alternatives (`firstAvailable`) the most that one of them takes.

    None for what takes no accelerator: another sort of device, or a look at one that others have (`adminAccess`).
    """
    alternatives = [mapping(item) for item in sequence(request.get("firstAvailable"))]
    asked = [found for one in alternatives or [_exact(request)] if (found := _of_class(one, find)) is not None]
    if not asked:
        return None
    names = tuple(dict.fromkeys(name for one in asked for name in one.names))
    return ClaimedDevices(names, max(one.number for one in asked), "", next(filter(None, (a.doubt for a in asked)), ""))


def _exact(request: JsonObject) -> JsonObject:
    return mapping(request["exactly"]) if isinstance(request.get("exactly"), dict) else request


def _of_class(asked: JsonObject, find: FindObject) -> ClaimedDevices | None:
    name = text(asked.get("deviceClassName"))
    if not name or asked.get("adminAccess") is True:
        return None
    names, known = device_names(name, find, asked.get("selectors"))
    if not names:
        return None
    doubt = "" if known else f"nothing is known of DeviceClass {name}; its devices were counted as accelerators"
    number = integer(asked.get("count"))
    if asked.get("allocationMode") == "All":
        number, doubt = 1, "it takes all devices of a node (allocationMode: All); one was counted"
    return ClaimedDevices(names, 1 if number is None else number, "", doubt)


def claim_of_class(resource: str, number: int) -> ClaimedDevices:
    """Return what a pod takes that asks for a class as an extended resource, by its name with CLASS_PREFIX."""
    devices = class_devices(resource.removeprefix(CLASS_PREFIX))
    return ClaimedDevices((*(devices.resources if devices is not None else ()), resource), number)


def device_names(name: str, find: FindObject, selectors: JsonValue = None) -> tuple[tuple[str, ...], bool]:
    """Return what the devices of a class are called, and whether they are known to be accelerators.

    The names are those of device plugins where the class, or the driver that its selectors name, is a vendor's, and
    the class's own as Kubernetes writes it (`deviceclass.resource.kubernetes.io/…`). Empty for other devices.
    """
    spec = mapping(mapping(find("DeviceClass", "", name)).get("spec"))
    expressions = " ".join((*_expressions(spec.get("selectors")), *_expressions(selectors)))
    driver = name if (own := class_devices(name)) is None or own.maker else driver_class(expressions) or name
    devices = class_devices(driver)
    if devices is None:
        return (), True
    profile = _PROFILE.search(expressions)
    if profile is not None:
        resources: tuple[str, ...] = (f"nvidia.com/mig-{profile[1]}",)
    elif driver == "gpu.nvidia.com" and _MIG in name:
        resources = ("nvidia.com/mig-*",)
    else:
        resources = devices.resources
    extended = text(spec.get("extendedResourceName"))
    own_names = (extended,) if extended else ()
    return (*own_names, *resources, f"{CLASS_PREFIX}{name}"), devices.maker is not None


def _expressions(selectors: JsonValue) -> Iterator[str]:
    for item in sequence(selectors):
        yield text(mapping(mapping(item).get("cel")).get("expression"))
