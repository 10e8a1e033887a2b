"""The texts that customers read, in French: `./dev texts` brings the list up to date and compiles it.

Collected are the texts of the files below and no others: the portal's own pages stay English.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locale" / "fr_CA" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
# What customers see, beside mails, which are whole texts of their own.
PAGES = [
    "frontend/templates/frontend/public/**/*.html",
    "frontend/views/public/**/*.py",
    "frontend/public.py",
    "frontend/ballots.py",
    "frontend/questions.py",
    "frontend/forms/vote.py",
    "frontend/forms/customer_page.py",
    "frontend/forms/tell_us.py",
    "frontend/templates/frontend/components/error_summary.html",
    "frontend/templates/frontend/components/field.html",
    "frontend/templates/frontend/components/field_notes.html",
    "frontend/templates/frontend/components/tiles.html",
    "cso/languages.py",
    "cso/committees/balloting.py",
    "cso/committees/models/nominations.py",
    "cso/committees/models/orders.py",
    "cso/committees/motions.py",
    "cso/committees/opening.py",
    "cso/committees/wording.py",
    "cso/recovery/customer_page.py",
    "cso/recovery/call_backs.py",
]
_CALLS = {"gettext", "gettext_lazy", "_"}


def customer_files() -> list[Path]:
    return sorted(path for pattern in PAGES for path in ROOT.glob(pattern))


def messages() -> dict[str, list[str]]:
    """Each text with the files in which it stands."""
    found: dict[str, list[str]] = {}
    for path in customer_files():
        source = path.read_text()
        texts = _of_template(source) if path.suffix == ".html" else _of_code(source)
        for text in texts:
            places = found.setdefault(text, [])
            if (place := str(path.relative_to(ROOT))) not in places:
                places.append(place)
    return found


def _of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            text = ast.literal_eval(node.args[0])
            assert isinstance(text, str)
            yield text


def _of_template(source: str) -> Iterator[str]:
    # What Django makes of a template for xgettext: calls among crossed-out letters.
    for call in re.finditer(r"""\b(?:gettext|_)\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)""", templatize(source)):
        yield ast.literal_eval(call[1])


def update() -> list[str]:
    """Write the list anew, keeping what is translated, and compile it; the texts that lack their French."""
    known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(PO))} if PO.exists() else {}
    catalog = polib.POFile(wrapwidth=120)
    catalog.metadata = {
        "Language": "fr_CA",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    for text, places in messages().items():
        python_format = ["python-format"] if re.search(r"%\(\w+\)s", text) else []
        occurrences = [(place, "") for place in places]
        catalog.append(
            polib.POEntry(msgid=text, msgstr=known.get(text, ""), occurrences=occurrences, flags=python_format)
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    catalog.save(str(PO))
    catalog.save_as_mofile(str(MO))
    return [entry.msgid for entry in catalog if not entry.msgstr]


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True)
    django.setup()
    if missing := update():
        sys.exit("These lack their French in locale/fr_CA/LC_MESSAGES/django.po:\n" + "\n".join(missing))
