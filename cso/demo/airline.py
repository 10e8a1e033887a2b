"""Larkspur Air: an airline of twelve divisions, one of which got the right to act."""

from __future__ import annotations

from cso.demo import airline_texts as texts
from cso.demo.airline_recovery import RECOVERY
from cso.demo.story import APPROVAL, PASSED_ON, BadWeek, Division, Improvement, Role, Segment, Story, Team

DOMAIN = "larkspur-air.example"
TITLES = ("Agent", "Lead agent", "Duty supervisor", "Coordinator", "Guest relations agent")

DIVISIONS = (
    Division("YYZ", "Toronto Hub", "Hub director", 0.74, weak_spot="Missed connection", teams=(
        Team("YYZ-CHK", "Toronto Check-in", "counter", 7),
        Team("YYZ-GAT", "Toronto Gates", "gate", 6),
        Team("YYZ-CNX", "Toronto Connections Desk", "gate", 5),
        Team("YYZ-ARR", "Toronto Arrivals", "arrivals", 7),
        Team("YYZ-AST", "Toronto Assistance", "assistance", 3),
    )),
    Division("YUL", "Montréal Hub", "Hub director", 0.93, teams=(
        Team("YUL-CHK", "Montréal Check-in", "counter", 4),
        Team("YUL-GAT", "Montréal Gates", "gate", 4),
        Team("YUL-ARR", "Montréal Arrivals", "arrivals", 4),
        Team("YUL-AST", "Montréal Assistance", "assistance", 2),
    )),
    Division("ATL", "Atlantic Stations", "Regional director", 0.94, teams=(
        Team("YHZ", "Halifax", "station", 4),
        Team("YYT", "St. John's", "station", 2),
        Team("YQM", "Moncton", "station", 1.5),
        Team("YYG", "Charlottetown", "station", 0.6),
    )),
    Division("PRA", "Prairie Stations", "Regional director", 0.55, teams=(
        Team("YYC", "Calgary", "station", 5),
        Team("YEG", "Edmonton", "station", 4),
        Team("YWG", "Winnipeg", "station", 3),
        Team("YQR", "Regina", "station", 1.5),
        Team("YXE", "Saskatoon", "station", 1.5),
    )),
    Division("PAC", "Pacific Stations", "Regional director", 0.885, teams=(
        Team("YVR", "Vancouver", "station", 6),
        Team("YYJ", "Victoria", "station", 2),
        Team("YLW", "Kelowna", "station", 2),
        Team("YXS", "Prince George", "station", 0.7),
    )),
    Division("NOR", "Northern Stations", "Regional director", 0.77, teams=(
        Team("YZF", "Yellowknife", "station", 0.9),
        Team("YXY", "Whitehorse", "station", 0.8),
        Team("YFB", "Iqaluit", "station", 0.6),
    )),
    Division("SUN", "Sun and U.S. Stations", "Regional director", 0.8,
             weak_spot="Cancelled, no way onward offered", teams=(
        Team("MCO", "Orlando", "station", 3),
        Team("CUN", "Cancún", "station", 3),
        Team("LGA", "New York", "station", 2.5),
        Team("BOS", "Boston", "station", 2),
        Team("ORD", "Chicago", "station", 2),
        Team("DEN", "Denver", "station", 1.2),
    )),
    Division("CON", "Contact Centre", "Director of contact", 0.62, weak_spot="Refund late", teams=(
        Team("CON-RES", "Reservations", "contact", 6),
        Team("CON-REF", "Refunds", "refunds", 6),
        Team("CON-REL", "Customer Relations", "relations", 5),
        Team("CON-CHT", "Chat and Social", "contact", 4),
    )),
    Division("BAG", "Central Baggage", "Director of baggage", 0.66, weak_spot="Asked for proof we had", teams=(
        Team("BAG-TRC", "Baggage Tracing", "tracing", 6),
        Team("BAG-CLM", "Baggage Claims", "claims", 4),
        Team("BAG-DEL", "Baggage Delivery", "tracing", 3),
    )),
    Division("CAB", "Cabin Service", "Director of cabin service", 0.95, teams=(
        Team("CAB-DOM", "Domestic Crews", "cabin", 3),
        Team("CAB-SUN", "Sun Crews", "cabin", 2),
        Team("CAB-CAT", "Catering", "cabin", 2),
        Team("CAB-UPK", "Cabin Upkeep", "cabin", 0.8),
    )),
    Division("DIG", "Digital", "Director of digital", 0.87, weak_spot="Wrong charge", teams=(
        Team("DIG-WEB", "Website", "digital", 3),
        Team("DIG-APP", "App", "digital", 3),
        Team("DIG-PAY", "Payments", "payments", 2),
    )),
    Division("CLB", "Larkspur Club", "Director of loyalty", 0.79, weak_spot="Points missing", teams=(
        Team("CLB-PTS", "Points Desk", "loyalty", 3),
        Team("CLB-LNG", "Lounges", "lounge", 1.2),
        Team("CLB-PAR", "Partners", "loyalty", 1),
    )),
)  # fmt: skip

