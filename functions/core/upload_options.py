"""Upload options: say in the metadata of an object how its job is to be run."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from typing import TYPE_CHECKING, Any, Self

from functions.core.errors import RequestInvalid
from functions.core.keys import (
    COLUMN_OPTION,
    FRESH_OPTION,
    HEADER_OPTION,
    QUOTE_OPTION,
    UNFIT_OPTION,
)

if TYPE_CHECKING:
    from functions.core.job_record import JobRecord, SubmissionRecord

_YES_OR_NO = {"": None, "yes": True, "no": False}
#: The options that are yes or no, with the metadata that say so.
_METADATA = {"header": HEADER_OPTION, "send_unfit": UNFIT_OPTION}


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """What a person says of a list, where neither the content nor a setting decides.

    `column` names the value column, by its header or its number from 1; `header` is
    whether there is a header; `send_unfit` whether values are sent that do not fit the
    type. They may be the uploader's own words: the object and the jobs table have them,
    but no state, log or notice.
    """

    column: str = ""
    header: bool | None = None
    send_unfit: bool | None = None

    def __bool__(self) -> bool:
        """Return whether anything is said."""
        return self != ListOptions()

    @classmethod
    def from_request(cls, body: Mapping[str, Any]) -> Self:
        """Return what the body of a request says."""
        said = {name: body.get(name) for name in _METADATA}
        return cls(column=body.get("column", ""), **said)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Return what an object's metadata say.

        Raises:
            RequestInvalid: They say it in a way that cannot be read.
        """
        # S3 returns what is not ASCII as a header of a mail (RFC 2047).
        try:
            text = make_header(decode_header(metadata.get(COLUMN_OPTION, "")))
        except (HeaderParseError, LookupError, UnicodeError):
            raise RequestInvalid(f"{COLUMN_OPTION}: must be text in UTF-8") from None
        said = {name: yes_or_no(metadata, each) for name, each in _METADATA.items()}
        return cls(column=str(text), **said)

    @classmethod
    def from_record(cls, record: "JobRecord | SubmissionRecord") -> Self:
        """Return what the request for a job has said, as it is recorded."""
        said = {name: _YES_OR_NO[getattr(record, name)] for name in _METADATA}
        return cls(column=record.column, **said)

    def to_item(self) -> dict[str, str]:
        """Return it as the jobs table stores it; nothing where nothing is said."""
        item = {"column": self.column} if self.column else {}
        return {**item, **self.words}

    def or_else(self, other: Self) -> Self:
        """Return the same, and what only the other one says."""
        said = {
            name: getattr(other if getattr(self, name) is None else self, name)
            for name in _METADATA
        }
        return type(self)(column=self.column or other.column, **said)

    @property
    def words(self) -> dict[str, str]:
        """What is said, of the options that are yes or no."""
        said = {name: getattr(self, name) for name in _METADATA}
        return {n: word_for(yes=yes) for n, yes in said.items() if yes is not None}


def metadata_for(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of an object by which its job does what a body asks for."""
    asked = ListOptions.from_request(body)
    metadata = {
        option: "yes"
        for name, option in (("quote", QUOTE_OPTION), ("fresh", FRESH_OPTION))
        if body.get(name)
    }
    if asked.column:
        is_plain = asked.column.isascii() and "=?" not in asked.column
        encoded = Header(asked.column, "utf-8").encode(linesep="")
        metadata[COLUMN_OPTION] = asked.column if is_plain else encoded
    words = asked.words
    return metadata | {_METADATA[name]: word for name, word in words.items()}


def word_for(*, yes: bool) -> str:
    """Return the word that is stored for yes or no."""
    return "yes" if yes else "no"


def yes_or_no(metadata: Mapping[str, str], name: str) -> bool | None:
    """Return what the uploader says in a yes-or-no entry; None if it is not there.

    Raises:
        RequestInvalid: It is neither.
    """
    text = metadata.get(name, "").strip().casefold()
    if text not in _YES_OR_NO:
        raise RequestInvalid(f"{name}: must be yes or no")
    return _YES_OR_NO[text]
