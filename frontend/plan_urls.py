"""The addresses of plans, of what they are made of, and of targets, within a workspace."""

from django.urls import path

from frontend.views import plan_editor, plans

plan_urls = [
    path("scorecard/plans/", plans.plans, name="plans"),
    path("scorecard/plans/new/", plan_editor.new_plan, name="new_plan"),
    path("scorecard/plans/check/", plan_editor.check_plan, name="check_plan"),
    path("scorecard/plans/<uuid:plan>/", plans.plan, name="plan"),
    path("scorecard/plans/<uuid:plan>/change/", plan_editor.change_plan, name="change_plan"),
    path("scorecard/plans/<uuid:plan>/check/", plan_editor.check_plan, name="check_plan_change"),
    path("scorecard/plans/<uuid:plan>/copy/", plan_editor.copy_plan, name="copy_plan"),
    path("scorecard/versions/<uuid:version>/acknowledge/", plans.acknowledge, name="acknowledge_plan"),
]
