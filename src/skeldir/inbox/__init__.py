"""Signed payment webhooks: verified, recorded, and booked as entries of the ledger. The door of the room."""

from skeldir.inbox.desk import Desk, open_desk
from skeldir.inbox.endpoints import (
    EndpointOptions,
    EndpointReport,
    EndpointUnknown,
    NewEndpoint,
    add_secret,
    create_endpoint,
    end_endpoint,
    list_endpoints,
    reseal_secrets,
    resolve_endpoint,
)
from skeldir.inbox.erasing import (
    ErasureReceipt,
    ErasureUnknown,
    erase_journey,
    erase_order,
    list_erasures,
    read_erasure,
)
from skeldir.inbox.privacy_requests import (
    PrivacyRequest,
    PrivacyRequestUnknown,
    answer_request,
    export_orders,
    list_requests,
)
from skeldir.inbox.saying import PROVIDERS, Provider
from skeldir.inbox.sealing import Sealer, new_key, read_sealer
from skeldir.inbox.secret_forms import require_secret

__all__ = [
    "PROVIDERS",
    "Desk",
    "EndpointOptions",
    "EndpointReport",
    "EndpointUnknown",
    "ErasureReceipt",
    "ErasureUnknown",
    "NewEndpoint",
    "PrivacyRequest",
    "PrivacyRequestUnknown",
    "Provider",
    "Sealer",
    "add_secret",
    "answer_request",
    "create_endpoint",
    "end_endpoint",
    "erase_journey",
    "erase_order",
    "export_orders",
    "list_endpoints",
    "list_erasures",
    "list_requests",
    "new_key",
    "open_desk",
    "read_erasure",
    "read_sealer",
    "require_secret",
    "reseal_secrets",
    "resolve_endpoint",
]
