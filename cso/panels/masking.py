"""Taking names and addresses out of what customers wrote. Pure: a text and names in, a text out.

Compared is what a reader sees: whatever the case, accents, invisible signs and letters of other scripts that look
alike. Rather a word too many is masked than a name too few.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from cso.panels.ordinary import DOUBTFUL, LITTLE, ORDINARY

NAME, CONTACT = "[name]", "[contact]"

_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+"  # a page
    r"|[^\s@<>()\[\],;:]+\s?@\s?[^\s@<>()\[\],;:]+\.[^\s@<>()\[\],;:]+"  # an e-mail address
    r"|(?<![\w@])@\w[\w.]*"  # a handle
    r"|\+?\(?\d(?:[\s().\-/]{0,3}\d){5,}"  # a phone number, or whatever else has six digits or more
)
# Who says so of themselves, or signs.
_SELF = re.compile(
    r"(?i:\b(?:my name is|my name's|i am called|je m['’]appelle|mon nom est|signed|signée?|regards|sincerely|"
    r"cordialement|bien à vous)\b)[\s,:.–—-]{1,5}((?:[^\W\d_a-zà-ÿ][\w.'’-]*[^\S\n]{0,2}){1,3})"
)
_WORD = re.compile(r"[^\W_]+")
_ALIKE = str.maketrans(
    "аеорсухіјѕһԁвмнткαοενικρτυ",  # Cyrillic and Greek
    "aeopcyxijshdbmhtkaoevikptu",
)
_LEAST_NEAR = 5
# Between the parts of one name.
_JOINT = re.compile(r"[\s.,'’\-_]*")
_ARE_NO_INITIALS = frozenset("aiy")


@cache
def _folded_letter(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter).casefold()
    return "".join(each for each in plain if unicodedata.category(each) not in {"Mn", "Cf"}).translate(_ALIKE)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and for each of its letters where it stands in the text."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters = [(folded, n) for n, letter in enumerate(text) for folded in _folded_letter(letter)]
    return "".join(folded for folded, _ in letters), [n for _, n in letters]


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(_folded(text)[0])


@dataclass(frozen=True)
class Names:
    """Names to look for, by their words.

    sure: masked in any case; ordinary: only with a capital; little: moreover not where a sentence begins. titles: whole
    names, and posts that so few hold that they are as good as a name; in any case.
    """

    sure: frozenset[str]
    ordinary: frozenset[str]
    little: frozenset[str]
    titles: frozenset[tuple[str, ...]]
    # Of those which may be misspelt.
    long: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str], titles: Iterable[str] = (), *, misspelt: bool = True) -> Names:
        """misspelt: also find them with one letter wrong."""
        written = [words_of(name) for name in names]
        parts = {part for words in written for part in words if len(part) > 1}
        joined = {each for words in written for each in _joined(words)}
        ordinary = parts & ORDINARY
        # What is ordinary by itself is a name beside the others: "anne de la tour".
        whole = [words for words in written if len(words) > 1 and not ORDINARY.isdisjoint(words)]
        return cls(
            frozenset((parts - ordinary) | (joined - ORDINARY)),
            frozenset(ordinary - LITTLE),
            frozenset(ordinary & LITTLE),
            frozenset(tuple(words) for words in [*whole, *map(words_of, titles)] if words),
            frozenset(part for part in parts - ordinary if misspelt and len(part) >= _LEAST_NEAR),
        )

    @property
    def has_none(self) -> bool:
        return not (self.sure or self.ordinary or self.little or self.titles)

    @cached_property
    def near(self) -> frozenset[str]:
        """The long names, and what is left of them without one letter, as of a misspelt one."""
        return frozenset(each for name in self.long for each in _without_a_letter(name))

    @cached_property
    def titles_by_first(self) -> dict[str, list[tuple[str, ...]]]:
        found: dict[str, list[tuple[str, ...]]] = {}
        for title in self.titles:
            found.setdefault(title[0], []).append(title)
        return found


@dataclass
class _Word:
    folded: str
    start: int
    end: int
    is_capital: bool
    begins: bool
    is_name: bool = False


def masked(text: str, *names: Names) -> str:
    """The text without any of the names, nor addresses, numbers and signatures."""
    text = _ADDRESS.sub(CONTACT, text)
    text = _SELF.sub(lambda found: found[0].replace(found[1].rstrip(), NAME), text)
    known = [each for each in names if not each.has_none]
    if not known:
        return text
    words = _words(text)
    for each in known:
        _mark(words, each)
    return _replaced(text, words)


def has_names(text: str, *names: Names) -> bool:
    """Whether something of it is a name, such as a word that somebody searches for."""
    return masked(text, *names) != text


def is_doubtful(text: str) -> bool:
    """Whether it may say something bad, though it was asked what went right."""
    return not DOUBTFUL.isdisjoint(words_of(text))


def _words(text: str) -> list[_Word]:
    folded, places = _folded(text)
    found: list[_Word] = []
    for match in _WORD.finditer(folded):
        start, end = places[match.start()], places[match.end() - 1] + 1
        before = text[found[-1].end : start] if found else "."
        # What was masked already is no word.
        if before.endswith("[") and text[end : end + 1] == "]":
            continue
        begins = bool(set(before) & set(".!?\n•:"))
        found.append(_Word(match[0], start, end, text[start].isupper(), begins))
    return found


def _mark(words: list[_Word], names: Names) -> None:
    for word in words:
        word.is_name = word.is_name or _is_name(word, names)
    _mark_titles(words, names)
    _mark_spelled_out(words, names)
    for before, after in pairwise(words):  # parts of a name beside one that is sure
        after.is_name = after.is_name or (before.is_name and _goes_with(after, names))
    for after, before in pairwise(reversed(words)):
        before.is_name = before.is_name or (after.is_name and _goes_with(before, names))


def _is_name(word: _Word, names: Names) -> bool:
    folded = word.folded
    if folded in names.sure or (len(folded) > 4 and folded.endswith("s") and folded[:-1] in names.sure):
        return True
    if not word.is_capital:
        return False
    if folded in names.ordinary or (folded in names.little and not word.begins):
        return True
    return not word.begins and _is_near(folded, names)


def _is_near(folded: str, names: Names) -> bool:
    """Whether it is a long name with one letter wrong, missing, too many or in the wrong place."""
    if len(folded) < _LEAST_NEAR or folded in ORDINARY:
        return False
    return not names.near.isdisjoint(_without_a_letter(folded))


def _goes_with(word: _Word, names: Names) -> bool:
    """Whether a word beside a name belongs to it: another part of names, or an initial."""
    if len(word.folded) == 1:
        return word.is_capital and word.folded not in _ARE_NO_INITIALS
    return word.folded in names.ordinary or (word.folded in names.little and word.is_capital)


def _mark_titles(words: list[_Word], names: Names) -> None:
    for n, first in enumerate(words):
        for title in names.titles_by_first.get(first.folded, ()):
            part = words[n : n + len(title)]
            if tuple(word.folded for word in part) == title:
                for word in part:
                    word.is_name = True


def _mark_spelled_out(words: list[_Word], names: Names) -> None:
    """Names whose letters stand apart."""
    run: list[_Word] = []
    for word in [*words, _Word("", 0, 0, False, False)]:
        if len(word.folded) == 1:
            run.append(word)
            continue
        spelled = "".join(each.folded for each in run)
        if len(run) > 2 and (spelled in names.sure or spelled in names.ordinary):
            for each in run:
                each.is_name = True
        run = []


def _replaced(text: str, words: list[_Word]) -> str:
    parts, done, end_of_name = [], 0, -1
    for word in words:
        if not word.is_name:
            continue
        is_same = end_of_name >= 0 and _JOINT.fullmatch(text, end_of_name, word.start) is not None
        if not is_same:
            parts += [text[done : word.start], NAME]
        done = end_of_name = word.end
    return "".join([*parts, text[done:]])


def _joined(words: Sequence[str]) -> Iterable[str]:
    """How a name is written in one word, in addresses and by who is in a hurry."""
    if len(words) < 2:
        return []
    first, last = words[0], words[-1]
    found = {"".join(words), "".join(reversed(words)), first + last, last + first, first[0] + last, first + last[0]}
    found |= {one + other for one, other in pairwise(words)}  # "OBrien", "JeanPierre"
    return {each for each in found if len(each) >= _LEAST_NEAR}


def _without_a_letter(word: str) -> frozenset[str]:
    return frozenset({word} | {word[:n] + word[n + 1 :] for n in range(len(word))})
