"""Plain clients of both simulated APIs."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator

KEY = "synthetic-key-of-the-tests"
SIGNING_SECRET = "synthetic-secret-of-the-tests"
SECONDS = 20.0  # no test waits that long unless something is broken
EMAILS = b"email\n" + b"".join(b"user%d@example.com\n" % n for n in range(100))

# Mobile numbers by their outcome, which the last digit decides.
COMPLETED = "+919000000001"
PARTIAL = "+919000000007"
TEMPORARY = "+919000000008"
BUSINESS_ERROR = "+919000000009"

BODIES: dict[str, dict[str, Any]] = {
    "upi-by-mobile": {"mobile": COMPLETED, "name": "Asha Example"},
    "kyc-by-mobile": {"mobile": COMPLETED},
    "vpa-chargeback-check": {"vpas": ["asha@invented", "b9@sample"]},
    "bulk/vpa-chargeback-check": {"vpas": ["asha@invented", "b9@sample"]},
    "full-check": {"mobile": COMPLETED, "name": "Asha Example"},
    "bank-verification-pennyless": {
        "accountNumber": "000123456780",
        "ifscNumber": "ABCD0123456",
    },
}


class ClientSession(requests.Session):
    """A session that follows no redirect and waits `SECONDS` at most."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: ANN401 whatever requests takes
        """Send one request."""
        options = {"timeout": SECONDS, **options, "allow_redirects": False}
        return super().request(method, url, **options)


@dataclass
class IpqsClient:
    """Calls IPQS with the key in the path."""

    ipqs: IpqsSimulator
    session: requests.Session = field(default_factory=ClientSession)

    def address(self, rest: str, *, key: str = KEY) -> str:
        """Return the address of a call with the key in the path."""
        return f"{self.ipqs.base_url}/api/json/csv/{key}/{rest}"

    def get(self, address: str, **options: Any) -> requests.Response:  # noqa: ANN401 whatever requests takes
        """Send a GET."""
        return self.session.get(address, **options)

    def post(self, address: str, **options: Any) -> requests.Response:  # noqa: ANN401 whatever requests takes
        """Send a POST."""
        return self.session.post(address, **options)

    def upload(
        self,
        content: bytes = EMAILS,
        *,
        type_: str = "email",
        file_name: str | None = None,
    ) -> requests.Response:
        """Send a multipart upload."""
        fields = {} if file_name is None else {"file_name": file_name}
        files = {"any": ("list.csv", content, "text/csv")}
        return self.post(self.address(f"{type_}/upload"), files=files, data=fields)

    def uploaded(
        self,
        content: bytes = EMAILS,
        *,
        type_: str = "email",
        file_name: str | None = None,
    ) -> int:
        """Send an upload that must be accepted; return its id."""
        answer = self.upload(content, type_=type_, file_name=file_name).json()
        assert answer["success"] is True, answer
        return int(answer["id"])

    def finished(self, content: bytes = EMAILS, *, file_name: str | None = None) -> int:
        """Send an upload, and return its id when its results are ready."""
        csv_id = self.uploaded(content, file_name=file_name)
        self.ipqs.clock.advance(60)
        return csv_id

    def status(self, csv_id: object) -> Any:  # noqa: ANN401 it is JSON
        """Return the document of a status call."""
        return self.get(self.address(f"status/{csv_id}")).json()

    def link(self, csv_id: int, kind: str = "all") -> str:
        """Return a new link."""
        return str(self.status(csv_id)["downloads"][kind])


@dataclass
class TxncheckClient:
    """Calls TxnCheck with the key in its header."""

    txncheck: TxncheckSimulator
    session: requests.Session = field(default_factory=ClientSession)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401 whatever requests takes
    ) -> requests.Response:
        """Send one call, with the key unless the headers are given."""
        url = f"{self.txncheck.base_url}/{path}"
        headers = {"X-API-Key": KEY} if headers is None else headers
        return self.session.request(method, url, headers=headers, **options)

    def post(self, method: str, **changed: Any) -> requests.Response:  # noqa: ANN401 JSON
        """Send a submission of the good body, with fields changed."""
        return self.call("POST", method, json={**BODIES[method], **changed})

    def submitted(self, method: str = "kyc-by-mobile", **changed: Any) -> str:  # noqa: ANN401 JSON
        """Send a submission that must be accepted; return its id."""
        answer = self.post(method, **changed)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["requestId"])

    def ended(self, method: str = "kyc-by-mobile", **changed: Any) -> str:  # noqa: ANN401 JSON
        """Send a submission, and return its id when its work is done."""
        request_id = self.submitted(method, **changed)
        self.txncheck.clock.advance(10)
        return request_id

    def status(self, request_id: str) -> Any:  # noqa: ANN401 it is JSON
        """Return the document of a status call."""
        return self.call("GET", f"requests/{request_id}").json()


def signed(timestamp: str, text: str, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """Return the headers of a signed call, computed without the simulator's code."""
    payload = f"{timestamp}.{text}".encode()
    signature = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return {
        "X-API-Key": KEY,
        "X-Timestamp": timestamp,
        "X-Signature": signature,
        "Content-Type": "application/json",
    }
