"""Where the API listens: told at once when it cannot."""

from __future__ import annotations

import errno
import socket

from skeldir.errors import SkeldirError


class AddressUnusable(SkeldirError):
    """The API cannot listen where it was told to."""

    code = "address_unusable"
    status = 500
    title = "The address cannot be listened on"


def require_free(host: str, port: int) -> None:
    """Fail now, in plain words, instead of in the server or, again and again, in a process that cannot have its port.

    Raises:
        AddressUnusable: the address is taken, not ours, or unknown.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        is_taken = fault.errno == errno.EADDRINUSE
        raise AddressUnusable(
            f"{host} port {port}: {fault.strerror}.",
            cure="Stop what listens there, or give another --port."
            if is_taken
            else "Give another --host or --port.",
        ) from fault
