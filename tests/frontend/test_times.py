"""Instants in words; js/app.js keeps to the same steps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from frontend.templatetags.times import ago, due_in, span, time_words

NOW = datetime(2026, 11, 20, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(minutes=-90), "1 h"),
    ],
)
def test_a_length_of_time_is_rounded_down_to_its_largest_unit(length: timedelta, text: str) -> None:
    assert span(length) == text.replace(" ", "\u00a0")


def test_what_is_due_says_what_is_left_and_the_hour_of_the_readers_zone() -> None:
    with timezone.override(ZoneInfo("America/Toronto")):
        assert due_in(NOW + timedelta(hours=3), NOW) == (
            '<time datetime="2026-11-20T17:20:00+00:00" title="20 Nov 2026, 12:20" '
            'data-relative="due">3\u00a0h left</time>'
        )


def test_what_is_overdue_says_by_how_much() -> None:
    assert ">0\u00a0min left<" in due_in(NOW, NOW)  # exactly 24:00:00 is in time
    assert ">0\u00a0min late<" in due_in(NOW - timedelta(microseconds=1), NOW)
    assert ">5\u00a0h late<" in due_in(NOW - timedelta(hours=5), NOW)


def test_what_was_says_how_long_ago() -> None:
    assert 'data-relative="ago">2\u00a0d ago<' in ago(NOW - timedelta(days=2), NOW)


def test_the_page_hands_its_words_and_its_clock_to_the_script() -> None:
    words = 'data-units="min h d" data-left="{} left" data-late="{} late" data-ago="{} ago"'
    words += ' data-in="due in {}" data-silent="silent for {}"'
    assert time_words(NOW) == f'{words} data-now="2026-11-20T14:20:00+00:00"'
    assert time_words("") == words
