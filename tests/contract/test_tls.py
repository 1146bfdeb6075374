"""TLS: the adapter talks to nobody whose certificate it cannot verify."""

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
from tests.contract.sources import BytesSource, submit

Serve = Callable[[ssl.SSLContext], AbstractContextManager[IpqsSimulator]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return an authority that is not trusted by default."""
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return the deployed functions' context, which trusts the authority as well."""
    context = verified_tls_context()
    authority.configure_trust(context)
    return context


def _server_tls(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def _simulator(tls: ssl.SSLContext) -> AbstractContextManager[IpqsSimulator]:
    return IpqsSimulator.started(api_key=KEY, tls=tls, name="localhost")


def test_fetches_a_result_over_tls(
    authority: trustme.CA, trusting_tls: ssl.SSLContext
) -> None:
    """The refusals below would prove nothing if everybody were refused."""
    with _simulator(_server_tls(authority.issue_cert("localhost"))) as simulator:
        provider = make_provider(simulator, tls=trusting_tls)

        reference = submit(provider, "our-name", "email", BytesSource())
        before = provider.check(reference)
        simulator.clock.advance(3600)
        link = provider.result_links(reference)["all"]

        assert before.phase is Phase.QUEUED
        assert read_body(provider.open(link, type_="email", seconds=20))[1].rows == 40


@pytest.fixture(
    params=["another authority", "another name", "expired", "not yet valid"]
)
def invalid_certificate(
    request: pytest.FixtureRequest, authority: trustme.CA
) -> trustme.LeafCert:
    """Return a certificate that is invalid for localhost, in one way."""
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
    """Return each kind of exchange that the adapter makes."""

    def call(provider: Ipqs, host: str) -> object:
        match request.param:
            case "submit":
                return submit(provider, "our-name", "email", BytesSource())
            case "check":
                return provider.check("3000001")
            case _:
                link = Link(f"https://{host}/download?download=x", issued_at=0.0)
                return provider.open(link, type_="email", seconds=5)

    return call


@pytest.mark.fault(57)
def test_sends_nothing_to_an_unverified_host(
    ipqs: IpqsHarness,
    trusting_tls: ssl.SSLContext,
    invalid_certificate: trustme.LeafCert,
    exchange: Callable[[Ipqs, str], object],
) -> None:
    """It would get the key, the list or the link."""
    with _simulator(_server_tls(invalid_certificate)) as simulator:
        provider = make_provider(simulator, tls=trusting_tls)

        with ipqs.expect_error(ProviderUnavailable):
            exchange(provider, simulator.download_host)

        assert simulator.requests == []


@pytest.mark.fault(57)
def test_sends_nothing_over_old_tls(
    ipqs: IpqsHarness,
    authority: trustme.CA,
    trusting_tls: ssl.SSLContext,
    exchange: Callable[[Ipqs, str], object],
) -> None:
    """TLS 1.0 and 1.1 can be read along the way."""
    old_tls = _server_tls(authority.issue_cert("localhost"))
    old_tls.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old_tls.minimum_version = ssl.TLSVersion.TLSv1
        old_tls.maximum_version = ssl.TLSVersion.TLSv1_1

    with _simulator(old_tls) as simulator:
        provider = make_provider(simulator, tls=trusting_tls)

        with ipqs.expect_error(ProviderUnavailable):
            exchange(provider, simulator.download_host)

        assert simulator.requests == []


@pytest.mark.fault(57)
def test_has_a_context_that_verifies() -> None:
    """With one attribute less, every refusal above is gone."""
    context = verified_tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.get_ca_certs()


@pytest.mark.fault(57)
def test_verifies_every_exchange(
    ipqs: IpqsHarness, authority: trustme.CA, trusting_tls: ssl.SSLContext
) -> None:
    """Each exchange has a connection, and so a verification, of its own."""
    tls = _server_tls(authority.issue_cert("localhost"))
    with _simulator(tls) as simulator:
        provider = make_provider(simulator, tls=trusting_tls)
        reference = submit(provider, "our-name", "email", BytesSource())
        request_count = len(simulator.requests)
        trustme.CA().issue_cert("localhost").configure_cert(tls)

        with ipqs.expect_error(ProviderUnavailable):
            provider.check(reference)

        assert len(simulator.requests) == request_count
