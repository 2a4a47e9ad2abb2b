"""H-INBOX-01, in what is stored: rows of another tenant, and persons."""

from __future__ import annotations

from typing import Final

import httpx2
from psycopg import sql

from proof.checks.adversary import list_relations, read_relation
from proof.contract import Check
from proof.stage.expectations import every, no_rows, rows, shows
from proof.stage.providers import (
    SENDERS,
    TENANT_NAMES,
    Mailbox,
    Sender,
    body_of,
    deliver,
    open_mailboxes,
    sign,
    stored,
)
from proof.stage.proving import Proof
from proof.stage.world import World

_MINOR: Final = 4_999
_PLANTED: Final = 50
# What deliveries leave, and what endpoints are.
_TABLES: Final = (
    *("webhook_endpoints", "webhook_secrets", "webhook_deliveries", "payment_refs", "payments"),
    "revenue_ledger",
)


def _prove_cross_tenant(proof: Proof) -> None:
    world = proof.world
    boxes = open_mailboxes(world)
    for number, name in enumerate(TENANT_NAMES):
        for sender in SENDERS:
            # The same order and the same ids of both, as two shops may have them.
            body = body_of(sender, "capture", "shared", _MINOR + number)
            deliver(world, sign(boxes[name, sender], body, event_id="msg-shared"))
    columns = ("as", "table", "own rows", "rows of others")
    found: list[tuple[object, ...]] = []
    for name in (*TENANT_NAMES, "nobody"):
        tenant = boxes[name, "stripe"].tenant_id if name != "nobody" else None
        with world.connect(tenant) as connection:
            for table in _TABLES:
                owners = connection.execute(
                    sql.SQL("SELECT tenant_id FROM {}").format(sql.Identifier("public", table))
                ).fetchall()
                own = sum(owner == tenant for (owner,) in owners)
                found.append((name, table, "some" if own else "none", len(owners) - own))
    proof.tabulate(
        "both tenants were reported the same order, of other amounts: what app_user sees as each of them and as nobody",
        columns,
        found,
        expect=shows(
            columns,
            *(
                (name, table, "none" if name == "nobody" else "some", 0)
                for name in (*TENANT_NAMES, "nobody")
                for table in _TABLES
            ),
        ),
    )
    wanted = ("tenant", "deliveries", "by its own endpoints", "amounts")
    proof.tabulate(
        "by which endpoints each tenant's deliveries came, and what they booked",
        wanted,
        [(name, *_written(world, boxes, name)) for name in TENANT_NAMES],
        expect=shows(wanted, ("A", 2, 2, "4999"), ("B", 2, 2, "5000")),
    )


def _written(
    world: World, boxes: dict[tuple[str, Sender], Mailbox], name: str
) -> tuple[int, int, str]:
    own = {boxes[name, sender].endpoint_id for sender in SENDERS}
    tenant_id = boxes[name, "stripe"].tenant_id
    with world.connect(tenant_id) as connection:
        endpoints = connection.execute(
            "SELECT endpoint_id FROM public.webhook_deliveries WHERE tenant_id = %s", (tenant_id,)
        ).fetchall()
        amounts = connection.execute(
            """SELECT DISTINCT amount_cents::text FROM public.standing_entries
               WHERE tenant_id = %s ORDER BY amount_cents::text""",
            (tenant_id,),
        ).fetchall()
    by_own = sum(endpoint in own for (endpoint,) in endpoints)
    return len(endpoints), by_own, ", ".join(amount for (amount,) in amounts)


def _prove_personal(proof: Proof) -> None:
    world = proof.world
    boxes = open_mailboxes(world)
    planted = [f"jane{number}.roe{number}-planted" for number in range(_PLANTED)]
    statuses: list[tuple[object, ...]] = []
    for sender in SENDERS:
        for number, more in enumerate((_odd_fields(planted), _usual_fields(planted))):
            body = body_of(sender, "capture", f"personal-{sender}-{number}", _MINOR, more=more)
            statuses.append((sender, deliver(world, sign(boxes["A", sender], body)).status_code))
    proof.tabulate(
        f"captures with {_PLANTED} personal texts, as values and as names of fields, under usual names and odd ones",
        ("provider", "status"),
        statuses,
        expect=(rows(exactly=2 * len(SENDERS)), every("status", 200)),
    )
    tenant_id = boxes["A", "stripe"].tenant_id
    proof.tabulate(
        "what A has then",
        ("deliveries", "entries"),
        [stored(world, boxes["A", "stripe"])],
        expect=shows(("deliveries", "entries"), (4, 4)),
    )
    with world.connect(tenant_id) as connection:
        relations = [one for one in list_relations(connection) if one.is_ours]
        texts = [(str(one), read_relation(connection, one)) for one in relations]
    texts += [
        (f"log of the {name}", log.read_text(errors="replace")) for name, log in world.logs.items()
    ]
    texts.append(("metrics", httpx2.get(f"{world.base}/metrics", timeout=30).text))
    proof.tabulate(
        "all that A may read in the database, the logs and the metrics: where orders of these captures stand",
        ("place",),
        [(place,) for place, text in texts if "personal-stripe" in text],
        expect=rows(at_least=3),
    )
    proof.tabulate(
        "and where one of the personal texts stands",
        ("place",),
        [(place,) for place, text in texts if any(one in text.lower() for one in planted)],
        expect=no_rows(),
    )


def _usual_fields(planted: list[str]) -> dict[str, object]:
    """Return persons where providers send them."""
    return {
        "receipt_email": f"{planted[0]}@example.com",
        "description": f"For {planted[1]}",
        "billing_details": {
            "email": f"{planted[2]}@example.com",
            "name": planted[3],
            "address": {"line1": planted[4], "city": planted[5]},
        },
        "customer": {"email": f"{planted[6]}@example.com", "phone": planted[7]},
        "ip_address": planted[8],
    }


def _odd_fields(planted: list[str]) -> dict[str, object]:
    """Return all persons under names that nobody looks for, in lists, in texts and as names of fields."""
    own = planted
    return {
        **{f"x{number}": one for number, one in enumerate(own[:20])},
        "extra": [{"deep": [{"deeper": one}]} for one in own[20:35]],
        "remarks": "; ".join(own[35:45]),
        **dict.fromkeys(own[45:], True),
    }


CHECKS: Final = (
    Check(
        "H-INBOX-01/cross-tenant",
        "An endpoint writes rows of its tenant alone, and no other tenant sees them.",
        _prove_cross_tenant,
    ),
    Check(
        "H-INBOX-01/personal",
        "No personal text of a delivery is kept anywhere, and its money is booked all the same.",
        _prove_personal,
    ),
)
