"""Addresses of version 1. The id in an address is `<uuid:pk>`; a second one has the name of its thing."""

from django.urls import path

from api.v1.authorities import Authorities, OneAuthority
from api.v1.call_backs import CallBackDone, CallBacks
from api.v1.cases import acts, batch, closing, contacts, duplicates, teamwork
from api.v1.cases import customer_page as customer
from api.v1.cases import views as cases
from api.v1.committees import ballots, bodies, motions
from api.v1.customers import Customers, OneCustomer
from api.v1.leaders import Leaders, OneLeader
from api.v1.me import Me
from api.v1.metrics import views as metrics
from api.v1.metrics.leaders import LeadersStanding
from api.v1.metrics.targets import Targets
from api.v1.org_chart import OrgChart
from api.v1.people import OnePerson, People, Positions
from api.v1.promises import (
    CancelPromise,
    CasePromises,
    DisputePromise,
    ExplainPromise,
    KeepPromise,
    MovePromise,
    OnePromise,
)
from api.v1.purchases import Purchases, PurchasesOfCustomer
from api.v1.recovery_settings import OneRecoverySettings, PromiseWords
from api.v1.remedies import CaseCost, CaseRemedies, OneRemedy, Remedies, UnitCost, WithdrawRemedy
from api.v1.rules import AmendRule, OneRule, RuleCases, Rules, RuleVersions, SimilarRules, WithdrawRule
from api.v1.secrets import OneSecret, Secrets
from api.v1.units import OneUnit, Units

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("units", Units.as_view(), name="units"),
    path("units/import", OrgChart.as_view(), name="org_chart"),
    path("units/<uuid:pk>", OneUnit.as_view(), name="unit"),
    path("people", People.as_view(), name="people"),
    path("people/<uuid:pk>", OnePerson.as_view(), name="person"),
    path("positions", Positions.as_view(), name="positions"),
    path("leaders", Leaders.as_view(), name="leaders"),
    path("leaders/<uuid:pk>", OneLeader.as_view(), name="leader"),
    path("customers", Customers.as_view(), name="customers"),
    path("customers/<uuid:pk>", OneCustomer.as_view(), name="customer"),
    path("customers/<uuid:pk>/preferences", Secrets.as_view(), name="secrets"),
    path("customers/<uuid:pk>/preferences/<uuid:preference>", OneSecret.as_view(), name="secret"),
    path("customers/<uuid:pk>/purchases", PurchasesOfCustomer.as_view(), name="customer_purchases"),
    path("purchases", Purchases.as_view(), name="purchases"),
    path("rules", Rules.as_view(), name="rules"),
    path("rules/similar", SimilarRules.as_view(), name="similar_rules"),
    path("rules/<uuid:pk>", OneRule.as_view(), name="rule"),
    path("rules/<uuid:pk>/amend", AmendRule.as_view(), name="amend_rule"),
    path("rules/<uuid:pk>/withdraw", WithdrawRule.as_view(), name="withdraw_rule"),
    path("rules/<uuid:pk>/versions", RuleVersions.as_view(), name="rule_versions"),
    path("rules/<uuid:pk>/cases", RuleCases.as_view(), name="rule_cases"),
    path("cases", cases.Cases.as_view(), name="cases"),
    path("cases/batch", batch.CaseBatches.as_view(), name="batches"),
    path("cases/batch/<uuid:pk>", batch.OneBatch.as_view(), name="batch"),
    path("cases/batch/<uuid:pk>/refusals", batch.BatchRefusals.as_view(), name="refusals"),
    path("cases/<uuid:pk>", cases.OneCase.as_view(), name="case"),
    path("cases/<uuid:pk>/fix", acts.FixCase.as_view(), name="fix_case"),
    path("cases/<uuid:pk>/reopen", acts.ReopenCase.as_view(), name="reopen_case"),
    path("cases/<uuid:pk>/dispute", acts.DisputeCase.as_view(), name="dispute_case"),
    path("cases/<uuid:pk>/move", acts.MoveCase.as_view(), name="move_case"),
    path("cases/<uuid:pk>/take", teamwork.TakeCase.as_view(), name="take_case"),
    path("cases/<uuid:pk>/hand-over", teamwork.HandOver.as_view(), name="hand_over_case"),
    path("cases/<uuid:pk>/custody", teamwork.Custody.as_view(), name="custody"),
    path("cases/<uuid:pk>/tasks", teamwork.Tasks.as_view(), name="case_tasks"),
    path("cases/<uuid:pk>/tasks/<uuid:task>/done", teamwork.FinishTask.as_view(), name="finish_case_task"),
    path("cases/<uuid:pk>/tasks/<uuid:task>/cancel", teamwork.CancelTask.as_view(), name="cancel_case_task"),
    path("cases/<uuid:pk>/contacts", contacts.Contacts.as_view(), name="contacts"),
    path("cases/<uuid:pk>/plan-surprise", closing.PlanSurprise.as_view(), name="plan_surprise"),
    path("cases/<uuid:pk>/close", closing.CloseCase.as_view(), name="close_case"),
    path("cases/<uuid:pk>/duplicates", duplicates.CaseDuplicates.as_view(), name="case_duplicates"),
    path("cases/<uuid:pk>/merge", duplicates.MergeCase.as_view(), name="merge_case"),
    path("cases/<uuid:pk>/split", duplicates.SplitCase.as_view(), name="split_case"),
    path("cases/<uuid:pk>/attachments", duplicates.CaseAttachments.as_view(), name="case_attachments"),
    path("cases/<uuid:pk>/attachments/<uuid:file>", duplicates.OneAttachment.as_view(), name="case_attachment"),
    path("cases/<uuid:pk>/log", acts.CaseLog.as_view(), name="case_log"),
    path("cases/<uuid:pk>/link", customer.CaseLink.as_view(), name="case_link"),
    path("cases/<uuid:pk>/revoke-links", customer.RevokeLinks.as_view(), name="revoke_case_links"),
    path("cases/<uuid:pk>/answers", customer.CaseAnswers.as_view(), name="case_answers"),
    path("call-backs", CallBacks.as_view(), name="call_backs"),
    path("call-backs/<uuid:pk>/done", CallBackDone.as_view(), name="call_back_done"),
    path("cases/<uuid:pk>/remedies", CaseRemedies.as_view(), name="case_remedies"),
    path("cases/<uuid:pk>/promises", CasePromises.as_view(), name="case_promises"),
    path("cases/<uuid:pk>/remedies/cost", CaseCost.as_view(), name="case_cost"),
    path("remedies", Remedies.as_view(), name="remedies"),
    path("remedies/cost", UnitCost.as_view(), name="cost"),
    path("remedies/<uuid:pk>", OneRemedy.as_view(), name="remedy"),
    path("remedies/<uuid:pk>/withdraw", WithdrawRemedy.as_view(), name="withdraw_remedy"),
    path("promises/<uuid:pk>", OnePromise.as_view(), name="promise"),
    path("promises/<uuid:pk>/keep", KeepPromise.as_view(), name="keep_promise"),
    path("promises/<uuid:pk>/move", MovePromise.as_view(), name="move_promise"),
    path("promises/<uuid:pk>/cancel", CancelPromise.as_view(), name="cancel_promise"),
    path("promises/<uuid:pk>/dispute", DisputePromise.as_view(), name="dispute_promise"),
    path("promises/<uuid:pk>/explain", ExplainPromise.as_view(), name="explain_promise"),
    path("authorities", Authorities.as_view(), name="authorities"),
    path("authorities/<uuid:pk>", OneAuthority.as_view(), name="authority"),
    path("recovery-settings", OneRecoverySettings.as_view(), name="recovery_settings"),
    path("promise-words", PromiseWords.as_view(), name="promise_words"),
    path("committees", bodies.Committees.as_view(), name="committees"),
    path("committees/<uuid:pk>", bodies.OneCommittee.as_view(), name="committee"),
    path("committees/<uuid:pk>/charter", bodies.Charters.as_view(), name="charters"),
    path("committees/<uuid:pk>/seats", bodies.Seats.as_view(), name="seats"),
    path("committees/<uuid:pk>/seats/<uuid:seat>/holder", bodies.SeatHolder.as_view(), name="seat_holder"),
    path("committees/<uuid:pk>/seats/<uuid:seat>/retire", bodies.RetireSeat.as_view(), name="retire_seat"),
    path("motions", motions.Motions.as_view(), name="motions"),
    path("motions/<uuid:pk>", motions.OneMotion.as_view(), name="motion"),
    path("motions/<uuid:pk>/reply", motions.ReplyToMotion.as_view(), name="reply_to_motion"),
    path("motions/<uuid:pk>/withdraw", motions.WithdrawMotion.as_view(), name="withdraw_motion"),
    path("motions/<uuid:pk>/ballots", ballots.BallotsOnMotion.as_view(), name="ballots_on_motion"),
    path("ballots", ballots.Ballots.as_view(), name="ballots"),
    path("ballots/<uuid:pk>", ballots.OneBallot.as_view(), name="ballot"),
    path("ballots/<uuid:pk>/votes", ballots.Votes.as_view(), name="tell_votes"),
    path("ballots/<uuid:pk>/recuse", ballots.RecuseSeat.as_view(), name="recuse_seat"),
    path("ballots/<uuid:pk>/close", ballots.CloseBallot.as_view(), name="close_ballot"),
    path("ballots/<uuid:pk>/extend", ballots.ExtendBallot.as_view(), name="extend_ballot"),
    path("ballots/<uuid:pk>/cancel", ballots.CancelBallot.as_view(), name="cancel_ballot"),
    path("ballots/<uuid:pk>/casting-vote", ballots.BreakTie.as_view(), name="casting_vote"),
    path("ballots/<uuid:pk>/outcome", ballots.OutcomeOfBallot.as_view(), name="outcome_of_ballot"),
    path("outcomes", ballots.Outcomes.as_view(), name="outcomes"),
    path("outcomes/<uuid:pk>", ballots.OneOutcome.as_view(), name="outcome"),
    path("metrics", metrics.Metrics.as_view(), name="metrics"),
    path("metrics/leaders", LeadersStanding.as_view(), name="leaders_standing"),
    path("metrics/<slug:key>", metrics.OneMetric.as_view(), name="metric"),
    path("metrics/<slug:key>/values", metrics.MetricValue.as_view(), name="metric_values"),
    path("metrics/<slug:key>/series", metrics.MetricSeries.as_view(), name="metric_series"),
    path("metrics/<slug:key>/cases", metrics.MetricCases.as_view(), name="metric_cases"),
    path("metrics/<slug:key>/facts", metrics.MetricFacts.as_view(), name="metric_facts"),
    path("metrics/<slug:key>/breakdown", metrics.MetricBreakdown.as_view(), name="metric_breakdown"),
    path("targets", Targets.as_view(), name="targets"),
]
