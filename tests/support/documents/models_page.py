"""The worked example of docs/models.md: tables and a picture, from what the models return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from xml.sax.saxutils import escape

from skeldir.attribution.models import touch_weights
from skeldir.money import format_minor
from tests.support.documents import example

WIDTH, LABEL, BAR, GAP = 880, 130, 34, 14
_TOP = 128
_STYLE = """
  text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .dim { fill: #59636e; font-size: 12px }
  .on { fill: #fff; font-size: 12px }
  .line { stroke: #59636e; stroke-width: 2 }
  .paid_social { fill: #8250df } .paid_search { fill: #0969da } .email { fill: #1a7f37 } .direct { fill: #9a6700 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .dim { fill: #9198a1 } .on { fill: #fff } .line { stroke: #9198a1 }
  }"""


def render_example() -> str:
    """Return the part of docs/models.md with the figures."""
    capture, refund = example.ENTRIES
    amounts = (_money(capture.amount_cents), _money(capture.amount_cents + refund.amount_cents))
    parts = [
        "| model | " + " | ".join(f"`{code}`" for code in example.CHANNELS) + " |",
        "|---|" + "---|" * len(example.CHANNELS),
        *(_row(model, map(str, _shares(model))) for model in example.MODELS),
        "",
        f"In {example.CURRENCY}, what each channel has of the {amounts[0]}, and of {amounts[1]} after the refund:",
        "",
        "| model | " + " | ".join(f"`{code}`" for code in example.CHANNELS) + " | sum |",
        "|---|" + "--:|" * (len(example.CHANNELS) + 1),
        *(_money_row(model) for model in example.MODELS),
    ]
    return "\n".join(parts) + "\n"


def _shares(model: str) -> list[Fraction]:
    weights = touch_weights(model, example.TOUCHES)
    return [Fraction(weight, sum(weights)) for weight in weights]


def _money(cents: int) -> str:
    return format_minor(cents, example.CURRENCY)


def _row(model: str, cells: Iterable[str]) -> str:
    return f"| `{model}` | " + " | ".join(cells) + " |"


def _money_row(model: str) -> str:
    before = example.credited_cents(model, example.ENTRIES[0])
    after = example.credited_cents(model, *example.ENTRIES)
    pairs = zip([*before, sum(before)], [*after, sum(after)], strict=True)
    return _row(model, (f"{_money(was)} → {_money(now)}" for was, now in pairs))


def draw_example() -> str:
    """Return the picture: the journey above, and how each model divides the order, as one SVG for light and dark."""
    height = _TOP + len(example.MODELS) * (BAR + GAP) + 10
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(_describe())}</title>',
        f"<style>{_STYLE}\n</style>",
        *_draw_journey(),
        *(
            line
            for place, model in enumerate(example.MODELS)
            for line in _draw_bar(model, _TOP + place * (BAR + GAP))
        ),
        "</svg>",
    ]
    return "\n".join(drawn) + "\n"


def _describe() -> str:
    money = _money(example.ENTRIES[0].amount_cents)
    return f"A journey of four visits, and how six models divide its order of {money} {example.CURRENCY}"


def _draw_journey() -> list[str]:
    left, right, y = LABEL + 50, WIDTH - 50, 52
    first, last = example.TOUCHES[0].occurred_at, example.ORDERED_AT
    drawn = [f'<line class="line" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>']
    for touch in example.TOUCHES:
        x = left + round((right - left) * ((touch.occurred_at - first) / (last - first)))
        drawn += [
            f'<circle class="{touch.channel_code}" cx="{x}" cy="{y}" r="9"/>',
            f'<text x="{x}" y="{y - 22}" text-anchor="middle">{touch.channel_code}</text>',
            f'<text class="dim" x="{x}" y="{y + 28}" text-anchor="middle">{touch.occurred_at.day} June</text>',
        ]
    money = _money(example.ENTRIES[0].amount_cents)
    bought = (
        f'<text class="dim" x="{right}" y="{y + 46}" text-anchor="middle">buys for {money}</text>'
    )
    return [*drawn, bought]


def _draw_bar(model: str, y: int) -> list[str]:
    cents = example.credited_cents(model, example.ENTRIES[0])
    drawn = [f'<text x="0" y="{y + 22}">{model}</text>']
    x, room = LABEL, WIDTH - LABEL
    for (start, end), code, amount in zip(
        _edges(cents, room), example.CHANNELS, cents, strict=True
    ):
        if end == start:
            continue
        drawn.append(
            f'<rect class="{code}" x="{x + start}" y="{y}" width="{end - start}" height="{BAR}"/>'
        )
        if end - start >= 44:
            middle = x + (start + end) // 2
            drawn.append(
                f'<text class="on" x="{middle}" y="{y + 22}" text-anchor="middle">{_money(amount)}</text>'
            )
    return drawn


def _edges(cents: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Return where each part of a bar begins and ends, in whole units of the picture."""
    total = sum(cents)
    ends = [room * sum(cents[: place + 1]) // total for place in range(len(cents))]
    return list(zip([0, *ends[:-1]], ends, strict=True))
