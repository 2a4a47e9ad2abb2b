"""The closed list of channels that every tenant shares, and the labels people read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COMMON_CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "direct": "Direct",
        "cross_network": "Cross-network",
        "paid_shopping": "Paid Shopping",
        "paid_search": "Paid Search",
        "paid_social": "Paid Social",
        "paid_video": "Paid Video",
        "display": "Display",
        "paid_other": "Paid Other",
        "organic_shopping": "Organic Shopping",
        "organic_social": "Organic Social",
        "organic_video": "Organic Video",
        "organic_search": "Organic Search",
        "ai_assistant": "AI Assistant",
        "referral": "Referral",
        "email": "Email",
        "affiliates": "Affiliates",
        "audio": "Audio",
        "sms": "SMS",
        "push": "Mobile Push Notifications",
        "unknown": "Unknown",
        "unattributed": "Unattributed",
    }
)
"""Code (snake_case, stable) to label. The default channel group of Google Analytics 4, where its
"Unassigned" is `unknown` (a touch that no rule matched; its money stays visible), with
`ai_assistant` and `unattributed` added."""

RESERVED_CHANNELS: Final[frozenset[str]] = frozenset({"unattributed"})
"""Codes that no touch may carry: no rule chooses them, and as an explicit code they are rejected.
`unattributed` names the money of an order that has no touch in its window."""
