"""The tool `campaigns`: each channel's credit by campaign or source."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from skeldir.attribution import OriginsReport
from skeldir.mcp.answers import Answer, Rows, Standing, make_answer
from skeldir.mcp.credit import CHANNELS_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.attribution import OriginCredit, OriginRow
    from skeldir.mcp.arguments import CampaignsArguments
    from skeldir.mcp.asking import Ask

_SHAPE: Final = TypeAdapter(OriginsReport)
_MOST_VALUES: Final = 25
"""The most values of a channel that the API shows singly."""


async def answer_campaigns(ask: Ask, asked: CampaignsArguments) -> Answer:
    """Divide the credit of each channel by the campaign or source of its touches."""
    first, end = asked.from_.isoformat(), asked.to.isoformat()
    report = await ask.read(
        "/v1/attribution/origins",
        _SHAPE,
        from_=first,
        to=end,
        model=asked.model,
        by=asked.by,
        channel=asked.channel,
        currency=asked.currency,
        renewals=asked.renewals,
        top=min(asked.rows, _MOST_VALUES),
    )
    rows = Rows(asked.rows)
    shown = rows.cut(report.data)
    rows.left_off += sum(row.others.values for row in shown)
    page = ask.page(
        CHANNELS_PAGE,
        from_=first,
        to=end,
        model=asked.model,
        currency=asked.currency,
        channel=asked.channel,
        by=asked.by,
        renewals=None if asked.renewals == "include" else asked.renewals,
    )
    data = {
        "model": asked.model,
        "by": asked.by,
        "channels": [_of_channel(row, asked.model) for row in shown],
    }
    standing = Standing(report.time_zone, report.model_versions)
    return make_answer(ask, page, standing, (row.currency for row in report.data), rows, data)


def _of_channel(row: OriginRow, model: str) -> dict[str, object]:
    return {
        "currency": row.currency,
        "channel": row.channel,
        "spend_cents": row.spend_cents,
        **_credit(row.models, model),
        "parts": [
            {"value": part.value, "spend_cents": part.spend_cents, **_credit(part.models, model)}
            for part in row.parts
        ],
        "others": {
            "values": row.others.values,
            "spend_cents": row.others.spend_cents,
            **_credit(row.others.models, model),
        },
        "not_known": _credit(row.not_known, model),
        "unmatched_spend_cents": row.unmatched_spend_cents,
    }


def _credit(models: Mapping[str, OriginCredit], model: str) -> dict[str, object]:
    credit = models.get(model)
    return {} if credit is None else asdict(credit)
