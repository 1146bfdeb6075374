"""TxnCheck adapter: implement `BatchProvider` for TxnCheck's verification API.

What is known about the API is in docs/providers/txncheck.md, with the marks of its
sources: [V] stated by TxnCheck, [I] inferred, [U] unknown.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from functions.core.errors import (
    AnswerLost,
    AnswerMismatch,
    AnswerUnreadable,
    LinkRefused,
    ProviderLostJob,
    ResultTooLarge,
    SourceMisnamed,
    SubmitOutcomeUnknown,
)
from functions.core.file_formats import JSON, FileFormat
from functions.core.model import StatusReport
from functions.core.provider_settings import TxncheckSettings
from functions.core.result_keys import SINGLE_RESULT_KIND
from functions.core.rows import RowCount
from functions.core.source import RecordKeeper, Source
from functions.providers.bodies import BytesBody
from functions.providers.key_rotation import with_fresh_key_retry
from functions.providers.protocol import BatchRequest, InvalidRow, Link
from functions.providers.transport.http import HttpClient, HttpResponse
from functions.providers.txncheck.request_bodies import RequestBodies
from functions.providers.txncheck.responses import (
    TxncheckResponse,
    accepted_request_id,
    is_request_id,
    is_timestamp_expired,
    parse_response,
    result_document,
    status_report,
)
from functions.providers.txncheck.signing import signature_headers
from functions.providers.txncheck.unpacking import unpack

#: The most bytes of a response besides the result in it.
_ENVELOPE_BYTES = 64 * 1024
_CALL_SECONDS = 25.0


@dataclass(frozen=True)
class _Credentials:
    """The credentials of a call; the secret is empty where calls are not signed."""

    key: str = field(repr=False)
    secret: str = field(repr=False)


class Txncheck:
    """Verifies single requests, and batches made of them, with TxnCheck's API.

    `key(fresh)` and `signing_secret(fresh)` return the credentials, read anew if
    `fresh` is true; the secret is only read where the settings say that calls are
    signed.
    """

    def __init__(
        self,
        settings: TxncheckSettings,
        *,
        http: HttpClient,
        key: Callable[[bool], str],
        signing_secret: Callable[[bool], str],
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._request_bodies = RequestBodies(
            upi_name=settings.upi_name, bank_async=settings.bank_async
        )
        self._http = http
        self._key = key
        self._signing_secret = signing_secret
        self._now = now

    @property
    def result_format(self) -> FileFormat:
        """A result is one JSON document (see `Provider.result_format`)."""
        return JSON

    def validate(self, name: str, type_: str, source: Source) -> RowCount:
        """Check a request's file, which has one row (see `Provider.validate`)."""
        if not name.lower().endswith(JSON.suffix):
            raise SourceMisnamed("the object's name does not end in .json")
        body = self._request_bodies.read_body(type_, source)
        values = self._request_bodies.count_values(type_, body)
        return RowCount(rows=1, distinct_rows=1, values=values)

    @contextmanager
    def prepare_submission(
        self, _name: str, type_: str, source: Source
    ) -> Iterator[Callable[[], str]]:
        """Read the request; yield what sends it (see `Provider.prepare_submission`).

        TxnCheck does not take a name.
        """
        path = self._request_bodies.request_type(type_).path
        body = self._request_bodies.read_body(type_, source)
        cached_credentials = self._credentials(False)
        yield lambda: with_fresh_key_retry(
            self._credentials,
            lambda credentials: self._post(credentials, path, body),
            cached=cached_credentials,
        )

    def find(self, _name: str, _type: str) -> str | None:
        """Raise, because TxnCheck has no list of requests (see `Provider.find`)."""
        raise SubmitOutcomeUnknown("the provider has no list of what it accepted")

    def check(self, provider_ref: str, *, name: str = "") -> StatusReport:  # noqa: ARG002 - TxnCheck takes no name
        """Ask for a request's status (see `Provider.check`).

        A result in the answer is dropped.
        """
        return status_report(self._status(provider_ref, seconds=_CALL_SECONDS))

    def result_links(self, provider_ref: str, *, name: str = "") -> Mapping[str, Link]:  # noqa: ARG002 - TxnCheck takes no name
        """Return the request's own URL as its link (see `Provider.result_links`).

        There is no call, and the link is returned before there is a result, too. It is
        not secret, works only with the key and never expires.
        """
        return {SINGLE_RESULT_KIND: Link(self._request_url(provider_ref), self._now())}

    def open(self, link: Link, *, type_: str, seconds: float) -> BytesBody:  # noqa: ARG002 - the answer says what it is about
        """Read a request's result (see `Provider.open`).

        The body is a `result_document` of the answer: that the answer has the request's
        id, a final status and a result shows that it is one.
        """
        reference = link.url.removeprefix(self._url("requests/"))
        if reference == link.url or not is_request_id(reference):
            raise LinkRefused("the link is not the URL of a request")
        document = result_document(
            self._status(reference, seconds=min(seconds, _CALL_SECONDS))
        )
        if len(document) > self._settings.max_result_bytes:
            raise ResultTooLarge("the result has more bytes than are allowed")
        return BytesBody(document)

    def pack(
        self,
        type_: str,
        name: str,
        source: Source,
        *,
        by_record: bool = True,
        keeper: RecordKeeper | None = None,
    ) -> Iterator[BatchRequest | InvalidRow]:
        """Yield requests for the rows of a file (see `BatchProvider.pack`)."""
        # Nothing but Prepare reads tables.
        from functions.providers.txncheck.packing import pack  # noqa: PLC0415 - see above

        bodies = self._request_bodies
        return pack(bodies, type_, name, source, by_record=by_record, keeper=keeper)

    def unpack(
        self, type_: str, body: bytes, result: bytes
    ) -> tuple[Mapping[str, Any], ...]:
        """Split a request's result by row (see `BatchProvider.unpack`)."""
        return unpack(type_, body, result)

    def _credentials(self, fresh: bool) -> _Credentials:
        secret = self._signing_secret(fresh) if self._settings.signing else ""
        return _Credentials(self._key(fresh), secret)

    def _post(self, credentials: _Credentials, path: str, body: bytes) -> str:
        asked_at = self._now()  # before it is paid: what fails here fails unpaid
        try:
            response = self._call_with_timestamp_retry(
                credentials, "POST", self._url(path), body=body, seconds=_CALL_SECONDS
            )
        except AnswerUnreadable:
            raise AnswerLost("the answer to the request was not readable") from None
        return accepted_request_id(response, now=asked_at)

    def _status(self, provider_ref: str, *, seconds: float) -> TxncheckResponse:
        url = self._request_url(provider_ref)

        def ask(credentials: _Credentials) -> TxncheckResponse:
            response = self._call_with_timestamp_retry(
                credentials, "GET", url, seconds=seconds
            )
            return parse_response(response, now=self._now())

        answer = with_fresh_key_retry(self._credentials, ask)
        reference = answer.get("requestId")
        if not is_request_id(reference):
            raise AnswerUnreadable("the answer has no valid id")
        if reference != provider_ref:
            raise AnswerMismatch("the answer has the id of another request")
        return answer

    def _call_with_timestamp_retry(
        self,
        credentials: _Credentials,
        method: str,
        url: str,
        *,
        seconds: float,
        body: bytes | None = None,
    ) -> HttpResponse:
        """Make a call, and repeat it once if its signature's timestamp has expired."""
        response = self._call(credentials, method, url, body=body, seconds=seconds)
        if self._settings.signing and is_timestamp_expired(response):
            # The request may have been delayed; a refused one changed nothing.
            response = self._call(credentials, method, url, body=body, seconds=seconds)
        return response

    def _call(
        self,
        credentials: _Credentials,
        method: str,
        url: str,
        *,
        body: bytes | None,
        seconds: float,
    ) -> HttpResponse:
        headers = {"X-API-Key": credentials.key, "Accept": JSON.media_type}
        if body is not None:
            headers["Content-Type"] = JSON.media_type
        if self._settings.signing:
            headers |= signature_headers(
                credentials.secret, method=method, url=url, body=body, now=self._now()
            )
        return self._http.request(
            method,
            url,
            seconds=seconds,
            max_bytes=self._settings.max_result_bytes + _ENVELOPE_BYTES,
            headers=headers,
            body=body,
        )

    def _request_url(self, provider_ref: str) -> str:
        if not is_request_id(provider_ref):
            raise ProviderLostJob("the provider_ref is not an id of TxnCheck")
        return self._url(f"requests/{provider_ref}")

    def _url(self, path: str) -> str:
        return f"{self._settings.base_url}/{path}"
