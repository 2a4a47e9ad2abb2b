"""Notices: weekly digests and alerts by e-mail and webhook, with the numbers inside. The door of the room.

How a digest looks is written by the room of pages, above this one: whoever sends is given a `Writer`.
"""

from skeldir.notices.alerts import Alert, AlertNotice, list_alerts, list_open_alerts
from skeldir.notices.checks import AlertKind, Figures
from skeldir.notices.destinations import (
    Destination,
    DestinationKind,
    NewDestination,
    add_destination,
    list_destinations,
    remove_destination,
    reseal_destinations,
)
from skeldir.notices.digest import CreditedChannel, CurrencyBlock, Digest, WeekMoney
from skeldir.notices.letters import Language, Letter, Writer
from skeldir.notices.mail import find_mail_server
from skeldir.notices.planning import find_due, make_deliveries, read_current_digest
from skeldir.notices.refusals import (
    DestinationInvalid,
    DestinationTaken,
    DestinationUnknown,
    MailNotConfigured,
    NoticeNotDelivered,
)
from skeldir.notices.sending import DeliveryRecord, list_deliveries, send_delivery

__all__ = [
    "Alert",
    "AlertKind",
    "AlertNotice",
    "CreditedChannel",
    "CurrencyBlock",
    "DeliveryRecord",
    "Destination",
    "DestinationInvalid",
    "DestinationKind",
    "DestinationTaken",
    "DestinationUnknown",
    "Digest",
    "Figures",
    "Language",
    "Letter",
    "MailNotConfigured",
    "NewDestination",
    "NoticeNotDelivered",
    "WeekMoney",
    "Writer",
    "add_destination",
    "find_due",
    "find_mail_server",
    "list_alerts",
    "list_deliveries",
    "list_destinations",
    "list_open_alerts",
    "make_deliveries",
    "read_current_digest",
    "remove_destination",
    "reseal_destinations",
    "send_delivery",
]
