"""The first page answers a controller's four questions from the recorded steps, and admits what it cannot answer."""

from __future__ import annotations

import pytest

from proof.evidence.document import render
from proof.evidence.page import controllers_page
from proof.evidence.records import CheckRecord, Evidence
from proof.stage.expectations import equals, rows
from proof.stage.steps import Step
from proof.stage.tables import print_table
from proof.words import CREDIT_OF, FOUND_BY_ROUTES, FOUND_IN_DATABASE, LEDGER_OF, SEEN_BY_B, TENANTS
from tests.support.proving import make_evidence, make_record, make_records, make_role, make_step

LEDGER_COLUMNS = (
    "currency",
    "captured_cents",
    "refunded_cents",
    "disputed_cents",
    "ledger_cents",
    "entries",
)
CREDIT_COLUMNS = ("model_version", "currency", "awaiting_cents", "allocated_cents")
MODELS = ("first_touch@1", "linear@1")


def ledger(tenant: str, *entries: tuple[object, ...]) -> Step:
    table = print_table(LEDGER_COLUMNS, entries or [("USD", 1_234_500, -500, 0, 1_234_000, 7)])
    return make_step(table, rows(at_least=1), name=LEDGER_OF[tenant])


def credit(tenant: str, awaiting: object = -1_000, credited: object = 1_235_000) -> Step:
    table = print_table(CREDIT_COLUMNS, [(model, "USD", awaiting, credited) for model in MODELS])
    return make_step(table, rows(at_least=1), name=CREDIT_OF[tenant])


def evidence_of(*money: Step, failing: str = "", without: str = "") -> Evidence:
    """Return evidence of all hypotheses, with the steps that the page quotes."""
    relations = [("public.tenants", 0, 0), ("pg_catalog.pg_class", 0, "")]
    answers = [(f"GET /v1/{n % 2}", "plain", 200, 0) for n in range(3)]
    quoted = {
        "LEDGER/drift": money,
        "ISOLATION/relations": (
            make_step(print_table(["relation"], [("public.tenants",)]), name=SEEN_BY_B),
            make_step(
                print_table(["relation", "found of B", "rows of B"], relations),
                rows(at_least=1),
                name=FOUND_IN_DATABASE,
            ),
        ),
        "ISOLATION/routes": (
            make_step(
                print_table(["route", "request", "status", "found of B"], answers),
                rows(at_least=1),
                name=FOUND_BY_ROUTES,
            ),
        ),
    }
    records = []
    for record in make_records(failing=failing, without=without):
        checks = [
            CheckRecord(name=name, claim="It holds.", steps=steps)
            for name, steps in quoted.items()
            if name.startswith(f"{record.name}/") and steps
        ]
        records.append(record.model_copy(update={"checks": (*record.checks, *checks)}))
    return make_evidence(*records)


def page_of(evidence: Evidence) -> str:
    return "\n\n".join(controllers_page(evidence))


SOUND = [step for tenant in TENANTS for step in (ledger(tenant), credit(tenant))]


def test_the_document_opens_with_the_page_and_ends_with_the_steps() -> None:
    text = render(evidence_of(*SOUND))
    heads = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    assert heads[:3] == [
        "# Evidence for commit aaaaaaaaaaaa: PASSED",
        "## One page for the finance controller",
        "## Summary",
    ]
    assert "# Appendix: every check, step by step" in heads


def test_each_question_is_answered_with_figures_of_the_steps() -> None:
    page = page_of(evidence_of(*SOUND))
    assert "**All figures on this page are planted data:**" in page
    assert "**Yes, to the cent.** LEDGER: REFUTED: fault not found" in page
    assert "| tenant A | USD | 1,234,500 | -500 | 0 | 1,234,000 | 7 |" in page
    assert "| tenant B | USD | 1,234,000 | -1,000 | 1,235,000 | 1,235,000 | 0 |" in page
    assert "read 2 tables and views" in page
    assert "0 hold anything of B. As tenant B it finds B's texts in 1 of them" in page
    assert "By 2 routes of the API it sent 3 requests" in page
    assert "A 1,234,000 USD; B 1,234,000 USD." in page
    assert "git checkout " + "a" * 40 in page


