"""What a supervisor or a load balancer asks."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cso.health import readiness, warnings


@require_safe
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives; asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


# A transaction around it would fail before the view could say what is wrong.
@require_safe
@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when each part answers, else 503; the body names each part, and warns of what does not stop the product."""
    parts = readiness(now=timezone.now())
    ready = all(answer == "ok" for answer in parts.values())
    answer = {"ready": ready, "parts": parts, "warnings": warnings()}
    return JsonResponse(answer, status=200 if ready else 503)
