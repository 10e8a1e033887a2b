"""A whole org chart at once, from CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict

from rest_framework import serializers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from api.columns import columns_of, map_parameter
from api.idempotency import idempotent
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import Shape
from cso.people.orgchart import FIELDS, load_chart, read_chart
from tenants.roles import Can
from tenants.scope import day_of


class RemarkShape(Shape):
    line = serializers.IntegerField()
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    refused = serializers.BooleanField(help_text="The line did not go in; else it did, with a question.")


class ChartReportShape(Shape):
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    leaders_named = serializers.IntegerField()
    remarks = RemarkShape(many=True)


class OrgChart(Resource):
    acts = {"POST": (Can.EDIT_PEOPLE,)}

    @endpoint(
        "import_units",
        "Load an org chart: units, their parents and their leaders",
        body={"text/csv": str},
        answer=ChartReportShape,
        parameters=[map_parameter(FIELDS), IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Units are added or renamed by code. Loading the same file again changes nothing."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        if sent != "text/csv":
            raise UnsupportedMediaType(sent, "Send text/csv.")
        try:
            text = io.StringIO(request._request.body.decode("utf-8-sig"), newline="")
            rows, remarks = read_chart(text, columns_of(request, FIELDS))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ParseError(f"This is not CSV in UTF-8: {error}.") from error
        report = load_chart(rows, by=self.key, today=day_of(self.now))
        return Response(
            {
                "added": report.added,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "leaders_named": report.leaders_named,
                "remarks": [
                    asdict(remark) for remark in sorted([*remarks, *report.remarks], key=lambda remark: remark.line)
                ],
            }
        )
