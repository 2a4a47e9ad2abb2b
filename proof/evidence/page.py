"""The first page of `evidence.md`: what a finance controller asks, answered in figures of the recorded steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from proof.evidence.markdown import code, fenced, table
from proof.evidence.records import Evidence
from proof.stage.steps import Step, outputs_by_name
from proof.stage.tables import read_table
from proof.words import (
    CREDIT_OF,
    FOUND_BY_ROUTES,
    FOUND_IN_DATABASE,
    LEDGER_OF,
    MEANINGS,
    SEEN_BY_B,
    TENANTS,
    with_meaning,
)

_MONEY_CHECK: Final = "LEDGER/drift"
_INTEGER: Final = re.compile(r"-?[0-9]{1,40}")
_NOT_FOUND: Final = ("REFUTED", "RESOLVED")
_LEDGER_COLUMNS: Final = (
    *("currency", "captured_cents", "refunded_cents", "disputed_cents"),
    *("ledger_cents", "entries"),
)
_CREDIT_COLUMNS: Final = ("model_version", "currency", "awaiting_cents", "allocated_cents")
_MISSING: Final = "This pack does not hold the step with these figures."

Figures = list[dict[str, str]]

_WHAT_IT_CAN: Final = """\
### What a pack can and cannot show

- It can show that the program of this commit, with the versions that stand below, gave these outputs for the planted
  data, read as database roles that see no more than a service does.
- It cannot show that the figures of your own business are right, that the orders you sent are true, or that your server
  runs this commit. It says nothing about faults that no hypothesis names.
