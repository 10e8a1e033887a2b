"""Every address of the portal. Those of a workspace come last: their first part is any slug not taken above."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import include, path, re_path

from frontend.plan_urls import plan_urls
from frontend.strategy_urls import strategy_urls
from frontend.views import (
    administration,
    approvals,
    board_pack,
    case,
    cases,
    changes,
    customers,
    digest,
    files,
    health,
    heroes,
    landing,
    language,
    oops,
    organization,
    outbox,
    queue,
    recovery_settings,
    rules,
    scorecard,
    search,
    units,
    walls,
)
from frontend.views.committees import ballots, bodies, breaks, delegations, motions, nominations, orders, outcomes
from frontend.views.listening import commitments, joining, panels, remarks, results, sessions, waves
from frontend.views.listening import landing as listening
from frontend.views.public import customer_page, leave_panel, stop_digest, survey, tell_us, vote, wall

# Named as allauth calls them. Left out is what this product does not offer: sign-up, changing one's e-mail address.
account_urls = [
    path("", mfa.index, name="account"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("language/", language.choose_language, name="language"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/forgotten/", account.password_reset, name="account_reset_password"),
    path("password/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/new/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("second-step/confirm/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("second-step/overview/", mfa.index, name="mfa_index"),
    path("second-step/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("second-step/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("second-step/codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("second-step/codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("second-step/codes/file/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]

workspace_urls = [
    path("", landing.landing, name="landing"),
    path("scorecard/", scorecard.scorecard, name="scorecard"),
    path("scorecard/walls/", walls.walls, name="walls"),
    path("scorecard/walls/<uuid:wall>/renew/", walls.renew, name="renew_wall"),
    path("scorecard/walls/<uuid:wall>/revoke/", walls.revoke, name="revoke_wall"),
    *plan_urls,
    *strategy_urls,
    path("board-pack/", board_pack.board, name="board_pack"),
    *(
        path(f"board-pack/board-pack.{kind}", board_pack.board_file, {"kind": kind}, name=f"board_pack_{kind}")
        for kind in board_pack.KINDS
    ),
    path("units/<uuid:unit>/", units.unit, name="unit"),
    path("units/<uuid:unit>/changes/", changes.changes, name="changes"),
    path("changes/<uuid:change>/rebase/", changes.rebase, name="rebase_change"),
    path("changes/<uuid:change>/withdraw/", changes.withdraw, name="withdraw_change"),
    path("cases/", cases.cases, name="cases"),
    path("cases/export.csv", cases.export_cases, {"kind": "csv"}, name="export_cases"),
    path("cases/export.xlsx", cases.export_cases, {"kind": "xlsx"}, name="export_cases_xlsx"),
    path("cases/behind/", cases.cases_behind, name="cases_behind"),
    path("cases/behind/export.csv", cases.export_cases_behind, {"kind": "csv"}, name="export_cases_behind"),
    path("cases/behind/export.xlsx", cases.export_cases_behind, {"kind": "xlsx"}, name="export_cases_behind_xlsx"),
    path("cases/bulk/", queue.bulk_cases, name="bulk_cases"),
    path("cases/views/", queue.save_view, name="save_view"),
    path("cases/views/<uuid:view>/delete/", queue.delete_view, name="delete_view"),
    path("cases/new/", oops.log_case, name="log_case"),
    path("cases/<uuid:case>/", case.case, name="case"),
    *(
        path(f"cases/<uuid:case>/{name}/{act.route}", case.act_on_case, {"act": act}, name=f"case_{name}")
        for name, act in case.ACTS.items()
    ),
    path("promise-meaning/", case.promise_meaning, name="promise_meaning"),
    path("rules-like/", case.rules_like, name="rules_like"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:remedy>/", approvals.approval, name="approval"),
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.register, name="register_rule"),
    path("rules/similar/", rules.similar, name="similar_rules"),
    path("rules/nominate/", nominations.nominate_rule, name="nominate_rule"),
    path("rules/nominate/like/", nominations.rules_like, name="rules_nominated_like"),
    path("rules/nominations/", nominations.nominations, name="nominations"),
    path("rules/nominations/<uuid:nomination>/", nominations.nomination, name="nomination"),
    *(
        path(
            f"rules/nominations/<uuid:nomination>/{name}/",
            nominations.act_on_nomination,
            {"act": name},
            name=f"nomination_{name}",
        )
        for name in nominations.ACTS
    ),
    path("rules/breaks/", breaks.rule_breaks, name="rule_breaks"),
    path("rules/committees/", bodies.committees, name="committees"),
    path("rules/committees/new/", bodies.found, name="found_committee"),
    path("rules/committees/<uuid:committee>/", bodies.committee, name="committee"),
    path("rules/committees/<uuid:committee>/dissolve/", bodies.dissolve, name="dissolve_committee"),
    path("rules/committees/<uuid:committee>/charter/", bodies.charter, name="set_charter"),
    path("rules/committees/<uuid:committee>/seats/", bodies.new_seat, name="new_seat"),
    path("rules/committees/<uuid:committee>/move/", motions.move, name="move_motion"),
    path("rules/seats/<uuid:seat>/", bodies.seat_holder, name="seat_holder"),
    path("rules/seats/<uuid:seat>/delegate/", delegations.delegate, name="delegate_seat"),
    path("rules/seats/<uuid:seat>/take-back/", delegations.take_back, name="take_back_delegation"),
    path("rules/seats/<uuid:seat>/retire/", bodies.retire, name="retire_seat"),
    path("rules/motions/<uuid:motion>/", motions.motion, name="motion"),
    *(
        path(f"rules/motions/<uuid:motion>/{name}/", motions.act_on_motion, {"act": name}, name=f"motion_{name}")
        for name in motions.ACTS
    ),
    path("rules/ballots/<uuid:ballot>/", ballots.ballot, name="ballot"),
    path("rules/ballots/<uuid:ballot>/vote/", ballots.vote, name="vote_in_ballot"),
    path("rules/ballots/<uuid:ballot>/count/", ballots.live_count, name="ballot_tally"),
    *(
        path(f"rules/ballots/<uuid:ballot>/{name}/", ballots.act_on_ballot, {"act": name}, name=f"ballot_{name}")
        for name in ballots.ACTS
    ),
    path("rules/outcomes/<uuid:outcome>/", outcomes.outcome, name="outcome"),
    path("rules/outcomes/<uuid:outcome>/correct/", outcomes.correct, name="correct_outcome"),
    path("rules/orders/", orders.kill_orders, name="kill_orders"),
    path("rules/orders/<uuid:order>/", orders.kill_order, name="kill_order"),
    path("rules/steps/<uuid:step>/done/", orders.finish, name="finish_kill_step"),
    *(
        path(f"rules/orders/<uuid:order>/{name}/", orders.act_on_order, {"act": name}, name=f"order_{name}")
        for name in orders.ACTS
    ),
    path("rules/<uuid:rule>/", rules.rule, name="rule"),
    path("rules/<uuid:rule>/amend/", rules.amend, name="amend_rule"),
    path("rules/<uuid:rule>/change/", rules.change, name="change_rule"),
    path("rules/<uuid:rule>/withdraw/", rules.withdraw, name="withdraw_rule"),
    path("listening/", listening.listening, name="listening"),
    path("listening/settings/", panels.listening_settings, name="listening_settings"),
    path("listening/panels/new/", panels.found, name="found_panel"),
    path("listening/panels/<uuid:panel>/", panels.panel, name="panel"),
    path("listening/panels/<uuid:panel>/change/", panels.change, name="change_panel"),
    path("listening/panels/<uuid:panel>/quota/", panels.quota, name="panel_quota"),
    path("listening/panels/<uuid:panel>/close/", panels.close, name="close_panel"),
    path("listening/panels/<uuid:panel>/members/", panels.members, name="panel_members"),
    path("listening/panels/<uuid:panel>/join/", panels.join, name="join_panel"),
    path("listening/panels/<uuid:panel>/join/file/", joining.load_members, name="load_panel_members"),
    path("listening/panels/<uuid:panel>/ask/", waves.new_wave, name="new_wave"),
    path("listening/members/<uuid:member>/remove/", panels.remove, name="remove_panel_member"),
    path("listening/waves/<uuid:wave>/", waves.wave, name="wave"),
    path("listening/waves/<uuid:wave>/export.csv", results.export_results, {"kind": "csv"}, name="export_results"),
    path(
        "listening/waves/<uuid:wave>/export.xlsx", results.export_results, {"kind": "xlsx"}, name="export_results_xlsx"
    ),
    path("listening/waves/<uuid:wave>/remarks/", remarks.remarks, name="remarks"),
    path(
        "listening/waves/<uuid:wave>/remarks/export.csv",
        remarks.export_remarks,
        {"kind": "csv"},
        name="export_remarks",
    ),
    path(
        "listening/waves/<uuid:wave>/remarks/export.xlsx",
        remarks.export_remarks,
        {"kind": "xlsx"},
        name="export_remarks_xlsx",
    ),
    path("listening/remarks/<uuid:remark>/thank/", remarks.thank, name="thank_for_remark"),
    path("listening/remarks/<uuid:remark>/tag/", remarks.tag, name="tag_remark"),
    path("listening/remarks/<uuid:remark>/nominate/", remarks.nominate, name="nominate_by_remark"),
    path("listening/remarks/<uuid:remark>/case/", remarks.open_case, name="case_by_remark"),
    path("listening/settings/themes/", remarks.theme, name="set_theme"),
    path("listening/settings/themes/<uuid:theme>/remove/", remarks.drop_theme, name="remove_theme"),
    path("listening/waves/<uuid:wave>/change/", waves.change_wave, name="change_wave"),
    path("listening/waves/<uuid:wave>/weights/", waves.weights, name="wave_weights"),
    path("listening/waves/<uuid:wave>/ask/", waves.new_question, name="new_question"),
    path("listening/waves/<uuid:wave>/preview/", waves.preview_question, name="preview_question"),
    *(
        path(f"listening/waves/<uuid:wave>/{name}/", waves.act_on_wave, {"act": name}, name=f"wave_{name}")
        for name in waves.WAVE_ACTS
    ),
    path("listening/questions/<uuid:question>/", waves.change_question, name="change_question"),
    *(
        path(
            f"listening/questions/<uuid:question>/{name}/",
            waves.act_on_question,
            {"act": name},
            name=f"question_{name}",
        )
        for name in waves.QUESTION_ACTS
    ),
    path("listening/sessions/", sessions.sessions, name="sessions"),
    path("listening/sessions/new/", sessions.plan, name="plan_session"),
    path("listening/sessions/<uuid:session>/", sessions.session, name="session"),
    *(
        path(
            f"listening/sessions/<uuid:session>/{name}/", sessions.act_on_session, {"act": name}, name=f"session_{name}"
        )
        for name in sessions.ACTS
    ),
    *(
        path(f"listening/sessions/<uuid:session>/{name}/", sessions.take_back, {"act": name}, name=f"session_{name}")
        for name in sessions.SLIPS
    ),
    *(
        path(f"listening/roster/<uuid:entry>/{name}/", sessions.act_on_entry, {"act": name}, name=f"entry_{name}")
        for name in sessions.ENTRY_ACTS
    ),
    path("listening/presences/<uuid:presence>/remove/", sessions.remove_presence, name="remove_presence"),
    path("listening/commitments/", commitments.commitments, name="commitments"),
    path("listening/commitments/new/", commitments.commit, name="new_commitment"),
    *(
        path(
            f"listening/commitments/<uuid:commitment>/{name}/",
            commitments.act_on_commitment,
            {"act": name},
            name=f"commitment_{name}",
        )
        for name in commitments.ACTS
    ),
    path("listening/commitments/<uuid:commitment>/reopen/", commitments.reopen, name="commitment_reopen"),
    path("listening/panels/<uuid:panel>/tell/", commitments.tell, name="tell_commitments"),
    path("heroes/", heroes.heroes, name="heroes"),
    path("heroes/new/", heroes.celebrate, name="celebrate"),
    path("heroes/<uuid:recognition>/take-back/", heroes.take_back_hero, name="take_back_hero"),
    path("heroes/<uuid:recognition>/hide/", heroes.hide_hero, name="hide_hero"),
    path("customers/", customers.customers, name="customers"),
    path("customers/new/", customers.add_customer, name="add_customer"),
    path("customers/<uuid:customer>/", customers.customer, name="customer"),
    path("customers/<uuid:customer>/edit/", customers.edit_customer, name="edit_customer"),
    path("customers/<uuid:customer>/panel/", joining.ask_onto, name="ask_onto_panel"),
    path("customers/<uuid:customer>/erase/", customers.erase, name="erase_customer"),
    path(
        "customers/<uuid:customer>/secrets/<uuid:secret>/forget/", customers.take_back_secret, name="take_back_secret"
    ),
    path("cases/<uuid:case>/files/<uuid:file>/", files.case_attachment, name="case_attachment"),
    path("search/", search.search, name="search"),
    path("organization/", organization.organization, name="organization"),
    path("organization/new/", organization.new_unit, name="new_unit"),
    path("organization/<uuid:unit>/", organization.edit_unit, name="edit_unit"),
    path("organization/<uuid:unit>/leader/", organization.lead_unit, name="lead_unit"),
    path("organization/<uuid:unit>/leader/end/", organization.end_leader, name="end_leader"),
    path("members/", administration.members, name="members"),
    path("members/recount/", administration.recount_figures, name="recount_figures"),
    path("members/new/", administration.add_member, name="add_member"),
    path("members/<uuid:member>/role/", administration.change_member_role, name="change_member_role"),
    path("members/<uuid:member>/end/", administration.end_member, name="end_member"),
    path("members/<uuid:member>/restore/", administration.restore_member, name="restore_member"),
    path("keys/", administration.keys, name="keys"),
    path("keys/new/", administration.add_key, name="add_key"),
    path("keys/<uuid:key>/revoke/", administration.revoke_key, name="revoke_key"),
    path("recovery-settings/", recovery_settings.recovery_settings, name="recovery_settings"),
    path("recovery-settings/words/", recovery_settings.add_promise_word, name="add_promise_word"),
    path(
        "recovery-settings/words/<uuid:word>/remove/", recovery_settings.remove_promise_word, name="remove_promise_word"
    ),
    path("recovery-settings/authority/<uuid:position>/", recovery_settings.authority, name="authority"),
    path("recovery-settings/mailboxes/", recovery_settings.add_mailbox, name="add_mailbox"),
    path("recovery-settings/mailboxes/<uuid:mailbox>/remove/", recovery_settings.remove_mailbox, name="remove_mailbox"),
    path("audit/", administration.audit_log, name="audit_log"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<uuid:mail>/retry/", outbox.retry_sending, name="retry_mail"),
    path("c/<str:token>/", customer_page.customer_page, name="customer_page"),
    path("v/<str:token>/", vote.vote, name="vote"),
    path("s/<str:token>/", survey.survey, name="survey"),
    path("w/<str:token>/", wall.wall, name="wall"),
    path("leave/<str:token>/", leave_panel.leave_panel, name="leave_panel"),
    path("digest/", digest.digest, name="digest"),
    path("no-digest/<str:token>/", stop_digest.stop_digest, name="stop_digest"),
    path("tell-us/", tell_us.tell_us, name="tell_us"),
    path("tell-us/thanks/<str:token>/", tell_us.tell_us_thanks, name="tell_us_thanks"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", landing.home, name="home"),
    path("workspaces/", landing.workspaces, name="workspaces"),
    path("accounts/", include(account_urls)),
    path("<slug:workspace>/", include(workspace_urls)),
]
