"""Why a destination is refused, or a notice not delivered."""

from __future__ import annotations

from skeldir.errors import InputInvalid, SkeldirError


class DestinationInvalid(InputInvalid):
    """The address of a destination cannot be used."""

    code = "notice_destination_invalid"
    title = "The destination cannot be used"


class DestinationTaken(SkeldirError):
    """The tenant has this destination already."""

    code = "notice_destination_taken"
    status = 409
    title = "The destination is there already"


class DestinationUnknown(SkeldirError):
    """The tenant has no such destination."""

    code = "notice_destination_unknown"
    status = 404
    title = "The destination is not known"


class MailNotConfigured(SkeldirError):
    """No mail server is configured, or what is configured cannot be used."""

    code = "mail_not_configured"
    status = 503
    title = "E-mail is not configured"


class NoticeNotDelivered(SkeldirError):
    """An attempt to deliver a notice failed. `is_final`: another one would fail as well."""

    code = "notice_not_delivered"
    status = 502
    title = "The notice was not delivered"

    def __init__(self, detail: str, *, cure: str, is_final: bool = False) -> None:
        super().__init__(detail, cure=cure)
        self.is_final = is_final
