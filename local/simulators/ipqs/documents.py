"""Build the JSON documents with which IPQS answers each of its calls."""

import math
from collections.abc import Mapping
from urllib.parse import quote_plus

from local.simulators.ipqs.forms import IpqsRefusal
from local.simulators.ipqs.job import FINISHED, Csv
from local.simulators.ipqs.state import IpqsState
from local.simulators.ipqs.verification import KINDS

_CREDITS = 10_000_000  # of an account whose credits no switch bounds
_PAGE = 50  # files in a page of the list [V]
_COUNTED = {"UNIQUE_RESULTS", "FINALIZING", FINISHED}  # when all records were read
_TYPE_LABELS = {"email": "Email-Verification", "proxy": "Proxy-Detection"}
_KIND_LABELS = {"bad": "Invalid"}  # as seen [T]; the others are invented

Document = Mapping[str, object]


def upload_answer(state: IpqsState, csv: Csv, key: str) -> Document:
    """Return the answer to an upload, with the status URL and without links."""
    document = {**_described(state, csv, csv.status), "downloads": dict.fromkeys(KINDS)}
    return {**document, "status_url": _url(state, csv, key)}


def status_answer(state: IpqsState, csv_id: str) -> Document:
    """Return the answer to a status call, with new links.

    Raises:
        IpqsRefusal: The id is unknown.
    """
    csv = state.csv(csv_id)
    if csv is None:
        raise IpqsRefusal(state.behaviour.unknown_id_message)
    word = csv.poll()
    links = _links(state, csv, word)
    return {**_described(state, csv, word), "downloads": links}


def account_answer(state: IpqsState) -> Document:
    """Return the credits that are left, and what this billing period has used."""
    used = state.charged_by_type(
        until=state.now() - state.behaviour.credits_lag_seconds
    )
    usage = used.total()
    granted = state.behaviour.credits
    left = max((_CREDITS if granted is None else granted) - usage, 0)
    document: dict[str, object] = {"usage": usage, "country_code": "US"}
    for type_ in ("proxy", "email", "url", "phone"):
        document[f"{type_}_usage"] = used[type_]
    for service in ("fingerprint", "mobile_sdk"):  # nobody uses them here
        document[f"{service}_usage"] = 0
    member = state.behaviour.credits_member
    return document if member is None else {member: left, **document}


def list_answer(state: IpqsState, query: Mapping[str, str], key: str) -> Document:
    """Return one page of files, newest first unless switched, without links."""
    behaviour = state.behaviour
    for _ in range(behaviour.newer_uploads):
        state.add_finished(results={}, type=query.get("type") or "email")
    type_, page_text = query.get("type"), query.get("page", "1")
    page = max(int(page_text), 1) if page_text.isdecimal() else 1
    listed_until = state.now() - behaviour.list_lag_seconds
    csvs = [
        csv
        for csv in state.csvs
        if type_ in {None, "", csv.type} and csv.created_at <= listed_until
    ]
    if behaviour.list_newest_first:
        csvs.reverse()
    listed = [
        {**_described(state, csv, csv.status), "status_url": _url(state, csv, key)}
        for csv in csvs[(page - 1) * _PAGE : page * _PAGE]
    ]
    pages = math.ceil(len(csvs) / _PAGE)
    totals = {"total_csvs": len(csvs), "total_pages": pages, "page": page}
    return {"csvs": listed, **totals}


def _described(state: IpqsState, csv: Csv, status: str) -> Document:
    counted = status in _COUNTED or csv.aborted_in
    # Null while the file is processed, as in IPQS' examples [V].
    aborted = True if csv.aborted_in else (False if status == FINISHED else None)
    return {
        "id": csv.id,
        "file_name": state.behaviour.file_names.stored(csv.file_name),
        "type": csv.type,
        "strictness": csv.strictness,
        "status": status,
        "aborted": aborted,
        "invalid_records": csv.verified.invalid if counted else 0,
    }


def _url(state: IpqsState, csv: Csv, key: str) -> str:
    # With the key in it, as IPQS does [V].
    return f"{state.base_url}/api/json/csv/{key}/status/{csv.id}"


def _links(state: IpqsState, csv: Csv, status: str) -> dict[str, str | None]:
    """Return a new link for each result, null where there is none."""
    behaviour = state.behaviour
    links: dict[str, str | None] = dict.fromkeys(KINDS)
    is_finished = status == FINISHED or behaviour.early_links
    if not (behaviour.aborted_links if csv.aborted_in else is_finished):
        return links
    if behaviour.new_links_kill_older:
        state.kill_links(csv)
    type_ = _TYPE_LABELS.get(csv.type, csv.type.replace("_", "-").title())
    for kind, records in csv.results.items():
        empty = not records and not behaviour.empty_category_links
        if empty or kind not in behaviour.offered_kinds:
            continue
        token = state.mint_link(csv, kind)
        label = _KIND_LABELS.get(kind, kind.title())
        name = f"{csv.file_name}-IPQualityScore-{type_}-{label}-Results.csv"
        url = f"{state.addresses['Downloads']}/download?download={token}"
        instead = behaviour.links_instead
        links[kind] = (
            f"{url}&filename={quote_plus(name)}" if instead is None else instead
        )
    return links
