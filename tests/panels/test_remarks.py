"""What customers write: read, searched, and made something of."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cso.clock import database_now
from cso.committees.from_remarks import nominate_from_remark
from cso.committees.models import Nomination
from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.panels.answering import submit_response
from cso.panels.models import Remark, Wave
from cso.panels.remarks import read_remarks, readable_remark, remarks_of, tag_remark
from cso.panels.themes import frequent_words, remove_theme, set_theme, themes_of
from cso.panels.turning import complaint_to_case, praise_to_recognition
from cso.panels.waves import close_wave
from cso.people import actions as people
from cso.people.models import Person
from cso.recovery.erasure import ERASED, erase_customer
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels import scenes
from tests.panels.scenes import Scene
from tests.panels.survey import Row, survey
from tests.personas import NOW, Company

ASKED = [
    {"code": "right", "kind": "words", "asks_for": "right"},
    {"code": "nps", "kind": "nps"},
    {"code": "wrong", "kind": "words", "asks_for": "wrong"},
]


def _rows(words: Sequence[str], code: str = "wrong", unit: str = "south", nps: int = 9) -> list[Row]:
    return [Row(unit, "", {"nps": nps, code: each}) for each in words]


def _read(viewer: Membership, wave: Wave, **asked: object) -> list[str]:
    found = remarks_of(viewer, wave, **asked)  # type: ignore[arg-type]
    return [each.words for each in read_remarks(viewer, wave, list(found.remarks))]


COMPLAINTS = [
    "Fran Line kept me waiting",
    "Long wait at the desk",
    "Waited for hours",
    "No soap",
    "We waited. Lea laughed",
]


def test_praise_is_named_and_criticism_is_not(acme: Company) -> None:
    cso, leader = acme.member(Role.CSO), acme.member(Role.EXECUTIVE)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [*_rows(COMPLAINTS), *_rows(["Fran was lovely"], "right", "north-1")])
        read = _read(leader, wave)
        assert read[0] == "Fran was lovely"
        assert set(read[1:]) == {"[name] kept me waiting", "We waited. [name] laughed", *COMPLAINTS[1:4]}
        assert set(_read(cso, wave)) == {"Fran was lovely", *COMPLAINTS}  # the panel's steward
        praise = Remark.objects.get(is_praise=True)
        assert praise.unit == acme.units["north-1"]
        assert {each.unit for each in Remark.objects.filter(is_praise=False)} == {acme.units["south"]}


@pytest.mark.parametrize(("words", "nps"), [("Nothing. Fran Line is awful", 9), ("Fran Line again", 2)])
def test_what_went_right_is_no_praise_where_it_is_none(acme: Company, words: str, nps: int) -> None:
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [*_rows([words] * 5, "right", nps=nps)])
        assert not Remark.objects.filter(is_praise=True).exists()
        assert all("[name]" in each for each in _read(acme.member(Role.AUDITOR), wave))


def test_too_few_who_criticise_are_read_by_the_steward_alone(acme: Company) -> None:
    auditor = acme.member(Role.AUDITOR)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [*_rows(COMPLAINTS[:4]), *_rows(["Lovely"] * 3, "right")])
        assert _read(auditor, wave) == ["Lovely"] * 3
        assert len(_read(acme.member(Role.CSO), wave)) == 7
        held = Remark.objects.filter(is_held_back=True).first()
        assert held is not None
        with pytest.raises(Remark.DoesNotExist):
            readable_remark(auditor, held.pk)
        assert [count.criticism for count in themes_of(auditor, wave)] == []


def test_a_search_finds_what_may_be_read(acme: Company) -> None:
    auditor, cso = acme.member(Role.AUDITOR), acme.member(Role.CSO)
    many = [*COMPLAINTS, "Waiting again", "Still waiting", "wait wait"]
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [*_rows(many), *_rows(["Fran did no waiting, she ran"[:8] + "ran"], "right")])
        assert len(_read(auditor, wave, words="wait")) == 7  # in each of its forms
        assert _read(auditor, wave, words="fran") == ["Fran didran"]  # of praise alone
        assert len(_read(cso, wave, words="soap")) == 1
        found = remarks_of(auditor, wave, words="soap")
        assert (list(found.remarks), found.holds_back) == ([], True)
        assert not remarks_of(auditor, wave, words="lobster").holds_back
        assert _read(auditor, wave, unit=acme.units["north"]) == []
        # Somebody of the name of a word that was used begins to work here.
        people.add_person("Desk Soap", by=None)
        assert not any("soap" in each.lower() for each in _read(auditor, wave))
        assert _read(auditor, wave, words="soap OR wait") == []


def test_remarks_are_tagged_and_counted_by_theme(acme: Company) -> None:
    cso, auditor = acme.member(Role.CSO), acme.member(Role.AUDITOR)
    french = [Row("south", "", {"wrong": words}, language="fr-ca") for words in ["Les toilettes étaient sales"] * 5]
    with tenant_scope(acme.tenant):
        waiting = set_theme("Waiting", ["wait", "queue"], by=cso)
        dirt = set_theme("Dirt", ["soap", "toilette"], by=cso)
        wave = survey(acme, ASKED, [*_rows(COMPLAINTS), *french, *_rows(["Short wait"], "right")])
        assert [(each.theme, each.praise, each.criticism) for each in themes_of(auditor, wave)] == [
            (dirt, 0, 6),
            (waiting, 1, None),
        ]
        assert [each.criticism for each in themes_of(cso, wave)] == [6, 4]
        assert len(_read(auditor, wave, theme=dirt)) == 6
        assert frequent_words(auditor, wave, praise=False) == ["sales", "toilettes"]
        remark = remarks_of(cso, wave, praise=False).remarks[0]
        assert tag_remark(remark, ["Follow  UP", "follow up", ""], by=cso).tags == ["follow up"]
        assert _read(auditor, wave, tag="follow up") == []
        assert len(_read(cso, wave, tag="follow up")) == 1
        with pytest.raises(InvalidFieldsError, match="no names"):
            tag_remark(remark, ["fran"], by=cso)
        with pytest.raises(NotAllowedError):
            tag_remark(remark, ["x"], by=auditor)
        with pytest.raises(InvalidFieldsError, match="no theme"):
            set_theme("Staff", ["Fran"], by=cso)
        remove_theme(dirt, by=cso)
        assert [each.theme for each in themes_of(auditor, wave)] == [waiting]


def test_praise_becomes_a_recognition(acme: Company) -> None:
    executive = acme.member(Role.EXECUTIVE)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, [*_rows(["Fran was lovely"], "right"), *_rows(COMPLAINTS)])
        praise, blame = Remark.objects.get(is_praise=True), Remark.objects.filter(is_praise=False).first()
        fran = Person.objects.get(name="Fran Line")
        made = praise_to_recognition(praise, fran, by=executive, now=NOW)
        assert (made.what, made.customer_words, made.source_id) == ("Fran was lovely", "Fran was lovely", praise.pk)
        (read,) = read_remarks(executive, wave, [Remark.objects.get(pk=praise.pk)])
        assert (read.became, read.became_id) == ("recognition", made.pk)
        assert blame is not None
        with pytest.raises(ConflictError, match="not praise"):
            praise_to_recognition(blame, fran, by=executive, now=NOW)


def test_a_complaint_becomes_a_case_or_a_nomination(acme: Company) -> None:
    cso, executive = acme.member(Role.CSO), acme.member(Role.EXECUTIVE)
    with tenant_scope(acme.tenant):
        wave = survey(acme, ASKED, _rows([COMPLAINTS[0]] * 5))
        one, two = Remark.objects.filter(wave=wave)[:2]
        with pytest.raises(NotAllowedError):
            complaint_to_case(one, by=executive, now=NOW)
        case = complaint_to_case(one, by=cso, now=NOW)
        assert (case.summary, case.unit, case.customer) == ("[name] kept me waiting", acme.units["south"], None)
        (read,) = read_remarks(executive, wave, [Remark.objects.get(pk=one.pk)])
        assert (read.became, read.became_id) == ("case", None)
        nomination = nominate_from_remark(two, by=executive, now=NOW)
        assert (nomination.words, nomination.source) == ("[name] kept me waiting", Nomination.Source.PANEL)
        assert nomination.unit == acme.units["south"]
        for turned in (one, two):
            with pytest.raises(ConflictError, match="already"):
                complaint_to_case(turned, by=cso, now=NOW)


def _of_invited(scene: Scene, *, may_contact: bool) -> dict[str, Remark]:
    """The complaints of a closed wave by the number of who wrote them; one of them may be contacted, or nobody."""
    scene.members(5)
    wave = scene.wave(questions=scenes.SHORT)
    for number, invitation in enumerate(scene.invite(wave)):
        response = scenes.answer(
            invitation, {"words": "Kind"}, {"score": 2}, {"words": "We waited an hour"}, is_sent=False
        )
        submit_response(response, may_contact=may_contact and number == 0)
    closed = close_wave(wave, by=scene.panel.steward, now=database_now())
    written = Remark.objects.filter(wave=closed, is_praise=False, words="We waited an hour")
    return {each.answer.response.invitation.customer.external_id: each for each in written}


@pytest.mark.parametrize("may_contact", [True, False])
def test_a_case_names_its_customer_where_they_may_be_contacted(acme: Company, may_contact: bool) -> None:
    with tenant_scope(acme.tenant):
        scene = scenes.found(acme, steward=acme.member(Role.EXECUTIVE))
        remarks = _of_invited(scene, may_contact=may_contact)
        first = min(remarks)
        customers = {}
        for number, remark in remarks.items():
            with pytest.raises(NotAllowedError):
                complaint_to_case(remark, by=acme.member(Role.CSO), now=scene.now)
            customers[number] = complaint_to_case(remark, by=acme.member(Role.EXECUTIVE), now=scene.now).customer
        assert {number for number, customer in customers.items() if customer is not None} == (
            {first} if may_contact else set()
        )
        if (known := customers[first]) is not None:
            assert known.external_id == first


def test_an_erased_customer_leaves_no_words_in_what_they_nominated(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = scenes.found(acme, steward=acme.member(Role.EXECUTIVE))
        (first, remark), (_, other) = sorted(_of_invited(scene, may_contact=False).items())[:2]
        made, kept = (nominate_from_remark(each, by=acme.member(Role.CSO), now=scene.now) for each in (remark, other))
        erase_customer(Customer.objects.get(external_id=first), by=None, now=scene.now)
        words = dict(Nomination.objects.values_list("pk", "words"))
        assert words == {made.pk: ERASED, kept.pk: "We waited an hour"}
        assert Remark.objects.get(pk=remark.pk).words == ERASED
