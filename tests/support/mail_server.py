"""A mail server on the loopback: as much of SMTP as letters speak, encrypted if asked, and what may go wrong."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "reports", "correct horse"


@dataclass(slots=True)
class Mailbox:
    """What the server took; `refuses` is its answer to an address, `on_taken` runs before it answers to a message."""

    port: int = 0
    recipients: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    were_encrypted: list[bool] = field(default_factory=list)
    refuses: str | None = None
    on_taken: Callable[[], None] = lambda: None

    @property
    def messages(self) -> list[EmailMessage]:
        return [cast("EmailMessage", message_from_bytes(one, policy=default)) for one in self.raw]


def make_certificate(folder: Path) -> Path:
    """Write a certificate of 127.0.0.1 with its key, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    places = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextmanager
def taking_mail(certificate: Path | None = None, *, at_once: bool = False) -> Iterator[Mailbox]:
    """Run the server; with a certificate it offers STARTTLS, or speaks TLS from the beginning (`at_once`)."""
    box = Mailbox()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            talk = _Talk(self, box, context)
            try:
                if at_once:
                    talk.encrypt()
                talk.run()
            finally:
                self.request.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no error of the test."""

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


class _Talk:
    """One connection, command by command."""

    def __init__(
        self,
        handler: socketserver.StreamRequestHandler,
        box: Mailbox,
        context: ssl.SSLContext | None,
    ) -> None:
        self._handler, self._box, self._context = handler, box, context

    def run(self) -> None:
        self._say("220 mail.test ready")
        while line := self._handler.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            self._answer(word.upper(), rest)

    def encrypt(self) -> None:
        assert self._context is not None
        handler = self._handler
        handler.request = self._context.wrap_socket(
            handler.request, server_side=True, do_handshake_on_connect=False
        )
        handler.request.do_handshake()
        handler.rfile = handler.request.makefile("rb")
        handler.wfile = handler.request.makefile("wb", 0)
        self._context = None

    def _answer(self, word: str, rest: str) -> None:
        box = self._box
        if word in {"EHLO", "HELO"}:
            offers = [
                "mail.test",
                *(["STARTTLS"] if self._context else []),
                "AUTH PLAIN",
                "8BITMIME",
            ]
            for one in offers[:-1]:
                self._say(f"250-{one}")
            self._say(f"250 {offers[-1]}")
        elif word == "STARTTLS" and self._context is not None:
            self._say("220 go on")
            self.encrypt()
        elif word == "AUTH":
            _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
            box.logins.append(user)
            self._say("235 welcome" if (user, password) == (USER, PASSWORD) else "535 wrong")
        elif word == "RCPT":
            if box.refuses is None:
                box.recipients.append(rest.partition(":")[2].strip("<> "))
            self._say(box.refuses or "250 ok")
        elif word == "DATA":
            self._say("354 go on")
            lines: list[bytes] = []
            while (line := self._handler.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            box.raw.append(b"".join(lines))
            box.were_encrypted.append(isinstance(self._handler.request, ssl.SSLSocket))
            box.on_taken()
            self._say("250 taken")
        else:
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self._handler.wfile.write(f"{text}\r\n".encode())
