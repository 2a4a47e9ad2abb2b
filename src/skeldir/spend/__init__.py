"""What ads cost and what platforms claim they brought, per campaign and day. The door of the room."""

from skeldir.spend.claims import (
    ChannelClaims,
    ClaimedDay,
    KnownCampaign,
    list_campaigns,
    list_claimed_spans,
    list_claims,
    sum_claims_of_channels,
)
from skeldir.spend.classifying import PLATFORMS, Placement, place_by_rules, place_campaign
from skeldir.spend.days import (
    BY_NAME,
    AdDay,
    AdKey,
    Revision,
    campaign_key,
    next_revision,
    plain_id,
    postings_of,
    totals_of,
)
from skeldir.spend.dry_run_schemas import CampaignMoved, RulesDryRun
from skeldir.spend.dry_running import MOST_ORDERS_TRIED, MOST_TOUCHES_TRIED, dry_run_rules
from skeldir.spend.items import CURES, read_claim, read_spend
from skeldir.spend.listing import (
    PAID_CHANNELS,
    CampaignSpend,
    KnownLoad,
    MatchReport,
    StoredRevision,
    list_loads,
    list_revisions,
    match_campaigns,
)
from skeldir.spend.recording import (
    Load,
    Recorded,
    Rival,
    check_channels,
    find_rivals,
    keep_given,
    read_given_channels,
    record_days,
)
from skeldir.spend.refusals import ChannelUnknown, DayStoredOtherwise, LoadUnknown
from skeldir.spend.restating import SpendMoves, preview_spend, restate_spend
from skeldir.spend.withdrawing import withdraw_load

__all__ = [
    "BY_NAME",
    "CURES",
    "MOST_ORDERS_TRIED",
    "MOST_TOUCHES_TRIED",
    "PAID_CHANNELS",
    "PLATFORMS",
    "AdDay",
    "AdKey",
    "CampaignMoved",
    "CampaignSpend",
    "ChannelClaims",
    "ChannelUnknown",
    "ClaimedDay",
    "DayStoredOtherwise",
    "KnownCampaign",
    "KnownLoad",
    "Load",
    "LoadUnknown",
    "MatchReport",
    "Placement",
    "Recorded",
    "Revision",
    "Rival",
    "RulesDryRun",
    "SpendMoves",
    "StoredRevision",
    "campaign_key",
    "check_channels",
    "dry_run_rules",
    "find_rivals",
    "keep_given",
    "list_campaigns",
    "list_claimed_spans",
    "list_claims",
    "list_loads",
    "list_revisions",
    "match_campaigns",
    "next_revision",
    "place_by_rules",
    "place_campaign",
    "plain_id",
    "postings_of",
    "preview_spend",
    "read_claim",
    "read_given_channels",
    "read_spend",
    "record_days",
    "restate_spend",
    "sum_claims_of_channels",
    "totals_of",
    "withdraw_load",
]
