"""TLS: the adapter speaks to nobody whose certificate it cannot check."""

import ssl
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from functions.core.errors import ProviderUnavailable
from functions.core.model import Phase
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.protocol import Link
from functions.providers.transport.connection import verified_tls_context
from local.simulators.ipqs import IpqsSimulator
from tests.contract.harness import KEY, read_body
from tests.contract.ipqs_harness import IpqsHarness, make_provider
from tests.contract.sources import BytesSource

Serve = Callable[[ssl.SSLContext], AbstractContextManager[IpqsSimulator]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give an authority that nobody trusts by default."""
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Give the deployed functions' context, which trusts the authority besides."""
    context = verified_tls_context()
    authority.configure_trust(context)
    return context


def _server(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def _serving(tls: ssl.SSLContext) -> AbstractContextManager[IpqsSimulator]:
    return IpqsSimulator.started(
        api_key=KEY, tls=tls, name="localhost", download_name="localhost"
    )


def test_brings_a_result_back_over_tls(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The refusals below would prove nothing if nobody were accepted."""
    with _serving(_server(authority.issue_cert("localhost"))) as simulator:
        provider = make_provider(simulator, tls=trusting)

        reference = provider.submit("our-name", "email", BytesSource())
        before = provider.check(reference)
        simulator.clock.advance(3600)
        link = provider.results(reference)["all"]

        assert before.phase is Phase.QUEUED
        assert read_body(provider.open(link, seconds=20))[1].rows == 40


@pytest.fixture(
    params=["another authority", "another name", "expired", "not yet valid"]
)
def doubtful(request: pytest.FixtureRequest, authority: trustme.CA) -> trustme.LeafCert:
    """Give a certificate that is no good for localhost, in one way."""
    now = datetime.now(UTC)
    day = timedelta(days=1)
    match request.param:
        case "another authority":
            return trustme.CA().issue_cert("localhost")
        case "another name":
            return authority.issue_cert("elsewhere.example")
        case "expired":
            return authority.issue_cert(
                "localhost", not_before=now - 2 * day, not_after=now - day
            )
        case _:
            return authority.issue_cert(
                "localhost", not_before=now + day, not_after=now + 2 * day
            )


@pytest.fixture(params=["submit", "check", "open"])
def exchange(request: pytest.FixtureRequest) -> Callable[[Ipqs, str], object]:
    """Give each way in which the adapter gets into touch."""

    def call(provider: Ipqs, host: str) -> object:
        match request.param:
            case "submit":
                return provider.submit("our-name", "email", BytesSource())
            case "check":
                return provider.check("3000001")
            case _:
                link = Link(f"https://{host}/download?download=x", issued_at=0.0)
                return provider.open(link, seconds=5)

    return call


@pytest.mark.fault(57)
def test_sends_nothing_to_a_host_that_it_cannot_be_sure_of(
    ipqs: IpqsHarness,
    trusting: ssl.SSLContext,
    doubtful: trustme.LeafCert,
    exchange: Callable[[Ipqs, str], object],
) -> None:
    """Whoever answers there would get the key, the list or the link."""
    with _serving(_server(doubtful)) as simulator:
        provider = make_provider(simulator, tls=trusting)

        with ipqs.expect_error(ProviderUnavailable):
            exchange(provider, simulator.download_host)

        assert simulator.requests == []


@pytest.mark.fault(57)
def test_sends_nothing_over_old_tls(
    ipqs: IpqsHarness,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    exchange: Callable[[Ipqs, str], object],
) -> None:
    """TLS 1.0 and 1.1 can be read along the way."""
    old = _server(authority.issue_cert("localhost"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    with _serving(old) as simulator:
        provider = make_provider(simulator, tls=trusting)

        with ipqs.expect_error(ProviderUnavailable):
            exchange(provider, simulator.download_host)

        assert simulator.requests == []


@pytest.mark.fault(57)
def test_trusts_what_can_be_verified_only() -> None:
    """One attribute less, and every refusal above is gone."""
    context = verified_tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.get_ca_certs()


@pytest.mark.fault(57)
def test_notices_another_certificate_midway(
    ipqs: IpqsHarness, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """Each exchange has a connection of its own, and so a check of its own."""
    tls = _server(authority.issue_cert("localhost"))
    with _serving(tls) as simulator:
        provider = make_provider(simulator, tls=trusting)
        reference = provider.submit("our-name", "email", BytesSource())
        seen = len(simulator.requests)
        trustme.CA().issue_cert("localhost").configure_cert(tls)

        with ipqs.expect_error(ProviderUnavailable):
            provider.check(reference)

        assert len(simulator.requests) == seen
