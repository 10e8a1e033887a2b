"""Port Ellery: a harbour city whose housing department got the right to order a repair."""

from __future__ import annotations

from cso.demo import city_texts as texts
from cso.demo.city_recovery import RECOVERY
from cso.demo.story import APPROVAL, PASSED_ON, BadWeek, Division, Improvement, Role, Segment, Story, Team

DOMAIN = "port-ellery.example"
TITLES = ("Clerk", "Crew member", "Crew chief", "Inspector", "Dispatcher", "Case worker")

DIVISIONS = (
    Division("STR", "Streets", "Commissioner of streets", 0.66, weak_spot="Pothole not repaired", teams=(
        Team("STR-POT", "Paving and Potholes", "paving", 7),
        Team("STR-LIT", "Lights and Signals", "lights", 4),
        Team("STR-SNW", "Snow and Ice", "snow", 4),
        Team("STR-SDW", "Sidewalks", "sidewalks", 3),
    )),
    Division("SAN", "Sanitation", "Commissioner of sanitation", 0.9, teams=(
        Team("SAN-HOU", "Household Collection", "collection", 8),
        Team("SAN-REC", "Recycling", "collection", 5),
        Team("SAN-BLK", "Bulky Items", "bulky", 3),
        Team("SAN-CLN", "Street Cleaning", "collection", 2),
    )),
    Division("WAT", "Water", "Director of water", 0.79, teams=(
        Team("WAT-BIL", "Water Billing", "billing", 4),
        Team("WAT-MAI", "Mains and Leaks", "mains", 4),
        Team("WAT-SEW", "Sewers", "sewers", 3),
    )),
    Division("HOU", "Housing", "Director of housing", 0.45, teams=(
        Team("HOU-HEA", "Heat and Hot Water", "heat", 7),
        Team("HOU-REP", "Repairs", "repairs", 5),
        Team("HOU-INS", "Inspections", "repairs", 2),
    )),
    Division("PRK", "Parks", "Director of parks", 0.87, teams=(
        Team("PRK-TRE", "Trees", "trees", 4),
        Team("PRK-PLA", "Playgrounds", "parks", 2),
        Team("PRK-FLD", "Sports Fields", "parks", 1),
    )),
    Division("TRA", "Transit", "Director of transit", 0.94, teams=(
        Team("TRA-BUS", "Buses", "buses", 6),
        Team("TRA-FER", "Ferries", "buses", 1.5),
        Team("TRA-CRD", "Fare Cards", "fares", 3),
    )),
    Division("PER", "Permits and Licences", "Director of permits", 0.5,
             weak_spot="Permit stuck between departments", teams=(
        Team("PER-BLD", "Building Permits", "permits", 3),
        Team("PER-BUS", "Business Licences", "permits", 2),
        Team("PER-PRK", "Parking Permits", "permits", 2),
    )),
    Division("REV", "Revenue", "City treasurer", 0.73, weak_spot="Ticket issued in error", teams=(
        Team("REV-TAX", "Property Tax", "revenue", 2),
        Team("REV-TIC", "Parking Tickets", "tickets", 4),
    )),
    Division("LIB", "Libraries", "City librarian", 0.97, teams=(
        Team("LIB-CEN", "Central Library", "library", 0.8),
        Team("LIB-BRA", "Branch Libraries", "library", 0.6),
    )),
    Division("311", "311 Service", "Director of 311", 0.78, weak_spot="Sent from desk to desk", teams=(
        Team("311-TEL", "Telephone Service", "contact", 5),
        Team("311-WEB", "Online Service", "contact", 3),
    )),
)  # fmt: skip

