"""Files that customers sent, given out as downloads and never shown."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from cso.recovery.models import Attachment
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members


@for_members()
@require_safe
def case_attachment(request: MemberRequest, case: UUID, file: UUID) -> HttpResponse:
    """A file of a case that the member may see, or of a duplicate that the case holds."""
    seen = get_object_or_404(visible_cases(request.member), pk=case)
    found = get_object_or_404(Attachment, Q(case=seen) | Q(case__merged_into=seen), pk=file)
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=found.name)
    response["X-Content-Type-Options"] = "nosniff"
    # Whatever a browser makes of it: without scripts, and of no origin.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
