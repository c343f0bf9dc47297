"""The cache: what was kept comes back, and whatever goes wrong with it costs only time."""

import os
import sqlite3

import pytest

from coursekit.cache import Cache


def test_by_hand(tmp_path):
    cache = Cache(tmp_path / "folder" / "c.sqlite", "m")
    assert cache.get(["a"]) == {}
    assert not (tmp_path / "folder").exists()
    cache.put({"a": b"1", "b": b"2"})
    cache.put({"b": b"3"})
    assert cache.get(["b", "c", "a"]) == {"b": b"3", "a": b"1"}
    assert Cache(cache.path, "n").get(["a"]) == {}


def test_a_cache_in_use_is_not_set_aside(tmp_path, monkeypatch):
    cache = Cache(tmp_path / "values.sqlite", "m")
    cache.put({"a": b"1"})
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: real(path, timeout=0))
    holder = real(tmp_path / "values.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert cache.get(["a"]) == {}
    with pytest.warns(UserWarning, match=r"^Values could not be cached .*: they are made again next time\.$"):
        cache.put({"b": b"2"})
    holder.execute("ROLLBACK")
    holder.close()
    assert cache.get(["a", "b"]) == {"a": b"1"}
    assert os.listdir(tmp_path) == ["values.sqlite"]


def test_a_damaged_file_is_set_aside(tmp_path):
    cache = Cache(tmp_path / "values.sqlite", "m")
    content = b"this is no database, and it is long enough to be read as one" * 100
    cache.path.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged: it was set aside"):
        assert cache.get(["a"]) == {}
    assert (tmp_path / "values.damaged").read_bytes() == content
    cache.put({"a": b"1"})
    assert cache.get(["a"]) == {"a": b"1"}
