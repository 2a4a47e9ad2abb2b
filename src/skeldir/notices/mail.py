"""Sends letters by SMTP: encrypted, with headers that no text can break out of."""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.notices.addresses import read_mail_address
from skeldir.notices.refusals import DestinationInvalid, MailNotConfigured, NoticeNotDelivered
from skeldir.users import EmailInvalid

if TYPE_CHECKING:
    from skeldir.notices.letters import Letter
    from skeldir.settings import Settings

_TIMEOUT_S: Final = 20.0
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server that takes the letters, and the sender that they name."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: Address
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def find_mail_server(settings: Settings) -> MailServer:
    """Return the configured mail server.

    Raises:
        MailNotConfigured: there is none, or a setting cannot be used; e-mail is off.
    """
    host, sender = settings.skeldir_smtp_host, settings.skeldir_smtp_sender
    if not host or not sender:
        raise MailNotConfigured(
            "No mail server is configured, so no e-mail is sent.",
            cure="Set SKELDIR_SMTP_HOST and SKELDIR_SMTP_SENDER in all processes; docs/notices.md shows an example.",
        )
    try:
        ((name, address),) = getaddresses([sender])
        checked = Address(_one_line(name), addr_spec=read_mail_address(address))
    except (DestinationInvalid, EmailInvalid, ValueError, MessageError):
        raise MailNotConfigured(
            "SKELDIR_SMTP_SENDER is not an e-mail address.",
            cure="Write it as `reports@example.com` or `Reports <reports@example.com>`.",
        ) from None
    security, user = settings.skeldir_smtp_security, settings.skeldir_smtp_user
    if user and security == "none" and not _is_loopback(host):
        raise MailNotConfigured(
            "The password of the mail server would be sent unencrypted.",
            cure="Set SKELDIR_SMTP_SECURITY to starttls or tls.",
        )
    port = settings.skeldir_smtp_port or _PORTS[security]
    return MailServer(host, port, security, checked, user, _password_of(settings) if user else None)


def make_message(
    server: MailServer, to: str, letter: Letter, *, notice_id: UUID, made_at: datetime
) -> EmailMessage:
    """Return a letter as an e-mail, the same for each attempt: its Message-ID names the notice.

    Mail programs show one of two with the same id, should an attempt be repeated.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = _one_line(letter.subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(made_at)
    message["Message-ID"] = f"<{notice_id}@{server.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


async def send_mail(server: MailServer, to: str, message: EmailMessage) -> None:
    """Hand an e-mail to the mail server, in a thread.

    Raises:
        NoticeNotDelivered: it does not answer, or does not take the e-mail; finally, if it refuses the address.
    """
    try:
        await asyncio.to_thread(_send, server, to, message)
    except smtplib.SMTPRecipientsRefused as error:
        code = next((code for code, _ in error.recipients.values()), 0)
        raise _not_taken("refuses the address", code) from None
    except smtplib.SMTPAuthenticationError as error:
        raise NoticeNotDelivered(
            f"The mail server refuses the user and password ({error.smtp_code}).",
            cure="Check SKELDIR_SMTP_USER and the file of SKELDIR_SMTP_PASSWORD_FILE.",
        ) from None
    except smtplib.SMTPResponseException as error:
        raise _not_taken("does not take the e-mail", error.smtp_code) from None
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise NoticeNotDelivered(
            f"The mail server cannot be used: {type(error).__name__}.",
            cure="Check SKELDIR_SMTP_HOST, SKELDIR_SMTP_PORT and SKELDIR_SMTP_SECURITY, and that it runs.",
        ) from None


def _send(server: MailServer, to: str, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if server.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=_TIMEOUT_S, context=context
        )
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
    with client:
        if server.security == "starttls":
            client.starttls(context=context)
        if server.user and server.password is not None:
            client.login(server.user, server.password)
        client.send_message(message, server.sender.addr_spec, [to])


def _not_taken(what: str, code: int) -> NoticeNotDelivered:
    is_final = 500 <= code < 600
    return NoticeNotDelivered(
        f"The mail server {what} ({code}).",
        cure="Check the address and what the mail server logs; remove the destination if it is gone."
        if is_final
        else "It is tried again; look at what the mail server logs.",
        is_final=is_final,
    )


def _password_of(settings: Settings) -> str:
    path = settings.skeldir_smtp_password_file
    try:
        text = "" if path is None else path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise MailNotConfigured(
            "There is a user for the mail server, and no password.",
            cure="Let SKELDIR_SMTP_PASSWORD_FILE name a file with the password that skeldir may read.",
        )
    return text


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
