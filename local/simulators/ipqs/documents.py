"""What the API says of the files it holds: upload, status and list answers."""

import math
from urllib.parse import quote_plus

from local.simulators.ipqs import answers, life
from local.simulators.ipqs.answers import Document, Value
from local.simulators.ipqs.job import Held
from local.simulators.ipqs.routes import Route
from local.simulators.ipqs.state import World
from local.simulators.ipqs.verification import KINDS

PAGE = 50

_TYPE_LABELS = {"email": "Email-Verification", "proxy": "Proxy-Detection"}
_KIND_LABELS = {"bad": "Invalid"}  # as seen; the others are invented


def _status_url(world: World, held: Held, found: Route) -> str:
    # With the key in it, as IPQS does.
    key = found.key or min(world.keys)
    return f"{world.api_url}/api/{found.format}/csv/{key}/status/{held.id}"


def _described(held: Held, status: str) -> Document:
    counted = status in life.COUNTED or held.aborted_in is not None
    verified = held.verified() if counted else None
    return {
        "id": held.id,
        "file_name": held.file_name,
        "type": held.type,
        "strictness": held.strictness,
        "status": status,
        "aborted": held.aborted(status),
        "invalid_records": verified.invalid if verified else 0,
    }


def uploaded(world: World, held: Held, found: Route) -> Document:
    """The answer to an upload; it has the status address, and no links."""
    document = _described(held, held.status(world.now(), world.behaviour))
    document["status_url"] = _status_url(world, held, found)
    document["downloads"] = dict.fromkeys(KINDS)
    return answers.success(document)


def status(world: World, held: Held) -> Document:
    """The answer to a look, which makes new links if there is something to fetch."""
    word = held.look(world.now(), world.behaviour)
    document = _described(held, word)
    document["downloads"] = _links(world, held, word)
    return answers.success(document)


def _links(world: World, held: Held, status: str) -> dict[str, Value]:
    """New links for what there is; null for the rest."""
    behaviour = world.behaviour
    links: dict[str, Value] = dict.fromkeys(KINDS)
    if held.aborted_in is None:
        ready = status == life.FINISHED
    else:
        ready = behaviour.aborted_links
    if not ready:
        return links
    if behaviour.new_links_kill_older:
        world.links.kill(held.id)
    for kind in KINDS:
        result = held.result(kind)
        if result is None or kind not in behaviour.offered_kinds:
            continue
        if result[1] or behaviour.empty_category_links:
            links[kind] = _link(world, held, kind)
    return links


def _link(world: World, held: Held, kind: str) -> str:
    link = world.links.make(held.id, kind, world.now())
    if world.behaviour.links_instead is not None:
        return world.behaviour.links_instead
    type_ = _TYPE_LABELS.get(held.type, held.type.replace("_", "-").title())
    label = _KIND_LABELS.get(kind, kind.title())
    name = f"{held.file_name}-IPQualityScore-{type_}-{label}-Results.csv"
    return (
        f"{world.download_url}/download"
        f"?download={link.token}&filename={quote_plus(name)}"
    )


def listing(world: World, found: Route, parameters: dict[str, str]) -> Document:
    """One page of files, newest first, without links."""
    now = world.now()
    wanted = parameters.get("type")
    held = [
        each
        for each in reversed(world.store.all(now, world.behaviour))
        if not wanted or each.type == wanted
    ]
    text = parameters.get("page", "1")
    page = max(int(text), 1) if text.isdecimal() else 1
    csvs: list[Value] = []
    for each in held[(page - 1) * PAGE : page * PAGE]:
        described = _described(each, each.status(now, world.behaviour))
        csvs.append({**described, "status_url": _status_url(world, each, found)})
    return answers.success(
        {
            "csvs": csvs,
            "total_csvs": len(held),
            "total_pages": math.ceil(len(held) / PAGE),
            "page": page,
        }
    )
