"""One order explained: what happened, who is credited for it by which rule, and the same computed by hand."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from skeldir.attribution import explain_order, read_order
from skeldir.http import offload_of
from skeldir.ingest import list_imports
from skeldir.revenue import read_deliveries_of_order, read_states
from skeldir.web.access import Membership, ViewerPage
from skeldir.web.addresses import across_pages
from skeldir.web.answers import PageRoute, say_in
from skeldir.web.frames import Link
from skeldir.web.model_choice import ModelChoice, read_model_choice
from skeldir.web.naming import read_channel_names
from skeldir.web.order_addresses import ORDER_BY_QUERY, ORDERS
from skeldir.web.order_by_hand import recompute
from skeldir.web.order_explained_tables import (
    Shown,
    by_hand_table,
    credit_tables,
    entries_tables,
    payments_table,
    touches_table,
    weights_table,
)
from skeldir.web.order_time_line import MOST_ENTRIES, MOST_TOUCHES, events_of
from skeldir.web.reports import Report, open_report, send_report

if TYPE_CHECKING:
    from skeldir.attribution import OrderExplanation, VersionExplanation

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LONGEST: Final = 2_000
_MOST_BY_HAND: Final = 8
_MOST_IMPORTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Badge:
    """A mark beside the title."""

    text: str
    kind: str = "plain"


@router.get(ORDERS + "/{order_id:path}")
async def show_order(
    request: Request,
    page: ViewerPage,
    order_id: Annotated[str, Path(min_length=1, max_length=_LONGEST)],
) -> Response:
    """Explain an order, whose id is the rest of the path."""
    return await _send(request, page, order_id)


@router.get(ORDER_BY_QUERY)
async def show_order_by_query(
    request: Request,
    page: ViewerPage,
    order_id: Annotated[str, Query(alias="id", min_length=1, max_length=_LONGEST)],
) -> Response:
    """Explain an order whose id a browser or a proxy could change in a path."""
    return await _send(request, page, order_id)


async def _send(request: Request, page: Membership, order_id: str) -> Response:
    connection, tenant_id = page.connection, page.profile.tenant_id
    facts = await read_order(connection, tenant_id, order_id)
    say = say_in(request)
    report = await open_report(
        request,
        page,
        "orders",
        title=say("order.title", order=order_id),
        breadcrumb=(
            Link(say("page.orders"), across_pages(request, ORDERS)),
            Link(order_id, "", is_current=True),
        ),
    )
    if facts.is_short:
        explanation = explain_order(facts)
    else:
        explanation = await offload_of(request).run(tenant_id, partial(explain_order, facts))
    choice = await read_model_choice(report)
    version = _version(explanation, choice)
    shown = Shown(
        report,
        explanation,
        version,
        await read_channel_names(report),
        await _read_imports(page, order_id),
    )
    states = await read_states(connection, tenant_id, [order_id])
    is_renewal = any(standing.is_renewal for standing in states.values())
    made = () if version is None else recompute(explanation.entries[:MOST_ENTRIES], version)
    by_hand = [
        by_hand_table(shown, each, place)
        for place, each in enumerate(made[:_MOST_BY_HAND], start=1)
    ]
    entries, credit = entries_tables(shown), credit_tables(shown)
    touches, weights = touches_table(shown), weights_table(shown)
    payments = payments_table(shown)
    every = [*entries, touches, weights, *credit, *by_hand, payments]
    return send_report(
        "order.html",
        report,
        [table for table in every if table is not None],
        explanation=explanation,
        version=version,
        badges=_badges(report, explanation, is_renewal=is_renewal),
        models=choice.links(report),
        events=events_of(report, explanation, version, shown.names),
        imports=sorted(set(shown.brought_by.values()), key=lambda link: link.text),
        entries=entries,
        touches=touches,
        weights=weights,
        credit=credit,
        by_hand=by_hand,
        by_hand_left=len(made) - len(by_hand),
        is_equal=all(each.is_equal for each in made) if made else None,
        payments=payments,
        touches_left=explanation.left_out.touches + max(0, len(explanation.touches) - MOST_TOUCHES),
        entries_left=explanation.left_out.entries + max(0, len(explanation.entries) - MOST_ENTRIES),
        command=_command(request, order_id),
    )


def _version(explanation: OrderExplanation, choice: ModelChoice) -> VersionExplanation | None:
    """Return the explanation of the model that the page shows."""
    if choice.shown is None:
        return None
    wanted = choice.shown.model_version
    return next((v for v in explanation.versions if v.model_version == wanted), None)


def _badges(report: Report, explanation: OrderExplanation, *, is_renewal: bool) -> list[Badge]:
    say, several = report.say, len(explanation.balances) > 1
    badges = []
    for balance in explanation.balances:
        text = say(f"orders.state_{balance.state}")
        kind = {"paid": "good", "awaiting_capture": "warn", "over_refunded": "bad"}
        badges.append(
            Badge(
                f"{text}, {balance.currency}" if several else text, kind.get(balance.state, "plain")
            )
        )
    if is_renewal:
        badges.append(Badge(say("orders.renewal")))
    if explanation.awaits_credit:
        badges.append(Badge(say("orders.awaits_credit"), "warn"))
    if explanation.set_aside is not None:
        badges.append(Badge(say("order.set_aside"), "warn"))
    return badges


async def _read_imports(page: Membership, order_id: str) -> dict[str, Link]:
    """Return the imports that brought the entries of an order, by the key of the entry."""
    connection, tenant_id = page.connection, page.profile.tenant_id
    rows = await read_deliveries_of_order(connection, tenant_id, order_id, most=MOST_ENTRIES)
    of_files = {
        row["business_key"]: row["delivery"]
        for row in rows
        if row["source"] == "file" and row["delivery"] is not None
    }
    if not of_files:
        return {}
    links = {}
    for known in await list_imports(connection, tenant_id, most=_MOST_IMPORTS):
        link = Link(known.file_name, f"/imports/{quote(known.fingerprint, safe='')}")
        links.update(dict.fromkeys(next(known.targets()).deliveries, link))
    return {key: links[delivery] for key, delivery in of_files.items() if delivery in links}


def _command(request: Request, order_id: str) -> str:
    """Return the command that asks the API for the same explanation."""
    url = f"{request.url.scheme}://{request.headers.get('host', '')}"
    address = shlex.quote(f"{url}/v1/attribution/orders/{quote(order_id, safe='')}")
    return f'curl --path-as-is -H "Authorization: Bearer $SKELDIR_KEY" {address}'
