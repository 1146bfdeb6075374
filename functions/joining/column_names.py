"""Column names: name the columns of the joined file, each of them once."""

from collections.abc import Iterable, Sequence

#: What the joined file says of each record.
COURIER_COLUMNS = (
    "record",
    "courier_status",
    "courier_reason",
    "courier_list",
    "courier_duplicate_of",
)


def joined_columns(
    own: Sequence[str], *, width: int, provider: str, theirs: Sequence[str]
) -> tuple[str, ...]:
    """Return the names of all columns: ours, the uploader's, and the provider's.

    The uploader's are as wide as the widest record, whatever the header names.
    """
    padded = [*own, *[""] * width][:width]
    return unique_names(
        (*COURIER_COLUMNS, *_filled(padded), *(f"{provider}_{name}" for name in theirs))
    )


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without repetition: the second `Email` becomes `Email_2`.

    Case does not distinguish two names, since most readers of Parquet ignore it.
    """
    given: dict[str, None] = {}
    taken: set[str] = set()
    for name in names:
        unique, number = name, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique.casefold())
        given[unique] = None
    return tuple(given)


def provider_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a result's columns, in the provider's own words."""
    return unique_names(_filled(header))


def _filled(names: Sequence[str]) -> list[str]:
    """Return names, `column_N` where there is none."""
    return [name if name.strip() else f"column_{n}" for n, name in enumerate(names, 1)]
