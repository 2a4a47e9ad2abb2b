"""The verdicts on one attempt, each with a kind of fault and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import orjson

from bench.fuzz.answers import Answer
from bench.fuzz.attempts import Attempt, Stage
from bench.fuzz.contract import Contract
from bench.fuzz.sending import Outcome

LIMIT_S = 2.0
FAULTS: dict[str, str] = {
    "5xx": "no answer is 5xx",
    "undeclared": "every status is declared",
    "slow": f"no answer takes more than {LIMIT_S:g} s in which the API had a processor",
    "unanswered": "every complete request is answered",
    "hanging": "no connection is left hanging",
    "unreadable": "every answer is HTTP",
    "problem": "every error is a problem with code, cure and correlation id",
    "schema": "every body fits its schema",
    "step": "each answer belongs to its request",
    "foreign": "no answer shows another tenant's rows",
    "secret": "no answer shows a key",
    "headers": "every answer has the security headers",
}
"""The sentences of the verdicts, by kind of fault."""

SECURITY_HEADERS = ("x-content-type-options", "content-security-policy", "x-frame-options")
_PROBLEM_FIELDS = ("type", "title", "status", "code", "detail", "cure", "correlation_id")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_MORE_OF_STATUS = {401: "www-authenticate", 405: "allow", 429: "retry-after", 503: "retry-after"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold, and the evidence."""

    kind: str
    detail: str


def judge(attempt: Attempt, outcome: Outcome, contract: Contract, stage: Stage) -> list[Fault]:
    """Return what does not hold in the outcome of an attempt."""
    faults = list(_judge_end(attempt, outcome, stage))
    statuses = [contract.statuses_of(line) for line in attempt.lines]
    for place, answer in enumerate(outcome.answers):
        line = attempt.lines[min(place, len(attempt.lines) - 1)]
        faults += _judge_answer(answer, statuses[min(place, len(statuses) - 1)], attempt, stage)
        operation = contract.operation_of(line)
        if operation is not None and answer.status in operation.statuses:
            misfit = contract.misfit_of(operation, answer)
            if misfit is not None:
                faults.append(Fault("schema", f"{operation} {answer.status}: {misfit}"))
    return faults


def _judge_end(attempt: Attempt, outcome: Outcome, stage: Stage) -> Iterator[Fault]:
    last = outcome.answers[-1].status if outcome.answers else None
    if outcome.end == "unreadable":
        yield Fault("unreadable", outcome.rest.decode("latin-1"))
    elif outcome.end == "hanging" and attempt.ending != "cut":
        yield Fault("hanging", f"after {outcome.seconds:.1f} s")
    elif outcome.end == "closed" and attempt.ending == "complete" and last != 408:
        yield Fault("unanswered", f"closed after {outcome.seconds:.3f} s, {outcome.rest[-80:]!r}")
    if outcome.is_out_of_step:
        yield Fault("step", "the next request on the connection got the answer to another request")
    if outcome.end in ("answered", "closed") and attempt.ending != "cut":
        is_patience = last == 408 or (attempt.ending == "odd" and outcome.end == "closed")
        limit_s = 3 * stage.receive_timeout_s + 1 if is_patience else LIMIT_S
        if outcome.seconds - outcome.waited_s > limit_s:
            yield Fault(
                "slow", f"{outcome.seconds:.2f} s, {outcome.waited_s:.2f} of them the machine's"
            )


def _judge_answer(
    answer: Answer, statuses: frozenset[int], attempt: Attempt, stage: Stage
) -> Iterator[Fault]:
    if answer.status >= 500:
        yield Fault("5xx", f"{answer.status} {answer.body[:300]!r}")
    if answer.status not in statuses:
        yield Fault("undeclared", f"{answer.status} is none of {sorted(statuses)}")
    if answer.status >= 400:
        fault = misshape_of(
            answer, bodiless=not answer.body and attempt.lines[0].startswith(b"HEAD ")
        )
        if fault is not None:
            yield Fault("problem", f"{answer.status}: {fault}: {answer.body[:200]!r}")
    missing = [name for name in SECURITY_HEADERS if not answer.values(name)]
    if missing:
        yield Fault("headers", f"{answer.status} has no {', '.join(missing)}")
    everything = repr(answer.headers).encode() + answer.body
    if any(text in everything for text in attempt.private):
        yield Fault("secret", f"{answer.status} {answer.body[:200]!r}")
    seen = {name for name, marks in stage.marks.items() if any(m in everything for m in marks)}
    if seen - attempt.tenants or len(seen) > 1:
        yield Fault("foreign", f"rows of {sorted(seen)} in {answer.body[:300]!r}")


def misshape_of(answer: Answer, *, bodiless: bool = False) -> str | None:
    """Return how an error differs from the problem that every error must be; None if it is one."""
    ids = answer.values("x-correlation-id")
    if len(ids) != 1 or not _is_uuid(ids[0]):
        return f"x-correlation-id is {ids}"
    more = _MORE_OF_STATUS.get(answer.status)
    if more is not None and not answer.values(more):
        return f"{more} is missing"
    if bodiless:
        return None
    if answer.values("content-type") != ["application/problem+json"]:
        return f"content-type is {answer.values('content-type')}"
    try:
        problem = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        return f"the body is not JSON: {error}"
    lacking = [name for name in _PROBLEM_FIELDS if not problem.get(name)]
    if lacking:
        return f"{', '.join(lacking)} missing"
    if problem["status"] != answer.status or problem["correlation_id"] != ids[0]:
        return "status or correlation id differ from the head's"
    return None if _CODE.fullmatch(problem["code"]) else "the code is no code"


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
