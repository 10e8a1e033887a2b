"""Names in what customers write, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cso.panels.masking import Names, has_names, is_doubtful, masked

STAFF = Names.of(
    ["Fran Line", "Lea North", "Stéphane O'Brien-Lévesque", "Will Young", "Mohammed Al Farsi", "Anne de la Tour"],
    ["Station manager"],
)
AUTHOR = Names.of(["Grace Hopper"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Fran was rude", "[name] was rude"),
        ("fran line was rude, FRAN LINE!!", "[name] was rude, [name]!!"),
        ("LINE FRAN and Line, Fran", "[name] and [name]"),
        ("Fran's desk. Frans desk.", "[name]'s desk. [name] desk."),
        ("The line was long. Line ignored me", "The line was long. [name] ignored me"),
        ("I asked fran line about the line", "I asked [name] about the line"),
        ("stephane, STÉPHANE, Stéphane, Ste\u0301phane", "[name]"),
        ("agent O'Brien, d'O’Brien, OBrien", "agent [name], d'[name]"),
        ("F. Line and L. North", "[name] and [name]"),
        ("F r a n and F.r.a.n", "[name] and [name]"),
        ("Fr\u200ban", "[name]"),
        ("Frаn in Cyrillic", "[name] in Cyrillic"),
        ("ask FranLine or fline or Fran_Line", "ask [name] or [name] or [name]"),
        ("the Mohamed guy", "the [name] guy"),  # a letter is missing
        ("will you come? will young is bad", "will you come? [name] is bad"),
        ("the tall one, Will, and the Al next to him", "the tall one, [name], and the [name] next to him"),
        ("the station manager yelled", "the [name] yelled"),
        ("anne de la tour, Mme de la Tour", "[name], Mme de la [name]"),
        ("write to fran.line@acme.example", "write to [contact]"),
        ("call me: +1 (514) 555-0199", "call me: [contact]"),
        ("see https://acme.example/team/17 or @frank", "see [contact] or [contact]"),
        ("booking 20391845", "booking [contact]"),
        ("Gate 12 at 10:30, flight AC123", "Gate 12 at 10:30, flight AC123"),
        ("Grace here. hopper", "[name] here. [name]"),
        ("my name is Ada Byron and I waited", "my name is [name] and I waited"),
        ("It was long. Regards,\nAda Byron", "It was long. Regards,\n[name]"),
        ("Je m’appelle Émilie Roy, bravo", "Je m’appelle [name], bravo"),
        ("[name] was rude", "[name] was rude"),
        ("", ""),
    ],
)
def test_names_are_masked(written: str, read: str) -> None:
    assert masked(written, STAFF, AUTHOR) == read
    assert masked(read, STAFF, AUTHOR) == read  # masked once more it stays


def test_without_names_only_addresses_are_masked() -> None:
    assert masked("Fran, call 514 555 0199", Names.of([])) == "Fran, call [contact]"
    assert masked("Fran was great", Names.of([""]), AUTHOR) == "Fran was great"


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    once = masked(text, STAFF, AUTHOR)
    assert "fran" not in {word for word in once.lower().split() if word.isascii()}


@given(st.sampled_from(["Fran", "fran line", "LEA", "Lévesque", "levesque"]), st.text("ab .,\n!", max_size=20))
def test_a_name_between_any_other_words_is_found(name: str, around: str) -> None:
    assert masked(f"{around} {name} {around}", STAFF).count("[name]") == 1


@pytest.mark.parametrize(
    ("words", "is_one"), [("Fran", True), ("fran", True), ("late line", False), ("Line", True), ("toilets", False)]
)
def test_words_of_a_search_are_known_for_names(words: str, is_one: bool) -> None:
    assert has_names(words, STAFF) is is_one


@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ("Fran was wonderful", False),
        ("Nothing. Fran was rude", True),
        ("Great, but Fran was slow", True),
        ("L’accueil était parfait", False),
        ("Rien du tout", True),
        ("Désagréable", True),
    ],
)
def test_praise_that_may_be_none_is_doubted(words: str, is_so: bool) -> None:
    assert is_doubtful(words) is is_so
