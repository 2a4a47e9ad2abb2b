"""The report of a run: counts, the slowest attempts, the stalls, and the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.fuzz.attempts import Attempt
from bench.fuzz.contract import Contract
from bench.fuzz.judging import FAULTS, Fault
from bench.fuzz.judging import LIMIT_S as SLOW_S
from bench.fuzz.sending import Outcome
from bench.fuzz.stalls import LIMIT_S, Stall, Watching
from bench.support import console, show_table

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt by index, its outcome, and what does not hold; the sent bytes are abbreviated."""

    index: int
    family: str
    size: int
    shown: str
    operation: str
    outcome: Outcome
    faults: tuple[Fault, ...]

    @property
    def statuses(self) -> str:
        """Return the statuses of the answers, or how the attempt ended without one."""
        return " ".join(str(answer.status) for answer in self.outcome.answers) or self.outcome.end


def make_result(
    index: int, attempt: Attempt, outcome: Outcome, faults: list[Fault], contract: Contract
) -> Result:
    """Return the result of an attempt, without the bodies of the answers."""
    operation = contract.operation_of(attempt.lines[0])
    outcome.answers = [replace(answer, body=b"") for answer in outcome.answers]
    return Result(
        index,
        attempt.family,
        attempt.size,
        attempt.shown(),
        str(operation or "none"),
        outcome,
        tuple(faults),
    )


def show_counts(results: Sequence[Result]) -> None:
    """Print the number of attempts by operation and status, and by family."""
    statuses = Counter((r.operation, a.status) for r in results for a in r.outcome.answers)
    silent = Counter((r.operation, r.outcome.end) for r in results if not r.outcome.answers)
    by_operation: dict[str, list[str]] = {}
    for (operation, status), count in sorted([*statuses.items(), *silent.items()], key=str):
        by_operation.setdefault(operation, []).append(f"{status}: {count:,}")
    show_table(
        f"{len(results):,} attempts, answers by operation",
        ("operation", "answers"),
        [(operation, "  ".join(counts)) for operation, counts in by_operation.items()],
    )
    families = Counter(r.family for r in results)
    console.print("; ".join(f"{name} {count:,}" for name, count in families.most_common()))


def show_slowest(results: Sequence[Result]) -> None:
    """Print the slowest attempts, with what was sent; those with a slow sender are left out."""
    timed = [r for r in results if r.outcome.answers and r.outcome.answers[-1].status != 408]
    slowest = sorted(timed, key=lambda r: -r.outcome.seconds)[:_SHOWN]
    late = sum(r.outcome.seconds > SLOW_S for r in timed)
    console.print(
        f"\nSlowest {len(slowest)} ({late:,} over {SLOW_S:g} s by the clock):", style="bold"
    )
    for r in slowest:
        _print(
            f"  {r.outcome.seconds:7.3f} s, {r.outcome.waited_s:.3f} of them the machine's  #{r.index} {r.family}"
            f" → {r.statuses}"
        )
        _print(f"             {r.shown}")


def show_stalls(seen: Watching, results: Sequence[Result]) -> None:
    """Print the longest stalls, each with the attempts in progress."""
    stalls = sorted(seen.stalls or [], key=lambda stall: -stall.seconds)
    _print(f"\n{seen.probes:,} probes, {seen.unanswered} unanswered; late ones ({len(stalls)}):")
    for stall in stalls[:_SHOWN]:
        _print(
            f"  {stall.seconds * 1_000:6.0f} ms  (late by {stall.took_s * 1_000:.0f} ms, the machine's share "
            f"{stall.waited_s * 1_000:.0f} ms, the API's thread ran {stall.ran_s * 1_000:.0f} ms)"
        )
        found = under_way(stall, results)
        _print(
            f"      {'; '.join(f'#{r.index} {r.family} {r.operation} {r.size:,} B' for r in found)}"
        )


def under_way(stall: Stall, results: Sequence[Result]) -> list[Result]:
    """Return the attempts in progress during a stall, those that took longest first."""
    end = stall.asked_at + stall.took_s
    found = [r for r in results if r.outcome.began < end and r.outcome.ended > stall.asked_at]
    return sorted(found, key=lambda r: -r.outcome.seconds)


def show_verdicts(results: Sequence[Result], seen: Watching, more: dict[str, str | None]) -> bool:
    """Print each verdict with its worst examples; return whether all hold. `more` holds other verdicts and faults."""
    holds = True
    console.print("\nVerdicts", style="bold")
    for kind, sentence in FAULTS.items():
        having = [(r, fault) for r in results for fault in r.faults if fault.kind == kind]
        _verdict(sentence, len(having))
        holds = holds and not having
        for family, count in Counter(r.family for r, _ in having).most_common(
            20 if kind != "headers" else 2
        ):
            examples = [pair for pair in having if pair[0].family == family]
            _print(f"      {family}: {count:,}")
            for r, fault in examples[: 2 if kind != "headers" else 1]:
                _print(f"        #{r.index} → {r.statuses}: {fault.detail[:300]}")
                _print(f"           {r.shown}")
    long = [stall for stall in seen.stalls or [] if stall.seconds > LIMIT_S]
    _verdict(f"no loop stall over {LIMIT_S * 1_000:.0f} ms", len(long))
    for sentence, trouble in more.items():
        _verdict(sentence, int(trouble is not None))
        if trouble is not None:
            _print(f"      {trouble}")
    return holds and not long and not any(more.values())


def _verdict(sentence: str, faults: int) -> None:
    mark = "[green]holds[/]" if not faults else f"[red]does not hold[/] ({faults:,})"
    console.print(f"  {sentence}: {mark}", highlight=False)


def _print(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
