"""The sample shop's shoppers: who they are, how they visit, and what makes them buy.

Shoppers visit through channels. At each occasion a shopper buys with the baseline chance of its
segment plus the lift of each exposure of the last 30 days, which fades by the day. A channel never
changes who visits or when, only this chance. So what it *caused* is known: the difference to the
same draws without its lift.

One seed gives one history on every platform and Python: the only draw is `Random.random()` (the
only method whose sequence Python guarantees), chances are integers in parts per million (ppm), and
nothing iterates over a set.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from random import Random
from typing import Final

HOUR: Final = 3_600
DAY: Final = 86_400
LOOKBACK_DAYS: Final = 30
FADE_PERCENT: Final = 88  # what each day leaves of an exposure's lift
MILLION: Final = 1_000_000
_FADING: Final = tuple(
    accumulate(
        range(LOOKBACK_DAYS - 1), lambda left, _: left * FADE_PERCENT // 100, initial=MILLION
    )
)


@dataclass(frozen=True, slots=True)
class Look:
    """The traces that a visit leaves in its URL and referrer; an empty field is left out."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer_host: str = ""
    click_id: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: the lift of one exposure in ppm, and its weights among first and later visits."""

    code: str
    lift: int
    first: int
    again: int
    looks: tuple[Look, ...]


# Direct, e-mail and organic search bring back shoppers who buy anyway: many touches, little effect.
# A last-touch model gets this wrong, and the truth shows it.
CHANNELS: Final = (
    Channel("paid_search", 26_000, 20, 12, (
        Look("google", "cpc", "brand_us", "www.google.com", "gclid"),
        Look("google", "cpc", "running_generic", "www.google.com", "gclid"),
        Look("", "", "", "www.google.com", "gclid"),
        Look("bing", "cpc", "brand_us", "www.bing.com", "msclkid"),
    )),
    Channel("organic_search", 6_000, 24, 16, (
        Look(referrer_host="www.google.com"),
        Look(referrer_host="www.bing.com"),
        Look(referrer_host="duckduckgo.com"),
        Look("google", "organic"),
    )),
    Channel("paid_social", 32_000, 18, 8, (
        Look("facebook", "paid_social", "summer_launch", "l.facebook.com", "fbclid"),
        Look("instagram", "paid_social", "summer_launch", "l.instagram.com", "fbclid"),
        Look("tiktok", "cpc", "creators_june", "www.tiktok.com", "ttclid"),
    )),
    Channel("organic_social", 9_000, 10, 5, (
        Look(referrer_host="www.tiktok.com"),
        Look("tiktok", "social"),
        Look(referrer_host="l.facebook.com", click_id="fbclid"),
    )),
    Channel("email", 10_000, 1, 20, (
        Look("newsletter", "email", "weekly_digest"),
        Look("newsletter", "email", "summer_launch", "", "mc_cid"),
        Look("crm", "e-mail", "win_back"),
        Look(channel="email"),
    )),
    Channel("direct", 0, 10, 34, (
        Look(), Look(), Look(), Look("(direct)", "(none)"),
    )),
    Channel("referral", 22_000, 6, 3, (
        Look(referrer_host="blog.trailnotes.example"),
        Look("gearpost.example", "referral", "", "www.gearpost.example"),
    )),
    Channel("paid_shopping", 40_000, 8, 5, (
        Look("google", "cpc", "shopping_all_products", "www.google.com", "gclid"),
        Look("google", "cpc", "spring_shop", "www.google.com", "gclid"),
    )),
    Channel("organic_video", 14_000, 4, 2, (
        Look(referrer_host="www.youtube.com"),
        Look("youtube", "video", "review_series"),
    )),
    Channel("display", 3_000, 4, 4, (
        Look("adnetwork", "display", "remarketing"),
        Look("adnetwork", "banner", "summer_launch"),
    )),
    Channel("affiliates", 12_000, 3, 4, (
        Look("dealsite", "affiliate", "coupon"),
        Look("dealsite", "affiliate", "cashback", "www.dealsite.example", "irclickid"),
    )),
    Channel("unknown", 5_000, 2, 1, (
        Look("spring-flyer", "qr", "city_walk"),
        Look("", "in-app", "loyalty"),
    )),
)  # fmt: skip
# A second click within a visit is on an advertisement or a coupon, which makes a new touch.
_CLICKS_WITHIN: Final = {"paid_search": 5, "paid_social": 3, "affiliates": 2}
_FIRST: Final = tuple(accumulate(channel.first for channel in CHANNELS))
_AGAIN: Final = tuple(accumulate(channel.again for channel in CHANNELS))
_WITHIN: Final = tuple(accumulate(_CLICKS_WITHIN.get(channel.code, 0) for channel in CHANNELS))
_LIFTS: Final = {channel.code: channel.lift for channel in CHANNELS}
# A return from a payment host's checkout is not a channel: it counts as direct.
PAYMENT_HOST: Final = "checkout.stripe.com"
_PAYMENT_RETURN: Final = Channel("direct", 0, 0, 0, (Look(referrer_host=PAYMENT_HOST),))

_PATHS: Final = ("/", "/running", "/trail", "/sale", "/products/aero-2", "/products/ridge-gtx")
_WEEKDAYS: Final = (100, 96, 92, 90, 82, 74, 94)  # Monday first: percent of planned visits made
_HOURS: Final = tuple(
    accumulate(
        (4, 2, 1, 1, 1, 3, 8, 14, 20, 24, 26, 28, 30, 27, 26, 26, 27, 30, 36, 44, 48, 42, 26, 12)
    )
)
CURRENCIES: Final = ("USD", "EUR")
_EUR_PERCENT: Final = 18
_SECOND_CLICK_PERCENT: Final = 7
_PAYMENT_RETURN_PERCENT: Final = 6
_SESSIONLESS_PERCENT: Final = 8
_LATE_PERCENT: Final = 3
_ODD_CASE_PERCENT: Final = 6
_ODD_CASES: Final = (str.upper, str.title)
_PRICES: Final = (1_290, 1_995, 2_450, 3_900, 4_999, 6_500, 8_995, 11_900, 14_950)


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of shopper.

    `share` is a weight (the last segment has none, it is chosen by number); `stay` the percent
    chance of another visit (untracked shoppers have no visits); `days` how long an interest lasts;
    `baseline` the chance (ppm) to buy at an occasion without any marketing; `own_occasions` the
    number of occasions outside visits.
    """

    name: str
    share: int
    is_tracked: bool
    stay: int
    days: int
    baseline: int
    own_occasions: int


