"""What is recorded of a request to TxnCheck: neither its secrets nor its body."""

from dataclasses import asdict, dataclass

from local.simulators import request_log as generic
from local.simulators.server import Request
from local.simulators.txncheck.access import KEY_HEADER, SIGNATURE_HEADER
from local.simulators.txncheck.routes import Check, Submit


@dataclass(frozen=True, slots=True)
class Seen(generic.Seen):
    """One request; `signed` means that it had both headers of a signature."""

    api_method: str = ""  # of a submission, as its path names it
    request_id: str = ""  # that was asked about
    signed: bool = False


def seen(request: Request, found: Submit | Check | None, keys: frozenset[str]) -> Seen:
    """The request with its secrets hidden, and every place for personal data."""
    queries = {name for name, _value in request.query}  # none is documented
    record = generic.seen(
        request,
        host="api",
        call=found.call if found else "",
        key_header=KEY_HEADER,
        keys=keys,
        hidden=frozenset({SIGNATURE_HEADER} | queries),
    )
    headers = record.headers
    return Seen(
        **asdict(record) | ({} if found else {"path": generic.HIDDEN}),
        api_method=found.method if isinstance(found, Submit) else "",
        request_id=found.request_id if isinstance(found, Check) else "",
        signed=SIGNATURE_HEADER in headers and "x-timestamp" in headers,
    )
