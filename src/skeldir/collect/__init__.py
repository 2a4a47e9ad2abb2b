"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room."""

from skeldir.collect.claims import MOST_CLAIMS, ClaimedOrder, list_claims
from skeldir.collect.order_maps import read_order_maps

__all__ = ["MOST_CLAIMS", "ClaimedOrder", "list_claims", "read_order_maps"]
