"""What is recorded of a request to IPQS: the file that it is about, but no key."""

from dataclasses import asdict, dataclass, replace

from local.simulators import request_log as generic
from local.simulators.server import Request

KEY_HEADER = "ipqs-key"


@dataclass(frozen=True, slots=True)
class Seen(generic.Seen):
    """One request to the host "api" or "downloads"."""

    file_name: str | None = None  # of the upload, or of the file that is asked about

    def with_body(self, *, key_in_body: bool, file_name: str | None) -> "Seen":
        """The record with what only the body said."""
        key_in = self.key_in | ({"body"} if key_in_body else set())
        return replace(self, key_in=key_in, file_name=file_name)


def seen(
    request: Request,
    *,
    host: str,
    call: str,
    keys: frozenset[str],
    path_key: str | None = None,
) -> Seen:
    """The request with its secrets hidden: the key, and the token of a link."""
    record = generic.seen(
        request,
        host=host,
        call=call,
        key_header=KEY_HEADER,
        keys=keys,
        path_key=path_key,
        hidden=frozenset({"download"}),
    )
    return Seen(**asdict(record))