MIX = {
    "paving": {"Pothole not repaired": 9, "Sidewalk blocked or broken": 1, "Sent from desk to desk": 1},
    "lights": {"Street light or signal out": 9, "Sent from desk to desk": 1, "Call not returned": 1},
    "snow": {"Snow not cleared": 9, "Sidewalk blocked or broken": 1},
    "sidewalks": {"Sidewalk blocked or broken": 8, "Tree down or dangerous": 1, "Sent from desk to desk": 1},
    "collection": {"Collection missed": 9, "Call not returned": 1},
    "bulky": {"Bulky item left": 9, "Collection missed": 2},
    "billing": {"Water bill wrong": 8, "Asked for proof we had": 2, "Call not returned": 1},
    "mains": {"Water main or leak": 9, "Sent from desk to desk": 1},
    "sewers": {"Sewer backup": 8, "Water main or leak": 2},
    "heat": {"No heat or hot water": 9, "Call not returned": 2},
    "repairs": {"Repair not done": 8, "No heat or hot water": 2, "Call not returned": 2, "Asked for proof we had": 1},
    "trees": {"Tree down or dangerous": 9, "Call not returned": 1},
    "parks": {"Park or playground broken": 9, "Call not returned": 1},
    "buses": {"Bus or ferry did not come": 9, "Fare card charged wrong": 1},
    "fares": {"Fare card charged wrong": 9, "Asked for proof we had": 1},
    "permits": {"Permit stuck between departments": 8, "Asked for proof we had": 2, "Sent from desk to desk": 2},
    "revenue": {"Asked for proof we had": 3, "Ticket issued in error": 2, "Sent from desk to desk": 3,
                "Call not returned": 2},
    "tickets": {"Ticket issued in error": 9, "Asked for proof we had": 2},
    "library": {"Call not returned": 2, "Asked for proof we had": 2, "Park or playground broken": 1},
    "contact": {"Sent from desk to desk": 6, "Call not returned": 6, "Asked for proof we had": 1},
}  # fmt: skip

PORT_ELLERY = Story(
    slug="port-ellery",
    name="City of Port Ellery",
    time_zone="America/New_York",
    currency="USD",
    prefix="PE",
    cases=8_000,
    customers=3_000,
    named_percent=72,
    french_share=0.0,
    divisions=DIVISIONS,
    causes=texts.CAUSES,
    mix=MIX,
    fillers=texts.FILLERS,
    additions=texts.ADDITIONS,
    segments=(
        Segment("Resident", 78, (20_00, 160_00), (4, 30)),
        Segment("Business", 14, (150_00, 1_800_00), (4, 24)),
        Segment("Landlord", 8, (300_00, 2_400_00), (4, 12)),
    ),
    targets=((18, 60), (12, 65), (6, 70), (2, 74)),
    improvement=Improvement("HOU", months_ago=9.2, share=0.84, cured="Repair not done"),
    bad_week=BadWeek(
        weeks_ago=12,
        times=2.8,
        causes=("Water main or leak", "Sewer backup", "Bus or ferry did not come", "Call not returned"),
        harder=2.4,
        texts=texts.FLOOD,
    ),
    new_leader_of="STR",
    vacant="SAN-CLN",
    roles=(
        Role("cso", "Delphine Carver", f"cso@{DOMAIN}", "Chief Serving Officer"),
        Role("executive", "Theodore Marchetti", "executive@board.example", "Chair of the oversight board"),
        Role("leader", "Marcus Bell", f"leader@{DOMAIN}", "Director of permits", "PER"),
        Role("committee_member", "Rosa Iglesias", f"committee@{DOMAIN}", "Case worker", "HOU-HEA"),
        Role("frontline", "Tommy Vance", f"frontline@{DOMAIN}", "Dispatcher", "SAN-HOU"),
        Role("auditor", "Priya Raman", f"auditor@{DOMAIN}", "City auditor"),
        Role("administrator", "Lee Castellano", f"admin@{DOMAIN}", "Systems administrator"),
    ),
    titles=TITLES,
    reopened=texts.REOPENED,
    disputed=texts.DISPUTED,
    exclusions=texts.EXCLUSIONS,
    recovery=RECOVERY,
    weekdays=(1.3, 1.15, 1.1, 1.05, 1.0, 0.65, 0.6),
    months=(1.1, 1.1, 1.1, 1.0, 0.95, 1.0, 1.1, 1.05, 0.95, 0.9, 0.9, 1.0),
    habits={"HOU": PASSED_ON, "REV": APPROVAL},
)
