"""The texts that people read, in French: `./dev texts` brings the list up to date and compiles it.

Collected is what the code and the templates mark as a text. Mails are none of it, as they are whole texts of their own,
nor is what speaks English always: the API, the commands and the demo story.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locale" / "fr_CA" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
PLACES = [f"{app}/**/*.{suffix}" for app in ("frontend", "cso", "tenants") for suffix in ("py", "html")]
_TOLD_IN_ENGLISH = {"demo", "management", "migrations"}
# Which parts of a text a call names, in their order.
_CALLS = {
    "_": ("one",),
    "gettext": ("one",),
    "gettext_lazy": ("one",),
    "gettext_noop": ("one",),
    "ngettext": ("one", "many"),
    "ngettext_lazy": ("one", "many"),
    "pgettext": ("context", "one"),
    "pgettext_lazy": ("context", "one"),
    "npgettext": ("context", "one", "many"),
}
_STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\({_STRING}(?:, ?{_STRING})?(?:, ?{_STRING})?")


class Text(NamedTuple):
    """A text in English: `many` for more than one, where it counts; `context` where one word has two meanings."""

    one: str
    many: str = ""
    context: str = ""


def files() -> list[Path]:
    found = {path for pattern in PLACES for path in ROOT.glob(pattern)}
    return sorted(path for path in found if not _TOLD_IN_ENGLISH & set(path.relative_to(ROOT).parts))


def messages() -> dict[Text, list[str]]:
    """Each text with the files in which it stands."""
    found: dict[Text, list[str]] = {}
    for path in files():
        source = path.read_text()
        for text in _of_template(source) if path.suffix == ".html" else _of_code(source):
            places = found.setdefault(text, [])
            if (place := str(path.relative_to(ROOT))) not in places:
                places.append(place)
    return _with_plurals_once(found)


def _with_plurals_once(found: dict[Text, list[str]]) -> dict[Text, list[str]]:
    """A catalog holds a text once: one that stands alone elsewhere is said by its plural's entry."""
    plurals = {(text.one, text.context): text for text in found if text.many}
    merged: dict[Text, list[str]] = {}
    for text, places in found.items():
        kept = merged.setdefault(plurals.get((text.one, text.context), text), [])
        kept.extend(place for place in places if place not in kept)
    return merged


def _of_code(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            parts = _CALLS[node.func.id]
            said = [ast.literal_eval(argument) for argument in node.args[: len(parts)]]
            yield Text(**dict(zip(parts, said, strict=True)))


def _of_template(source: str) -> Iterator[Text]:
    # What Django makes of a template for xgettext: calls among crossed-out letters.
    for call in _CALL.finditer(templatize(source)):
        parts = _CALLS[call[1]]
        said = [ast.literal_eval(string) for string in call.groups()[1 : len(parts) + 1]]
        yield Text(**dict(zip(parts, said, strict=True)))


def known() -> dict[Text, polib.POEntry]:
    """What the catalog says of each text."""
    entries = polib.pofile(str(PO)) if PO.exists() else []
    return {Text(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): entry for entry in entries}


def french(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    """What an entry says in French: one text, or that for one and that for more; an empty one is lacking."""
    return [entry.msgstr_plural.get(0, ""), entry.msgstr_plural.get(1, "")] if entry.msgid_plural else [entry.msgstr]


def update() -> list[Text]:
    """Write the list anew, keeping what is translated, and compile it; the texts that lack their French."""
    before = known()
    catalog = polib.POFile(wrapwidth=120)
    catalog.metadata = {
        "Language": "fr_CA",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    for text, places in messages().items():
        catalog.append(_entry(text, places, before.get(text)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    catalog.save(str(PO))
    catalog.save_as_mofile(str(MO))
    return [text for text, entry in known().items() if not all(french(entry))]


def _entry(text: Text, places: list[str], before: polib.POEntry | None) -> polib.POEntry:
    said = french(before) if before else ["", ""]
    entry = polib.POEntry(
        msgid=text.one,
        msgctxt=text.context or None,
        occurrences=[(place, "") for place in places],
        flags=["python-format"] if re.search(r"%\(\w+\)s", text.one + text.many) else [],
    )
    if text.many:
        entry.msgid_plural, entry.msgstr_plural = text.many, dict(enumerate(said))
    else:
        entry.msgstr = said[0]
    return entry


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True)
    django.setup()
    if missing := update():
        lacking = "\n".join(text.one for text in missing)
        sys.exit(f"These lack their French in locale/fr_CA/LC_MESSAGES/django.po:\n{lacking}")
