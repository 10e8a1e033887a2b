"""There is no cause called attitude: neither for Python nor for the database."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from cso.errors import InvalidFieldsError
from cso.recovery import actions
from cso.recovery.causes import cause_errors
from cso.recovery.models import Cause
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

NAMES = {
    "attitude": True,
    "Bad ATTITUDE": True,
    "Attitude/Behaviour": True,
    "Attitude.": True,
    "(attitude)": True,
    "an attitude-problem": True,
    "éattitudeé": True,
    "Attıtude": False,
    "attitudes": False,
    "my_attitude": False,
    "Attitude2": False,
    "Altitude": False,
}


@pytest.mark.parametrize(("name", "is_refused"), NAMES.items())
def test_both_refuse_the_same_names(acme: Company, name: str, is_refused: bool) -> None:
    assert bool(cause_errors(name)) is is_refused
    refusal = pytest.raises(IntegrityError, match="attitude_is_not_a_cause") if is_refused else nullcontext()
    with tenant_scope(acme.tenant), refusal, transaction.atomic():
        Cause.objects.create(name=name)


def test_who_may_not_log_or_correct_a_case_adds_no_cause(acme: Company) -> None:
    auditor = acme.member(Role.AUDITOR)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
        with pytest.raises(PermissionDenied):
            actions.open_case(by=auditor, unit=acme.units["south"], reported_at=NOW, now=NOW, cause="Rule")
        with pytest.raises(PermissionDenied):
            actions.correct_case(case, by=auditor, now=NOW, cause="Rule")
        assert not Cause.objects.exists()


def test_a_case_that_is_refused_adds_no_cause(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        with pytest.raises(InvalidFieldsError):
            actions.open_case(
                by=None, unit=acme.units["south"], reported_at=NOW, now=NOW, cause="Rule", channel="pigeon"
            )
        assert not Cause.objects.exists()


def test_a_cause_is_corrected_by_its_name_and_taken_away_by_none(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW, cause=" No  spare bags ")
        assert str(case.cause) == "No spare bags"
        assert actions.correct_case(case, by=None, now=NOW, cause="No spare  bags").revision == 1
        case = actions.correct_case(case, by=None, now=NOW, cause="")
        assert (case.cause, case.revision) == (None, 2)
