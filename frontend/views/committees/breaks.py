"""The log of rules that were bent for a customer: counts for all, one's own for oneself, blame for nobody."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.committees.evidence import RECENTLY
from cso.committees.models import RuleBreak
from cso.committees.nominations import breaks_of
from cso.rules.models import Rule
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.nominations import BreakForm
from frontend.views.committees.tabs import section_tabs
from tenants.roles import Can

OWN_SHOWN = 20
MOST_BENT_SHOWN = 10


@for_members(Can.NOMINATE_RULE)
@require_http_methods(["GET", "HEAD", "POST"])
def rule_breaks(request: MemberRequest) -> HttpResponse:
    """The form first: a minute on a phone. Then what one logged oneself, and which rules are bent most."""
    form = BreakForm(sent(request), now=request.now, initial={"rule": request.GET.get("rule", "")})

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Thank you. Only you can see that it was you; it counts against the rule."))
        return redirect("rule_breaks", request.tenant.slug)

    recently = RuleBreak.objects.filter(broken_at__gt=request.now - RECENTLY)
    bent = recently.order_by().values("rule").annotate(times=Count("id")).order_by("-times", "rule")
    times = {row["rule"]: row["times"] for row in bent[:MOST_BENT_SHOWN]}
    rules = Rule.objects.in_bulk(times)
    own = breaks_of(request.member).select_related("rule").order_by("-broken_at", "-id")
    context = {
        "form": form,
        "tabs": section_tabs(request, "rule_breaks"),
        "own": own[:OWN_SHOWN],
        "most_bent": [(rules[pk], count) for pk, count in times.items()],
    }
    return answer_to(form, do) or render(request, "frontend/committees/breaks.html", context)
