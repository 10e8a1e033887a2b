"""What the database derives from cases, customers and purchases, so that no path can forget it.

Repeats (`Case.repeated_at`), customers at risk (`Exposure`) and whether promises and call-backs count follow the facts
by statement-level triggers: a bulk load is derived once, and rows without a customer cost nothing. Who derives holds
the rows of the customers, locked in one order, so that two sessions that touch one customer never count past each
other; an act that locks a case locks its customer first (`lock_customers`).
"""

# Each function plans anew: a plan kept from a statement of one row joins the rows of a load one by one (68 s instead of
# 1.5 s for 5,000 cases).

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cso.customers.models import Customer

# Elapsed time, so in hours: an interval of days depends on the session's zone.
_REPEAT = "INTERVAL '720 hours'"
_RETURN = "INTERVAL '2160 hours'"
# A worth above is a slip of the keyboard; sums of it would pass what a bigint holds. It is taken as unknown.
_MOST = 10**15


def lock_customers(customers: Iterable[UUID | None]) -> None:
    """Hold these customers' rows until the transaction ends: before any of their cases is locked."""
    wanted = {customer for customer in customers if customer}
    if wanted:
        # Sorted by the database, as the triggers do it.
        list(Customer.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True).values_list("pk"))


_LOCK_CUSTOMERS = """
CREATE FUNCTION lock_customers(of_tenant bigint, wanted uuid[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    PERFORM FROM customers_customer WHERE tenant_id = of_tenant AND id = ANY(wanted) ORDER BY id FOR NO KEY UPDATE;
END $$
"""

# The rows of some customers as their cases, purchases and worth say now. Rows that stay as they are, are not written.
_DERIVE_EXPOSURES = f"""
CREATE FUNCTION derive_exposures(of_tenant bigint, wanted uuid[]) RETURNS void LANGUAGE plpgsql
-- By indexes, also while the statistics lag behind a large load: the same rows are else read once for each customer.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
DECLARE
    in_force text := COALESCE(
        (SELECT currency FROM recovery_recoverysettings WHERE tenant_id = of_tenant), 'USD');
BEGIN
    MERGE INTO recovery_exposure e USING (
        SELECT old.id, span.customer_id, span.case_id, span.unit_id, span.since, span.ended,
            CASE WHEN worth.is_known THEN worth.low END AS low, CASE WHEN worth.is_known THEN worth.high END AS high,
            (SELECT min(p.bought_at) FROM customers_purchase p
             WHERE p.tenant_id = of_tenant AND p.customer_id = span.customer_id
             AND p.bought_at > span.since AND p.bought_at <= span.since + {_RETURN}) AS saved_at
        FROM (
            SELECT customer_id, island, min(reported_at) AS since,
                NULLIF(max(COALESCE(fixed_at, 'infinity')), 'infinity') AS ended,
                (array_agg(id ORDER BY reported_at, id))[1] AS case_id,
                (array_agg(unit_id ORDER BY reported_at, id))[1] AS unit_id
            FROM (
                -- What overlaps or touches is one time at risk.
                SELECT *, count(*) FILTER (WHERE reported_at > known_until) OVER in_order AS island
                FROM (
                    SELECT *, max(COALESCE(fixed_at, 'infinity')) OVER (
                        PARTITION BY customer_id ORDER BY reported_at, id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS known_until
                    FROM recovery_case
                    WHERE tenant_id = of_tenant AND customer_id = ANY(wanted) AND is_valid
                    AND (fixed_at IS NULL OR fixed_at > reported_at)
                ) own
                WINDOW in_order AS (PARTITION BY customer_id ORDER BY reported_at, id)
            ) joined
            GROUP BY customer_id, island
        ) span
        CROSS JOIN LATERAL (
            SELECT k.worth_low_minor AS low, k.worth_high_minor AS high,
                k.currency = in_force AND k.worth_low_minor IS NOT NULL AND k.worth_high_minor <= {_MOST} AS is_known
            FROM customers_customer k WHERE k.tenant_id = of_tenant AND k.id = span.customer_id
        ) worth
        FULL JOIN (
            SELECT id, customer_id, at_risk_since FROM recovery_exposure
            WHERE tenant_id = of_tenant AND customer_id = ANY(wanted)
        ) old ON old.customer_id = span.customer_id AND old.at_risk_since = span.since
    ) told ON e.tenant_id = of_tenant AND e.id = told.id
    WHEN MATCHED AND told.since IS NULL THEN DELETE
    WHEN MATCHED AND ROW(e.case_id, e.unit_id, e.ended_at, e.worth_low_minor, e.worth_high_minor, e.saved_at)
        IS DISTINCT FROM ROW(told.case_id, told.unit_id, told.ended, told.low, told.high, told.saved_at) THEN
        UPDATE SET case_id = told.case_id, unit_id = told.unit_id, ended_at = told.ended, worth_low_minor = told.low,
            worth_high_minor = told.high, saved_at = told.saved_at
    WHEN NOT MATCHED AND told.since IS NOT NULL THEN
        INSERT (tenant_id, customer_id, case_id, unit_id, at_risk_since, ended_at, worth_low_minor, worth_high_minor,
                saved_at)
        VALUES (of_tenant, told.customer_id, told.case_id, told.unit_id, told.since, told.ended, told.low, told.high,
                told.saved_at);
END $$
"""

