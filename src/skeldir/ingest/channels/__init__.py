"""Channels: how a touch gets its channel, as a pure function over a table of rules that is data."""

from skeldir.ingest.channels.hosts import ascii_host, drop_own_hosts, is_own_host, may_own
from skeldir.ingest.channels.own_rules import (
    LONGEST_DOCUMENT,
    Fault,
    OwnRules,
    check_rules,
    choose_by_rules,
    compile_draft,
    compiled_rules,
)
from skeldir.ingest.channels.rules import (
    CLICK_ID_KINDS,
    ChannelChoice,
    choose_channel,
    is_placeholder,
)
from skeldir.ingest.channels.taxonomy import COMMON_CHANNELS, RESERVED_CHANNELS

__all__ = [
    "CLICK_ID_KINDS",
    "COMMON_CHANNELS",
    "LONGEST_DOCUMENT",
    "RESERVED_CHANNELS",
    "ChannelChoice",
    "Fault",
    "OwnRules",
    "ascii_host",
    "check_rules",
    "choose_by_rules",
    "choose_channel",
    "compile_draft",
    "compiled_rules",
    "drop_own_hosts",
    "is_own_host",
    "is_placeholder",
    "may_own",
]
