"""Rules of a tenant's own: what a document may say, what is named as a fault, and which rule decides."""

from __future__ import annotations

import pytest

from skeldir.ingest.channels import (
    ChannelChoice,
    OwnRules,
    check_rules,
    choose_by_rules,
    compiled_rules,
)

DOCUMENT = """\
[[rule]]
id = "shop"
channel = "partners"
path.starts_with = "/Shop/"
medium.is = ["CPC", "ppc"]

[[rule]]
id = "news"
channel = "email"
source.contains = ["letter"]
campaign.ends_with = "-de"

[[rule]]
id = "clicks"
channel = "display"
click_id.is = ["GCLID", "own_id"]
referrer.ends_with = ".blog.example"
"""


def rules_of(document: str, version: int = 3) -> OwnRules:
    rules = compiled_rules(version, document)
    assert rules is not None
    return rules


def choose(rules: OwnRules | None, **seen: object) -> ChannelChoice:
    absent: dict[str, object] = dict.fromkeys(
        ("source", "medium", "campaign", "referrer_host", "landing_path")
    )
    return choose_by_rules(rules, **(absent | {"click_id_kinds": ()} | seen))  # type: ignore[arg-type]


def faults(document: str) -> list[str]:
    return [fault.describe() for fault in check_rules(document, {"partners"})[0]]


def covered(document: str) -> list[str]:
    found, covered = check_rules(document, {"partners"})
    assert found == []
    return [fault.describe() for fault in covered]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"landing_path": "/shop/a", "medium": " cPc "}, ("partners", "own.shop@3")),
        ({"landing_path": "/shop/a", "medium": "email"}, ("email", "utm.email")),
        ({"source": "Newsletter", "campaign": "May-DE"}, ("email", "own.news@3")),
        ({"click_id_kinds": ("own_id",), "referrer_host": "a.blog.example"}, ("display", "own.clicks@3")),
        ({"click_id_kinds": ("own_id",), "referrer_host": "blog.example"}, ("referral", "referrer.other")),
        ({}, ("direct", "none")),
    ],
)  # fmt: skip
def test_the_first_rule_whose_conditions_all_hold_decides_else_the_common_rules(
    seen: dict[str, object], expected: tuple[str, str]
) -> None:
    choice = choose(rules_of(DOCUMENT), **seen)
    common = choose(None, **seen)
    if expected[1].startswith("own."):
        assert (choice.code, choice.rule) == expected
    else:
        assert choice == common
        assert choice.code == expected[0]


@pytest.mark.parametrize("placeholder", ["(not set)", "(direct)", "", None])
def test_a_placeholder_passes_no_condition(placeholder: str | None) -> None:
    rules = rules_of('[[rule]]\nid = "a"\nchannel = "email"\nsource.contains = "e"\n')
    assert rules.choose(
        source=placeholder, medium=None, campaign=None, referrer_host=None, click_id_kinds=(), landing_path=None
    ) is None  # fmt: skip


GOOD = '[[rule]]\nid = "a"\nchannel = "email"\n'


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (GOOD + 'source.is = "a', "line 4: This is not TOML"),
        (GOOD, "line 1, rule a: It has no condition"),
        (GOOD + 'always = true\nsource.is = "a"', "line 1, rule a: `always` can only be true"),
        (GOOD + "always = 1", "line 1, rule a: `always` can only be true"),
        pytest.param("x = " + "[" * 20_000, "nested too deeply", id="deep"),
        (GOOD + "always = false", "line 1, rule a: `always` can only be true"),
        (GOOD + 'host.is = "a"', "line 1, rule a: 'host' is not known"),
        (GOOD + 'source.like = "a"', "line 1, rule a: `source.like` is no test"),
        (GOOD + 'click_id.contains = "a"', "line 1, rule a: `click_id.contains` is no test"),
        (GOOD + 'source = "a"', "line 1, rule a: `source` needs a test"),
        (GOOD + "source.is = []", "line 1, rule a: `source.is` must be a text"),
        (GOOD + "source.is = [1]", "line 1, rule a: `source.is` has a value that is no text"),
        (GOOD + 'source.is = "(not set)"', "which stands for nothing"),
        (GOOD + 'source.contains = " "', "which stands for nothing"),
        ("\n" + GOOD.replace("email", "nowhere") + "always = true", "line 2, rule a: 'nowhere' is no channel"),
        (GOOD.replace("email", "unattributed") + "always = true", "'unattributed' is no channel"),
        (GOOD.replace('"a"', '"A b"') + "always = true", "line 1: `id` must be"),
        ((GOOD + "always = true\n") * 2, "line 5, rule a: An earlier rule has the same id"),
        ('rule = [{id = "a", channel = "email", always = true}]', "with the header [[rule]]"),
        ("name = 1", "'name' is not known"),
        ("#" * 32_769, "More than 32768 characters"),
        ("".join(GOOD.replace('"a"', f'"a{n}"') + "always = true\n" for n in range(201)), "More than 200 rules"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_rule_and_line(document: str, fault: str) -> None:
    (found, *_) = faults(document)
    assert fault in found


def test_a_file_may_begin_with_the_mark_of_utf_8() -> None:
    assert faults("\ufeff" + GOOD + "always = true") == []


def test_all_faults_are_named_and_not_only_the_first() -> None:
    document = GOOD + 'host.is = "a"\nsource.like = "a"\n' + GOOD.replace('"a"', '"b"')
    assert len(faults(document)) == 3


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ("always = true", 'source.is = "a"', True),
        ('source.is = "a"', 'source.is = " A "', True),
        ('source.is = ["a", "b"]', 'source.is = "b"\nmedium.is = "x"', True),
        ('source.is = "a"', 'source.is = ["a", "b"]', False),
        ('source.contains = "ab"', 'source.starts_with = "cabd"', True),
        ('source.starts_with = "ab"', 'source.contains = "ab"', False),
        ('source.ends_with = "b"', 'source.is = "ab"', True),
        ('source.ends_with = "b"', 'source.starts_with = "ab"', False),
        ('source.is = "a"\nmedium.is = "x"', 'source.is = "a"', False),
        ('click_id.is = ["gclid", "fbclid"]', 'click_id.is = "gclid"', True),
        ('click_id.is = "gclid"', 'click_id.is = ["gclid", "fbclid"]', False),
    ],
)
def test_a_rule_that_an_earlier_one_always_precedes_is_named(
    earlier: str, later: str, *, is_covered: bool
) -> None:
    document = GOOD + earlier + "\n" + GOOD.replace('"a"', '"b"') + later
    assert bool(covered(document)) is is_covered
    if is_covered:
        assert "rule b: It can never match: the rule a of line 1" in covered(document)[0]
