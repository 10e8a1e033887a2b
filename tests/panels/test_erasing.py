"""An erased customer: no panel, answer, remark or mail tells who they were or what they said, and all counts stay."""

from __future__ import annotations

import json

from cso.clock import database_now
from cso.customers.models import Asked
from cso.outbox.models import OutgoingMail
from cso.panels import waves
from cso.panels.models import Answer, Commitment, Invitation, PanelMember, Remark, Response, Truth
from cso.panels.sessions import plan_session
from cso.recognition.models import Recognition
from cso.recovery.erasure import ERASED, erase_customer
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, HOUR, Scene, answer, found
from tests.personas import Company, log_case
from tests.recovery.test_erasure import SECRET, dump


def counts() -> dict[str, int]:
    return {
        model.__name__: model.objects.count() for model in (Asked, Answer, Invitation, PanelMember, Remark, Response)
    }


def quoted(scene: Scene, remark: Remark) -> None:
    """Everything that may be made of what somebody wrote, in their words."""
    units, leader = scene.company.units, scene.company.leader
    session = plan_session(scene.panel, "May", planned_at=scene.now, by=None, now=scene.now)
    truth = Truth.objects.create(session=session, remark=remark, words=f"{SECRET} waits")
    due = {"made_at": scene.now - DAY, "due_at": scene.now + DAY, "done_at": scene.now, "told_at": scene.now}
    told = Commitment.objects.create(
        panel=scene.panel, unit=units["top"], owner=leader, truth=truth, you_said=SECRET, what="W", we_did="D", **due
    )
    Recognition.objects.create(
        kind="delight", person=leader, unit=units["top"], what="Smiled", customer_words=f"{SECRET} smiles",
        source="remark", source_id=remark.pk, recognised_at=scene.now,
    )  # fmt: skip
    case = log_case(units["south"], scene.now - HOUR, summary=f"{SECRET} waited")
    Remark.objects.filter(pk=remark.pk).update(became="case", became_id=case.pk)
    customer = remark.answer.response.invitation.customer
    # A mail to an address that they have no more.
    key = f"you_said_we_did:{told.pk}:{customer.pk}"
    OutgoingMail.objects.create(
        key=key, kind="you_said_we_did", recipient=f"{SECRET}@old.example", subject="S", text=SECRET
    )


def test_nothing_tells_who_they_were(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        customer = scene.customer(name=SECRET, email=f"{SECRET}@customers.example", segment=SECRET)
        type(customer).objects.filter(pk=customer.pk).update(segment="family")
        customer.refresh_from_db()
        member = scene.member(customer, consent_source=f"{SECRET} on the phone")
        scene.members(6)
        closed, running = scene.wave(), scene.wave()
        for wave in (closed, running):
            for invitation in scene.invite(wave):
                answer(invitation, {"words": f"{SECRET} is nice"}, {"score": 2}, {"words": f"{SECRET} waits"})
        # Those of the others say it too, and stay.
        waves.close_wave(closed, by=acme.member(Role.CSO), now=scene.now)
        own = Answer.objects.filter(response__invitation__customer=customer)
        kept = list(Remark.objects.exclude(answer__in=own).values_list("pk", flat=True))
        Answer.objects.exclude(pk__in=list(own.values_list("pk", flat=True))).exclude(words="").update(words="Kept")
        Remark.objects.filter(pk__in=kept).update(words="Kept")
        remark = Remark.objects.filter(answer__in=own).first()
        if remark is None:
            written = own.exclude(words="")[0]
            remark = Remark.objects.create(
                wave=closed, question=written.question, answer=written, unit=scene.panel.unit, is_praise=False,
                language="en", words=f"{SECRET} waits",
            )  # fmt: skip
        quoted(scene, remark)
        assert SECRET in json.dumps(dump())
        before = counts()
        erase_customer(customer, by=acme.member(Role.CSO), now=scene.now)
        assert SECRET.lower() not in json.dumps(dump()).lower()
        assert counts() == before
        assert set(own.exclude(words="").values_list("words", flat=True)) == {ERASED}
        assert Answer.objects.filter(words="Kept").exists()
        assert PanelMember.objects.get(pk=member.pk).left_because == "erased"
        counted = dict(Invitation.objects.filter(customer=customer).values_list("wave_id", "is_counted"))
        # The wave that still runs did not ask them; what is closed does not change.
        assert counted == {closed.pk: True, running.pk: False}
        assert Case.objects.get().summary == ERASED
        mails = OutgoingMail.objects.filter(recipient="erased@invalid")
        assert (mails.count(), set(mails.values_list("text", flat=True))) == (3, {""})


def test_erased_twice_takes_what_came_since(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        member = scene.member()
        for _ in range(2):
            erase_customer(member.customer, by=None, now=database_now())
        assert PanelMember.objects.get().consent_source == ERASED
