"""What is kept of a delivery's meaning: a report about a payment, and its form as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skeldir.inbox.saying import (
    Fact,
    Listed,
    Movement,
    Notice,
    OrderRefund,
    Part,
    Provider,
    Release,
    Said,
    Standing,
    Total,
    Visit,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one delivery says about a payment; the fields are those of `Said`.

    `digest` is unique to the delivery and breaks ties between reports of the same moment. `journey_hash` is the stored
    hash of the journey's token.
    """

    provider: Provider
    digest: bytes
    reported_at: datetime | None = None
    account: str = ""
    facts: tuple[Fact, ...] = ()
    refs: tuple[str, ...] = ()
    order_ref: str | None = None
    own_ref: str | None = None
    journey_hash: bytes | None = None
    visit: Visit | None = None
    agreement: str | None = None
    is_renewal: bool | None = None
    parts: tuple[Part, ...] = ()


def report_of(provider: Provider, digest: bytes, said: Said, journey_hash: bytes | None) -> Report:
    """Return the report of a delivery; `journey_hash` is the hash of `said.journey`."""
    return Report(
        provider=provider,
        digest=digest,
        reported_at=said.reported_at,
        account=said.account,
        facts=said.facts,
        refs=said.refs,
        order_ref=said.order_ref,
        own_ref=said.own_ref,
        journey_hash=journey_hash,
        visit=said.visit,
        agreement=said.agreement,
        is_renewal=said.is_renewal,
        parts=said.parts,
    )


def pack_report(report: Report) -> dict[str, Any]:
    """Return a report as JSON values: moments in ISO 8601, bytes in hex. Fields at their default are left out."""
    packed: dict[str, Any] = {"provider": report.provider, "digest": report.digest.hex()}
    if report.reported_at is not None:
        packed["reported_at"] = report.reported_at.isoformat()
    if report.account:
        packed["account"] = report.account
    if report.facts:
        packed["facts"] = [_pack_fact(fact) for fact in report.facts]
    if report.refs:
        packed["refs"] = list(report.refs)
    if report.journey_hash is not None:
        packed["journey_hash"] = report.journey_hash.hex()
    if report.visit is not None:
        packed["visit"] = _pack_visit(report.visit)
    if report.parts:
        packed["parts"] = [[part.name, part.minor, part.currency] for part in report.parts]
    for name in ("order_ref", "own_ref", "agreement", "is_renewal"):
        value = getattr(report, name)
        if value is not None:
            packed[name] = value
    return packed


def read_report(packed: Mapping[str, Any]) -> Report:
    """Return the report that `pack_report` packed. Raises KeyError, TypeError or ValueError for anything else."""
    reported_at, journey_hash = packed.get("reported_at"), packed.get("journey_hash")
    visit = packed.get("visit")
    return Report(
        provider=packed["provider"],
        digest=bytes.fromhex(packed["digest"]),
        reported_at=None if reported_at is None else datetime.fromisoformat(reported_at),
        account=packed.get("account", ""),
        facts=tuple([_read_fact(fact) for fact in packed.get("facts", ())]),
        refs=tuple(packed.get("refs", ())),
        order_ref=packed.get("order_ref"),
        own_ref=packed.get("own_ref"),
        journey_hash=None if journey_hash is None else bytes.fromhex(journey_hash),
        visit=None if visit is None else _read_visit(visit),
        agreement=packed.get("agreement"),
        is_renewal=packed.get("is_renewal"),
        parts=tuple([Part(*part) for part in packed.get("parts", ())]),
    )


