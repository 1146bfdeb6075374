"""Taking an upload in, or refusing it with a sentence."""

import http.client
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from local.simulators.content import BLOCK
from local.simulators.forms import Posted
from local.simulators.ipqs import answers, life
from local.simulators.ipqs.behaviour import COLUMNS
from local.simulators.ipqs.job import Held
from local.simulators.ipqs.state import World
from local.simulators.ipqs.store import count_lines

_FETCH_SECONDS = 5.0
_DAY = 86_400.0


class Rejected(Exception):
    """A soft failure; its text is the provider's message."""


def take_in(world: World, posted: Posted, type_: str | None) -> Held:
    """Accept what was posted: from here on it is paid."""
    if type_ not in COLUMNS:
        raise Rejected("Invalid type. Please use one of: " + ", ".join(COLUMNS) + ".")
    file, uploaded_by = posted.file, posted.form
    if file is None:
        address = posted.parameters.get("input") or posted.parameters.get("url")
        if not address:
            raise Rejected("No file was uploaded.")
        file, uploaded_by = _fetched(address, world.store.new_path()), "url"

    _check_limits(world, file)
    strictness = posted.parameters.get("strictness", "0")
    accepted = world.behaviour.strictness_accepted and strictness in set("0123")
    return world.store.take_in(
        file,
        file_name=posted.parameters.get("file_name"),
        type_=type_,
        strictness=int(strictness) if accepted else 0,
        uploaded_by=uploaded_by,
        now=world.now(),
        behaviour=world.behaviour,
    )


def _check_limits(world: World, file: Path) -> None:
    behaviour, now = world.behaviour, world.now()
    lines = count_lines(file)
    known = [
        held for held in world.store.all(now, behaviour) if held.uploaded_by != "test"
    ]
    parallel = sum(held.status(now, behaviour) != life.FINISHED for held in known)
    today = sum(now - held.uploaded_at < _DAY for held in known)
    paid = sum(held.lines for held in known)

    if _beyond(behaviour.max_upload_bytes, file.stat().st_size):
        raise Rejected("The file is too large.")
    if _beyond(behaviour.max_upload_rows, lines):
        raise Rejected("The file has too many rows.")
    if _beyond(behaviour.max_parallel_files, parallel + 1):
        raise Rejected("Too many files are being processed.")
    if _beyond(behaviour.daily_uploads, today + 1):
        raise Rejected(answers.QUOTA.format(behaviour.daily_uploads))
    if _beyond(behaviour.credits, paid + lines):
        raise Rejected(answers.NO_CREDITS)


def _beyond(limit: int | None, number: int) -> bool:
    return limit is not None and number > limit


def _fetched(address: str, path: Path) -> Path:
    """The file at a loopback address; a simulator calls nobody else."""
    parts = urlsplit(address)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
        port = parts.port
    except ValueError:
        loopback, port = False, None
    if parts.scheme != "http" or not loopback:
        raise Rejected("This simulator fetches only http:// addresses on loopback.")
    connection = http.client.HTTPConnection(
        str(parts.hostname), port, timeout=_FETCH_SECONDS
    )
    try:
        connection.request("GET", parts._replace(scheme="", netloc="").geturl() or "/")
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise Rejected("The file could not be fetched.")
        with path.open("wb") as file:
            while block := response.read(BLOCK):
                file.write(block)
    except (OSError, http.client.HTTPException):
        raise Rejected("The file could not be fetched.") from None
    finally:
        connection.close()
    return path