- It cannot by itself rule out that somebody invented all of its outputs. A second run can, and a signature shows who
  vouches for them (question 4)."""


def controllers_page(evidence: Evidence) -> Iterator[str]:
    """Yield the blocks of the page; all of it follows from the evidence."""
    yield "## One page for the finance controller"
    yield (
        "skeldir divides the money of each order among the marketing channels that led to it, for many businesses "
        "(tenants) on one PostgreSQL. For this pack `skeldir prove` took the program at commit "
        f"{code(evidence.commit)}, started it on an empty database, planted two invented businesses in it, "
        f"{' and '.join(TENANTS)}, and recorded what the program then showed, from {evidence.began_at} to "
        f"{evidence.ended_at}."
    )
    yield (
        "**All figures on this page are planted data:** they test the program, and nobody's real money is among them. "
        "Amounts are in cents, that is in the smallest unit of their currency; for JPY in yen."
    )
    yield _result(evidence)
    yield "### 1. Do the numbers equal the ledger?"
    yield from _numbers(evidence)
    yield "### 2. Who can see whose data?"
    yield from _sight(evidence)
    yield "### 3. Could somebody have typed this?"
    yield from _origin(evidence)
    yield "### 4. How do I check it?"
    yield from _checking(evidence)
    yield _WHAT_IT_CAN


def _result(evidence: Evidence) -> str:
    verdicts = [hypothesis.verdict for hypothesis in evidence.hypotheses]
    counts = [
        f"{sum(verdict in _NOT_FOUND for verdict in verdicts)} not found",
        f"{verdicts.count('CONFIRMED')} found",
        f"{verdicts.count(None)} not decided",
    ]
    return (
        f"The result is **{evidence.result}** ({MEANINGS[evidence.result]}). Faults that were looked for: "
        f"{len(verdicts)}; {', '.join(counts)}."
    )


@dataclass(frozen=True, slots=True)
class _Money:
    """One tenant's money in one currency, in cents: what its ledger holds, and what each model made of it.

    `awaiting` and `credited` have a number for each model version.
    """

    tenant: str
    currency: str
    captured: int
    refunded: int
    disputed: int
    ledger: int
    entries: int
    awaiting: dict[str, int]
    credited: dict[str, int]

    @property
    def difference(self) -> int:
        """The largest difference of ledger and credit, of all models; and of the ledger and its parts."""
        parts = self.captured + self.refunded + self.disputed
        credit = (self.awaiting[model] + self.credited[model] for model in self.credited)
        return max(abs(self.ledger - total) for total in (parts, *credit))


def _money(evidence: Evidence) -> list[_Money]:
    """Return the money of both tenants; nothing if a step of it is missing, or has no such numbers."""
    money = []
    for tenant in TENANTS:
        ledger = _figures(evidence, _MONEY_CHECK, LEDGER_OF[tenant], _LEDGER_COLUMNS)
        credit = _figures(evidence, _MONEY_CHECK, CREDIT_OF[tenant], _CREDIT_COLUMNS)
        for row in ledger:
            mine = [one for one in credit if one["currency"] == row["currency"]]
            try:
                captured, refunded, disputed, total, entries = (
                    _int(row[column]) for column in _LEDGER_COLUMNS[1:]
                )
                awaiting = {one["model_version"]: _int(one["awaiting_cents"]) for one in mine}
                credited = {one["model_version"]: _int(one["allocated_cents"]) for one in mine}
            except ValueError:
                return []
            money.append(
                _Money(
                    tenant=tenant,
                    currency=row["currency"],
                    captured=captured,
                    refunded=refunded,
                    disputed=disputed,
                    ledger=total,
                    entries=entries,
                    awaiting=awaiting,
                    credited=credited,
                )
            )
        if not ledger or not credit:
            return []
    return money


def _numbers(evidence: Evidence) -> Iterator[str]:
    money = _money(evidence)
    if not money:
        yield _answer(evidence, ("LEDGER", "H-MV-01"), yes="Yes.", no="No.")
        yield _MISSING
        return
    models = list(money[0].credited)
    is_exact = all(one.credited.keys() == set(models) and not one.difference for one in money)
    yield _answer(
        evidence,
        ("LEDGER", "H-MV-01"),
        yes="Yes, to the cent." if is_exact else "No: the figures below do not add up.",
        no="No.",
    )
    yield (
        "What the two businesses took and gave back, in cents, as the ledger holds it. *Refunded* and *disputed* are "
        "net of what was reversed; with *captured* they add up to *ledger*."
    )
    yield table(
        ["tenant", "currency", "captured", "refunded", "disputed", "ledger", "entries"],
        [
            [
                one.tenant,
                one.currency,
                *_cents(one.captured, one.refunded, one.disputed, one.ledger, one.entries),
            ]
            for one in money
        ],
    )
    yield (
        "Each model divides that money among the channels in its own way; its column has what it credited to all "
        "channels together. *Awaiting* is money of orders whose refund came before their capture: it is credited with "
        "the capture. *Difference* is the largest gap between ledger and its parts, or between ledger and awaiting "
        "plus credited: this page computes it from the other columns."
    )
    yield table(
        ["tenant", "currency", "ledger", "awaiting", *models, "difference"],
        [
            [
                one.tenant,
                one.currency,
                *_cents(one.ledger),
                " or ".join(_cents(*sorted(set(one.awaiting.values())))),
                *(
                    _cents(one.credited[model])[0] if model in one.credited else "-"
                    for model in models
                ),
                *_cents(one.difference),
            ]
            for one in money
        ],
    )
    yield (
        "Which channel gets how much was worked out a second time, by code that shares nothing with the program: for "
        f"every order ({_state(evidence, 'LEDGER/models')}), for every day ({_state(evidence, 'LEDGER/rollups')}) and "
        f"for the published views ({_state(evidence, 'H-MV-01/contents')})."
    )


def _sight(evidence: Evidence) -> Iterator[str]:
    yield _answer(
        evidence,
        ("ISOLATION",),
        yes="Each business its own, and nobody another's.",
        no="Not only its own.",
    )
    relations = _figures(
        evidence, "ISOLATION/relations", FOUND_IN_DATABASE, ("relation", "found of B", "rows of B")
    )
    answers = _figures(
        evidence, "ISOLATION/routes", FOUND_BY_ROUTES, ("route", "request", "found of B")
    )
    if not relations or not answers:
        yield _MISSING
        return
    own = _figures(evidence, "ISOLATION/relations", SEEN_BY_B, ("relation",))
    holding = sum(
        row["found of B"] != "0" or row["rows of B"] not in ("0", "") for row in relations
    )
    giving = sum(row["found of B"] != "0" for row in answers)
    points = [
        (
            f"As tenant A the proof read {len(relations):,} tables and views of the database, and searched every value "
            f"for tenant B's texts, ids, hashes and key: {holding:,} hold anything of B. As tenant B it finds B's "
            f"texts in {len(own):,} of them, so the search is not blind."
        ),
        (
            f"By {len({row['route'] for row in answers}):,} routes of the API it sent {len(answers):,} requests with "
            f"A's key, with an unknown key and without one, many of them naming B: {giving:,} answers hold anything of "
            "B."
        ),
    ]
    a, b = (
        ", ".join(
            f"{one.ledger:,} {one.currency}" for one in _money(evidence) if one.tenant == tenant
        )
        for tenant in TENANTS
    )
    if a and b:
        points.append(
            "The same orders were planted with other amounts, so that money of one tenant would show with the other. "
            f"In the ledger each sees its own cents alone: A {a}; B {b}."
        )
    yield _list(points)


def _origin(evidence: Evidence) -> Iterator[str]:
    steps = [step for _, step in _steps(evidence)]
    unbound = [r.name for r in evidence.environment.roles if r.is_superuser or r.bypasses_rls]
    yield (
        "**A verdict or a figure on this page: no.** They are computed from recorded outputs. The outputs themselves "
        "could be invented, if somebody makes all of them fit each other; question 4 says how to find that out."
    )
    yield _list(
        [
            (
                f"Every verdict and this page are computed from {len(steps):,} recorded outputs, each with its "
                "SHA-256. Whoever changes a letter of one has to change the rest, and `skeldir verify` computes all of "
                "it again."
            ),
            (
                "The hash of the commit and those of its source files are among the outputs, and `skeldir verify` "
                "compares them with the repository. The source differed from the commit during the run: "
                f"{'no' if evidence.is_clean else 'YES'}."
            ),
            (
                "Of the database roles that may act, these could see or change everything (superusers, or exempt from "
                f"row-level security): {', '.join(unbound) or 'none'}."
            ),
        ]
    )


def _checking(evidence: Evidence) -> Iterator[str]:
    yield "In a checkout of the program; `PACK` is the folder that holds this file:"
    yield fenced(
        f"git checkout {evidence.commit}\n"
        "skeldir verify PACK                     # seconds: hashes, verdicts and this page, computed again\n"
        "skeldir verify PACK --rerun             # minutes: everything done again, and compared\n"
        "skeldir verify PACK --public-key FILE   # whether the pack is signed with this key",
        "sh",
    )
    yield (
        f"By hand: the statements that gave the figures of question 1 stand in the appendix under `{_MONEY_CHECK}`, "
        "with the role that asked and the complete answers; add them up."
    )


def _list(points: Sequence[str]) -> str:
    return "\n".join(f"- {point}" for point in points)


def _answer(evidence: Evidence, names: Sequence[str], *, yes: str, no: str) -> str:
    """Return the short answer that follows from the verdicts of these hypotheses."""
    verdicts = {hypothesis.name: hypothesis.verdict for hypothesis in evidence.hypotheses}
    found = [name for name in names if verdicts.get(name) == "CONFIRMED"]
    is_decided = all(verdicts.get(name) in _NOT_FOUND for name in names)
    if found:
        return f"**{no}** {', '.join(found)}: {with_meaning('CONFIRMED')}."
    if is_decided:
        words = ", ".join(f"{name}: {with_meaning(verdicts[name])}" for name in names)
        return f"**{yes}** {words}."
    return f"**Not decided:** this pack does not hold all checks of {', '.join(names)}."


def _state(evidence: Evidence, check: str) -> str:
    verdicts = [
        one.verdict
        for hypothesis in evidence.hypotheses
        for one in hypothesis.checks
        if one.name == check
    ]
    return f"`{check}`: {', '.join(verdicts) or 'not run'}"


def _steps(evidence: Evidence) -> Iterator[tuple[str, Step]]:
    for hypothesis in evidence.hypotheses:
        for check in hypothesis.checks:
            for step in check.steps:
                yield check.name, step


def _figures(evidence: Evidence, check: str, step: str, columns: Sequence[str]) -> Figures:
    """Return the rows that a named step shows, if it is a table with these columns; none otherwise."""
    named = outputs_by_name([one for name, one in _steps(evidence) if name == check])
    found = read_table(named.get(step, ""))
    if found is None or any(found.columns.count(column) != 1 for column in columns):
        return []
    return found.as_dicts()


def _int(text: str) -> int:
    """Read an integer as PostgreSQL prints it.

    Raises:
        ValueError: it is none.
    """
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r:.40} is no integer")
    return int(text)


def _cents(*amounts: int) -> list[str]:
    return [f"{amount:,}" for amount in amounts]
