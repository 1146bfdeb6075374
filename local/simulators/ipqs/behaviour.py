"""The switches of the IPQS simulator, for undocumented facts and for tests."""

from dataclasses import dataclass, fields
from enum import Enum

from local.simulators.http_writer import Framing
from local.simulators.ipqs.verification import KINDS
from local.simulators.provider import Unknowns

_PAGE = "<!doctype html><html><body>This link is no longer valid.</body></html>"


class Spent(Enum):
    """The answer to a link that no longer works: status, Content-Type and body."""

    FORBIDDEN = (403, "text/html", _PAGE)
    NOT_FOUND = (404, "text/html", _PAGE)
    GONE = (410, "text/html", _PAGE)
    # These say so with a status that does not.
    HTML = (200, "text/html", _PAGE)
    TEXT = (200, "text/plain", "This download link has expired. Request a new one.\n")
    JSON = (200, "application/json", '["This download link has expired."]')
    CSV = (200, "text/csv", "Message\nThis download link has expired.\n")


class FileNames(Enum):
    """How a file's name is stored, by which it is listed and reported."""

    KEPT = "as it was sent"
    LOWER_CASE = "in lower case"
    NO_SUFFIX = "without its suffix"
    NOT_REPORTED = "null in every answer"

    def stored(self, name: str) -> str | None:
        """Return the name that answers have for a name that was sent."""
        if self is FileNames.LOWER_CASE:
            return name.lower()
        if self is FileNames.NO_SUFFIX:
            return name.rpartition(".")[0] or name
        return None if self is FileNames.NOT_REPORTED else name


class Compression(Enum):
    """When a result file is sent compressed."""

    NEVER = "never"
    WHEN_ACCEPTED = "when accepted"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class IpqsUnknowns(Unknowns):
    """Facts that are not documented; the defaults are guesses."""

    # The life cycle and the results
    seconds_processing: float = 20.0
    removes_duplicates: bool = True
    offered_kinds: frozenset[str] = frozenset(KINDS)  # which a type of file has
    empty_category_links: bool = False  # True: to a file with only a header, not null
    columns: tuple[str, ...] | None = None  # None: those of COLUMNS
    aborted_status: str | None = None  # of a cancelled file; None: as it was then
    aborted_links: bool = False  # whether a cancelled file has links
    early_links: bool = False  # whether a file that is not finished has links

    # The API
    file_names: FileNames = FileNames.KEPT
    header_key_calls: frozenset[str] = frozenset({"upload", "list"})  # others, too
    status_id_parameter: str = "id"  # when status gets the id by POST
    strictness_accepted: bool = False  # whether it can be sent
    max_upload_bytes: int | None = None
    max_upload_rows: int | None = None
    max_parallel_files: int | None = None
    list_lag_seconds: float = 0.0  # from an upload until the list has it
    calls_needing_credits: frozenset[str] = frozenset({"upload"})  # others, too
    list_newest_first: bool = True
    unknown_id_message: str = "Invalid CSV ID."
    bad_key_status: int = 200
    credits_member: str | None = "credits"  # of the account; None: it does not say
    credits_lag_seconds: float = 0.0  # from an upload until the account shows its cost

    # Links
    spent_link: Spent = Spent.FORBIDDEN
    expired_link: Spent = Spent.FORBIDDEN
    head_spends: bool = True
    interrupted_get_spends: bool = True
    new_links_kill_older: bool = False

    # Result files
    file_content_type: str = "text/csv"
    file_framing: Framing = Framing.LENGTH
    file_compression: Compression = Compression.NEVER
    file_ranges: bool = False  # whether a Range is answered with 206
    file_redirect: str | None = None


@dataclass(frozen=True, slots=True)
class IpqsBehaviour(IpqsUnknowns):
    """How the simulated IPQS behaves."""

    statuses: tuple[str, ...] = ()  # answered to status calls in turn; the last stays
    seconds_new: float = 5.0
    seconds_unique_results: float = 5.0
    seconds_finalizing: float = 5.0
    newer_uploads: int = 0  # of somebody else, that each call of the list finds
    credits: int | None = None  # values that can be paid in all
    # By the clock; until then there are none for anything, as beyond a daily quota,
    # which the account does not show.
    credits_back_at: float = 0.0
    links_instead: str | None = None  # handed out for every link, to test a validator


#: An adapter must work with every value of these switches.
UNKNOWNS = frozenset(switch.name for switch in fields(IpqsUnknowns))
