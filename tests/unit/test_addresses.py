"""Addresses: a connection is made to a checked address, and to nothing else."""

import socket
import ssl
from typing import Any

import pytest

from functions.core.errors import LinkRefused, ProviderUnavailable
from functions.providers.transport.connection import is_allowed_address
from functions.providers.transport.http import HttpClient

PUBLIC = ("93.184.215.14", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:80b::200e")
REFUSED = (
    *("0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254"),
    *("172.16.0.1", "192.0.2.1", "192.168.0.1", "224.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("fec0::1", "fec0::a:b:c:d"),  # site-local
    *("::127.0.0.1", "::169.254.169.254", "::8.8.8.8"),  # IPv4-compatible
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8"),  # mapped, translated
    *("64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1"),  # NAT64
    *("2002:a9fe:a9fe::1", "2002:808:808::1"),  # 6to4
    *("2001:0:a9fe:a9fe::1", "2001:db8::1", "100::1", "5f00::1", "4000::1"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    """Providers have them; the refusals below would prove nothing otherwise."""
    assert is_allowed_address(address, loopback=False)
    assert not is_allowed_address(address, loopback=True)


@pytest.mark.fault(55)
@pytest.mark.parametrize("address", REFUSED)
def test_any_other_address_is_refused(address: str) -> None:
    """Behind it, perhaps through a gateway, are hosts that trust this network."""
    assert not is_allowed_address(address, loopback=False)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("10.0.0.1", False),
    ],
)
def test_the_local_stack_connects_to_this_machine_only(
    address: str, allowed: bool
) -> None:
    """A test must not reach a real provider."""
    assert is_allowed_address(address, loopback=True) is allowed


class Network:
    """Names with addresses, and the connections that were tried."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.addresses = addresses
        self.resolved: list[str] = []
        self.tried: list[str] = []
        self.error: type[BaseException] | None = None

    def getaddrinfo(self, host: str, port: int, **_: object) -> list[Any]:
        """Return the addresses of any host."""
        self.resolved.append(host)
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self.addresses
            for family in [socket.AF_INET6 if ":" in address else socket.AF_INET]
        ]

    def connect(self, _: socket.socket, address: tuple[str, int]) -> None:
        """Note the address, which cannot be reached."""
        self.tried.append(address[0])
        raise ConnectionRefusedError


def request(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Network:
    """Send a request to a host with these addresses."""
    network = Network(addresses)

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:  # noqa: ANN401 - of any family
            network.connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", network.getaddrinfo)
    monkeypatch.setattr(socket, "socket", Socket)
    client = HttpClient(tls=ssl.create_default_context(), loopback=False)
    with pytest.raises((ProviderUnavailable, LinkRefused)) as caught:
        client.request("GET", "https://provider.example/", seconds=5, max_bytes=1)
    network.error = caught.type
    return network


@pytest.mark.fault(55)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_no_connection_is_made_for_the_sake_of_its_address(
    monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """A connection alone shows an attacker which hosts and ports there are."""
    addresses = [*PUBLIC[:2]]
    addresses.insert(place, "169.254.169.254")

    network = request(monkeypatch, *addresses)

    assert network.error is LinkRefused
    assert network.tried == []


def test_each_address_is_tried_without_another_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second lookup could return another address than the checked one."""
    network = request(monkeypatch, *PUBLIC)

    assert network.error is ProviderUnavailable
    assert network.tried == list(PUBLIC)
    assert network.resolved == ["provider.example"]
