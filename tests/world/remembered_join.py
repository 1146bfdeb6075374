"""Remembered join: join equal files once, for thousands of runs join the same list."""

from pathlib import Path
from typing import ClassVar

from functions.core.rows import JoinedRows
from functions.joining.join import Join, Joined


class RememberedJoin(Join):
    """The product's join, whose files are kept in memory for the next equal one."""

    known: ClassVar[dict[object, tuple[dict[str, bytes], JoinedRows]]] = {}

    def write(self, folder: Path) -> Joined:
        """Write the joined files into an empty folder."""
        inputs = (
            self.records.read_bytes(),
            *((kind, path.read_bytes()) for kind, path in self.results.items()),
            *(self.table, tuple(self.complete), tuple(self.lacking)),
            *(self.provider, self.type),
            self.spreadsheet_safe,
        )
        if inputs not in self.known:
            joined = super().write(folder)
            contents = {kind: path.read_bytes() for kind, path in joined.files.items()}
            self.known[inputs] = (contents, joined.rows)
            return joined
        contents, rows = self.known[inputs]
        files = {kind: folder / kind for kind in contents}
        for kind, path in files.items():
            path.write_bytes(contents[kind])
        return Joined(files=files, rows=rows)
