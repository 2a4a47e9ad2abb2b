"""H-INBOX-01: the inbox can be made to book what no provider signed, or twice, or elsewhere, or to keep persons."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from itertools import permutations
from typing import Any, Final, LiteralString
from uuid import UUID

import httpx2

from proof.checks import inbox_rows
from proof.contract import Check
from proof.stage.expectations import every, rows, shows
from proof.stage.providers import (
    SENDERS,
    TENANT_NAMES,
    Delivery,
    Happening,
    Mailbox,
    body_of,
    count_entries,
    deliver,
    deliver_at_once,
    open_mailboxes,
    sign,
    stored,
)
from proof.stage.proving import Proof
from proof.stage.world import World

_PAST_S, _FUTURE_S = -600, 600  # five minutes either way are allowed
_REPEATS: Final = 5
_MINOR: Final = 4_999
# Nobody's.
_OTHER_SECRET: Final = f"whsec_{base64.b64encode(b'somebody elses secret').decode()}"

_BOOKED: Final[LiteralString] = """
    SELECT split_part(order_id, '-', 1) AS sort, order_id,
           string_agg(kind || ' ' || amount_cents || ' ' || currency, ', ' ORDER BY kind) AS entries
    FROM public.standing_entries WHERE tenant_id = %(t)s GROUP BY order_id"""
_WAITING: Final[LiteralString] = """
    SELECT order_id, jsonb_array_length(waiting) FROM public.payments WHERE tenant_id = %(t)s"""


def _prove_forged(proof: Proof) -> None:
    world = proof.world
    boxes = open_mailboxes(world)
    answered: list[tuple[object, ...]] = []
    for sender in SENDERS:
        for forgery, delivery in _forgeries(boxes["A", sender], boxes["B", sender]):
            answer = deliver(world, delivery)
            answered.append((sender, forgery, answer.status_code, _digest(answer)))
    proof.tabulate(
        "forged deliveries to A's endpoints: the status, and the digest of headers (but for what differs in every "
        "answer) and body",
        ("provider", "forgery", "status", "answer"),
        answered,
        expect=(
            rows(exactly=len(SENDERS) * 8),
            every("status", 401),
            every("answer", answered[0][-1]),
        ),
    )
    proof.tabulate(
        "what both tenants have then",
        ("tenant", "deliveries", "entries"),
        [(name, *stored(world, boxes[name, "stripe"])) for name in TENANT_NAMES],
        expect=shows(("tenant", "deliveries", "entries"), ("A", 0, 0), ("B", 0, 0)),
    )
    genuine = [
        (sender, deliver(world, _capture(boxes["A", sender], f"true-{sender}")).status_code)
        for sender in SENDERS
    ]
    proof.tabulate(
        "the same in its provider's own name",
        ("provider", "status"),
        genuine,
        expect=shows(("provider", "status"), *((sender, 200) for sender in SENDERS)),
    )
    proof.tabulate(
        "what A has then",
        ("deliveries", "entries"),
        [stored(world, boxes["A", "stripe"])],
        expect=shows(("deliveries", "entries"), (2, 2)),
    )


def _capture(box: Mailbox, order: str, **how: Any) -> Delivery:
    return sign(box, body_of(box.sender, "capture", order, _MINOR), **how)


def _forgeries(own: Mailbox, other: Mailbox) -> list[tuple[str, Delivery]]:
    """Return deliveries to an endpoint that its provider did not sign, or not now."""
    true = _capture(own, "forged")
    flipped = true.body.replace(b"forged", b"forgee")
    elsewhere = Delivery(own.path[:-4] + "0000", true.headers, true.body)
    return [
        (
            "another secret",
            _capture(own, "forged", secret=_OTHER_SECRET),
        ),
        ("a secret of B", _capture(own, "forged", secret=other.secret)),
        ("another body", Delivery(own.path, true.headers, flipped)),
        ("signed ten minutes ago", _capture(own, "forged", late_s=_PAST_S)),
        ("signed in ten minutes", _capture(own, "forged", late_s=_FUTURE_S)),
        ("signed for A, sent to B", Delivery(other.path, true.headers, true.body)),
        ("no signature", Delivery(own.path, {}, true.body)),
        ("no such endpoint", elsewhere),
    ]


def _digest(answer: httpx2.Response) -> str:
    own_id = answer.headers["x-correlation-id"]
    kept = sorted((name, value) for name, value in answer.headers.items() if name != "date")
    text = f"{kept}\n{answer.text}".replace(own_id, "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _prove_mode(proof: Proof) -> None:
    world = proof.world
    columns = ("endpoint", "money", "provider", "status", "entries")
    found: list[tuple[object, ...]] = []
    for endpoint, is_live in (("live", True), ("test", False)):
        boxes = open_mailboxes(world, is_live=is_live)
        for sender in SENDERS:
            box = boxes["A" if sender == "stripe" else "B", sender]
            for money, is_real in (("live", True), ("test", False)):
                body = body_of(sender, "capture", f"{money}-money", _MINOR, is_live=is_real)
                before = count_entries(world, box)
                status = deliver(world, sign(box, body)).status_code
                entries = count_entries(world, box) - before
                found.append((endpoint, money, sender, status, entries))
    expected = [
        (endpoint, money, sender, 200, int(endpoint == money))
        for endpoint in ("live", "test")
        for sender in SENDERS
        for money in ("live", "test")
    ]
    proof.tabulate(
        "genuine deliveries of live and of test money to endpoints of both modes: the entries that each booked",
        columns,
        found,
        expect=shows(columns, *expected),
    )


def _prove_replayed(proof: Proof) -> None:
    world = proof.world
    columns = ("provider", "answers", "deliveries", "entries")
    found: list[tuple[object, ...]] = []
    for sender in SENDERS:
        box = open_mailboxes(world)["A", sender]
        body = body_of(sender, "capture", "replayed", _MINOR)
        first = sign(box, body, event_id="msg-replayed")
        # Providers sign each try again, at its own time.
        later = sign(box, body, event_id="msg-replayed", late_s=30)
        statuses = deliver_at_once(world, [[first]] * _REPEATS)
        statuses += deliver_at_once(world, [[later] * _REPEATS])
        answers = ", ".join(
            f"{n} times {status}" for status, n in sorted(Counter(statuses).items())
        )
        found.append((sender, answers, *stored(world, box)))
    proof.tabulate(
        "one delivery sent five times in parallel, then signed again and sent five times more: what is stored, "
        "reversed entries included",
        columns,
        found,
        expect=shows(columns, *((sender, f"{2 * _REPEATS} times 200", 1, 1) for sender in SENDERS)),
    )


_AMOUNTS: Final[dict[Happening, int]] = {
    "capture": _MINOR,
    "refund": 1_234,
    "dispute": _MINOR - 1_234,
    "reversal": _MINOR - 1_234,
}
_ALL_BOOKED: Final = (
    "capture 4999 USD, dispute -3765 USD, dispute_reversal 3765 USD, refund -1234 USD"
)


def _prove_reordered(proof: Proof) -> None:
    world = proof.world
    columns = ("provider", "kind of order", "orders", "movements waiting", "entries of each")
    found: list[tuple[object, ...]] = []
    refused = 0
    for sender in SENDERS:
        box = open_mailboxes(world)["A", sender]
        sent = []
        for number, happenings in enumerate(permutations(_AMOUNTS)):
            again = happenings[number % len(happenings)]
            sent.append(_reports(box, f"whole-{number}", (*happenings, again)))
        sent.append(_reports(box, "lacking-1", ("capture", "reversal")))
        sent.append(_reports(box, "lacking-2", ("reversal", "capture")))
        statuses = deliver_at_once(world, sent)
        refused += sum(status != httpx2.codes.OK for status in statuses)
        found += [(sender, *line) for line in _lines(world, box.tenant_id)]
    proof.tabulate(
        "a capture, a partial refund, a dispute and its reversal, in each of their 24 orders and one of them twice; "
        "and a reversal without its dispute: how many orders ended with which entries",
        columns,
        found,
        expect=shows(
            columns,
            *(
                line
                for sender in SENDERS
                for line in (
                    (sender, "lacking", 2, 1, "capture 4999 USD"),
                    (sender, "whole", 24, 0, _ALL_BOOKED),
                )
            ),
        ),
    )
    proof.tabulate(
        "deliveries that were not answered with 200",
        ("deliveries",),
        [(refused,)],
        expect=shows(("deliveries",), (0,)),
    )


def _reports(box: Mailbox, order: str, happenings: tuple[Happening, ...]) -> list[Delivery]:
    return [
        sign(
            box,
            body_of(box.sender, one, order, _AMOUNTS[one]),
            event_id=f"msg-{order}-{one}",
        )
        for one in happenings
    ]


def _lines(world: World, tenant_id: UUID) -> list[tuple[object, ...]]:
    """Return, for each sort of orders and entries, how many orders are so."""
    with world.connect(tenant_id) as connection:
        waiting: dict[str, int] = dict(connection.execute(_WAITING, {"t": tenant_id}).fetchall())
        booked = connection.execute(_BOOKED, {"t": tenant_id}).fetchall()
    numbers = Counter((sort, waiting.get(order, -1), entries) for sort, order, entries in booked)
    return [(sort, n, held, entries) for (sort, held, entries), n in sorted(numbers.items())]


CHECKS: Final = (
    Check(
        "H-INBOX-01/forged",
        "What its provider did not sign, or not now, books nothing, and all refusals are equal.",
        _prove_forged,
    ),
    Check(
        "H-INBOX-01/mode",
        "Test money books nothing at a live endpoint, nor live money at one for tests.",
        _prove_mode,
    ),
    Check(
        "H-INBOX-01/replayed",
        "A delivery that comes many times, also at once, is recorded and booked once.",
        _prove_replayed,
    ),
    Check(
        "H-INBOX-01/reordered",
        "Every order of arrival ends with the same entries, and a reversal waits for what it reverses.",
        _prove_reordered,
    ),
    *inbox_rows.CHECKS,
)
