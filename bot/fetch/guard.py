"""Where an address from a stranger may lead: a site of the public internet, and nowhere else.

Owns: the policy, and its words, which say nothing of what there is inside. Pure. Refuses: asking for names and
connecting; `connection` asks the guard at each of these steps again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from bot.fetch.target import Target

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a provider's NAT; metadata of Alibaba
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # metadata of Azure, though it looks public
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols; metadata of Oracle
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to an IPv4 address
        "3fff::/20",  # documentation
    )
)
"""IANA's special-purpose registries, without what lies outside of _OPEN anyway."""

_OPEN = tuple(ip_network(block) for block in ("0.0.0.0/0", "2000::/3"))
"""All of IPv6 that is given out to the public. Outside: loopback, IPv4-mapped and -compatible, local NAT64, unique
local, link-local, site-local, multicast."""

_NAT64 = IPv6Network("64:ff9b::/96")

_INSIDE = ("localhost", "local", "internal", "home.arpa")
"""Names of one machine or network, whatever they lead to."""

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""The last part of an IPv4 address, in all its spellings."""

_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}")
"""With a dot: a single word is looked up in the machine's own domain."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, by this module's table and by Python's."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address in _NAT64:
            # In a network without IPv4 every site without IPv6 has such an address.
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    opened = any(address in network for network in _OPEN)
    return opened and address.is_global and not any(address in network for network in _CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The policy for addresses from strangers.

    `ports` are the web's own: on others stand the consoles and databases that nobody meant to show, and hardly a
    feed. `permitted` are networks beside the public ones. `max_bytes` counts a body unpacked; `seconds` are for
    one call with its redirects and the search for its names.
    """

    ports: frozenset[int] = frozenset({80, 443})
    permitted: tuple[Network, ...] = ()
    max_bytes: int = 5_000_000
    seconds: float = 20.0

    def refusal(self, target: Target) -> str | None:
        """Why `target` is not opened, in words, as far as its text tells; None if nothing speaks against it."""
        host = target.host
        if target.credentials:
            return f"no address with a user name or password in it is opened: leave out what is before @{host}"
        if target.port not in self.ports:
            return f"port {target.port} of {host} is not opened, only the web's usual ones: leave the number out"
        if not host.isascii():
            return (
                f"{host} is not opened in this spelling: copy the address from your browser's address bar, which "
                "gives the site's name in letters from a to z"
            )
        if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
            return None if self.permits(host, target.port) else nowhere(host)
        inside = any(f".{host}".endswith(f".{name}") for name in _INSIDE)
        return nowhere(host) if inside or not _NAME.fullmatch(host) else None

    def permits(self, address: str, port: int) -> bool:
        """Whether a connection may go to `address`: an IP address in its one exact spelling."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return port in self.ports and (any(found in network for network in self.permitted) or is_public(found))


def nowhere(host: str) -> str:
    """The same for a name that nobody knows and for one that leads inside, so that neither can be told apart."""
    return f"no public address was found for {host}: only sites of the public internet are opened"
