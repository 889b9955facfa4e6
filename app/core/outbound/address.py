"""Which addresses may be called on a stranger's word (IANA special registries).

IPv4 is a list of what is special. IPv6 is the other way round: only 2000::/3 is global
unicast (RFC 4291 section 2.4), which leaves out loopback, mapped and compatible IPv4,
link-local, fec0::/10, ULA and multicast, known and future. The lists stand here because
``is_global`` changed between patch releases of Python; it is asked as well.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; Linux connects it to itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier NAT, and a cloud's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's platform endpoint, in public space
            "169.254.0.0/16",  # link-local, and most clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries any IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # what DNS64 answers on IPv6-only networks


def is_public(text: str) -> bool:
    """Tell whether an address literal is an ordinary host of the public Internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return _is_public_v4(IPv4Address(int(address) & 0xFFFF_FFFF))
        return _is_public_v6(address)
    return _is_public_v4(address)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in net for net in _SPECIAL_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _UNICAST_V6:
        return False
    return address.is_global and not any(address in net for net in _SPECIAL_V6)
