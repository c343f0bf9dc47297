"""Cuts the network for every Python on this path, kernels included: only the loopback and local sockets are let through.

Python imports `sitecustomize` at start-up, before any code of a notebook runs. Python's own sockets report what they are about to do
as audit events, and an exception in a hook stops them. A test shows that the guard bites.
"""

import ipaddress
import socket
import sys


def _local(host) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _check(sock, address) -> None:
    if address and sock.family in (socket.AF_INET, socket.AF_INET6) and not _local(address[0]):
        raise PermissionError(f"The tests cut the network: {address[0]} is not on this machine.")


def _guard(event: str, arguments: tuple) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        _check(*arguments)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") and not _local(arguments[0]):
        raise PermissionError(f"The tests cut the network: the name {arguments[0]} is not looked up.")


sys.addaudithook(_guard)

if sys.platform == "win32":  # asyncio's event loop connects there without Python's sockets
    from asyncio.windows_events import IocpProactor

    _connect = IocpProactor.connect

    def _guarded(self, conn, address):
        _check(conn, address)
        return _connect(self, conn, address)

    IocpProactor.connect = _guarded
