"""The addresses of plans, of what they are made of, and of targets, within a workspace."""

from django.urls import path

from frontend.views import measures, plan_editor, plan_files, plans, targets

plan_urls = [
    path("scorecard/plans/", plans.plans, name="plans"),
    path("scorecard/plans/new/", plan_editor.new_plan, name="new_plan"),
    path("scorecard/plans/export.csv", plan_files.export_plans, {"kind": "csv"}, name="export_plans"),
    path("scorecard/plans/export.xlsx", plan_files.export_plans, {"kind": "xlsx"}, name="export_plans_xlsx"),
    path("scorecard/plans/<uuid:plan>/export.csv", plan_files.export_plan, {"kind": "csv"}, name="export_plan"),
    path("scorecard/plans/<uuid:plan>/export.xlsx", plan_files.export_plan, {"kind": "xlsx"}, name="export_plan_xlsx"),
    path("scorecard/plans/check/", plan_editor.check_plan, name="check_plan"),
    path("scorecard/plans/<uuid:plan>/", plans.plan, name="plan"),
    path("scorecard/plans/<uuid:plan>/change/", plan_editor.change_plan, name="change_plan"),
    path("scorecard/plans/<uuid:plan>/check/", plan_editor.check_plan, name="check_plan_change"),
    path("scorecard/plans/<uuid:plan>/copy/", plan_editor.copy_plan, name="copy_plan"),
    path("scorecard/versions/<uuid:version>/acknowledge/", plans.acknowledge, name="acknowledge_plan"),
    path("scorecard/measures/", measures.measures, name="measures"),
    path("scorecard/measures/new/", measures.define, name="define_measure"),
    path("scorecard/measures/file/", measures.load_figures, name="load_figures"),
    path("scorecard/measures/<uuid:measure>/", measures.measure, name="measure"),
    path("scorecard/measures/<uuid:measure>/tell/", measures.tell, name="tell_figure"),
    path("scorecard/categories/new/", measures.new_category, name="new_category"),
    path("scorecard/categories/<uuid:category>/", measures.change_category, name="change_category"),
    path("scorecard/categories/<uuid:category>/retire/", measures.retire, name="retire_category"),
    path("targets/", targets.targets, name="targets"),
    path("targets/<str:key>/", targets.target_path, name="target_path"),
    path("targets/<str:key>/set/", targets.set_target, name="set_target"),
    path("targets/<str:key>/path/", targets.set_target_path, name="set_target_path"),
]
