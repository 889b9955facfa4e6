"""TXT records of a domain, asked of the resolver that the operator chose.

Never of an address out of the name: whoever writes a domain down must not have this
server speak with whom they like. ``dns`` is imported where somebody asks.
"""

from collections.abc import Sequence

from app.core.outbound.errors import OutboundFailed
from app.setting_types import dns_server

LONGEST = 5.0  # seconds for a look-up: every try, every alias
MOST = 100  # records that are read


async def txt_records(name: str, servers: Sequence[str] = ()) -> list[bytes]:
    """Return the TXT records of a name; none where there are none.

    Args:
        name: Of the record, from the root: no search list makes another of it.
        servers: Who is asked, as ``dns_server`` reads them; none is whom the system
            asks.

    Raises:
        OutboundFailed: Nobody could say whether there are any.
    """
    import dns.asyncresolver
    import dns.exception
    import dns.name
    import dns.nameserver
    import dns.resolver

    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            asked = map(dns_server, servers)
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*at) for at in asked]
        answer = await resolver.resolve(
            dns.name.from_text(f"{name}."), "TXT", search=False, lifetime=LONGEST
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise OutboundFailed(f"DNS of {name}: {type(error).__name__}") from error
    return [b"".join(record.strings) for record in list(answer)[:MOST]]
