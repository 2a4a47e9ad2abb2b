"""Destinations: what may be one, who sees it, and its secret."""

from __future__ import annotations

import ipaddress
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.inbox import new_key, read_sealer
from skeldir.notices import (
    DestinationInvalid,
    DestinationTaken,
    DestinationUnknown,
    Letter,
    MailNotConfigured,
    NoticeNotDelivered,
    list_destinations,
    remove_destination,
    reseal_destinations,
)
from skeldir.notices.addresses import (
    is_private,
    read_mail_address,
    read_webhook_url,
    require_reachable,
)
from skeldir.notices.mail import find_mail_server, make_message
from skeldir.settings import Settings
from skeldir.users import list_actions
from tests.conftest import Clone
from tests.support.noticed import add, make_sealer
from tests.support.reading import get  # noqa: F401
