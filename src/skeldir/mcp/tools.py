"""The list of tools. All of them read, and none writes; a test walks them and counts the rows of every table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from mcp_types import Tool as ListedTool
from mcp_types import ToolAnnotations
from pydantic import BaseModel, ValidationError

from skeldir.mcp.answers import ANSWER, NOTE
from skeldir.mcp.arguments import (
    CampaignsArguments,
    ChangesArguments,
    ChannelsArguments,
    CompareArguments,
    DaysArguments,
    HealthArguments,
    OrderArguments,
)
from skeldir.mcp.campaigns import answer_campaigns
from skeldir.mcp.credit import answer_changes, answer_channels, answer_compare
from skeldir.mcp.health import answer_coverage, answer_health
from skeldir.mcp.orders import answer_order
from skeldir.mcp.refusals import arguments_invalid

if TYPE_CHECKING:
    from skeldir.mcp.answers import Answer
    from skeldir.mcp.asking import Ask

ArgumentsT = TypeVar("ArgumentsT", bound=BaseModel)
Run = Callable[["Ask", Mapping[str, object]], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what clients are shown of it, and what it does."""

    listed: ListedTool
    run: Run


def _make(
    name: str,
    title: str,
    description: str,
    arguments: type[ArgumentsT],
    answer: Callable[[Ask, ArgumentsT], Awaitable[Answer]],
) -> Tool:
    async def run(ask: Ask, given: Mapping[str, object]) -> Answer:
        try:
            asked = arguments.model_validate(given)
        except ValidationError as error:
            raise arguments_invalid(error) from None
        return await answer(ask, asked)

    return Tool(
        ListedTool(
            name=name,
            title=title,
            description=f"{description}\n\n{NOTE}",
            input_schema=arguments.model_json_schema(),
            output_schema=ANSWER.json_schema(mode="serialization"),
            annotations=ToolAnnotations(
                title=title,
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        ),
        run,
    )


_ALL: Final = (
    _make(
        "channels",
        "Credit by channel",
        "What one attribution model credits to each marketing channel on the days [from, to): credited money, "
        "conversions (orders), spend, return on spend, by currency. `totals` has the sums. "
        "With `known_at` it is the report as it was at that moment.",
        ChannelsArguments,
        answer_channels,
    ),
    _make(
        "compare",
        "Models side by side",
        "What several attribution models credit to each channel on the days [from, to), side by side, with the "
        "difference between the highest and the lowest. The money is the same; models divide it differently.",
        CompareArguments,
        answer_compare,
    ),
    _make(
        "campaigns",
        "Credit by campaign",
        "What one attribution model credits to each channel on the days [from, to), divided by the campaigns or "
        "sources of its touches. `parts`, `others` and `not_known` add up to the channel's credit. At most 10,000 "
        "orders.",
        CampaignsArguments,
        answer_campaigns,
    ),
    _make(
        "explain_order",
        "Explain an order",
        "One order: its ledger entries, the touches of its journey, and what each model credits to which channel, with "
        "the weights by which this can be recomputed.",
        OrderArguments,
        answer_order,
    ),
    _make(
        "coverage",
        "Orders with touches",
        "How many of the orders that payment webhooks reported on the days [from, to) have no, one or more touches, by "
        "day, provider and currency: how far credit can be relied on. At most 92 days.",
        DaysArguments,
        answer_coverage,
    ),
    _make(
        "data_health",
        "State of the data",
        "Whether the data are complete: orders that await credit, jobs, the age of the published views, items and "
        "deliveries that were refused with the reason and the cure, flagged payments, and what needs "
        "somebody (`trouble`, empty if nothing does).",
        HealthArguments,
        answer_health,
    ),
    _make(
        "changes_since",
        "What changed",
        "What the channel report of the days [from, to) said at an earlier moment and what it says now (or at "
        "`until`), with the causes of each difference: new captures, refunds, late touches, other model versions.",
        ChangesArguments,
        answer_changes,
    ),
)
TOOLS: Final[Mapping[str, Tool]] = {tool.listed.name: tool for tool in _ALL}
