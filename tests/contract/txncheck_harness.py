"""The harness of TxnCheck."""

import json
import ssl
from typing import Any

from functions.providers.protocol import Link
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck.adapter import Txncheck
from local.simulators.faults import Answer
from local.simulators.txncheck import TxncheckSimulator
from tests.contract.fake_secret import FakeSecret
from tests.contract.harness import KEY, AdapterHarness, read_body
from tests.contract.loopback_hosts import unused_base_url
from tests.contract.sources import BytesSource, submit
from tests.settings import txncheck_settings

SIGNING_SECRET = 'canary-signing/secret+2="&%41'

#: A request for each type; the last digit of a mobile number decides how it ends.
MOBILE = "+919871230001"
NAME = "Asha Canary Invented"
VPA = "asha.canary@invented"
ACCOUNT = "987123000111222"
IFSC = "CNRY0123456"
BODIES: dict[str, dict[str, object]] = {
    "upi-by-mobile": {"mobile": MOBILE, "name": NAME},
    "kyc-by-mobile": {"mobile": MOBILE},
    "vpa-chargeback-check": {"vpas": [VPA]},
    "bulk-vpa-chargeback-check": {"vpas": [VPA, "bina.canary9@invented"]},
    "full-check": {"mobile": MOBILE, "name": NAME},
    "bank-verification-pennyless": {"accountNumber": ACCOUNT, "ifscNumber": IFSC},
}
PERSONAL = {MOBILE[3:], NAME, "ASHA", VPA, ACCOUNT, IFSC, "bina.canary9"}


def make_provider(
    simulator: TxncheckSimulator,
    *,
    tls: ssl.SSLContext,
    key: FakeSecret,
    signing_secret: FakeSecret | None,
    loopback: bool = True,
    **settings: Any,  # noqa: ANN401 - the fields of TxncheckSettings, which checks them
) -> Txncheck:
    """Return an adapter for the simulator that follows its clock."""
    defaults = {"base_url": simulator.base_url, "signing": signing_secret is not None}
    return Txncheck(
        txncheck_settings(loopback=loopback, **{**defaults, **settings}),
        http=HttpClient(tls=tls, loopback=loopback),
        key=key,
        signing_secret=signing_secret or FakeSecret(""),
        now=simulator.clock.now,
    )


class TxncheckHarness(AdapterHarness):
    """The harness with what only tests of TxnCheck need.

    With a signing secret, every request is signed.
    """

    simulator: TxncheckSimulator
    provider: Txncheck

    def __init__(
        self,
        simulator: TxncheckSimulator,
        *,
        tls: ssl.SSLContext,
        signing_secret: FakeSecret | None = None,
    ) -> None:
        self.tls = tls
        self.signing_secret = signing_secret
        key = FakeSecret(KEY)
        super().__init__(
            provider=make_provider(
                simulator, tls=tls, key=key, signing_secret=signing_secret
            ),
            key=key,
            simulator=simulator,
            submit_call="submit",
            check_call="check",
            list_call=None,
            list_type="full-check",
            file=json.dumps(BODIES["full-check"]).encode(),
            file_name="request.json",
            file_row_count=1,
            unknown_ref="00000000-0000-4000-8000-000000000000",
            impossible_refs=("x" * 129, "a b", "a.b", "a%2fb"),
            unreachable_provider=make_provider(
                simulator,
                tls=tls,
                key=key,
                signing_secret=signing_secret,
                base_url=unused_base_url(),
            ),
            base_url=simulator.base_url,
            deadline_constants=("functions.providers.txncheck.adapter._CALL_SECONDS",),
            now=simulator.clock.now,
            accepted_count=lambda: len(simulator.accepted),
            finish=lambda: simulator.clock.advance(3600),
            expected_rows=lambda: {"result": 1},
            secrets={KEY, SIGNING_SECRET, *PERSONAL},
        )

    def provider_with(
        self,
        **settings: Any,  # noqa: ANN401 - the fields of TxncheckSettings, which checks them
    ) -> Txncheck:
        """Return another adapter for the same simulator."""
        return make_provider(
            self.simulator,
            tls=self.tls,
            key=self.key,
            signing_secret=self.signing_secret,
            **settings,
        )

    def source(self, type_: str, **changes: object) -> BytesSource:
        """Return a file with a request of a type, some of its fields changed."""
        return BytesSource(json.dumps({**BODIES[type_], **changes}).encode())

    def submit_type(self, type_: str, **changes: object) -> str:
        """Submit a request of a type, some of its fields changed."""
        return submit(self.provider, "our-name", type_, self.source(type_, **changes))

    def result_link(self, provider_ref: str) -> Link:
        """Return the link to a request's result."""
        return self.result_links(provider_ref)["result"]

    def fetch_document(self, provider_ref: str, *answers: Answer) -> dict[str, Any]:
        """Return a request's result document; queue answers to its fetching."""
        self.script("check", *answers)
        body = self.provider.open(
            self.result_link(provider_ref), type_="full-check", seconds=20
        )
        data, _stats = read_body(body, self.provider.result_format)
        document: dict[str, Any] = json.loads(data)
        return document
