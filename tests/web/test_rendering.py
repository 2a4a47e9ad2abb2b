"""Pages: whatever is shown is text, nothing is inline, and tables say what they are."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from skeldir.web import (
    LOCALES,
    PAGE_HEADERS,
    Bridge,
    Cell,
    Column,
    DayChart,
    Formats,
    Frame,
    Link,
    Option,
    Series,
    Sort,
    Step,
    Table,
    TenantChoice,
    Unknown,
    draw_area,
    draw_bridge,
    draw_stack,
    load_environment,
    path_of_asset,
    render,
)
from skeldir.web.periods import ShownDays
from tests.support.vendoring import STATIC

NASTY = "</td><script>alert('x')</script>\"' onload=x {{ 7 * 7 }} &"
PAGE = """
{% extends layout %}
{% import "parts/pieces.html" as pieces with context %}
{% import "parts/tables.html" as tables with context %}
{% import "parts/forms.html" as forms with context %}
{% block content %}
{% call pieces.title(text, text) %}{{ pieces.badge(text, "good") }}{% endcall %}
{{ pieces.notice(text, "error") }}{{ pieces.notice(text, "warning", text) }}
{{ pieces.empty_state(text, text, text, link) }}
{% call pieces.cards() %}{{ pieces.card(text, text, text, "/x") }}{% endcall %}
{{ pieces.segments(text, [link]) }}{{ pieces.tabs(text, [link]) }}
{% call pieces.figure(text, chart, bridge, series, text) %}{{ tables.render_table(table) }}{% endcall %}
{{ pieces.paging(text, "/next", "/first") }}
{{ forms.days("/here", days, [link], [(text, text)]) }}
<form>{{ forms.field("a", text, text, hint=text, error=text, is_required=true) }}
{{ forms.choice("b", text, [option]) }}</form>
{{ tables.render_table(empty) }}
{% endblock %}
"""
DAY = date(2026, 11, 3)


def make_frame(tag: str = "en", **fields: object) -> Frame:
    return Frame(Formats(LOCALES[tag], ZoneInfo("Europe/Berlin")), "Channels", **fields)  # type: ignore[arg-type]  # as given


def full_frame(tag: str, text: str) -> Frame:
    link = Link(text, "/x", is_current=True)
    other = Link(text, "/y?a=1&b=2")
    choice = TenantChoice(text, "1", (Option("1", text), Option(text, text)), "/switch")
    return make_frame(
        tag,
        theme="dark",
        pages=(link, other),
        breadcrumb=(other, link),
        tenant=choice,
        account=text,
        sign_out="/sign-out",
        languages=(link, other),
        themes=(link,),
    )


def make_table(text: str, rows: int = 1) -> Table:
    columns = (
        Column(text, sort=Sort("?sort=name")),
        Column("Orders", "number"),
        Column("Net", "money", "JPY", note=text, sort=Sort("?sort=-net", "descending")),
        Column("ROAS", "ratio"),
        Column("Share", "percent"),
        Column("Day", "date"),
        Column("At", "moment"),
    )
    row = (
        Cell(text, href="/orders?a=1&b=2", note=text),
        Cell(1_234),
        Cell(-26_400),
        Cell(Unknown(text)),
        Cell(Fraction(1, 3), share=Fraction(1, 3)),
        Cell(DAY),
        Cell(datetime(2026, 11, 3, 12, tzinfo=UTC)),
    )
    return Table("net", text, columns, (row,) * rows, text, row, "/x.csv", ((text, 3), ("", 4)))


def write_page(tag: str, text: str, layout: str = "page.html") -> str:
    frame = full_frame(tag, text)
    series = (Series(text, (1, None), 2),)
    chart = DayChart("c", text, text, (DAY, date(2026, 11, 4)), series, text, 2, "EUR")
    bridge = Bridge("b", text, text, (Step(text, 5, is_balance=True),), "EUR", text)
    drawn = draw_area(chart, frame.formats) + draw_bridge(bridge, frame.formats)
    return (
        load_environment()
        .from_string(PAGE)
        .render(
            frame=frame,
            say=frame.phrases,
            formats=frame.formats,
            layout=layout,
            text=text,
            link=Link(text, "/x", is_current=True),
            option=Option(text, text),
            chart=drawn,
            bridge=draw_stack(DayChart("s", text, text, chart.days, series, text), frame.formats),
            series=series,
            table=make_table(text),
            empty=make_table(text, rows=0),
            days=ShownDays(DAY, DAY, is_wrong=True),
        )
    )


class Page(HTMLParser):
    """The elements of a page: tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("layout", ["page.html", "bare.html"])
