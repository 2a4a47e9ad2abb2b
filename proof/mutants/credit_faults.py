"""Negative twins of credit: what is stored of an order, what its credit adds to the sums, and what is noted of it."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import OF_SERVICE, Patch, Twin

# Red where the sums of credit are not those of the facts.
_SUMS_AND_VIEWS: Final = frozenset({"LEDGER/rollups", "H-MV-01/contents", "H-MV-01/refresh"})
_JOURNEYS: Final = "src/skeldir/migrations/versions/202611280900_journeys.py"

CREDIT_TWINS: Final = (
    Twin(
        "credit-off-by-one-cent",
        "Of an order whose money is an odd number of cents one cent is credited to nobody.",
        (
            Patch(
                "src/skeldir/attribution/splits.py",
                "after = held[currency] = split(balance, weights)",
                "after = held[currency] = split(balance - balance % 2, weights)",
            ),
            Patch(
                "src/skeldir/attribution/engine.py",
                "np.concatenate([balances.cents, ",
                "np.concatenate([balances.cents - balances.cents % 2, ",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/credits", "LEDGER/models", "LEDGER/drift", *_SUMS_AND_VIEWS}),
        "The order's credit is not its money, nor what the model gives; ledger and credit drift apart by it, and so do "
        "the sums and the views from what the facts add up to.",
    ),
    Twin(
        "sums-of-many-round-otherwise",
        "Where many orders are summed at once, the last of equal remainders is served first.",
        (
            Patch(
                "src/skeldir/attribution/dividing.py",
                "            is_before = remainders[first] >= remainders[second]\n",
                "            is_before = remainders[first] > remainders[second]\n",
            ),
        ),
        OF_SERVICE,
        _SUMS_AND_VIEWS,
        "The orders themselves are explained correctly; rollups, journal and views have other cents.",
    ),
    Twin(
        "credit-on-the-day-after",
        "Credit is added to the sums of the day after the entry's.",
        (
            Patch(
                "src/skeldir/rollups/credit.py",
                '"days": [day for (day, _, _, _), _ in rows]',
                '"days": [date.fromordinal(day.toordinal() + 1) for (day, _, _, _), _ in rows]',
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/drift", *_SUMS_AND_VIEWS}),
        "Sums, views and journal have the credit of another day, and so none beside the ledger of its own.",
    ),
    Twin(
        "journey-without-last-touch",
        "An order's journey is stored without the last touch before it.",
        (
            Patch(
                "src/skeldir/attribution/computing.py",
                "path = older + touches.pack(window, converted_at, reading.numbers)",
                "path = older + touches.pack(window, converted_at, reading.numbers)[:-8]",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/models", *_SUMS_AND_VIEWS}),
        "Each model credits other channels, and their sums follow; the money of each entry is all there.",
    ),
    Twin(
        "credit-added-twice",
        "What an order was credited with before is not taken off when it is credited again.",
        (
            Patch(
                "src/skeldir/attribution/changes.py",
                "old = sum_credit(stored, reading.versions, channels, reading.days)",
                "old = sum_credit([], reading.versions, channels, reading.days)",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/drift", *_SUMS_AND_VIEWS}),
        "An order that is refunded after it was credited is in the sums twice, as it was and as it is.",
    ),
    Twin(
        "restated-without-taking-off",
        "Models that come into force again find their sums as they were when they went.",
        (
            Patch(
                "src/skeldir/rollups/queries.sql",
                "    WHERE tenant_id = :tenant_id AND model_version = ANY(:model_versions::text[])\n"
                "    RETURNING basis, revenue_date, ",
                "    WHERE false AND model_version = ANY(:model_versions::text[])\n"
                "    RETURNING basis, revenue_date, ",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/drift", *_SUMS_AND_VIEWS}),
        "Every order that was credited before the change is in the sums twice.",
    ),
    Twin(
        "journal-left-out",
        "Changes of the sums of credit are not noted in the journal.",
        (
            Patch(
                "src/skeldir/rollups/queries.sql",
                "ppt, cents, allocations)\n    RETURNING 1\n",
                "ppt, cents, allocations) WHERE false\n    RETURNING 1\n",
            ),
        ),
        OF_SERVICE,
        frozenset({"LEDGER/rollups"}),
    ),
    Twin(
        "sums-left-behind-by-the-upgrade",
        "The upgrade to stored journeys drops the changes that waited to be added to the sums, and does not compare.",
        (
            Patch(
                "src/skeldir/migrations/sql/202611280900_sums.sql",
                "FROM public.credit_changes c\n",
                "FROM (SELECT * FROM public.credit_changes WHERE false) c\n",
            ),
            Patch(_JOURNEYS, "    if row is not None:", "    if False:"),
        ),
        ("H-MIG-01",),
        frozenset({"H-MIG-01/credit-sums", "H-MIG-01/credit-contradicted"}),
        "The sums are not what they would have become, and sums that contradict the credit are accepted.",
    ),
)