SEGMENTS: Final = (
    Segment("passing", 500, True, 60, 6, 12_000, 0),
    Segment("interested", 350, True, 92, 28, 20_000, 2),
    Segment("loyal", 135, True, 96, 84, 36_000, 2),
    Segment("untracked", 0, False, 0, 14, 350_000, 4),
)
_UNTRACKED_EVERY: Final = 40  # of the shoppers, by number, so that every sample has some
_SHARES: Final = tuple(accumulate(segment.share for segment in SEGMENTS))


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch: times in seconds since the sample's start, its true channel, its fields as sent."""

    key: str
    at: int
    arrives_at: int
    journey: str
    channel: str
    fields: tuple[tuple[str, str | list[str]], ...]


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment in which a shopper may buy, with all the draws that decide it.

    `threshold` is the uniform draw in ppm; the shopper buys if it is below the sum of `baseline` and
    `pulls` (channel code, ppm). `cents` is the basket in minor units of `currency`.
    """

    at: int
    journey: str
    threshold: int
    baseline: int
    pulls: tuple[tuple[str, int], ...]
    currency: str
    cents: int
    payment_return: Touch | None

    def is_bought(self, *, without: Collection[str] = ()) -> bool:
        """Return whether the shopper buys when the channels `without` have no effect."""
        chance = self.baseline
        for code, ppm in self.pulls:
            if code not in without:
                chance += ppm
        return self.threshold < chance


@dataclass(frozen=True, slots=True)
class Shopper:
    """The history of one shopper: touches and occasions, each in time order."""

    touches: tuple[Touch, ...]
    occasions: tuple[Occasion, ...]


def open_stream(seed: int, *names: object) -> Random:
    """Return a separate generator for each (seed, names), independent of all others."""
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 - sample data, nothing secret


def draw_below(dice: Random, limit: int) -> int:
    """Draw a whole number in [0, limit)."""
    return int(dice.random() * limit)


def draw_weighted(dice: Random, cumulative: Sequence[int]) -> int:
    """Draw an index with the weights whose running sums are `cumulative`."""
    return bisect_right(cumulative, draw_below(dice, cumulative[-1]))


def draw_shopper(seed: int, number: int, *, starts_on: date, days: int) -> Shopper:
    """Draw the history of shopper `number` within the `days` days from `starts_on`."""
    dice = open_stream(seed, "shopper", number)
    journey = "v" + hashlib.sha256(repr((seed, "journey", number)).encode()).hexdigest()[:16]
    segment = SEGMENTS[-1 if number % _UNTRACKED_EVERY == 0 else draw_weighted(dice, _SHARES)]
    currency = "EUR" if draw_below(dice, 100) < _EUR_PERCENT else "USD"
    # Interest may begin before the first day or end after the last; visits outside are dropped.
    first_day = draw_below(dice, days + segment.days - 1) - segment.days + 1
    touches: list[Touch] = []
    moments: list[tuple[int, str | None]] = []
    visits = _plan_visits(dice, segment, first_day=first_day, starts_on=starts_on, days=days)
    for index, at in enumerate(visits):
        session = f"s{journey[1:9]}-{index}"
        channel = CHANNELS[draw_weighted(dice, _AGAIN if index else _FIRST)]
        touches.append(_draw_touch(dice, journey, session, len(touches), at, channel))
        later = at + 120 + draw_below(dice, 1_200)
        if draw_below(dice, 100) < _SECOND_CLICK_PERCENT and later < days * DAY:
            channel = CHANNELS[draw_weighted(dice, _WITHIN)]
            touches.append(_draw_touch(dice, journey, session, len(touches), later, channel))
        moments.append((at + 300 + draw_below(dice, 2_400), session))
    for _ in range(segment.own_occasions):
        # Most of these fall after the interest, some when no touch is recent enough to earn.
        at = _draw_time(dice, first_day + draw_below(dice, 3 * segment.days))
        moments.append((at, None))
    occasions = tuple(
        _draw_occasion(dice, touches, journey, at, session, segment, currency)
        for at, session in sorted(moments, key=lambda moment: moment[0])
        if 0 <= at < days * DAY
    )
    return Shopper(tuple(touches), occasions)


def _plan_visits(
    dice: Random, segment: Segment, *, first_day: int, starts_on: date, days: int
) -> list[int]:
    """Draw the times of a shopper's visits: in order, at least an hour apart, within the sample."""
    planned = []
    is_coming = segment.is_tracked
    while is_coming:
        day = first_day + draw_below(dice, segment.days)
        weekday = (starts_on.weekday() + day) % 7
        at = _draw_time(dice, day)
        if draw_below(dice, 100) < _WEEKDAYS[weekday] and 0 <= day < days:
            planned.append(at)
        is_coming = draw_below(dice, 100) < segment.stay
    visits: list[int] = []
    for at in sorted(planned):
        if not visits or at - visits[-1] >= HOUR:
            visits.append(at)
    return visits


