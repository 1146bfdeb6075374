"""Build the body of an upload: a form whose last part is a file that is streamed."""

import os
import uuid
from collections.abc import Iterator, Mapping
from typing import BinaryIO

_CHUNK_BYTES = 256 * 1024


class UploadBody:
    """A multipart form, read while it is sent; S3 ignores fields behind the file."""

    def __init__(self, fields: Mapping[str, str], file: BinaryIO) -> None:
        boundary = uuid.uuid4().hex
        parts = [(f'name="{_escaped(name)}"', fields[name]) for name in fields]
        parts.append(('name="file"; filename="file"', ""))
        self._head = "\r\n".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}"
            for name, value in parts
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._file_bytes = os.fstat(file.fileno()).st_size
        self.content_type = f"multipart/form-data; boundary={boundary}"

    def __len__(self) -> int:
        return len(self._head) + self._file_bytes + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while chunk := self._file.read(_CHUNK_BYTES):
            yield chunk
        yield self._tail


def _escaped(name: str) -> str:
    """Return the name of a field as HTML's forms escape it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