# Of the changed cases, and of those whose 30 days after the first fix a changed case starts in.
_FIND_REPEATS = f"""
CREATE FUNCTION find_repeats(of_tenant bigint, changed uuid[], customers uuid[], causes uuid[], starts timestamptz[])
RETURNS void LANGUAGE plpgsql
-- By the index that has the order already, whatever the statistics say just after a load.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off AS $$
BEGIN
    UPDATE recovery_case c SET repeated_at = told.at
    FROM (
        SELECT touched.id, again.clock_start AS at
        FROM (
            SELECT id FROM recovery_case WHERE tenant_id = of_tenant AND id = ANY(changed)
            UNION
            SELECT earlier.id
            FROM (
                SELECT customer, cause, min(start) AS lowest, max(start) AS highest
                FROM unnest(customers, causes, starts) AS told(customer, cause, start) GROUP BY customer, cause
            ) pair
            JOIN recovery_case earlier ON earlier.tenant_id = of_tenant AND earlier.customer_id = pair.customer
                AND earlier.cause_id = pair.cause AND earlier.first_fixed_at >= pair.lowest - {_REPEAT}
                AND earlier.first_fixed_at <= pair.highest
        ) touched
        JOIN recovery_case mine ON mine.tenant_id = of_tenant AND mine.id = touched.id
        LEFT JOIN LATERAL (
            SELECT later.clock_start FROM recovery_case later
            WHERE later.tenant_id = of_tenant AND later.customer_id = mine.customer_id
            AND later.cause_id = mine.cause_id AND later.id <> mine.id AND later.is_valid
            AND later.clock_start >= mine.first_fixed_at AND later.clock_start <= mine.first_fixed_at + {_REPEAT}
            ORDER BY later.clock_start LIMIT 1
        ) again ON true
    ) told
    WHERE c.tenant_id = of_tenant AND c.id = told.id AND c.repeated_at IS DISTINCT FROM told.at;
END $$
"""

# How a case bears on its customer's other cases and on the customer's risk.
_DECISIVE = (
    "customer_id",
    "cause_id",
    "unit_id",
    "is_valid",
    "reported_at",
    "clock_start",
    "first_fixed_at",
    "fixed_at",
)
_CASE_CHANGED = "ROW({}) IS DISTINCT FROM ROW({})".format(
    ", ".join(f"was.{name}" for name in _DECISIVE), ", ".join(f"now.{name}" for name in _DECISIVE)
)
_CHANGED_ROWS = {
    "INSERT": "SELECT now.* FROM new_rows now WHERE now.customer_id IS NOT NULL",
    "DELETE": "SELECT was.* FROM old_rows was WHERE was.customer_id IS NOT NULL",
    "UPDATE": f"""
        SELECT was.* FROM old_rows was JOIN new_rows now USING (tenant_id, id)
        WHERE {_CASE_CHANGED} AND COALESCE(was.customer_id, now.customer_id) IS NOT NULL
        UNION ALL
        SELECT now.* FROM old_rows was JOIN new_rows now USING (tenant_id, id)
        WHERE {_CASE_CHANGED} AND COALESCE(was.customer_id, now.customer_id) IS NOT NULL""",
}
TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def _on_cases(event: str) -> list[str]:
    name = f"derive_from_case_{event.lower()}"
    return [
        f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    of_tenant bigint; touched uuid[]; changed uuid[]; customers uuid[]; causes uuid[]; starts timestamptz[];
BEGIN
    -- A statement writes the rows of one tenant.
    SELECT min(r.tenant_id), array_agg(DISTINCT r.customer_id) FILTER (WHERE r.customer_id IS NOT NULL),
        array_agg(DISTINCT r.id), array_agg(r.customer_id) FILTER (WHERE r.cause_id IS NOT NULL),
        array_agg(r.cause_id) FILTER (WHERE r.cause_id IS NOT NULL),
        array_agg(r.clock_start) FILTER (WHERE r.cause_id IS NOT NULL)
    INTO of_tenant, touched, changed, customers, causes, starts FROM ({_CHANGED_ROWS[event]}) r;
    IF touched IS NOT NULL THEN
        PERFORM lock_customers(of_tenant, touched);
        -- Who changes the currency waits for us, or we for them.
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('worth', of_tenant));
        PERFORM find_repeats(of_tenant, changed, customers, causes, starts);
        PERFORM derive_exposures(of_tenant, touched);
    END IF;
    RETURN NULL;
