"""The parts of the fuzz that decide: reading answers, finding operations, judging, and repeating an attempt."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from bench.fuzz.answers import Answer, AnswerUnreadable, read_answers
from bench.fuzz.attempts import ANYBODY, Attempt, Holder, Stage, random_for, write_request
from bench.fuzz.contract import OF_NO_OPERATION, Contract, split_line
from bench.fuzz.judging import SECURITY_HEADERS, judge, misshape_of
from bench.fuzz.mutants import attempt_own, mutate
from bench.fuzz.reporting import Result, under_way
from bench.fuzz.sending import Outcome
from bench.fuzz.stalls import Stall

CONTRACT = Contract(
    json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
)
ID = str(UUID(int=7))
OWN = frozenset({"alpha"})
STAGE = Stage(
    holders={
        name: Holder(name, f"skd_{name}_secret", frozenset({name.split()[0]}))
        for name in ("alpha", "alpha read", "alpha ingest", "alpha revoked", "bravo")
    },
    cursors={"/v1/jobs": ["WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0"]},
    order_ids=("o-1", "o-bravo-2"),
    marks={"alpha": (b"kept-alpha",), "bravo": (b"kept-bravo",)},
    receive_timeout_s=2.0,
)
SECURE = tuple((name, "x") for name in SECURITY_HEADERS)


def make_answer(status: int, body: bytes = b"", *more: tuple[str, str]) -> Answer:
    return Answer(status, (*SECURE, ("x-correlation-id", ID), *more), body)


def make_problem(status: int, /, **changed: object) -> Answer:
    fields: dict[str, object] = {
        "type": "about:blank", "title": "T", "status": status, "code": "c", "detail": "d", "cure": "c.",
        "correlation_id": ID,
    }  # fmt: skip
    body = json.dumps(fields | changed).encode()
    return make_answer(status, body, ("content-type", "application/problem+json"))


def make_attempt(line: str = "GET /v1/views HTTP/1.1", **fields: object) -> Attempt:
    made = {"tenants": OWN, "private": STAGE.secrets} | fields
    return Attempt("test", (line.encode() + b"\r\nHost: x\r\n\r\n",), **made)  # type: ignore[arg-type]  # as the test says


def kinds(attempt: Attempt, outcome: Outcome) -> list[str]:
    return [fault.kind for fault in judge(attempt, outcome, CONTRACT, STAGE)]


def outcome_of(*answers: Answer, seconds: float = 0.1, end: str = "answered") -> Outcome:
    return Outcome(0.0, seconds, seconds, answers=list(answers), end=end)  # type: ignore[arg-type]  # a literal


def test_answers_are_read_by_length_by_chunks_and_to_the_end() -> None:
    by_length = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
    by_chunks = (
        b"HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n"
    )
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    without = b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"
    read = read_answers(interim + by_length + by_chunks + without, ("GET",))
    assert [(answer.status, answer.body) for answer in read] == [
        (200, b"ab"), (404, b"abc"), (304, b""),
    ]  # fmt: skip
    untold = b"HTTP/1.1 400 Bad\r\n\r\nrest"
    assert read_answers(untold, ("GET",)) == []
    assert read_answers(untold, ("GET",), is_end=True)[0].body == b"rest"


@pytest.mark.parametrize("cut", range(1, 50))
def test_a_part_of_an_answer_is_no_answer_yet(cut: int) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    assert read_answers(whole[:cut], ("GET",)) == []


def test_an_answer_to_head_has_no_body_and_what_is_no_answer_is_told() -> None:
    head = b"HTTP/1.1 405 No\r\nContent-Length: 99\r\n\r\n"
    assert read_answers(head, ("HEAD",))[0].body == b""
    with pytest.raises(AnswerUnreadable):
        read_answers(b"{}", ("GET",))


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("GET /v1/views HTTP/1.1", "GET /v1/views"),
        ("GET /v1/vie%77s?x=1#f HTTP/1.0", "GET /v1/views"),
        ("GET  /v1/views   HTTP/1.1", "GET /v1/views"),
        ("GET http://x:1/v1/views HTTP/1.1", "GET /v1/views"),
        ("GET /v1/attribution/orders/a/b%00 HTTP/1.1", "GET /v1/attribution/orders/{order_id}"),
        ("PUT /v1/models/a%25 HTTP/1.1", "PUT /v1/models/{model}"),
        ("POST /v1/models/a/preview HTTP/1.1", "POST /v1/models/{model}/preview"),
        ("PUT /v1/models/a/preview HTTP/1.1", None),
        ("PUT /v1/models/ HTTP/1.1", None),
        ("HEAD /v1/views HTTP/1.1", None),
        ("GET /v1/views/ HTTP/1.1", None),
        ("GET /v1/views", None),
        ("nonsense", None),
    ],
)
def test_the_operation_of_a_request_line_is_found_as_the_server_finds_it(
    line: str, operation: str | None
) -> None:
    found = CONTRACT.operation_of(line.encode())
    assert (found and str(found)) == operation


def test_statuses_are_those_declared_or_those_of_what_is_no_operation() -> None:
    assert {200, 304, 401} <= CONTRACT.statuses_of(b"GET /v1/revenue/realtime HTTP/1.1")
    assert 413 not in CONTRACT.statuses_of(b"GET /v1/revenue/realtime HTTP/1.1")
    assert CONTRACT.statuses_of(b"GET /nowhere HTTP/1.1") == OF_NO_OPERATION
    assert 200 in CONTRACT.statuses_of(b"GET /docs HTTP/1.1")
    assert split_line(b"\r\nGET  / HTTP/1.1") == ("GET", "/")
    assert split_line(b"GET / HTTP/1.1 x") is None


def test_blank_lines_before_a_request_are_none_of_it() -> None:
    sent = b"\r\n" * 20_000 + write_request("GET", "/v1/views", [])
    assert Attempt("test", (sent,)).lines == (b"GET /v1/views HTTP/1.1",)


def test_a_good_answer_has_no_fault() -> None:
    views = make_answer(200, b'{"data":[]}', ("content-type", "application/json"))
    assert kinds(make_attempt(), outcome_of(views)) == []
    assert kinds(make_attempt(), outcome_of(make_problem(403))) == []
    assert kinds(make_attempt("GET /nowhere HTTP/1.1"), outcome_of(make_problem(404))) == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (make_problem(500), "5xx"),
        (make_problem(404), "undeclared"),
        (make_problem(403, cure=""), "problem"),
        (make_problem(403, correlation_id=str(UUID(int=8))), "problem"),
        (make_problem(403, status=404), "problem"),
        (make_problem(403, code="Not A Code"), "problem"),
        (make_problem(401), "problem"),
        (make_answer(403, b"no"), "problem"),
        (make_answer(200, b'{"date":[]}'), "schema"),
        (make_answer(200, b"no"), "schema"),
        (make_answer(200, b'{"data":[],"x":"kept-bravo"}'), "foreign"),
        (make_answer(200, b'{"data":[],"x":"skd_bravo_secret"}'), "secret"),
        (Answer(200, (("x-correlation-id", ID),), b'{"data":[]}'), "headers"),
    ],
)
def test_each_fault_of_an_answer_is_seen(answer: Answer, kind: str) -> None:
    assert kind in kinds(make_attempt(), outcome_of(answer))


def test_each_fault_of_an_end_is_seen() -> None:
    good = make_answer(200, b'{"data":[]}')
    whole, odd = make_attempt(), make_attempt(ending="odd")
    assert kinds(whole, outcome_of(good, seconds=2.1)) == ["slow"]
    starved = outcome_of(good, seconds=2.1)
    starved.waited_s = 0.2
    assert kinds(whole, starved) == []
    assert kinds(whole, outcome_of(end="closed")) == ["unanswered"]
    assert kinds(odd, outcome_of(end="closed", seconds=5.0)) == []
    assert kinds(odd, outcome_of(end="closed", seconds=9.0)) == ["slow"]
    assert kinds(odd, outcome_of(end="hanging")) == ["hanging"]
    assert kinds(odd, outcome_of(end="unreadable")) == ["unreadable"]
    assert kinds(make_attempt(ending="cut"), outcome_of(end="closed")) == []
    late = make_problem(408)
    assert kinds(whole, outcome_of(late, seconds=6.5)) == []
    out_of_step = outcome_of(good)
    out_of_step.is_out_of_step = True
    assert kinds(whole, out_of_step) == ["step"]


def test_an_answer_shows_rows_of_one_tenant_at_most() -> None:
    both = make_answer(200, b'{"data":[],"x":"kept-bravo kept-alpha"}')
    assert kinds(make_attempt(tenants=ANYBODY), outcome_of(both)) == ["foreign"]


def test_errors_without_more_headers_or_with_two_ids_are_misshapen() -> None:
    assert misshape_of(make_problem(404)) is None
    for status in (401, 405, 429, 503):
        assert misshape_of(make_problem(status)) is not None
    twice = make_answer(404, b"", ("x-correlation-id", ID))
    assert misshape_of(twice, bodiless=True) is not None


def test_the_same_seed_and_index_make_the_same_attempt() -> None:
    for index in range(300):
        first, again = (attempt_own(random_for(7, index), index, STAGE) for _ in range(2))
        assert first == again
    assert attempt_own(random_for(7, 1), 1, STAGE) != attempt_own(random_for(8, 1), 1, STAGE)


def test_a_mutant_differs_in_a_few_places() -> None:
    good = write_request("GET", "/v1/views", [("A", "b")], b"body" * 100)
    mutants = {mutate(random_for(1, index), good) for index in range(100)}
    assert len(mutants - {good}) > 90
    assert all(abs(len(mutant) - len(good)) <= 8 * 30 for mutant in mutants)


def test_a_stall_is_what_the_machine_does_not_explain_and_names_what_was_under_way() -> None:
    stall = Stall(asked_at=10.0, took_s=0.5, waited_s=0.3, ran_s=0.1)
    assert stall.seconds == pytest.approx(0.2)
    assert Stall(asked_at=10.0, took_s=0.5, waited_s=0.9, ran_s=0.4).seconds == 0.4
    assert Stall(asked_at=10.0, took_s=0.5, waited_s=0.0, ran_s=0.6).seconds == 0.5

    def result(index: int, began: float, ended: float) -> Result:
        return Result(index, "f", 1, "", "none", Outcome(began, ended, ended - began), ())

    results = [
        result(1, 9.0, 9.9),
        result(2, 9.0, 10.1),
        result(3, 10.4, 20.0),
        result(4, 10.6, 11.0),
    ]
    assert [each.index for each in under_way(stall, results)] == [3, 2]
