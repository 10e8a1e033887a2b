"""Members of panels: they join with their consent alone, and leave whenever they want."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cso.customers.actions import require_not_erased
from cso.customers.models import Customer
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.inviting import end_invitations
from cso.panels.models import Panel, PanelMember, Quota
from cso.panels.permissions import may_run_panel, require_panel
from cso.panels.rotation import rotate_soon
from cso.people.models import Unit, UnitAncestor
from cso.people.queries import in_or_below
from cso.recovery.models import Case
from cso.recovery.questions import is_employee
from cso.texts import counted, text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

MAX_SOURCE = 200
_TOLERANCE = timedelta(seconds=60)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

Via = PanelMember.Via
Because = PanelMember.LeftBecause


@dataclass(frozen=True)
class Place:
    """How a panel stands with a segment ("": of whom none is known). `wanted` None: as many as come."""

    segment: str
    wanted: int | None
    members: int

    @property
    def open(self) -> int | None:
        """How many may still join; None without a quota."""
        return None if self.wanted is None else max(0, self.wanted - self.members)


def join_panel(
    panel: Panel,
    customer: Customer,
    *,
    consented_at: datetime,
    consent_source: str,
    by: Actor | None,
    now: datetime,
    via: str = Via.CUSTOMER,
    unit: Unit | None = None,
    case: Case | None = None,
) -> PanelMember:
    """Put a customer on a panel who agreed to it at `consented_at`; `consent_source` says how we know.

    unit: whose customer they are, the panel's or one below; None: the panel's. Who has no e-mail address may join, and
    is not invited. Raises `InvalidFieldsError` by field; `ConflictError` with the code `erased`, `declined` (they asked
    not to be asked), `employee`, `is_member`, `quota_full` or `closed`.
    """
    require_panel(by, panel)
    member = take_in(
        panel,
        customer,
        consented_at=consented_at,
        consent_source=consent_source,
        now=now,
        via=via,
        unit=unit,
        case=case,
    )
    audit.record(by, "join_panel", panel.name, panel=str(panel.pk), customer=str(customer.pk), via=str(via))
    return member


def recruit_from_case(
    panel: Panel, case: Case, *, consented_at: datetime, consent_source: str, by: Actor | None, now: datetime
) -> PanelMember:
    """Put the customer of a case on a panel, as who works on the case asked them; otherwise as `join_panel`.

    They are a customer of the case's unit where the panel listens to that one. The caller has found the case for `by`.
    """
    if not may_run_panel(by, panel):
        require(by, Can.WORK_CASE)
    if case.customer is None:
        raise InvalidFieldsError.of("case", "no_customer", _("Nobody knows whose case this is."))
    unit = case.unit if _is_in_or_below(case.unit, panel.unit_id) else None
    member = take_in(
        panel,
        case.customer,
        consented_at=consented_at,
        consent_source=consent_source,
        now=now,
        via=Via.CASE,
        unit=unit,
        case=case,
    )
    details = {"panel": str(panel.pk), "customer": str(case.customer_id), "case": case.reference}
    audit.record(by, "join_panel", panel.name, via=str(Via.CASE), **details)
    return member


def leave_panel(member: PanelMember, *, because: str, by: Actor | None, now: datetime) -> PanelMember:
    """Take a member off, at their own wish (by their link, `by` is None) or by who runs the panel; once.

    Where they asked for it, they are asked nothing more, and waves that are still open do not count them as invited.
    Who is taken off, or whose term ends, may still answer what they were asked.
    """
    require_panel(by, member.panel)
    if because not in Because.values:
        raise InvalidFieldsError.of(
            "because", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Because.values)}
        )
    # The customer first, as whoever invites them does.
    Customer.objects.select_for_update(no_key=True).get(pk=member.customer_id)
    if not PanelMember.objects.filter(pk=member.pk, left_at=None).update(left_at=now, left_because=because):
        return PanelMember.objects.select_related("panel", "customer").get(pk=member.pk)
    if because in {Because.ASKED, Because.ERASED, Because.BOUNCED}:
        end_invitations(member.invitations.all(), have_bounced=because == Because.BOUNCED)
    # By the customer's id: what is written here outlives an erasure.
    details = {"panel": str(member.panel_id), "customer": str(member.customer_id)}
    audit.record(by, "leave_panel", member.panel.name, because=because, **details)
    return PanelMember.objects.select_related("panel", "customer").get(pk=member.pk)


def open_places(panel: Panel) -> list[Place]:
    """The panel's segments in their order: those with a quota, and those of its members."""
    counted = panel.members.filter(left_at=None).order_by().values_list("segment").annotate(Count("pk"))
    members: dict[str, int] = dict(counted)
    wanted = dict(panel.quotas.values_list("segment", "wanted"))
    return [Place(each, wanted.get(each), members.get(each, 0)) for each in sorted({*members, *wanted})]


