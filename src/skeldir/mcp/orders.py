"""The tool `explain_order`: what the credit of one order is computed from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pydantic import TypeAdapter

from skeldir.attribution import OrderExplanation
from skeldir.mcp.answers import Answer, Rows, Standing, make_answer
from skeldir.mcp.credit import read_standing
from skeldir.web import address_of_order

if TYPE_CHECKING:
    from skeldir.mcp.arguments import OrderArguments
    from skeldir.mcp.asking import Ask

_SHAPE: Final = TypeAdapter(OrderExplanation)


async def answer_order(ask: Ask, asked: OrderArguments) -> Answer:
    """Explain an order: its entries, its touches, and what each model credits of it."""
    order = await ask.read(f"/v1/attribution/orders/{_in_path(asked.order_id)}", _SHAPE)
    zone = (await read_standing(ask)).time_zone
    rows = Rows(asked.rows)
    hidden = order.left_out.touches + order.left_out.entries + order.left_out.allocations
    rows.left_off += hidden
    currency_of = {entry.business_key: entry.currency for entry in order.entries}
    shown = [each for each in order.versions if asked.model in (None, each.model)]
    versions = [
        {
            "model": each.model,
            "model_version": each.model_version,
            "lookback_days": each.lookback_days,
            "after_conversion": each.after_conversion,
            "window_start": each.window_start,
            "window_end": each.window_end,
            "touches_forgotten": each.touches_forgotten,
            "weights": [asdict(touch) for touch in rows.cut(each.touches)],
            "shares": [asdict(share) for share in rows.cut(each.shares)],
            "credit": [
                {"currency": currency_of.get(part.business_key)} | asdict(part)
                for part in rows.cut(each.allocations)
            ],
        }
        for each in shown
    ]
    data = {
        "order_id": order.order_id,
        "awaits_credit": order.awaits_credit,
        "set_aside": None if order.set_aside is None else asdict(order.set_aside),
        "entries": [asdict(entry) for entry in rows.cut(order.entries)],
        "balances": [asdict(balance) for balance in order.balances],
        "payments": [asdict(payment) for payment in rows.cut(order.payments)],
        "capture": None if order.capture is None else asdict(order.capture),
        "touches": [_of_touch(asdict(touch)) for touch in rows.cut(order.touches)],
        "models": versions,
    }
    standing = Standing(zone, {each.model: each.model_version for each in shown})
    page = ask.page(address_of_order(order.order_id))
    currencies = (balance.currency for balance in order.balances)
    return make_answer(ask, page, standing, currencies, rows, data)


def _in_path(order_id: str) -> str:
    """Return an id as the last part of a path; dots alone would be steps between folders, so they are written out."""
    written = quote(order_id, safe="")
    return written if written.strip(".") else "%2E" * len(written)


def _of_touch(touch: dict[str, object]) -> dict[str, object]:
    """Leave out who corrected a touch: a person's name, which is on the page."""
    correction = touch["correction"]
    if isinstance(correction, dict):
        touch["correction"] = {
            key: each for key, each in correction.items() if key != "requested_by"
        }
    return touch