END $$
""",
        f"CREATE TRIGGER {name} AFTER {event} ON recovery_case REFERENCING {TRANSITIONS[event]}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def _on_customers(table: str, name: str, event: str, customer: str, changed: str) -> list[str]:
    """The exposures of customers follow a change of `table`. changed: what tells that an updated row matters."""
    rows = {
        "INSERT": "SELECT * FROM new_rows",
        "DELETE": "SELECT * FROM old_rows",
        "UPDATE": f"""
            SELECT was.* FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {changed}
            UNION ALL SELECT now.* FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE {changed}""",
    }[event]
    name = f"derive_from_{name}_{event.lower()}"
    return [
        f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    of_tenant bigint; touched uuid[];
BEGIN
    SELECT min(r.tenant_id), array_agg(DISTINCT r.{customer}) INTO of_tenant, touched FROM ({rows}) r;
    IF touched IS NOT NULL THEN
        PERFORM lock_customers(of_tenant, touched);
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('worth', of_tenant));
        PERFORM derive_exposures(of_tenant, touched);
    END IF;
    RETURN NULL;
END $$
""",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {TRANSITIONS[event]}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


_WORTH_CHANGED = (
    "ROW(was.worth_low_minor, was.worth_high_minor, was.currency)"
    " IS DISTINCT FROM ROW(now.worth_low_minor, now.worth_high_minor, now.currency)"
)
_BOUGHT_CHANGED = "ROW(was.customer_id, was.bought_at) IS DISTINCT FROM ROW(now.customer_id, now.bought_at)"

# No customer is locked: those who derive one by one wait, or have ended.
_ON_CURRENCY = [
    """
CREATE FUNCTION derive_from_currency() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('worth', NEW.tenant_id));
    PERFORM derive_exposures(
        NEW.tenant_id,
        ARRAY(SELECT DISTINCT customer_id FROM recovery_exposure WHERE tenant_id = NEW.tenant_id));
    RETURN NULL;
END $$
""",
    "CREATE TRIGGER derive_from_currency_insert AFTER INSERT ON recovery_recoverysettings"
    " FOR EACH ROW WHEN (NEW.currency <> 'USD') EXECUTE FUNCTION derive_from_currency()",
    "CREATE TRIGGER derive_from_currency_update AFTER UPDATE ON recovery_recoverysettings"
    " FOR EACH ROW WHEN (NEW.currency <> OLD.currency) EXECUTE FUNCTION derive_from_currency()",
]

# A promise or a call-back counts when its case does.
_COUNTED = ("recovery_promise", "recovery_callback")
_FOLLOW = """
        UPDATE {table} t SET case_counts = now.is_valid
        FROM old_rows was JOIN new_rows now USING (tenant_id, id)
        WHERE was.is_valid <> now.is_valid AND t.tenant_id = now.tenant_id AND t.case_id = now.id
        AND t.case_counts <> now.is_valid;"""
_ON_VALIDITY = [
    f"""
CREATE FUNCTION count_with_case() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF EXISTS (
        SELECT FROM old_rows was JOIN new_rows now USING (tenant_id, id) WHERE was.is_valid <> now.is_valid
    ) THEN
        {"".join(_FOLLOW.format(table=table) for table in _COUNTED)}
    END IF;
    RETURN NULL;
END $$
""",
    f"CREATE TRIGGER count_with_case AFTER UPDATE ON recovery_case REFERENCING {TRANSITIONS['UPDATE']}"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_with_case()",
    """
CREATE FUNCTION count_as_case() RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    -- Held, so that an exclusion meanwhile does not pass by the new row.
    SELECT is_valid INTO NEW.case_counts FROM recovery_case
    WHERE tenant_id = NEW.tenant_id AND id = NEW.case_id FOR SHARE;
    NEW.case_counts := COALESCE(NEW.case_counts, true);
    RETURN NEW;
END $$
""",
    *(
        f"CREATE TRIGGER count_as_case BEFORE INSERT OR UPDATE OF case_id ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION count_as_case()"
        for table in _COUNTED
    ),
]

# What workspaces that were there before hold, tenant by tenant: the wall stands for the migration too.
FOR_EACH_TENANT = """
DO $$
DECLARE
    tenant bigint;
BEGIN
    FOR tenant IN SELECT id FROM tenants_tenant ORDER BY id LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        {act}
    END LOOP;
    PERFORM set_config('app.tenant_id', '', true);
END $$
"""
_DERIVE_ALL = FOR_EACH_TENANT.format(
    act="""
        PERFORM find_repeats(tenant, array_agg(id), '{}', '{}', '{}') FROM recovery_case
            WHERE tenant_id = tenant AND customer_id IS NOT NULL AND cause_id IS NOT NULL;
        PERFORM derive_exposures(tenant, array_agg(DISTINCT customer_id)) FROM recovery_case
            WHERE tenant_id = tenant AND customer_id IS NOT NULL;"""
)

DERIVING_STATEMENTS = [
    _LOCK_CUSTOMERS,
    _DERIVE_EXPOSURES,
    _FIND_REPEATS,
    *(statement for event in TRANSITIONS for statement in _on_cases(event)),
    *_on_customers("customers_customer", "worth", "UPDATE", "id", _WORTH_CHANGED),
    *(
        statement
        for event in TRANSITIONS
        for statement in _on_customers("customers_purchase", "purchase", event, "customer_id", _BOUGHT_CHANGED)
    ),
    *_ON_CURRENCY,
    *_ON_VALIDITY,
    _DERIVE_ALL,
]
