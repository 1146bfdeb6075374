"""Prepare list: write the unique values of a list that fit its type, for submission."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from functions.aws.batch_store import BatchStore
from functions.core.errors import SourceEmpty, SourceTooLarge
from functions.core.model import Job, Next, PreparedList
from functions.providers.protocol import Source
from functions.records_file import RecordsFile
from functions.tables.list_reader import ListReading, ListRecord, read_list
from functions.tables.reader import ReadOptions

#: The header of a submission file, by type. Plain words that the providers' own
#: examples have; of other types nothing is known.
_HEADERS = {"email": "email", "phone": "phone", "proxy": "ip", "url": "url"}


def prepare_list(
    job: Job,
    *,
    source: Source,
    options: ReadOptions,
    batch_store: BatchStore,
    max_records: int,
    max_bytes: int,
) -> tuple[Job, Mapping[str, object]]:
    """Write the work files of a list; return the job, and what there is to say of it.

    `submission.csv` is what is sent: each value once. `records.csv` has every record
    of the source, and what became of it; `table.json` describes the table. They depend
    only on the source and on the settings, so that a second try writes the same.

    Raises:
        SourceEmpty: No record has a value to send.
        SourceTooLarge: There are more records or bytes than the settings allow.
        SourceMisnamed, SourceNotText, RequestInvalid: The file is no list of the type.
    """
