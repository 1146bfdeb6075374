"""The switches of the simulator: what IPQS does not say, and what tests vary.

A field marked `Unknown` stands for a fact that nobody has seen; the mark says which. An adapter must work whichever way these stand.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, get_type_hints

from local.simulators.wire import Framing

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


@dataclass(frozen=True, slots=True)
class Unknown:
    """Marks a switch for a fact that nobody has seen; its default is a guess."""

    fact: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the simulated provider behaves; see each field."""

    # The life cycle, in seconds by the clock
    seconds_new: float = 5.0
    seconds_processing: Annotated[float, Unknown("how long processing takes")] = 20.0
    seconds_per_1000_rows: float = 0.0  # added to the processing
    seconds_unique_results: float = 5.0
    seconds_finalizing: float = 5.0
    statuses: tuple[str, ...] = ()  # said instead, one a look; the last one stays
    removes_duplicates: Annotated[
        bool, Unknown("whether repeated rows come back once")
    ] = True

    # The API
    header_key_calls: Annotated[
        frozenset[str], Unknown("for which calls the header IPQS-KEY works")
    ] = frozenset({"upload", "list"})
    status_id_parameter: Annotated[
        str, Unknown("the name of the id when status gets it as a POST parameter")
    ] = "id"
    strictness_accepted: Annotated[bool, Unknown("whether strictness can be sent")] = (
        False
    )
    max_upload_bytes: Annotated[
        int | None, Unknown("the largest file that is taken")
    ] = None
    max_upload_rows: Annotated[int | None, Unknown("the most rows that are taken")] = (
        None
    )
    max_parallel_files: Annotated[
        int | None, Unknown("how many files may be in work")
    ] = None
    retention_seconds: Annotated[float | None, Unknown("how long a file is known")] = (
        None
    )
    rate_limit: Annotated[
        RateLimit | None,
        Unknown("how often may be asked, with 403 or 429, with Retry-After or without"),
    ] = None
    unknown_id_message: Annotated[
        str, Unknown("the sentence for an id that does not exist")
    ] = "Invalid CSV ID."
    bad_key_status: Annotated[
        int, Unknown("whether a wrong key changes the HTTP status")
    ] = 200
    xml_item: Annotated[str, Unknown("the element of one file in an XML list")] = "csv"
    xml_null: Annotated[XmlNull, Unknown("how XML shows null")] = XmlNull.EMPTY
    gzips_answers: bool = False  # of the API, when the client accepts it
    credits: int | None = None  # rows that can still be paid
    daily_uploads: int | None = None  # the quota

    # Cancelled files
    aborted_status: Annotated[
        str | None,
        Unknown("the status word beside aborted; None: the one at that moment"),
    ] = None
    aborted_links: Annotated[
        bool, Unknown("whether a cancelled file has partial results")
    ] = False

    # Links
    link_seconds: float = 15 * 60.0
    spent_link: Annotated[Spent, Unknown("the answer for a spent link")] = (
        Spent.FORBIDDEN
    )
    expired_link: Annotated[Spent, Unknown("the answer for an expired link")] = (
        Spent.FORBIDDEN
    )
    head_spends: Annotated[bool, Unknown("whether HEAD spends a link")] = True
    interrupted_get_spends: Annotated[
        bool, Unknown("whether a GET that broke off does")
    ] = True
    new_links_kill_older: Annotated[
        bool, Unknown("whether new links end the older ones")
    ] = False
    offered_kinds: Annotated[
        frozenset[str], Unknown("which results there are for which type of file")
    ] = frozenset({"pristine", "clean", "bad", "all"})
    empty_category_links: Annotated[
        bool, Unknown("whether an empty category has a link to a header, or null")
    ] = False
    links_instead: str | None = None  # handed out for every link, to test a validator

    # Result files
    columns: Annotated[
        tuple[str, ...] | None,
        Unknown("the full list of columns and their order; None: those that were seen"),
    ] = None
    file_content_type: Annotated[str, Unknown("the Content-Type of a file")] = (
        "text/csv"
    )
    file_framing: Annotated[
        Framing, Unknown("whether a file has a Content-Length, chunks or neither")
    ] = Framing.LENGTH
    file_compression: Annotated[
        Compression, Unknown("whether a file is compressed")
    ] = Compression.NEVER
    file_ranges: Annotated[bool, Unknown("whether a Range is answered with 206")] = (
        False
    )
    file_redirect: Annotated[
        str | None, Unknown("whether a link redirects, and where to")
    ] = None


UNKNOWNS: dict[str, str] = {
    name: mark.fact
    for name, hint in get_type_hints(Behaviour, include_extras=True).items()
    for mark in getattr(hint, "__metadata__", ())
    if isinstance(mark, Unknown)
}
