"""Categories, and figures of others: told by line and field, in force by the last, kept for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.errors import ConflictError, InvalidFieldsError
from cso.scorecards.models import Category, Measure, MeasureFigure
from cso.scorecards.plans.categories import add_category, first_categories, rename_category, retire_category
from cso.scorecards.plans.measures import MOST_ROWS, define_measure, in_force, record_figures
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

APRIL = datetime(2026, 4, 2, tzinfo=UTC)
ROW: dict[str, Any] = {
    "measure": "margin",
    "unit": "north",
    "month": "2026-03",
    "numerator": "12.5",
    "denominator": 100,
    "as_of": "2026-04-01T12:00:00Z",
}


def test_a_tenant_begins_with_four_categories_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        for _ in range(2):
            assert [(c.code, c.is_serving) for c in first_categories(by=cso)] == [
                ("serving", True),
                ("financial", False),
                ("people", False),
                ("process", False),
            ]
        assert AuditEntry.objects.filter(act="first_categories").count() == 1


def test_categories_are_added_renamed_and_retired_but_serving_stays(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cso = acme.member(Role.CSO)
        safety = add_category("safety", "Safety", by=cso)
        assert safety.position == 4
        with pytest.raises(ConflictError):
            add_category("safety", "Other", by=cso)
        rename_category(safety, "Safety first", by=cso)
        retire_category(safety, by=cso, now=NOW)
        assert Category.objects.get(code="safety").retired_at == NOW
        with pytest.raises(ConflictError, match="part of every plan"):
            retire_category(Category.objects.get(is_serving=True), by=cso, now=NOW)
        for code in ("", "Safety", "a b", "x" * 41):
            with pytest.raises(InvalidFieldsError):
                add_category(code, "Name", by=cso)
        with pytest.raises(InvalidFieldsError):
            rename_category(safety, " ", by=cso)
        for role in (Role.EXECUTIVE, Role.LEADER, Role.ADMINISTRATOR):
            with pytest.raises(PermissionDenied):
                first_categories(by=acme.member(role))


@pytest.fixture
def margin(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        define_measure("margin", "Margin", rollup="ratio", source="Ledger 4711", unit_word="%", by=None)
    return acme


def test_a_measure_is_defined_once_and_refused_by_field(margin: Company) -> None:
    with tenant_scope(margin.tenant):
        assert str(Measure.objects.get()) == "Margin"
        with pytest.raises(ConflictError):
            define_measure("margin", "Again", rollup="sum", source="x", by=None)
        with pytest.raises(InvalidFieldsError) as refused:
            define_measure("nps", " ", rollup="mean", source="", better="x", nature="y", by=None)
        assert [error.field for error in refused.value.errors] == ["name", "source", "rollup", "better", "nature"]


def test_figures_are_told_line_by_line_and_the_last_is_in_force(margin: Company) -> None:
    with tenant_scope(margin.tenant):
        north = margin.units["north"].pk
        rows = [ROW, ROW | {"numerator": 13, "source": "Corrected"}, ROW | {"numerator": 13, "source": "Corrected"}]
        outcomes = record_figures(enumerate(rows, 1), by=margin.member(Role.CSO), now=APRIL)
        assert [outcome.status for outcome in outcomes] == ["recorded", "recorded", "unchanged"]
        measure = Measure.objects.get()
        [figure] = in_force([measure.pk], [north], [date(2026, 3, 1)]).values()
        assert (figure.numerator, figure.denominator, figure.source) == (Decimal(13), Decimal(100), "Corrected")
        told = MeasureFigure.objects.order_by("id").values_list("numerator", "source", "recorded_by")
        cso = margin.member(Role.CSO).pk
        assert list(told) == [(Decimal("12.5"), "Ledger 4711", cso), (Decimal(13), "Corrected", cso)]
        assert [each.status for each in record_figures([(1, rows[1])], by=None, now=APRIL)] == ["unchanged"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"measure": "nps"}, ("measure", "unknown")),
        ({"measure": ""}, ("measure", "required")),
        ({"unit": "west"}, ("unit", "unknown")),
        ({"unit": 7}, ("unit", "not_text")),
        ({"month": "2026-13"}, ("month", "not_a_month")),
        ({"month": "2026-3"}, ("month", "not_a_month")),
        ({"numerator": ""}, ("numerator", "required")),
        ({"numerator": "12,5"}, ("numerator", "not_a_number")),
        ({"numerator": True}, ("numerator", "not_a_number")),
        ({"numerator": "NaN"}, ("numerator", "out_of_range")),
        ({"numerator": "1e30"}, ("numerator", "out_of_range")),
        ({"numerator": "0.00001"}, ("numerator", "out_of_range")),
        ({"denominator": 0}, ("denominator", "out_of_range")),
        ({"as_of": ""}, ("as_of", "required")),
        ({"as_of": "2026-04-01"}, ("as_of", "not_a_time")),
        ({"as_of": "2026-04-02T00:00:01Z"}, ("as_of", "in_future")),
        ({"as_of": "2026-03-01T04:59:59Z"}, ("as_of", "before_month")),  # midnight in Toronto is 05:00
        ({"source": "a\x00b"}, ("source", "nul")),
        ({"target": "1"}, ("target", "unknown")),
    ],
)
def test_a_wrong_line_is_refused_by_field_and_harms_no_other(
    margin: Company, wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    with tenant_scope(margin.tenant):
        lines = [(2, ROW | wrong), (3, ROW), (4, "no row")]
        outcomes = record_figures(lines, by=None, now=APRIL)
        assert [(outcome.line, outcome.status) for outcome in outcomes] == [
            (2, "refused"),
            (3, "recorded"),
            (4, "refused"),
        ]
        assert [(error.field, error.code) for error in outcomes[0].errors] == [expected]


def test_too_many_lines_are_refused_as_a_whole_and_only_who_may_tells(margin: Company) -> None:
    with tenant_scope(margin.tenant):
        with pytest.raises(InvalidFieldsError):
            record_figures([(1, ROW)] * (MOST_ROWS + 1), by=None, now=APRIL)
        with pytest.raises(PermissionDenied):
            record_figures([(1, ROW)], by=margin.member(Role.EXECUTIVE), now=APRIL)