MIX = {
    "counter": {"Rule quoted instead of help": 4, "Seat changed or lost": 4, "Wrong charge": 3,
                "Website or app failed": 2, "Waited for an approval": 2, "Cancelled, no way onward offered": 3},
    "gate": {"Missed connection": 7, "Seat changed or lost": 4, "Cancelled, no way onward offered": 5,
             "Rule quoted instead of help": 2, "Waited for an approval": 2},
    "arrivals": {"Bag delayed": 9, "Bag damaged": 5, "Assistance did not come": 1, "Waited for an approval": 1},
    "assistance": {"Assistance did not come": 9, "Missed connection": 1, "Rule quoted instead of help": 1},
    "station": {"Bag delayed": 6, "Bag damaged": 2, "Missed connection": 3, "Cancelled, no way onward offered": 4,
                "Waited for an approval": 4, "Rule quoted instead of help": 2, "Seat changed or lost": 2,
                "Assistance did not come": 2},
    "contact": {"No answer, long wait": 8, "Cancelled, no way onward offered": 4, "Wrong charge": 3,
                "Rule quoted instead of help": 3, "Website or app failed": 2},
    "refunds": {"Refund late": 9, "Asked for proof we had": 4, "Wrong charge": 3, "No answer, long wait": 1},
    "relations": {"No answer, long wait": 4, "Asked for proof we had": 4, "Refund late": 4,
                  "Rule quoted instead of help": 3, "Waited for an approval": 2},
    "tracing": {"Bag delayed": 9, "No answer, long wait": 3, "Asked for proof we had": 2, "Bag damaged": 1},
    "claims": {"Bag damaged": 5, "Asked for proof we had": 6, "Refund late": 4, "No answer, long wait": 2},
    "cabin": {"Meal not loaded": 7, "Seat changed or lost": 3, "Assistance did not come": 1,
              "Rule quoted instead of help": 1},
    "digital": {"Website or app failed": 9, "Seat changed or lost": 2, "Wrong charge": 2},
    "payments": {"Wrong charge": 7, "Refund late": 3, "Website or app failed": 2},
    "loyalty": {"Points missing": 8, "Asked for proof we had": 2, "No answer, long wait": 2},
    "lounge": {"Rule quoted instead of help": 4, "Points missing": 1, "Wrong charge": 1},
}  # fmt: skip

LARKSPUR = Story(
    slug="larkspur-air",
    name="Larkspur Air",
    time_zone="America/Toronto",
    currency="CAD",
    prefix="LK",
    cases=12_000,
    customers=4_000,
    named_percent=88,
    french_share=0.2,
    divisions=DIVISIONS,
    causes=texts.CAUSES,
    mix=MIX,
    fillers=texts.FILLERS,
    additions=texts.ADDITIONS,
    segments=(
        Segment("Leisure", 50, (180_00, 650_00), (1, 3)),
        Segment("Family", 22, (700_00, 2_600_00), (1, 2)),
        Segment("Business", 20, (320_00, 1_400_00), (6, 30)),
        Segment("Club Gold", 8, (450_00, 2_200_00), (20, 70)),
    ),
    targets=((18, 70), (11, 75), (5, 80), (1, 82)),
    improvement=Improvement("PRA", months_ago=7.5, share=0.88, cured="Waited for an approval"),
    bad_week=BadWeek(
        weeks_ago=9,
        times=2.6,
        causes=("Website or app failed", "Missed connection", "Cancelled, no way onward offered", "Bag delayed"),
        harder=2.4,
        texts=texts.OUTAGE,
    ),
    new_leader_of="DIG",
    vacant="NOR",
    roles=(
        Role("cso", "Amara Lindqvist", f"cso@{DOMAIN}", "Chief Serving Officer"),
        Role("executive", "Theodore Marchetti", "executive@board.example", "Chief Operating Officer"),
        Role("leader", "Noor Haddad", f"leader@{DOMAIN}", "Director of baggage", "BAG"),
        Role("committee_member", "Gilles Tremblay", f"committee@{DOMAIN}", "Lead agent", "YUL-CHK"),
        Role("frontline", "Maya Okonkwo", f"frontline@{DOMAIN}", "Agent", "YYZ-ARR"),
        Role("auditor", "Wendell Price", f"auditor@{DOMAIN}", "Internal auditor"),
        Role("administrator", "Joon Park", f"admin@{DOMAIN}", "Systems administrator"),
    ),
    titles=TITLES,
    reopened=texts.REOPENED,
    disputed=texts.DISPUTED,
    exclusions=texts.EXCLUSIONS,
    recovery=RECOVERY,
    weekdays=(1.05, 0.9, 0.9, 1.05, 1.25, 1.0, 1.2),
    months=(1.15, 1.0, 1.05, 0.85, 0.85, 1.0, 1.25, 1.25, 0.9, 0.85, 0.8, 1.3),
    habits={"BAG": PASSED_ON, "SUN": APPROVAL},
)
