"""The address that the API listens on is checked before anything starts."""

from __future__ import annotations

import errno
import socket

from skeldir.errors import SkeldirError


class AddressUnusable(SkeldirError):
    """The API cannot listen on the given address."""

    code = "address_unusable"
    status = 500
    title = "The API cannot listen on this address"


def require_free(host: str, port: int) -> None:
    """Fail now, with a clear message, instead of in the server or, repeatedly, in a process without its port.

    Raises:
        AddressUnusable: the address is in use, not local, or unknown.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        raise AddressUnusable(
            f"{host} port {port}: {error.strerror}.",
            cure="Stop the program that listens there, or choose another --port."
            if is_taken
            else "Choose another --host or --port.",
        ) from error
