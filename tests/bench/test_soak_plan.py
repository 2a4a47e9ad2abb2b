"""What is broken when: the same for the same seed, one hard fault after another, and all kinds in a long run."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.soak.plan import HARD, KINDS, SOFT, make_plan
from bench.soak.reckoning import count_lost, number_of
from bench.soak.shop import entry_of


def test_the_same_seed_breaks_the_same_things_at_the_same_times() -> None:
    assert make_plan(1_800, 7) == make_plan(1_800, 7)
    assert make_plan(1_800, 7) != make_plan(1_800, 8)


@pytest.mark.parametrize("seconds", [600.0, 1_800.0])
def test_ten_minutes_are_enough_for_every_kind_of_fault(seconds: float) -> None:
    for seed in range(20):
        plan = make_plan(seconds, seed)
        assert {fault.kind for fault in plan.hard} == set(HARD)
        assert {fault.kind for fault in plan.soft} == set(SOFT)


@pytest.mark.parametrize("seconds", [60.0, 100.0, 600.0, 1_800.0])
def test_faults_that_take_something_away_come_one_after_another(seconds: float) -> None:
    for seed in range(20):
        plan = make_plan(seconds, seed)
        assert plan.hard
        assert all(first.at + first.lasts_s < then.at for first, then in pairwise(plan.hard))
        assert plan.hard[-1].at + plan.hard[-1].lasts_s <= plan.together_s


def test_the_short_form_kills_each_kind_of_process_and_fills_the_disk() -> None:
    plan = make_plan(100.0, 0)
    kinds = {fault.kind for fault in plan.hard + plan.soft}
    assert kinds >= {"kill api", "kill worker", "kill beat", "kill database", "fill disk", *SOFT}
    assert sum(fault.lasts_s for fault in plan.hard) < 30


def test_quiet_tenants_are_alone_for_a_tenth_of_the_time_and_twenty_seconds_at_least() -> None:
    assert make_plan(1_800, 0).alone_s == 180
    assert make_plan(100, 0).alone_s == 20


def test_a_long_run_lets_processes_live_long_enough_to_be_seen_growing() -> None:
    kills = [f.at for f in make_plan(1_800, 3).hard if f.kind in ("kill api", "kill worker")]
    assert make_plan(1_800, 3).together_s - max(kills) > 500


def test_only_what_takes_something_away_explains_an_error_of_everybody() -> None:
    explaining = {name for name, kind in KINDS.items() if "errors" in kind.explains}
    assert explaining == {
        "kill api",
        "kill database",
        "interrupt database",
        "fill disk",
        "hold lock",
    }


def test_money_moves_back_only_after_it_came_in() -> None:
    balances: dict[int, int] = {}
    for number in range(800):
        order, kind, cents, _ = entry_of(number)
        assert (kind == "capture") == (order not in balances)
        balances[order] = balances.get(order, 0) + cents
    assert min(balances.values()) > 0


def test_a_key_that_nobody_with_the_marker_sent_is_nobodys() -> None:
    assert number_of("q01-t-7", "q01-t-", 8) == 7
    for key in ("q02-t-7", "q01-t-8", "q01-t-", "q01-t-٣", "q01-c-7", "7"):
        assert number_of(key, "q01-t-", 8) is None


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    assert count_lost(bytearray([1, 1, 0, 0]), bytearray([1, 0, 1, 0])) == 1