def _draw_time(dice: Random, day: int) -> int:
    """Draw a second of the day, busier in the evening than at night."""
    return day * DAY + draw_weighted(dice, _HOURS) * HOUR + draw_below(dice, HOUR)


def _draw_touch(
    dice: Random, journey: str, session: str, number: int, at: int, channel: Channel
) -> Touch:
    """Draw the traces of a visit through `channel`, the letter case, and when the touch arrives."""
    look = channel.looks[draw_below(dice, len(channel.looks))]
    write = _ODD_CASES[draw_below(dice, 2)] if draw_below(dice, 100) < _ODD_CASE_PERCENT else str
    fields: list[tuple[str, str | list[str]]] = []
    if draw_below(dice, 100) >= _SESSIONLESS_PERCENT:
        fields.append(("session_id", session))
    for name in ("source", "medium", "campaign", "referrer_host"):
        value = getattr(look, name)
        if value:
            fields.append((name, write(value)))
    fields.append(("landing_path", _PATHS[draw_below(dice, len(_PATHS))]))
    if look.click_id:
        fields.append(("click_ids", [look.click_id]))
    if look.channel:
        fields.append(("channel", look.channel))
    delay = draw_below(dice, 60)
    if draw_below(dice, 100) < _LATE_PERCENT:
        delay = 2 * HOUR + draw_below(dice, 4 * DAY)
    return Touch(f"{journey}.{number}", at, at + delay, journey, channel.code, tuple(fields))


def _draw_occasion(
    dice: Random,
    touches: Sequence[Touch],
    journey: str,
    at: int,
    session: str | None,
    segment: Segment,
    currency: str,
) -> Occasion:
    """Draw what decides an occasion, and the return from the payment host in case of a purchase."""
    payment_return = None
    if session and draw_below(dice, 100) < _PAYMENT_RETURN_PERCENT:
        number = len(touches) + at  # no other touch of the journey can have it
        payment_return = _draw_touch(dice, journey, session, number, at - 20, _PAYMENT_RETURN)
    return Occasion(
        at=at,
        journey=journey,
        threshold=draw_below(dice, MILLION),
        baseline=segment.baseline,
        pulls=_sum_pulls(touches, at),
        currency=currency,
        cents=_fill_basket(dice),
        payment_return=payment_return,
    )


def _sum_pulls(touches: Sequence[Touch], at: int) -> tuple[tuple[str, int], ...]:
    """Return what each channel's exposures up to `at` add to the chance, in ppm."""
    pulls: dict[str, int] = {}
    for touch in touches:
        lift = _LIFTS[touch.channel]
        age = (at - touch.at) // DAY
        if lift and 0 <= age < LOOKBACK_DAYS:
            pull = lift * _FADING[age] // MILLION
            pulls[touch.channel] = pulls.get(touch.channel, 0) + pull
    return tuple(pulls.items())


def _fill_basket(dice: Random) -> int:
    """Draw one or more articles, sometimes a coupon, and shipping; return the sum in minor units."""
    cents = _PRICES[draw_below(dice, len(_PRICES))]
    while draw_below(dice, 100) < 35 and cents < 40_000:
        cents += _PRICES[draw_below(dice, len(_PRICES))]
    if draw_below(dice, 100) < 15:
        cents -= cents // 10
    return cents if cents >= 7_500 else cents + 495
