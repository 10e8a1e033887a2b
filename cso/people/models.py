"""Units in a tree, people in positions, and who led which unit from when to when."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership

MAX_DEPTH = 12


class Unit(TenantModel):
    """A part of the organization that serves customers: a region, an agency, a team.

    `code` is the customer's own key for it, as integrations send it; `parent` None stands at the top.
    """

    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    parent = TenantForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    # Who takes the cases of this unit that nobody took; None: whoever does so for the unit above.
    intake_owner = TenantForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_unit_per_code"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="a_unit_is_not_its_own_parent"),
        ]
        indexes = [models.Index(fields=["tenant", "parent"], name="unit_children")]

    def __str__(self) -> str:
        return self.name


class UnitAncestor(TenantModel):
    """The tree's closure: one row for each unit and each unit above it, itself included at distance 0.

    A figure of a unit covers all units below: one indexed join instead of a recursion. `cso.people.tree` keeps it.
    """

    ancestor = TenantForeignKey(Unit, models.CASCADE, related_name="below")
    unit = TenantForeignKey(Unit, models.CASCADE, related_name="above")
    distance = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "ancestor", "unit"], name="one_way_up_to_each_ancestor"),
        ]
        indexes = [models.Index(fields=["tenant", "unit", "distance"], name="unit_above", include=["ancestor"])]

    def __str__(self) -> str:
        return f"{self.ancestor_id} -{self.distance}-> {self.unit_id}"


class Position(TenantModel):
    """A post that people hold, such as station manager; authority and grade hang on it."""

    title = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "title"], name="one_position_per_title")]

    def __str__(self) -> str:
        return self.title


class Person(TenantModel):
    """Someone who works for the tenant; `member` is set once they can sign in."""

    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=100, null=True, blank=True)
    email = models.EmailField(blank=True)
    position = TenantForeignKey(Position, models.PROTECT, null=True, blank=True, related_name="people")
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="people")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="people")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="one_person_per_external_id"),
            models.UniqueConstraint(fields=["tenant", "member"], name="one_person_per_member"),
        ]
        indexes = [
            models.Index(fields=["tenant", "unit"], name="person_unit"),
            models.Index(fields=["tenant", "name"], name="person_name"),
        ]

    def __str__(self) -> str:
        return self.name


class DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


class Leadership(TenantModel):
    """Who led a unit from `starts_on` up to, not including, `ends_on` (None: still does). Days are the tenant's.

    The database refuses two leaders of one unit on one day. PostgreSQL's scalar types have no GiST operators without an
    extension, so tenant and unit take part as one-element ranges.
    """

    unit = TenantForeignKey(Unit, models.PROTECT, related_name="leaderships")
    person = TenantForeignKey(Person, models.PROTECT, related_name="leaderships")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="leads_at_least_a_day"
            ),
            ExclusionConstraint(
                name="one_leader_at_a_time",
                expressions=[
                    (Func(F("tenant_id"), F("tenant_id"), Value("[]"), function="int8range"), RangeOperators.EQUAL),
                    (Func(F("unit_id"), F("unit_id"), Value("[]"), function="uuidrange"), RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another leader holds this unit in that time."),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "unit", "starts_on"], name="leadership_unit"),
            models.Index(fields=["tenant", "person"], name="leadership_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} leads {self.unit} from {self.starts_on}"
