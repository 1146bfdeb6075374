"""Links: a link is opened only if it leads to the provider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import LinkRefused
from functions.providers.protocol import Link
from tests.contract.examples import few_examples
from tests.contract.hostile_links import HOST, LINKS, PATH
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener


def _link(ipqs: IpqsHarness, url: str) -> Link:
    ipqs.secrets.add(url if len(url) > 60 else PATH)
    return Link(url, issued_at=0.0)


@pytest.mark.fault(55)
def test_opens_no_hostile_link(ipqs: IpqsHarness, resolved_hosts: list[str]) -> None:
    """Whoever can write into the provider's answer could lead us anywhere."""
    adapter = ipqs.provider_with(download_hosts=(HOST,), loopback=False)

    ipqs.secrets.add(PATH)
    for url in LINKS:
        with ipqs.expect_error(LinkRefused):
            adapter.open(Link(url, issued_at=0.0), type_="email", seconds=5)

    assert resolved_hosts == []


@pytest.mark.fault(55)
@few_examples
@given(url=st.text(max_size=60) | st.from_regex(r"https://[^/]{1,40}/[a-z?=]*"))
def test_opens_no_generated_link(
    ipqs: IpqsHarness, resolved_hosts: list[str], url: str
) -> None:
    """The list above has what people thought of; this has the rest."""
    adapter = ipqs.provider_with(download_hosts=(HOST,), loopback=False)

    with ipqs.expect_error(LinkRefused):
        adapter.open(Link(url, issued_at=0.0), type_="email", seconds=5)

    assert resolved_hosts == []


@pytest.fixture
def resolved_hosts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the hosts whose address is looked up, without a network."""
    hosts: list[str] = []

    def record(host: object, *_args: object, **_kwargs: object) -> list[object]:
        hosts.append(str(host))
        raise OSError(f"the test has no network for {host}")

    monkeypatch.setattr("socket.getaddrinfo", record)
    return hosts


@pytest.mark.parametrize("port", ["", ":443"])
def test_resolves_an_allowed_host(
    ipqs: IpqsHarness, resolved_hosts: list[str], port: str
) -> None:
    """The tests above would prove nothing if good links were refused as well."""
    adapter = ipqs.provider_with(download_hosts=(HOST,), loopback=False)
    link = _link(ipqs, f"https://{HOST}{port}{PATH}")

    with pytest.raises(Exception, match="did not answer"):
        adapter.open(link, type_="email", seconds=5)

    assert resolved_hosts == [HOST]


@pytest.mark.fault(54)
@pytest.mark.fault(55)
def test_sends_nothing_to_another_host_of_a_link(ipqs: IpqsHarness) -> None:
    """The API itself returns it here, and it is even on this machine."""
    with LoopbackListener.listening() as other_host:
        ipqs.simulator.behave(links_instead=f"{other_host.url}{PATH}")
        link = ipqs.make_link(b"Email\n")

        with ipqs.expect_error(LinkRefused):
            ipqs.open(link)

        assert other_host.accept() is None


@pytest.mark.fault(54)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sends_nothing_to_an_allowed_name_at_a_private_address(
    ipqs: IpqsHarness, scheme: str
) -> None:
    """A name can point anywhere: the address is checked before any connection."""
    with LoopbackListener.listening() as private_host:
        host = f"localhost:{private_host.port}"
        adapter = ipqs.provider_with(
            base_url=f"{scheme}://{host}", download_hosts=(host,), loopback=False
        )

        with ipqs.expect_error(LinkRefused):
            adapter.open(
                _link(ipqs, f"{scheme}://{host}{PATH}"), type_="email", seconds=5
            )
        with ipqs.expect_error(LinkRefused):
            adapter.check("3000001")

        assert private_host.accept() is None


def test_shows_no_link_in_its_text() -> None:
    """A link in a log line is a result that anybody can fetch."""
    link = Link(f"https://{HOST}{PATH}", issued_at=7.0)

    assert repr(link) == str(link) == "Link(issued_at=7.0)"
