"""S3 events: messages in both forms lead to at most one job for each version."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import MessageUnreadable
from functions.core.s3_events import (
    S3Object,
    created_objects,
    is_marker_file,
    job_for,
)

TYPES: dict[str, tuple[str, ...]] = {"ipqs": ("email", "phone")}

# S3 stores keys as UTF-8, so that they have no half of a surrogate pair.
keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)


def from_event_bridge(key: object, **envelope: object) -> str:
    """Return the message of EventBridge for a new object."""
    return json.dumps(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": "inbox"},
                "object": {"key": key, "version-id": "v1"},
            },
            **envelope,
        }
    )


def objects_of(body: str) -> tuple[S3Object, ...]:
    """Return all objects that a message announces."""
    return tuple(created_objects(body))


def record(encoded_key: object, event: str = "ObjectCreated:Put") -> dict[str, object]:
    """Return one record of S3's own notification."""
    return {
        "eventName": event,
        "s3": {
            "bucket": {"name": "inbox"},
            "object": {"key": encoded_key, "versionId": "v1"},
        },
    }


def from_s3(*records: dict[str, object]) -> str:
    """Return the message of S3's own notification."""
    return json.dumps({"Records": records})


@pytest.mark.fault(3)
@given(key=keys)
def test_both_forms_give_the_key_as_s3_stores_it(key: str) -> None:
    """EventBridge sends the key as it is; S3 encodes it once."""
    plain = objects_of(from_event_bridge(key))
    encoded = objects_of(from_s3(record(quote_plus(key))))

    assert plain == encoded == (S3Object("inbox", key, "v1"),)


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    ("encoded", "stored"),
    [
        pytest.param("a%2Bb+c%252F", "a+b c%2F", id="plus, space and percent"),
        pytest.param("%C3%A9.csv", "é.csv", id="accent"),
        pytest.param("%F0%9F%93%A7.csv", "\N{E-MAIL SYMBOL}.csv", id="emoji"),
        pytest.param("%22a%27.csv", "\"a'.csv", id="quotes"),
        pytest.param("a" * 1024, "a" * 1024, id="the longest key"),
    ],
)
def test_the_key_of_a_notification_is_decoded_exactly_once(
    encoded: str, stored: str
) -> None:
    """A key that is decoded twice, or not at all, names a missing object."""
    [created] = objects_of(from_s3(record(encoded)))

    assert created.key == stored


@pytest.mark.fault(3)
def test_the_key_of_event_bridge_is_not_decoded() -> None:
    """EventBridge sends the key as S3 stores it."""
    [created] = objects_of(from_event_bridge("a%2Bb+c%252F"))

    assert created.key == "a%2Bb+c%252F"


def test_every_record_of_a_notification_is_read() -> None:
    """S3 may announce several objects in one message; none may be lost."""
    message = from_s3(record("a"), record("b", "ObjectRemoved:Delete"), record("c"))

    found_keys = [created.key for created in objects_of(message)]

    assert found_keys == ["a", "c"]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(json.dumps({"Event": "s3:TestEvent"}), id="test event"),
        pytest.param(
            from_event_bridge("a", **{"detail-type": "Object Deleted"}), id="deleted"
        ),
        pytest.param(from_s3(record("a", "ObjectRemoved:Delete")), id="removed"),
        pytest.param(from_s3(), id="no records"),
    ],
)
def test_a_message_that_creates_no_object_is_ignored(message: str) -> None:
    """Such messages are no faults, and must not fill the dead-letter queue."""
    assert objects_of(message) == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[" * 100_000, id="nested too deeply"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param('"text"', id="a string"),
        pytest.param("{}", id="no records"),
        pytest.param('{"Records": 1}', id="records of a wrong type"),
        pytest.param('{"Records": ["a"]}', id="record of a wrong type"),
        pytest.param(from_s3(record("%FF")), id="a key that is not UTF-8"),
        pytest.param(from_s3(record(None)), id="no key"),
        pytest.param(from_event_bridge(""), id="empty key"),
        pytest.param(from_event_bridge(7), id="a number for a key"),
        pytest.param(from_event_bridge("a", detail={}), id="no detail"),
    ],
)
def test_any_other_message_is_unreadable(body: str) -> None:
    """A malformed message goes to the dead-letter queue, and starts no job."""
    with pytest.raises(MessageUnreadable):
        objects_of(body)


