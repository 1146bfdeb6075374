"""A client of the simulated API, as plain as a client can be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from local.simulators.ipqs import IpqsSimulator

KEY = "synthetic-key-of-the-tests"
SECONDS = 5.0  # no test waits that long unless something is broken
EMAILS = b"email\n" + b"".join(b"user%d@example.com\n" % n for n in range(100))


@dataclass
class Client:
    """Calls with the key in the path; a session that follows no redirect."""

    ipqs: IpqsSimulator
    session: requests.Session = field(default_factory=requests.Session)

    def address(self, rest: str, *, key: str = KEY, form: str = "json") -> str:
        """The address of a call with the key in the path."""
        return f"{self.ipqs.base_url}/api/{form}/csv/{key}/{rest}"

    def get(
        self,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """One GET."""
        return self.session.get(
            address,
            headers=headers,
            params=params,
            stream=stream,
            timeout=SECONDS,
            allow_redirects=False,
        )

    def post(self, address: str, **options: Any) -> requests.Response:  # noqa: ANN401 whatever requests takes
        """One POST."""
        return self.session.post(
            address, timeout=SECONDS, allow_redirects=False, **options
        )

    def upload(
        self,
        content: bytes = EMAILS,
        *,
        type_: str = "email",
        file_name: str | None = None,
    ) -> requests.Response:
        """A multipart upload."""
        fields = {} if file_name is None else {"file_name": file_name}
        files = {"any": ("list.csv", content, "text/csv")}
        return self.post(self.address(f"{type_}/upload"), files=files, data=fields)

    def uploaded(
        self,
        content: bytes = EMAILS,
        *,
        type_: str = "email",
        file_name: str | None = None,
    ) -> int:
        """The id of an upload that goes well."""
        answer = self.upload(content, type_=type_, file_name=file_name).json()
        assert answer["success"] is True, answer
        return int(answer["id"])

    def finished(self, content: bytes = EMAILS, *, file_name: str | None = None) -> int:
        """The id of an upload whose results are ready."""
        csv_id = self.uploaded(content, file_name=file_name)
        self.ipqs.clock.advance(60)
        return csv_id

    def look(self, csv_id: object) -> Any:  # noqa: ANN401 it is JSON
        """A status call's document."""
        return self.get(self.address(f"status/{csv_id}")).json()

    def link(self, csv_id: int, kind: str = "all") -> str:
        """A fresh link."""
        return str(self.look(csv_id)["downloads"][kind])
