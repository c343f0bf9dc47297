"""Cuts the network for every Python on this path, kernels included: only the loopback and local sockets are let through.

Python imports `sitecustomize` at start-up, before any code of a notebook runs. A test shows that the guard bites.
"""

import ipaddress
import socket

_connect, _connect_ex, _sendto, _getaddrinfo = (
    socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto, socket.getaddrinfo,
)  # fmt: skip


def _local(host) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _guard(sock: socket.socket, address) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not _local(address[0]):
        raise PermissionError(f"The tests cut the network: {address[0]} is not on this machine.")


def connect(self, address):
    """As `socket.connect`, for local addresses only."""
    _guard(self, address)
    return _connect(self, address)


def connect_ex(self, address):
    """As `socket.connect_ex`, for local addresses only."""
    _guard(self, address)
    return _connect_ex(self, address)


def sendto(self, *arguments):
    """As `socket.sendto`, for local addresses only."""
    _guard(self, arguments[-1])
    return _sendto(self, *arguments)


def getaddrinfo(host, *arguments, **named):
    """As `socket.getaddrinfo`, without asking a name server."""
    if not _local(host):
        raise PermissionError(f"The tests cut the network: the name {host} is not looked up.")
    return _getaddrinfo(host, *arguments, **named)


socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto = connect, connect_ex, sendto
socket.getaddrinfo = getaddrinfo