@pytest.mark.fault(100)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [{}, "text", None, record("%FF"), record("")])
def test_a_bad_record_spoils_no_other(place: int, bad: Any) -> None:  # noqa: ANN401 - any JSON
    """The lists in one message have nothing to do with each other."""
    records = [record("a.csv"), record("b.csv")]
    records.insert(place, bad)
    created = created_objects(from_s3(*records))

    assert [next(created).key, next(created).key] == ["a.csv", "b.csv"]
    with pytest.raises(MessageUnreadable, match="1 of 3 records"):
        next(created)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["source", "detail-type", "detail", "Records", "s3", "object"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
)


@given(value=json_values)
def test_any_json_is_an_event_or_unreadable(value: object) -> None:
    """A malformed message must fail by an error with advice, and fail alone."""
    try:
        created = objects_of(json.dumps(value))
    except MessageUnreadable:
        return

    assert created == ()


@pytest.mark.fault(1)
@given(time=st.text(max_size=30), request=st.text(max_size=30))
def test_events_of_the_same_version_lead_to_the_same_job(
    time: str, request: str
) -> None:
    """S3 delivers at least once; no detail of an event may change the job."""
    first = from_event_bridge("ipqs/email/a.csv")
    second = from_event_bridge("ipqs/email/a.csv", time=time, id=request)

    jobs = [job_for(*objects_of(message), types=TYPES) for message in (first, second)]

    assert jobs[0] == jobs[1]
    assert jobs[0] is not None


@pytest.mark.fault(2)
def test_each_version_is_a_job_of_its_own() -> None:
    """S3 may announce versions in any order; each is verified once."""
    old = job_for(S3Object("inbox", "ipqs/email/a.csv", "old"), types=TYPES)
    new = job_for(S3Object("inbox", "ipqs/email/a.csv", "new"), types=TYPES)

    assert old is not None
    assert new is not None
    assert old.job_id != new.job_id
    assert (old.version_id, new.version_id) == ("old", "new")


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../../x.csv", id="parent"),
        pytest.param("/x.csv", id="leading slash"),
        pytest.param("a//x.csv", id="double slash"),
        pytest.param(".", id="dot"),
        pytest.param("a\nb\x00\x1b.csv", id="control characters"),
        pytest.param("\u202efdp.csv", id="right to left"),
    ],
)
def test_a_hostile_name_stays_in_the_key(name: str) -> None:
    """Only `key` has the name that the uploader chose; keys of results do not."""
    job = job_for(S3Object("inbox", f"ipqs/email/{name}", "v1"), types=TYPES)

    assert job is not None
    assert job.key == f"ipqs/email/{name}"
    assert (job.provider, job.type) == ("ipqs", "email")
    assert set(job.job_id) <= set("0123456789abcdef")


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    "key",
    [
        pytest.param("a.csv", id="no prefix"),
        pytest.param("ipqs/a.csv", id="no type"),
        pytest.param("ipqs/post/a.csv", id="unknown type"),
        pytest.param("ipqs/e/a.csv", id="part of a type"),
        pytest.param("ipqs//a.csv", id="empty type"),
        pytest.param("other/email/a.csv", id="unknown provider"),
        pytest.param("IPQS/email/a.csv", id="upper case"),
        pytest.param("/ipqs/email/a.csv", id="leading slash"),
        pytest.param("ipqs/email", id="only the prefix"),
        pytest.param("ipqs/email/", id="folder"),
        pytest.param("ipqs/email/sub/", id="folder in the folder"),
    ],
)
def test_a_key_outside_the_prefixes_is_no_job(key: str) -> None:
    """Only a prefix says who verifies what, and verifying is paid."""
    assert job_for(S3Object("inbox", key, "v1"), types=TYPES) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".DS_Store", True),
        ("._june.csv", True),
        ("_SUCCESS", True),
        ("june_$folder$", True),
        ("Thumbs.db", True),
        ("thumbs.DB", True),
        ("desktop.ini", True),
        ("~$june.xlsx", True),
        ("june.csv", False),
        ("_june.csv", False),
        (".june.csv", False),
        ("SUCCESS.csv", False),
        ("folder.csv", False),
        ("june~$.csv", False),
        ("desktop.ini.csv", False),
    ],
)
def test_a_file_that_a_program_leaves_is_no_upload(name: str, expected: bool) -> None:
    """Nobody has asked to verify it, and each would be a failed job."""
    assert is_marker_file(f"ipqs/email/a/{name}") is expected