def members_of(viewer: Actor, panel: Panel) -> QuerySet[PanelMember]:
    """Who is on it now, the last one to join first, with their customers; for who runs it and may see customers."""
    if not (may_run_panel(viewer, panel) and viewer.can(Can.SEE_CUSTOMERS)):
        return PanelMember.objects.none()
    return panel.members.filter(left_at=None).select_related("customer", "unit").order_by("-joined_at", "-id")


def candidates(viewer: Actor, panel: Panel, *, segment: str = "", from_cases: bool = False) -> QuerySet[Customer]:
    """Customers who could be asked to join: with an address, not on it, and not such as asked to be left alone.

    segment: of that one alone. from_cases: those alone who had a case in the panel's units, for they have something to
    tell. For who runs the panel and may see customers. Employees are refused when they join.
    """
    if not (may_run_panel(viewer, panel) and viewer.can(Can.SEE_CUSTOMERS)):
        return Customer.objects.none()
    known = Customer.objects.filter(erased_at=None, declined_questions_at=None).exclude(email="")
    on_it = PanelMember.objects.filter(panel=panel, left_at=None, customer=OuterRef("pk"))
    known = known.filter(~Exists(on_it))
    if segment:
        known = known.filter(segment=segment)
    if from_cases:
        known = known.filter(Exists(Case.objects.filter(in_or_below([panel.unit_id]), customer=OuterRef("pk"))))
    return known.order_by("name", "id")


def take_in(
    panel: Panel,
    customer: Customer,
    *,
    consented_at: datetime,
    consent_source: str,
    now: datetime,
    via: str,
    unit: Unit | None = None,
    case: Case | None = None,
) -> PanelMember:
    """What joining is, without asking who says so and without a word of it in the audit log."""
    customer = require_not_erased(customer)
    if errors := _errors(panel, consented_at, consent_source, unit, now):
        raise InvalidFieldsError(errors)
    if customer.declined_questions_at is not None:
        raise ConflictError(_("This customer asked not to be asked."), code="declined")
    if is_employee(customer):
        raise ConflictError(_("This customer works here: a panel is of customers."), code="employee")
    panel = Panel.objects.select_for_update(no_key=True).get(pk=panel.pk)
    _refuse_full(panel, customer)
    member = PanelMember.objects.create(
        panel=panel,
        customer=customer,
        segment=customer.segment,
        unit_id=unit.pk if unit else panel.unit_id,
        via=via,
        case=case,
        consented_at=min(consented_at, now),
        consent_source=consent_source.strip(),
        joined_at=now,
        term_ends_at=None if panel.term_days is None else now + timedelta(days=panel.term_days),
    )
    if panel.term_days is not None:
        rotate_soon(panel)
    return member


def _refuse_full(panel: Panel, customer: Customer) -> None:
    if panel.closed_at is not None:
        raise ConflictError(_("This panel is closed."), code="closed")
    staying = PanelMember.objects.filter(panel=panel, left_at=None)
    if staying.filter(customer=customer).exists():
        raise ConflictError(_("This customer is on the panel already."), code="is_member")
    quota = Quota.objects.filter(panel=panel, segment=customer.segment).first()
    if quota is not None and staying.filter(segment=customer.segment).count() >= quota.wanted:
        message = _("The panel has the %(wanted)s of “%(segment)s” that it wants.")
        message %= {"wanted": counted(quota.wanted), "segment": quota.segment}
        raise ConflictError(message, code="quota_full")


def _errors(
    panel: Panel, consented_at: datetime, consent_source: str, unit: Unit | None, now: datetime
) -> list[FieldError]:
    errors = text_errors("consent_source", consent_source, MAX_SOURCE)
    if not consent_source.strip():
        errors.append(
            FieldError("consent_source", "required", _("Say how they agreed: nobody is put on a panel unasked."))
        )
    if consented_at > now + _TOLERANCE:
        errors.append(FieldError("consented_at", "in_the_future", _("This is in the future.")))
    elif consented_at < _EARLIEST:
        errors.append(FieldError("consented_at", "too_early", _("This is before %(year)s.") % {"year": _EARLIEST.year}))
    if unit is not None and not _is_in_or_below(unit, panel.unit_id):
        errors.append(FieldError("unit", "not_of_the_panel", _("Name the panel's unit, or one below it.")))
    return errors


def _is_in_or_below(unit: Unit, top: UUID) -> bool:
    return UnitAncestor.objects.filter(ancestor=top, unit=unit).exists()
