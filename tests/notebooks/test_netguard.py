"""The notebooks' tests run with the network cut. These tests show that the guard bites, and that it lets the loopback through."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

GUARD = Path(__file__).parent / "netguard"


def run(code: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(GUARD)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("code", [
    "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)",
    "import socket; socket.socket().connect_ex(('192.0.2.1', 443))",
    "import socket; socket.socket(socket.AF_INET6).connect(('2001:db8::1', 443))",
    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
    "import socket; socket.getaddrinfo('example.org', 443)",
    "import socket; socket.gethostbyname('example.org')",
    "import _socket; _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(('192.0.2.1', 80))",
    "import urllib.request; urllib.request.urlopen('http://example.org', timeout=2)",
    "import asyncio; asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
])  # fmt: skip
def test_outside_addresses_are_refused(code):
    result = run(code)
    assert result.returncode != 0
    assert "The tests cut the network" in result.stderr


def test_loopback_works():
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname());"
        "a, _ = s.accept(); c.sendall(b'hi'); print(a.recv(2).decode())"
    )
    assert run(code).stdout.strip() == "hi"


def test_a_notebook_that_asks_the_network_fails(tmp_path):
    cell = nbformat.v4.new_code_cell(
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=2)", execution_count=1
    )
    path = tmp_path / "asks.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval-lax",
        "--nbval-current-env",
        str(path),
    ]
    environment = {**os.environ, "PYTHONPATH": str(GUARD)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert result.returncode == 1
    assert "The tests cut the network" in result.stdout


def test_strict_comparison_notices_a_changed_number(tmp_path):
    """nbval as `make test` runs it: a masked unit may differ, any other number may not."""
    guard_config = Path(__file__).parent / "sanitize.cfg"
    statuses = {}
    for name, stored in {"masked": "took 9.87 s, 3 found\n", "changed": "took 0.12 s, 4 found\n"}.items():
        cell = nbformat.v4.new_code_cell("print('took 0.12 s, 3 found')", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env",
            "--nbval-sanitize-with", str(guard_config), str(path),
        ]  # fmt: skip
        statuses[name] = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=120).returncode
    assert statuses == {"masked": 0, "changed": 1}
