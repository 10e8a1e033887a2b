"""What the database derives for the committees' figures, so that no path can forget it.

When motions and orders were first due, which nominations a verified kill answers, how many cases cite a killed rule
before and after (which follows every change of a case, late ones too), and since when each unit has a live committee.
Who changes which rule a case cites holds the rule's key, and who verifies a kill holds the rule: neither counts past
the other.
"""

from __future__ import annotations

from cso.recovery.triggers import FOR_EACH_TENANT

# Elapsed time, so in hours: an interval of days depends on the session's zone.
_OBSERVED = "INTERVAL '1344 hours'"
_HOLDING = "INTERVAL '2160 hours'"
# From here on every unit is looked at; when one was added is not known.
_BEGINNING = "TIMESTAMPTZ '2020-01-01 00:00:00+00'"

_TOP_UNIT = "(SELECT id FROM people_unit WHERE tenant_id = NEW.tenant_id AND parent_id IS NULL ORDER BY code LIMIT 1)"

_ON_NOMINATIONS = [
    f"""
CREATE FUNCTION place_nomination() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.unit_id := {_TOP_UNIT};
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER place_nomination BEFORE INSERT OR UPDATE OF unit_id ON committees_nomination"
    " FOR EACH ROW WHEN (NEW.unit_id IS NULL) EXECUTE FUNCTION place_nomination()",
]

_ON_MOTIONS = [
    """
CREATE FUNCTION date_motion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT c.unit_id, COALESCE(NEW.due_at, NEW.moved_at + make_interval(hours => 48 * c.cadence_days))
    INTO NEW.unit_id, NEW.due_at FROM committees_committee c
    WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.committee_id;
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER date_motion BEFORE INSERT OR UPDATE OF committee_id ON committees_motion"
    " FOR EACH ROW EXECUTE FUNCTION date_motion()",
]

_CITED = """(
    SELECT count(*) FROM recovery_case k WHERE k.tenant_id = {order}.tenant_id AND k.quoted_rule_id = {order}.rule_id
    AND k.is_valid AND k.clock_start >= {order}.verified_at{first} AND k.clock_start < {order}.verified_at{last})"""


def _cited(order: str) -> tuple[str, str]:
    """How many cases cite the rule of an order in the 8 weeks before its verification, and in those after."""
    before = _CITED.format(order=order, first=f" - {_OBSERVED}", last="")
    return before, _CITED.format(order=order, first="", last=f" + {_OBSERVED}")


_BEFORE_NEW, _AFTER_NEW = _cited("NEW")
_BEFORE, _AFTER = _cited("o")

_ON_ORDERS = [
    f"""
CREATE FUNCTION date_kill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.first_due_at := COALESCE(NEW.first_due_at, NEW.due_at);
    NEW.cited_before := CASE WHEN NEW.verified_at IS NOT NULL THEN {_BEFORE_NEW} END;
    NEW.cited_after := CASE WHEN NEW.verified_at IS NOT NULL THEN {_AFTER_NEW} END;
    NEW.killed_before := NEW.verified_at IS NOT NULL AND EXISTS (
        SELECT FROM committees_killorder o WHERE o.tenant_id = NEW.tenant_id AND o.rule_id = NEW.rule_id
        AND o.id <> NEW.id AND o.verified_at < NEW.verified_at AND o.is_killed);
    RETURN NEW;
END $$
""",
    "CREATE TRIGGER date_kill BEFORE INSERT OR UPDATE OF verified_at, rule_id ON committees_killorder"
    " FOR EACH ROW EXECUTE FUNCTION date_kill()",
    f"""
CREATE FUNCTION answer_nominations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verified_at IS NOT NULL AND COALESCE(NEW.reinstated_at - NEW.verified_at > {_HOLDING}, true) THEN
        -- Whoever asked for it has what they wanted, whether or not theirs was the one that was voted on.
        UPDATE committees_nomination SET killed_at = NEW.verified_at
        WHERE tenant_id = NEW.tenant_id AND rule_id = NEW.rule_id AND status <> 'merged'
        AND submitted_at <= NEW.verified_at AND ended_at IS NULL AND killed_at IS NULL;
    ELSIF NEW.verified_at IS NOT NULL THEN
        -- Those that wait again for the triage or a committee are open again.
        UPDATE committees_nomination SET killed_at = NULL,
            ended_at = CASE WHEN status NOT IN ('submitted', 'triaged', 'docketed') THEN NEW.reinstated_at END
        WHERE tenant_id = NEW.tenant_id AND rule_id = NEW.rule_id AND killed_at = NEW.verified_at;
    ELSIF NEW.reinstated_at IS NOT NULL THEN
        UPDATE committees_nomination SET ended_at = NEW.reinstated_at
        WHERE tenant_id = NEW.tenant_id AND rule_id = NEW.rule_id AND status IN ('decided', 'quick_killed')
        AND ended_at IS NULL AND killed_at IS NULL;
    END IF;
    RETURN NULL;
END $$
""",
    "CREATE TRIGGER answer_nominations AFTER INSERT OR UPDATE OF verified_at, reinstated_at ON committees_killorder"
    " FOR EACH ROW EXECUTE FUNCTION answer_nominations()",
]

# How a case bears on the effect of a kill.
_CHANGED = (
    "ROW(was.quoted_rule_id, was.is_valid, was.clock_start)"
    " IS DISTINCT FROM ROW(now.quoted_rule_id, now.is_valid, now.clock_start)"
)
_CITING = {
    "INSERT": ("NEW TABLE AS new_rows", "SELECT tenant_id, quoted_rule_id FROM new_rows"),
    "DELETE": ("OLD TABLE AS old_rows", "SELECT tenant_id, quoted_rule_id FROM old_rows"),
    "UPDATE": (
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        f"""SELECT was.tenant_id, was.quoted_rule_id
            FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {_CHANGED}
            UNION ALL SELECT now.tenant_id, now.quoted_rule_id
            FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {_CHANGED}""",
    ),
}


