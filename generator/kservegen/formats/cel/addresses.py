"""Kubernetes' `ip` and `cidr`: text in, addresses and networks out, by the rules of Go's net/netip."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.function import CIDR, IP, Function, Tagged, tagged, untagged

_Address: TypeAlias = IPv4Address | IPv6Address

_PREFIX: Final = lazy_pattern(r"(?P<address>[^/]+)/(?P<bits>0|[1-9][0-9]{0,2})")
# The server says it twice.
_NO_CIDR: Final = "network address parse error during conversion from string"
_ALL_IN_LINK_4: Final = IPv4Network("224.0.0.0/24")
_BROADCAST: Final = IPv4Address("255.255.255.255")


class _Prefix(Struct, frozen=True):
    """An address with the length of its network's prefix; bits behind it may be set."""

    address: _Address
    bits: int

    def __str__(self) -> str:
        return f"{self.address}/{self.bits}"

    @property
    def network(self) -> IPv4Network | IPv6Network:
        return ip_network(str(self), strict=False)


@lru_cache(maxsize=4096)
def _address(text: str) -> _Address:
    quoted = json.dumps(text)
    try:
        address = ip_address(text)
    except ValueError:
        reason = f"ParseAddr({quoted}): unable to parse IP"
        raise ValueError(f"IP Address {quoted} parse error during conversion from string: {reason}") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f"IP address {quoted} with zone value is not allowed")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quoted} is not allowed")
    return address


@lru_cache(maxsize=4096)
def _prefix(text: str) -> _Prefix:
    match = _PREFIX.fullmatch(text)
    bits = int(match["bits"]) if match else 0
    address = _address(match["address"]) if match else None
    if address is None or bits > address.max_prefixlen:
        reason = "no '/'" if "/" not in text else "not an address and the length of a prefix"
        raise ValueError(f"{_NO_CIDR}: {_NO_CIDR}: netip.ParsePrefix({json.dumps(text)}): {reason}")
    return _Prefix(address, bits)


def _ip(text: str) -> Tagged:
    return tagged(IP, str(_address(text)))


def _cidr(text: str) -> Tagged:
    return tagged(CIDR, str(_prefix(text)))


def _read_ip(value: Tagged) -> _Address:
    return _address(untagged(value, IP))


def _read_cidr(value: Tagged) -> _Prefix:
    return _prefix(untagged(value, CIDR))


def _takes(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _is_link_local_multicast(value: Tagged) -> bool:
    address = _read_ip(value)
    if isinstance(address, IPv4Address):
        return address in _ALL_IN_LINK_4
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def _is_global_unicast(value: Tagged) -> bool:
    address = _read_ip(value)
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and address != _BROADCAST


def _contains(network: _Prefix, address: _Address) -> bool:
    return network.address.version == address.version and address in network.network


def _contains_network(outer: _Prefix, inner: _Prefix) -> bool:
    return outer.bits <= inner.bits and _contains(outer, inner.address)


def _masked(value: Tagged) -> Tagged:
    return tagged(CIDR, str(_read_cidr(value).network))


FUNCTIONS: Final = (
    Function(name="ip", parameters=("string",), result=IP, call=_ip, member=False),
    Function(name="isIP", parameters=("string",), result="bool", call=partial(_takes, _address), member=False),
    Function(
        name="ip.isCanonical",
        parameters=("string",),
        result="bool",
        call=lambda text: str(_address(text)) == text,
        member=False,
    ),
    Function(name="family", parameters=(IP,), result="int", call=lambda value: _read_ip(value).version),
    Function(name="isUnspecified", parameters=(IP,), result="bool", call=lambda value: _read_ip(value).is_unspecified),
    Function(name="isLoopback", parameters=(IP,), result="bool", call=lambda value: _read_ip(value).is_loopback),
    Function(name="isLinkLocalUnicast", parameters=(IP,), result="bool", call=lambda v: _read_ip(v).is_link_local),
    Function(name="isLinkLocalMulticast", parameters=(IP,), result="bool", call=_is_link_local_multicast),
    Function(name="isGlobalUnicast", parameters=(IP,), result="bool", call=_is_global_unicast),
    Function(name="cidr", parameters=("string",), result=CIDR, call=_cidr, member=False),
    Function(name="isCIDR", parameters=("string",), result="bool", call=partial(_takes, _prefix), member=False),
    Function(name="ip", parameters=(CIDR,), result=IP, call=lambda value: tagged(IP, str(_read_cidr(value).address))),
    Function(name="prefixLength", parameters=(CIDR,), result="int", call=lambda value: _read_cidr(value).bits),
    Function(name="masked", parameters=(CIDR,), result=CIDR, call=_masked),
    Function(
        name="containsIP",
        parameters=(CIDR, "string"),
        result="bool",
        call=lambda value, text: _contains(_read_cidr(value), _address(text)),
    ),
    Function(
        name="containsIP",
        parameters=(CIDR, IP),
        result="bool",
        call=lambda value, other: _contains(_read_cidr(value), _read_ip(other)),
    ),
    Function(
        name="containsCIDR",
        parameters=(CIDR, "string"),
        result="bool",
        call=lambda value, text: _contains_network(_read_cidr(value), _prefix(text)),
    ),
    Function(
        name="containsCIDR",
        parameters=(CIDR, CIDR),
        result="bool",
        call=lambda value, other: _contains_network(_read_cidr(value), _read_cidr(other)),
    ),
    Function(name="string_", parameters=(IP,), result="string", call=lambda v: untagged(v, IP), member=False),
    Function(name="string_", parameters=(CIDR,), result="string", call=lambda v: untagged(v, CIDR), member=False),
)