@pytest.mark.parametrize("tag", LOCALES)
def test_hostile_text_stays_text_wherever_it_is_shown(tag: str, layout: str) -> None:
    page, plain = (Page(write_page(tag, text, layout)) for text in (NASTY, "plain"))
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert [sorted(each) for _, each in page.elements] == [
        sorted(each) for _, each in plain.elements
    ]
    assert "49" not in "".join(page.words)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = Page(write_page("en", "plain"))
    assert not page.of("style")
    for tag, attributes in page.elements:
        assert "style" not in attributes, tag
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("href", "src", "action"):
            assert re.match(r"[/#?]|$", attributes.get(name, "")), attributes
    assert page.of("script") == [{"src": path_of_asset("htmx.min.js"), "defer": ""}]
    assert path_of_asset("skeldir.css") in {link["href"] for link in page.of("link")}
    policy = PAGE_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert PAGE_HEADERS["Cache-Control"] == "private, no-store"


def test_a_page_names_its_language_and_the_appearance_that_was_chosen() -> None:
    assert Page(write_page("de-CH", "x")).of("html") == [{"lang": "de-CH", "data-theme": "dark"}]
    plain = render("page.html", make_frame("fr"))
    assert Page(plain).of("html") == [{"lang": "fr"}]


def test_every_reference_to_an_element_finds_it_once() -> None:
    text = write_page("en", "plain").replace("<form>", "").replace("</form>", "")
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    twice = {one for one in ids if ids.count(one) > 1}
    assert twice <= {"net", "net-caption"}, "the page shows the same table twice"
    for _, attributes in page.elements:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids)
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_every_class_of_a_page_is_in_the_style_sheet() -> None:
    style = (STATIC / "skeldir.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.([a-z][\w-]*)", style))
    without_style = {"chart", "axis", "marks", "plain", "text", "number", "percent", "information"}
    for layout in ("page.html", "bare.html"):
        for _, attributes in Page(write_page("en", "x", layout)).elements:
            assert set(attributes.get("class", "").split()) <= known | without_style, attributes


def test_a_table_says_what_each_number_is() -> None:
    page = Page(write_page("en", "plain"))
    scopes = [attributes.get("scope") for attributes in page.of("th")]
    assert scopes.count("col") == 7
    assert scopes.count("row") == 2, "a row and the totals"
    assert [each["aria-sort"] for each in page.of("th") if "aria-sort" in each] == ["descending"]
    (region,) = (each for each in page.of("div") if each.get("role") == "region")
    assert region["tabindex"] == "0"
    assert region["aria-label"] == "plain: the table scrolls sideways"
    assert [each["href"] for each in page.of("a") if "download" in each] == ["/x.csv"]
    words = " ".join(page.words)
    for shown in ("1,234", "\N{MINUS SIGN}26,400", "33.3%", "unknown: plain"):
        assert shown in words


def test_a_table_without_rows_says_why() -> None:
    frame = make_frame()
    source = '{% import "parts/tables.html" as t with context %}{{ t.render_table(table) }}'
    text = load_environment().from_string(source).render(
        say=frame.phrases, formats=frame.formats, table=make_table("No spend was imported.", rows=0)
    )  # fmt: skip
    assert "<table" not in text
    assert "x.csv" not in text
    assert "No spend was imported." in text


@pytest.mark.parametrize(
    ("kind", "currency", "value"),
    [
        ("money", "EUR", Decimal("12.50")),
        ("money", None, 1_250),
        ("ratio", None, 3),
        ("number", None, "3"),
        ("date", None, datetime(2026, 11, 3, tzinfo=UTC)),
        ("moment", None, DAY),
        ("text", None, 5),
    ],
)
def test_a_value_of_another_kind_than_its_column_is_an_error(
    kind: str, currency: str | None, value: object
) -> None:
    column = Column("x", kind, currency)  # type: ignore[arg-type]  # as a page would misuse it
    with pytest.raises(TypeError, match="no value of the column"):
        column.write(value, make_frame().formats)  # type: ignore[arg-type]  # as above


def test_a_row_of_another_length_is_an_error() -> None:
    columns = (Column("a"), Column("b"))
    with pytest.raises(ValueError, match="each column"):
        Table("x", "x", columns, ((Cell("1"),),), "x")
    with pytest.raises(ValueError, match="each column"):
        Table("x", "x", columns, (), "x", totals=(Cell("1"),))
    with pytest.raises(ValueError, match="span"):
        Table("x", "x", columns, (), "x", groups=(("g", 1),))


def test_a_value_that_a_template_misses_is_an_error() -> None:
    frame = make_frame()
    with pytest.raises(UndefinedError):
        load_environment().from_string("{{ misspelt }}").render(frame=frame)
    with pytest.raises(TemplateNotFound):
        render("../texts/en.toml", frame)


def test_all_templates_compile() -> None:
    environment = load_environment()
    names = environment.list_templates()
    assert len(names) >= 7
    for name in names:
        environment.get_template(name)