def _pack_fact(fact: Fact) -> dict[str, Any]:
    if isinstance(fact, Standing | OrderRefund):
        return _pack_of_order(fact)
    if isinstance(fact, Notice):
        return {
            "fact": "notice",
            "kind": fact.kind,
            "id": fact.id,
            "noticed_at": fact.noticed_at.isoformat(),
        }
    if isinstance(fact, Release):
        return {
            "fact": "release",
            "id": fact.id,
            "minor": fact.minor,
            "currency": fact.currency,
            "noticed_at": fact.noticed_at.isoformat(),
        }
    packed: dict[str, Any]
    if isinstance(fact, Listed):
        packed = {
            "fact": "listed",
            "noun": fact.noun,
            "refunds": [list(refund) for refund in fact.refunds],
            "currency": fact.currency,
            "changed_at": fact.changed_at.isoformat(),
        }
    else:
        packed = {
            "fact": "movement",
            "kind": fact.kind,
            "noun": fact.noun,
            "id": fact.id,
            "minor": fact.minor,
            "currency": fact.currency,
            "moved_at": fact.moved_at.isoformat(),
        }
        if isinstance(fact, Total):
            packed |= {"fact": "total", "is_booked": fact.is_booked}
        elif fact.turn is not None:
            packed["turn"] = fact.turn
    if fact.via is not None:
        packed["via"] = fact.via
    return packed


def _read_fact(packed: Mapping[str, Any]) -> Fact:
    match packed["fact"]:
        case "notice":
            noticed_at = datetime.fromisoformat(packed["noticed_at"])
            return Notice(packed["kind"], packed["id"], noticed_at)
        case "standing" | "order_refund":
            return _read_of_order(packed)
        case "release":
            noticed_at = datetime.fromisoformat(packed["noticed_at"])
            return Release(packed["id"], packed["minor"], packed["currency"], noticed_at)
        case "listed":
            return Listed(
                packed["noun"],
                tuple([(id_, minor) for id_, minor in packed["refunds"]]),
                packed["currency"],
                datetime.fromisoformat(packed["changed_at"]),
                packed.get("via"),
            )
        case "movement" | "total" as form:
            kind, noun, id_ = packed["kind"], packed["noun"], packed["id"]
            minor, currency, via = packed["minor"], packed["currency"], packed.get("via")
            moved_at = datetime.fromisoformat(packed["moved_at"])
            if form == "movement":
                return Movement(kind, noun, id_, minor, currency, moved_at, via, packed.get("turn"))
            return Total(kind, noun, id_, minor, currency, moved_at, packed["is_booked"], via)
        case _:
            raise ValueError("A stored fact has an unknown form.")


def _pack_of_order(fact: Standing | OrderRefund) -> dict[str, Any]:
    packed = {
        "id": fact.id,
        "total": fact.total,
        "revenue": fact.revenue,
        "currency": fact.currency,
    }
    if isinstance(fact, Standing):
        stood_at = fact.stood_at.isoformat()
        return {"fact": "standing", **packed, "stood_at": stood_at, "is_update": fact.is_update}
    moved_at = fact.moved_at.isoformat()
    named = {"noun": fact.noun, "order": fact.order}
    return {"fact": "order_refund", **named, **packed, "moved_at": moved_at}


def _read_of_order(packed: Mapping[str, Any]) -> Standing | OrderRefund:
    id_, total, revenue = packed["id"], packed["total"], packed["revenue"]
    currency = packed["currency"]
    if packed["fact"] == "standing":
        stood_at = datetime.fromisoformat(packed["stood_at"])
        return Standing(id_, total, revenue, currency, stood_at, packed["is_update"])
    moved_at = datetime.fromisoformat(packed["moved_at"])
    return OrderRefund(packed["noun"], id_, packed["order"], total, revenue, currency, moved_at)


def _pack_visit(visit: Visit) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name in ("source", "medium", "campaign", "referrer", "landing"):
        text = getattr(visit, name)
        if text is not None:
            packed[name] = text
    if visit.click_ids:
        packed["click_ids"] = list(visit.click_ids)
    if visit.visited_at is not None:
        packed["visited_at"] = visit.visited_at.isoformat()
    return packed


def _read_visit(packed: Mapping[str, Any]) -> Visit:
    visited_at = packed.get("visited_at")
    return Visit(
        source=packed.get("source"),
        medium=packed.get("medium"),
        campaign=packed.get("campaign"),
        referrer=packed.get("referrer"),
        landing=packed.get("landing"),
        click_ids=tuple(packed.get("click_ids", ())),
        visited_at=None if visited_at is None else datetime.fromisoformat(visited_at),
    )
