"""The language of a page: what the address asks for, else what the browser prefers, else English."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.web import LANGUAGES, LOCALES, choose_locale, phrases_for, read_texts


@pytest.mark.parametrize(
    ("asked", "accepted", "tag"),
    [
        (None, None, "en"),
        (None, "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (None, "de-AT,de;q=0.9", "de"),
        (None, "de-CH,de;q=0.9", "de-CH"),
        ("de-ch", "fr", "de-CH"),
        ("de", "fr", "de"),
        ("xx", "fr", "fr"),
        (None, "es,pt;q=0.9", "en"),
        (None, "en;q=0.4, de;q=0.70, fr;q=0.699", "de"),
        (None, "fr;q=0, de;q=0.1", "de"),
        (None, "fr;q=high, *, de", "de"),
        (None, "fr," * 1_000, "en"),
    ],
)
def test_the_language_is_asked_for_or_preferred(
    asked: str | None, accepted: str | None, tag: str
) -> None:
    assert choose_locale(asked, accepted).tag == tag


@given(st.text("deDE-_ x", max_size=20), st.text("de-_;,=q.01 *fr", max_size=60))
@settings(max_examples=40, deadline=None)
def test_whatever_is_sent_gives_a_language(asked: str, accepted: str) -> None:
    assert choose_locale(asked, accepted) in LOCALES.values()


def test_all_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    def placeholders(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    english = read_texts("en")
    assert len(english) > 70
    for language in LANGUAGES:
        texts = read_texts(language)
        assert texts.keys() == english.keys(), language
        for name, text in texts.items():
            assert text.strip() == text != "", (language, name)
            assert placeholders(text) == placeholders(english[name]), (language, name)
            assert all(str(field).isidentifier() for field in placeholders(text)), (language, name)
            assert not set(text) & set('<>"'), (language, name)


def test_every_plural_has_both_forms() -> None:
    names = set(read_texts("en"))
    for name in names:
        stem, _, form = name.rpartition(".")
        if form in ("one", "other"):
            assert {f"{stem}.one", f"{stem}.other"} <= names


@pytest.mark.parametrize(
    ("tag", "texts"),
    [
        ("en", ["0 rows", "1 row", "2 rows"]),
        ("de", ["0 Zeilen", "1 Zeile", "2 Zeilen"]),
        ("fr", ["0 ligne", "1 ligne", "2 lignes"]),
    ],
)
def test_a_number_chooses_the_form_of_its_text(tag: str, texts: list[str]) -> None:
    say = phrases_for(LOCALES[tag])
    assert [say.counted("table.rows", count, str(count)) for count in range(3)] == texts


def test_a_text_that_does_not_exist_or_misses_a_value_is_an_error() -> None:
    say = phrases_for(LOCALES["en"])
    with pytest.raises(KeyError):
        say("page.nowhere")
    with pytest.raises(KeyError):
        say("table.unknown")
