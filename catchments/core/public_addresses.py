"""Addresses: of the public internet, of this very machine, of one customer."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Tables of ours beside Python's own, which differ from version to version and call some of these
# global. Source: IANA, “IPv4/IPv6 Special-Purpose Address Registry”, read in November 2026.
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",  # also where clouds tell machines of themselves
            "168.63.129.16/32",  # Azure's
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
"""All that IANA gives out. Outside are ::127.0.0.1, fec0::/10, 64:ff9b::/96 and 64:ff9b:1::/48."""
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, which carries an IPv4 address, among it
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries one as well
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


def is_public(text: str) -> bool:
    """Return whether an address is one of the public internet's; with a zone it is none."""
    if "%" in text:
        return False
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return _is_public_4(address.ipv4_mapped)
        return address in _PUBLIC_6 and not any(address in net for net in _NOT_PUBLIC_6)
    return _is_public_4(address)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in net for net in _NOT_PUBLIC_4)


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address without its zone, IPv4's as such also where it came mapped into IPv6."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def counted_as(text: str, *, ipv6_bits: int) -> str:
    """Return what an address is counted as: itself, or its network where it is one of IPv6."""
    address = read_address(text)
    if address is None:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, ipv6_bits), strict=False))


def is_this_machine(host: str) -> bool:
    """Return whether a name or an address is this very machine's, without asking anybody."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