def _on_cases(event: str) -> list[str]:
    name = f"count_citations_{event.lower()}"
    transition, rows = _CITING[event]
    return [
        f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
-- Planned anew each time: a plan kept from a statement of one row joins the rows of a load one by one.
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    of_tenant bigint; cited uuid[];
BEGIN
    -- A statement writes the rows of one tenant.
    SELECT min(r.tenant_id), array_agg(DISTINCT r.quoted_rule_id) INTO of_tenant, cited
    FROM ({rows}) r WHERE r.quoted_rule_id IS NOT NULL;
    IF cited IS NOT NULL THEN
        PERFORM FROM rules_rule WHERE tenant_id = of_tenant AND id = ANY(cited) ORDER BY id FOR KEY SHARE;
        UPDATE committees_killorder o SET cited_before = {_BEFORE}, cited_after = {_AFTER}
        WHERE o.tenant_id = of_tenant AND o.rule_id = ANY(cited) AND o.verified_at IS NOT NULL
        AND ROW(o.cited_before, o.cited_after) IS DISTINCT FROM ROW({_BEFORE}, {_AFTER});
    END IF;
    RETURN NULL;
END $$
""",
        f"CREATE TRIGGER {name} AFTER {event} ON recovery_case REFERENCING {transition}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


# A committee is alive while it stands, somebody sits in it, and it was founded, or opened a ballot, less than two of
# its cadences ago. Every unit's time is cut into what the committees of the unit cover, and the rest.
_COVERAGE = f"""
CREATE VIEW committees_unitcoverage WITH (security_invoker = true) AS
SELECT
    -- Made of the unit's and the instant's, so that it is the same at each reading.
    md5(unit.id::text || lower(span.held)::text || span.is_covered)::uuid AS id,
    unit.tenant_id, unit.id AS unit_id, lower(span.held) AS starts_at, upper(span.held) AS ends_at, span.is_covered
FROM people_unit unit
CROSS JOIN LATERAL (SELECT tstzmultirange(tstzrange({_BEGINNING}, NULL)) AS spans) whole
LEFT JOIN LATERAL (
    SELECT range_agg(
        tstzmultirange(tstzrange(c.founded_at, NULL)) * tstzmultirange(tstzrange(NULL, c.dissolved_at))
        * (
            SELECT COALESCE(range_agg(
                tstzmultirange(tstzrange(t.starts_at, t.ends_at))
                * tstzmultirange(tstzrange(NULL, LEAST(s.retired_at, m.ended_at)))
            ), '{{}}')
            FROM committees_seat s
            JOIN committees_seattenure t ON t.tenant_id = s.tenant_id AND t.seat_id = s.id
            LEFT JOIN tenants_membership m ON m.tenant_id = t.tenant_id AND m.id = t.member_id
            WHERE s.tenant_id = c.tenant_id AND s.committee_id = c.id
        )
        * (
            SELECT range_agg(tstzrange(acted.at, acted.at + make_interval(hours => 48 * c.cadence_days)))
            FROM (
                SELECT c.founded_at AS at
                UNION ALL
                SELECT b.opened_at FROM committees_motion o
                JOIN committees_ballot b ON b.tenant_id = o.tenant_id AND b.motion_id = o.id
                WHERE o.tenant_id = c.tenant_id AND o.committee_id = c.id AND b.opened_at IS NOT NULL
            ) acted
        )
    ) AS spans
    FROM committees_committee c WHERE c.tenant_id = unit.tenant_id AND c.unit_id = unit.id
) live ON TRUE
CROSS JOIN LATERAL (
    SELECT unnest(whole.spans * COALESCE(live.spans, '{{}}')) AS held, TRUE AS is_covered
    UNION ALL
    SELECT unnest(whole.spans - COALESCE(live.spans, '{{}}')), FALSE
) span
"""
_GRANT = "GRANT SELECT ON committees_unitcoverage TO cso_app"

# What was there before, tenant by tenant: the wall stands for the migration too. An update of a column to itself
# passes the triggers.
_DERIVE_ALL = FOR_EACH_TENANT.format(
    act="""
        UPDATE committees_motion SET committee_id = committee_id WHERE tenant_id = tenant;
        UPDATE committees_nomination SET unit_id = unit_id WHERE tenant_id = tenant;
        UPDATE committees_killorder SET verified_at = verified_at WHERE tenant_id = tenant;
        UPDATE committees_nomination n SET ended_at = COALESCE(
            (SELECT max(m.decided_at) FROM committees_motion m WHERE m.tenant_id = tenant AND m.nomination_id = n.id),
            n.triaged_at, n.submitted_at)
        WHERE n.tenant_id = tenant AND n.killed_at IS NULL AND n.ended_at IS NULL
        AND (n.status IN ('no_such_rule', 'external_law', 'withdrawn') OR n.status = 'decided' AND NOT EXISTS (
            SELECT FROM committees_killorder o WHERE o.tenant_id = tenant AND o.rule_id = n.rule_id
            AND o.reinstated_at IS NULL AND o.ordered_at >= n.submitted_at));"""
)

DERIVING_STATEMENTS = [
    *_ON_NOMINATIONS,
    *_ON_MOTIONS,
    *_ON_ORDERS,
    *(statement for event in _CITING for statement in _on_cases(event)),
    _COVERAGE,
    _GRANT,
    _DERIVE_ALL,
]
