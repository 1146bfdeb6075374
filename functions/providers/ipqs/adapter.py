"""IPQS adapter: implement `Provider` for IPQualityScore's bulk CSV API.

What is known about the API is in docs/providers/ipqs.md, with the marks of its sources:
[V] stated by IPQS, [T] seen in a third party's client, [I] inferred, [U] unknown.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import quote, urlencode

from functions.core.errors import (
    AnswerLost,
    AnswerMismatch,
    AnswerUnreadable,
    ProviderLostJob,
    ProviderRejected,
    ProviderUnavailable,
    SubmitOutcomeUnknown,
)
from functions.core.file_formats import CSV, FileFormat
from functions.core.model import StatusReport
from functions.core.provider_settings import IpqsSettings
from functions.core.rows import RowCount
from functions.core.source import Source
from functions.providers.bodies import ProvenBody
from functions.providers.ipqs.refusals import words_of_refusal
from functions.providers.ipqs.responses import (
    IpqsResponse,
    credits_in,
    csv_id,
    finished_links,
    parse_response,
    status_report,
)
from functions.providers.ipqs.result_proof import prove_table
from functions.providers.key_rotation import with_fresh_key_retry
from functions.providers.opened_source import OpenedSource
from functions.providers.protocol import Link
from functions.providers.transport.http import HttpClient
from functions.providers.transport.links import check_link
from functions.providers.transport.multipart import MultipartBody

_MAX_RESPONSE_BYTES = 1024 * 1024
_CALL_SECONDS = 25.0
_CREDITS_SECONDS = 5.0  # nothing depends on it, and a person may wait for the quote
#: Leaves a function time to count the rows before it and to search the list after it.
_UPLOAD_SECONDS = 200.0
_LIST_PAGE_SIZE = 50  # [V]


class Ipqs:
    """Verifies CSV files with IPQS' bulk API.

    `key(fresh)` returns the API key, read anew if `fresh` is true.
    """

    def __init__(
        self,
        settings: IpqsSettings,
        *,
        http: HttpClient,
        key: Callable[[bool], str],
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._http = http
        self._key = key
        self._now = now

    @property
    def result_format(self) -> FileFormat:
        """The results are CSV files (see `Provider.result_format`)."""
        return CSV

    def validate(self, name: str, type_: str, source: Source) -> RowCount:
        """Check a CSV and count its rows (see `Provider.validate`).

        Which columns a type needs is left to IPQS.
        """
        # Of those who need an adapter, only Submit counts rows.
        from functions.tables.row_count import count_rows  # noqa: PLC0415 - see above

        return count_rows(source, name, type_)

    @contextmanager
    def prepare_submission(
        self, name: str, type_: str, source: Source
    ) -> Iterator[Callable[[], str]]:
        """Open the CSV; yield what uploads it (see `Provider.prepare_submission`)."""
        cached_key = self._key(False)
        with closing(OpenedSource(source)) as opened:
            yield lambda: with_fresh_key_retry(
                self._key,
                lambda key: self._upload(key, name, type_, opened),
                cached=cached_key,
            )

    def find(self, name: str, type_: str) -> str | None:
        """Search the list of CSVs for our file name (see `Provider.find`).

        The list starts with the newest, so uploads meanwhile only move ours to a
        later page: reading the pages in order never misses it.
        """
        return with_fresh_key_retry(self._key, lambda key: self._find(key, name, type_))

    def check(self, provider_ref: str, *, name: str = "") -> StatusReport:
        """Ask for a CSV's status (see `Provider.check`).

        The links that IPQS issues with it are dropped.
        """
        return status_report(self._status(provider_ref, name))

    def result_links(self, provider_ref: str, *, name: str = "") -> Mapping[str, Link]:
        """Return a CSV's links by category (see `Provider.result_links`).

        IPQS issues new links with every status [V].
        """
        issued_at = self._now()
        links = finished_links(self._status(provider_ref, name))
        return {kind: Link(url, issued_at) for kind, url in links.items()}

    def open(self, link: Link, *, type_: str, seconds: float) -> ProvenBody:
        """Start the download of a result (see `Provider.open`).

        It is one GET without a key, which uses up the link [V].
        """
        settings = self._settings
        schemes = ("http", "https") if settings.loopback else ("https",)
        check_link(link.url, hosts=settings.download_hosts, schemes=schemes)
        download = self._http.open_download(
            link.url, seconds=seconds, max_bytes=settings.max_result_bytes
        )

        def prove(head: bytes, is_whole: bool) -> None:
            columns = settings.value_columns
            prove_table(head, is_whole=is_whole, type_=type_, value_columns=columns)

        return ProvenBody(download, prove)

    def credits_left(self) -> int | None:
        """Ask for the credits of the account (see `CreditProvider.credits_left`).

        The key is in the path, for it is known to work nowhere else [T].
        """

        def ask(key: str) -> IpqsResponse:
            url = f"{self._settings.base_url}/api/json/account/{quote(key, safe='')}"
            return self._get(url, {}, seconds=_CREDITS_SECONDS)

        return credits_in(with_fresh_key_retry(self._key, ask))

    def _upload(self, key: str, name: str, type_: str, source: Source) -> str:
        place = self._settings.key_place.upload
        fields = {"file_name": name}
        if place == "path":
            url = self._url(f"{quote(key, safe='')}/{type_}/upload")
        else:
            url = self._url("upload")
            fields["type"] = type_
        if place == "field":
            fields["key"] = key
        body = MultipartBody(fields, name, source, boundary=uuid.uuid4().hex)
        asked_at = self._now()  # before it is paid: what fails here fails unpaid
        # An answer that is not plainly a refusal may hide an accepted upload.
        try:
            response = self._http.request(
                "POST",
                url,
                seconds=_UPLOAD_SECONDS,
                max_bytes=_MAX_RESPONSE_BYTES,
                headers={"Content-Type": body.content_type} | _key_header(place, key),
                body=body,  # type: ignore[arg-type]  # requests only needs read()
            )
        except AnswerUnreadable:
            raise AnswerLost("the answer to the upload was not readable") from None
        finally:
            body.close()
        try:
            return str(csv_id(parse_response(response, now=asked_at)))
        except (AnswerUnreadable, ProviderUnavailable):
            raise AnswerLost("the answer to the upload was not readable") from None
        except ProviderLostJob:
            raise ProviderRejected("the provider does not know the upload") from None
        except ProviderRejected as error:
            said = words_of_refusal(response.body, key=key)
            raise ProviderRejected(str(error), said=said) from None

    def _find(self, key: str, name: str, type_: str) -> str | None:
        place = self._settings.key_place.list
        path = "list" if place == "header" else f"{quote(key, safe='')}/list"
        for page in range(1, self._settings.list_pages + 1):
            query = urlencode({"type": type_, "page": page})
            url = f"{self._url(path)}?{query}"
            answer = self._get(url, _key_header(place, key), seconds=_CALL_SECONDS)
            csvs = answer.get("csvs")
            if not isinstance(csvs, list):
                raise AnswerUnreadable("the answer to the list has no list")
            for csv in csvs:
                if isinstance(csv, dict) and csv.get("file_name") == name:
                    return str(csv_id(csv))
            total_pages = answer.get("total_pages")
            is_last = isinstance(total_pages, int) and page >= total_pages
            is_short = total_pages is None and len(csvs) < _LIST_PAGE_SIZE
            if is_last or is_short or not csvs:
                return None
        raise SubmitOutcomeUnknown("the provider's list is longer than list_pages")

    def _status(self, provider_ref: str, name: str) -> IpqsResponse:
        if not re.fullmatch(r"[0-9]{1,19}", provider_ref):
            raise ProviderLostJob("the provider_ref is not an id of IPQS")
        place = self._settings.key_place.status

        def ask(key: str) -> IpqsResponse:
            key_path = "" if place == "header" else f"{quote(key, safe='')}/"
            url = self._url(f"{key_path}status/{provider_ref}")
            return self._get(url, _key_header(place, key), seconds=_CALL_SECONDS)

        answer = with_fresh_key_retry(self._key, ask)
        if str(csv_id(answer)) != provider_ref:
            raise AnswerMismatch("the answer has the id of another job")
        file_name = answer.get("file_name")  # every field may be null [V]
        if name and self._settings.keeps_file_names and file_name not in (None, name):
            raise AnswerMismatch("the answer has another file name than ours")
        return answer

    def _get(
        self, url: str, headers: Mapping[str, str], *, seconds: float
    ) -> IpqsResponse:
        response = self._http.request(
            "GET",
            url,
            seconds=seconds,
            max_bytes=_MAX_RESPONSE_BYTES,
            headers=headers,
        )
        return parse_response(response, now=self._now())

    def _url(self, path: str) -> str:
        return f"{self._settings.base_url}/api/json/csv/{path}"


def _key_header(place: str, key: str) -> dict[str, str]:
    return {"IPQS-KEY": key} if place == "header" else {}