def test_a_cent_that_is_missing_shows_and_the_answer_is_no() -> None:
    off = [ledger(TENANTS[0]), credit(TENANTS[0], credited=1_234_999), *SOUND[2:]]
    page = page_of(evidence_of(*off))
    assert "**No: the figures below do not add up.**" in page
    assert "| tenant A | USD | 1,234,000 | -1,000 | 1,234,999 | 1,234,999 | 1 |" in page
    assert "| tenant B | USD | 1,234,000 | -1,000 | 1,235,000 | 1,235,000 | 0 |" in page


def test_a_ledger_that_is_not_the_sum_of_its_parts_shows() -> None:
    parts = ledger(TENANTS[0], ("USD", 1, 1, 1, 1_234_000, 3))
    page = page_of(evidence_of(parts, *SOUND[1:]))
    assert "**No: the figures below do not add up.**" in page
    assert "| 1,233,997 |" in page


def test_money_that_a_model_left_out_is_no_exact_answer() -> None:
    table = print_table(CREDIT_COLUMNS, [(MODELS[0], "USD", -1_000, 1_235_000)])
    one_model = make_step(table, rows(at_least=1), name=CREDIT_OF[TENANTS[1]])
    page = page_of(evidence_of(*SOUND[:3], one_model))
    assert "**No: the figures below do not add up.**" in page
    assert "| tenant B | USD | 1,234,000 | -1,000 | 1,235,000 | - | 0 |" in page


@pytest.mark.parametrize(
    "odd",
    [
        [],
        SOUND[:2],
        [ledger(TENANTS[0]), *SOUND[2:]],
        [make_step("no table", equals("no table"), name=LEDGER_OF[TENANTS[0]]), *SOUND[1:]],
        [ledger(TENANTS[0], ("USD", "1_0", 0, 0, "many", 7)), *SOUND[1:]],
        [SOUND[0], credit(TENANTS[0], credited="1.5"), *SOUND[2:]],
        [SOUND[0], *SOUND],
    ],
    ids=["none", "one tenant", "no credit", "no table", "no numbers", "a fraction", "twice"],
)
def test_steps_that_are_missing_or_odd_give_no_figures(odd: list[Step]) -> None:
    page = page_of(evidence_of(*odd))
    assert "This pack does not hold the step with these figures." in page
    assert "| tenant A |" not in page


def test_a_fault_that_was_found_is_the_answer() -> None:
    assert "**No.** LEDGER: CONFIRMED: fault found." in page_of(
        evidence_of(*SOUND, failing="LEDGER")
    )
    page = page_of(evidence_of(*SOUND, failing="ISOLATION"))
    assert "**Not only its own.** ISOLATION: CONFIRMED: fault found." in page
    assert "The result is **FAILED**" in page


def test_what_was_not_run_is_not_decided() -> None:
    page = page_of(evidence_of(*SOUND, without="H-MV-01"))
    assert "**Not decided:** this pack does not hold all checks of LEDGER, H-MV-01." in page
    nothing = page_of(make_evidence(make_record("H-REPO-01", make_step("1", equals("1")))))
    assert nothing.count("**Not decided:**") == 2


def test_a_role_that_sees_everything_and_a_dirty_tree_are_named() -> None:
    evidence = evidence_of(*SOUND)
    roles = (make_role("postgres", is_superuser=True), make_role("app_user"))
    environment = evidence.environment.model_copy(update={"roles": roles})
    page = page_of(evidence.model_copy(update={"is_clean": False, "environment": environment}))
    assert "during the run: YES." in page
    assert "(superusers, or exempt from row-level security): postgres." in page
