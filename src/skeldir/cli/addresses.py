"""The address that the API listens on is checked before anything starts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from skeldir.errors import SkeldirError
from skeldir.settings import Settings, is_loopback

PAGES_AT: Final = "http://127.0.0.1:8000"
"""Where the pages are unless somebody chooses otherwise."""

_FILE: Final = "pages-address"
_ANSWERS_WITHIN_S: Final = 0.5


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
            # Beside sockets that share the address, only this fails.
            probe.listen(1)
    except OSError as error:
        raise _unusable(host, port, error) from error


@contextmanager
def reserved(host: str, port: int) -> Iterator[int]:
    """Keep the address for processes that share it, also while none of them runs; yield the port, chosen if it is 0.

    Nothing is accepted here: only sockets that listen get connections.

    Raises:
        AddressUnusable: the address is in use, not local, or unknown.
    """
    require_free(host, port)
    with ExitStack() as stack:
        bound = [stack.enter_context(one) for one in bind_shared(host, port)]
        yield int(bound[0].getsockname()[1])


def bind_shared(host: str, port: int) -> list[socket.socket]:
    """Return sockets for each address of `host`, that other processes of the same user may bind as well.

    Linux spreads connections evenly over those that listen. With one inherited socket, the process that woke first
    accepted up to five sixths of a burst.

    Raises:
        AddressUnusable: the address is in use, not local, or unknown.
    """
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A port that the system chooses is another one for each address.
        for family, address in dict.fromkeys(
            (one[0], one[4]) for one in found if port or one == found[0]
        ):
            bound.append(_bind_one(family, address))
    except OSError as error:
        for one in bound:
            one.close()
        raise _unusable(host, port, error) from error
    return bound


def bind_own(port: int) -> socket.socket | None:
    """Return a socket bound to `port` of the loopback for this process alone; None if the port is taken."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind(("127.0.0.1", port))
    except OSError:
        own.close()
        return None
    return own


def as_url(host: str, port: int) -> str:
    """Return the URL of the API at this address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def pages_url(host: str, port: int) -> str:
    """Return where a browser on this machine reaches the pages of an API that listens on this address."""
    return as_url(host, port) if is_loopback(host) else f"http://127.0.0.1:{port}"


@contextmanager
def announced(settings: Settings, url: str) -> Iterator[None]:
    """Let commands on the same embedded server find where the pages are, while they are there.

    With DATABASE_URL the home folder does not say which database it belongs to, so nothing is announced.
    """
    file = settings.skeldir_home.expanduser() / _FILE
    if settings.database_url is not None:
        yield
        return
    file.write_text(url, encoding="ascii")
    try:
        yield
    finally:
        # Another API may have been started since.
        if _read(file) == url:
            file.unlink(missing_ok=True)


def find_announced(settings: Settings) -> str | None:
    """Return where the pages of the running API are; None if none is announced, or nothing listens there any more."""
    if settings.database_url is not None:
        return None
    url = _read(settings.skeldir_home.expanduser() / _FILE)
    parts = urlsplit(url)
    try:
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            return None
        with socket.create_connection((parts.hostname, parts.port), _ANSWERS_WITHIN_S):
            return url
    except (OSError, ValueError):
        return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _bind_one(
    family: socket.AddressFamily,
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except BaseException:
        one.close()
        raise
    return one


def _unusable(host: str, port: int, error: OSError) -> AddressUnusable:
    return AddressUnusable(
        f"{host} port {port}: {error.strerror}.",
        cure="Stop the program that listens there, or choose another --port."
        if error.errno == errno.EADDRINUSE
        else "Choose another --host or --port.",
    )
