"""An audit as a document for machines: amounts as whole minor units, and SHA-256 of each part in its canonical form.

The canonical form of a part is JSON with sorted keys and no white space. The digest of `facts` covers the entries of
the ledger, one line each, by order, moment and business key; that of `sums` covers the rows of the kept sums.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import orjson

from skeldir.money import decimals

if TYPE_CHECKING:
    from skeldir.attribution import EntryCredit
    from skeldir.audit.accounts import ModelAccount, MoneyAccount
    from skeldir.audit.auditing import Audit
    from skeldir.audit.differences import CheckResult
    from skeldir.audit.ledger import OrderEntries

FORM: Final = "skeldir.audit@1"


def make_document(audit: Audit, *, items_digest: str | None = None) -> dict[str, object]:
    """Return the document; `items_digest` is the digest of the orders, if they are listed with it."""
    document, digests = _parts(audit, items_digest)
    return {**document, "digests": {**digests, "document": digest_of(document)}}


def document_digest(audit: Audit) -> str:
    """Return the digest of the document without orders."""
    document, _ = _parts(audit)
    return digest_of(document)


def _parts(
    audit: Audit, items_digest: str | None = None
) -> tuple[dict[str, object], dict[str, str]]:
    """Return the document, which includes the digests of its parts, and these digests again by themselves."""
    result = {
        "currencies": [_money(account) for account in audit.money],
        "models": [_model(account) for account in audit.models],
        "checks": [_check(check, audit) for check in audit.checks],
        "differences": audit.differences,
    }
    digests = {"facts": audit.facts_digest, "sums": audit.sums_digest, "result": digest_of(result)}
    if items_digest is not None:
        digests["orders"] = items_digest
    document = {
        "form": FORM,
        "tenant": {"id": str(audit.tenant_id), "name": audit.name},
        "as_of": audit.as_of.isoformat(timespec="microseconds"),
        "zone": audit.time_zone,
        "period": {"from": _day(audit.period.start), "to": _day(audit.period.end)},
        "counts": {
            "orders": audit.orders,
            "entries": audit.entries,
            "stored_orders": audit.stored_orders,
            "awaiting_orders": audit.awaiting_orders,
            "orders_set_aside": audit.orders_set_aside,
        },
        **result,
        "digests": digests,
    }
    return document, digests


def digest_of(part: object) -> str:
    """Return the SHA-256 of a part in its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(part)).hexdigest()


def canonical(part: object) -> bytes:
    """Return the canonical form of a part."""
    return orjson.dumps(part, option=orjson.OPT_SORT_KEYS)


def make_item(order: OrderEntries, credited: list[EntryCredit]) -> dict[str, object]:
    """Return an order with its entries and their credit by channel."""
    return {
        "order_id": order.order_id,
        "entries": [
            {
                "id": str(entry.entry_id),
                "kind": entry.kind,
                "amount_cents": entry.amount_cents,
                "currency": entry.currency,
                "occurred_at": entry.occurred_at.isoformat(timespec="microseconds"),
            }
            for entry in order.entries
        ],
        "credit": [{**asdict(one), "entry_id": str(one.entry_id)} for one in credited],
    }


def _money(account: MoneyAccount) -> dict[str, object]:
    return {
        "currency": account.currency,
        "exponent": decimals(account.currency),
        "opening_cents": account.opening_cents,
        **{f"{kind}_cents": cents for kind, cents in account.moved_cents.items()},
        "closing_cents": account.closing_cents,
    }


def _model(account: ModelAccount) -> dict[str, object]:
    return {
        **asdict(account),
        "exponent": decimals(account.currency),
        "difference_cents": account.difference_cents,
    }


def _check(check: CheckResult, audit: Audit) -> dict[str, object]:
    return {
        "check": check.name,
        "says": check.claim,
        "holds": check.count == 0,
        "compared": check.compared,
        "differences": check.count,
        "first_differences": [asdict(difference) for difference in check.differences],
        "cure": check.cure(audit.tenant_id) if check.count else None,
        "note": check.note or None,
    }


def _day(day: object) -> str | None:
    return None if day is None else str(day)
