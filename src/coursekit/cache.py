"""Values that take long to make, kept in one SQLite file. A cache: whatever goes wrong with it, they are made anew."""

import contextlib
import hashlib
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path


class Cache:
    """Bytes by the hash of a name. Several processes may share a file, and several kinds of values by their `space`."""

    def __init__(self, path: Path, space: str) -> None:
        """Use the file `path`, which is made at the first `put`."""
        self.path, self.space = path, space

    def _key(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.space}\0{name}".encode()).digest()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=30)
        connection.execute("CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        return connection

    def get(self, names: Sequence[str]) -> dict[str, bytes]:
        """The values that are there, by name."""
        if not self.path.exists():
            return {}
        try:
            connection = self._open()
            try:
                query = "SELECT value FROM entries WHERE key = ?"
                rows = ((name, connection.execute(query, (self._key(name),)).fetchone()) for name in names)
                return {name: row[0] for name, row in rows if row}
            finally:
                connection.close()
        except (sqlite3.OperationalError, OSError):  # locked or not readable: no reason to set it aside
            return {}
        except sqlite3.DatabaseError:
            warnings.warn(f"The cache {self.path.name} is damaged: it was set aside and is made anew.", stacklevel=2)
            with contextlib.suppress(OSError):  # in a read-only folder it stays, and is passed over
                self.path.replace(self.path.with_suffix(".damaged"))
            return {}

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values. A full disk or a read-only folder costs the cache, not the work."""
        try:
            connection = self._open()
            try:
                with connection:
                    rows = ((self._key(name), value) for name, value in values.items())
                    connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", rows)
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            warnings.warn(
                f"{self.path.stem.capitalize()} could not be cached ({error}): they are made again next time.",
                stacklevel=2,
            )
