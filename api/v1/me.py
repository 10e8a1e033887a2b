"""The key itself: whose it is and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.resources import Resource
from api.schema import endpoint
from api.v1.shapes import Shape
from tenants.roles import Can
from tenants.scope import current_tenant


class TenantShape(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="A day, a week and a month are this zone's.")


class KeyShape(Shape):
    name = serializers.CharField()
    key_id = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class MeShape(Shape):
    tenant = TenantShape()
    key = KeyShape()


class Me(Resource):
    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {}

    @endpoint("read_me", "Whose key this is, and what it may do", answer=MeShape)
    def get(self, request: Request) -> Response:
        tenant, key = current_tenant(), self.key
        return Response(
            {
                "tenant": {"slug": tenant.slug, "name": tenant.name, "time_zone": tenant.time_zone},
                "key": {
                    "name": key.name,
                    "key_id": key.key_id,
                    "scopes": key.scopes,
                    "expires_at": key.expires_at,
                },
            }
        )
