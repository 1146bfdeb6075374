"""The switches of the simulator: what IPQS does not say, and what tests vary.

UNKNOWNS names the switches that stand for facts which nobody has seen; an adapter
must work whichever way these stand. Their defaults are guesses.
"""

from dataclasses import dataclass
from enum import Enum

from local.simulators.http_writer import Framing
from local.simulators.ipqs.verification import KINDS

COLUMNS: dict[str, tuple[str, ...]] = {
    # Seen in use, all of them: whether there are more is unknown.
    "email": (
        "Date",
        "Email Address",
        "Recent Abuse",
        "Valid",
        "Disposable",
        "Honeypot",
        "Spam Trap Score",
    ),
    # Invented, in the same manner.
    "proxy": ("Date", "IP Address", "Fraud Score", "Proxy", "Valid", "Recent Abuse"),
    "url": ("Date", "URL", "Risk Score", "Valid", "Phishing", "Malware"),
    "phone": ("Date", "Phone Number", "Fraud Score", "Valid", "Line Type"),
    "leaked_email": ("Date", "Email Address", "Valid", "Exposed"),
    "leaked_password": ("Date", "Password", "Valid", "Exposed"),
    "leaked_username": ("Date", "Username", "Valid", "Exposed"),
}


class Spent(Enum):
    """What the download host says of a link that no longer works."""

    FORBIDDEN = 403
    NOT_FOUND = 404
    GONE = 410
    HTML = 200  # a page that says so, with a status that does not


class Compression(Enum):
    """When a result file is sent compressed."""

    NEVER = "never"
    WHEN_ACCEPTED = "when accepted"
    ALWAYS = "always"


class XmlNull(Enum):
    """How XML shows a field without a value."""

    EMPTY = "an empty element"
    OMITTED = "no element"
    NIL = 'nil="true"'
    WORD = "the word null"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many calls of the API within so many seconds."""

    calls: int
    seconds: float = 60.0
    status: int = 403
    retry_after: str | None = None  # the header, as it is to be sent


UNKNOWNS: dict[str, str] = {
    "seconds_processing": "how long processing takes",
    "removes_duplicates": "whether repeated rows come back once",
    "header_key_calls": "for which calls the header IPQS-KEY works",
    "status_id_parameter": "the name of the id when status gets it by POST",
    "strictness_accepted": "whether strictness can be sent",
    "max_upload_bytes": "the largest file that is taken",
    "max_upload_rows": "the most rows that are taken",
    "max_parallel_files": "how many files may be in work",
    "retention_seconds": "how long a file is known",
    "rate_limit": "how often may be asked, and whether Retry-After is sent",
    "unknown_id_message": "the sentence for an id that does not exist",
    "bad_key_status": "whether a wrong key changes the HTTP status",
    "xml_item": "the element of one file in an XML list",
    "xml_null": "how XML shows null",
    "aborted_status": "the status word beside aborted",
    "aborted_links": "whether a cancelled file has links",
    "spent_link": "the answer for a spent link",
    "expired_link": "the answer for an expired link",
    "head_spends": "whether HEAD spends a link",
    "interrupted_get_spends": "whether a GET that broke off spends it",
    "new_links_kill_older": "whether new links end the older ones",
    "offered_kinds": "which results there are for which type of file",
    "empty_category_links": "whether an empty category has a link, or null",
    "columns": "the full list of columns, and their order",
    "file_content_type": "the Content-Type of a file",
    "file_framing": "whether a file has a Content-Length, chunks or neither",
    "file_compression": "whether a file is compressed",
    "file_ranges": "whether a Range is answered with 206",
    "file_redirect": "whether a link redirects, and where to",
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the simulated provider behaves."""

    # The life cycle, in seconds by the clock
    seconds_new: float = 5.0
    seconds_processing: float = 20.0
    seconds_per_1000_rows: float = 0.0  # added to the processing
    seconds_unique_results: float = 5.0
    seconds_finalizing: float = 5.0
    statuses: tuple[str, ...] = ()  # said instead, one a look; the last one stays
    removes_duplicates: bool = True

    # The API
    header_key_calls: frozenset[str] = frozenset({"upload", "list"})  # and status
    status_id_parameter: str = "id"
    strictness_accepted: bool = False
    max_upload_bytes: int | None = None
    max_upload_rows: int | None = None
    max_parallel_files: int | None = None
    retention_seconds: float | None = None
    rate_limit: RateLimit | None = None
    unknown_id_message: str = "Invalid CSV ID."
    bad_key_status: int = 200
    xml_item: str = "csv"
    xml_null: XmlNull = XmlNull.EMPTY
    gzips_answers: bool = False  # of the API, when the client accepts it
    credits: int | None = None  # lines that can be paid in all
    daily_uploads: int | None = None  # the quota

    # Cancelled files
    aborted_status: str | None = None  # None: the word at that moment
    aborted_links: bool = False

    # Links
    link_seconds: float = 15 * 60.0
    spent_link: Spent = Spent.FORBIDDEN
    expired_link: Spent = Spent.FORBIDDEN
    head_spends: bool = True
    interrupted_get_spends: bool = True
    new_links_kill_older: bool = False
    offered_kinds: frozenset[str] = frozenset(KINDS)
    empty_category_links: bool = False  # True: to a file with only a header
    links_instead: str | None = None  # handed out for every link, to test a validator

    # Result files
    columns: tuple[str, ...] | None = None  # None: those of COLUMNS
    file_content_type: str = "text/csv"
    file_framing: Framing = Framing.LENGTH
    file_compression: Compression = Compression.NEVER
    file_ranges: bool = False
    file_redirect: str | None = None
