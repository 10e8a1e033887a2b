"""How Port Ellery recovers: its dumb rules, its residents' secrets, what is promised, given and said."""

from __future__ import annotations

from cso.demo.story import DumbRule, RecoveryTexts

RECOVERY = RecoveryTexts(
    rules=(
        DumbRule(
            "PER-11",
            "Three copies of every plan, on paper",
            "Plans for a permit are handed in threefold on paper, folded to letter size, also when sent"
            " electronically.",
            "habit",
            "PER",
        ),
        DumbRule(
            "PER-18",
            "Each department keeps its own clock",
            "A permit's time begins anew when it reaches the next department.",
            "habit",
            "PER",
        ),
        DumbRule(
            "SAN-04",
            "One bulky item per call",
            "A call for a bulky item is for one item. For two items, call twice.",
            "own_policy",
            "SAN",
        ),
        DumbRule(
            "WAT-09",
            "The meter is right until the resident proves otherwise",
            "A bill is payable in full while it is disputed. The resident brings a plumber's statement.",
            "own_policy",
            "WAT",
        ),
        DumbRule(
            "HOU-02",
            "A heating complaint needs three readings",
            "No heat is registered after three readings on three days, taken by the tenant.",
            "habit",
            "HOU",
        ),
        DumbRule(
            "REV-06",
            "Proof of residence with every request",
            "Each request is accompanied by a utility bill not older than sixty days, also when the"
            " city sent that bill.",
            "habit",
            None,
        ),
        DumbRule(
            "FIR-01",
            "Hydrants are kept clear by fifteen feet",
            "No parking within fifteen feet of a hydrant, and no exception.",
            "external_law",
            None,
            "Vehicle and Traffic Law, section 1202",
        ),
        DumbRule(
            "TRA-03",
            "Fare cards are repaired at the main office",
            "A fare card that was charged wrong is brought to the main office between nine and three.",
            "habit",
            "TRA",
        ),
    ),
    secrets=(
        "Reads lips; prefers to be written to.",
        "Works nights: call after three in the afternoon.",
        "Speaks Portuguese; her son helps with English.",
        "Uses a wheelchair; the side entrance is the good one.",
        "Runs the bakery on Pier Street, opens at four.",
        "Cares for his father at home.",
        "Block captain: tells forty neighbours what we tell her.",
        "Has a newborn; text, do not ring.",
    ),
    surprises=(
        "The crew that fixed the pothole swept the whole street while it was there.",
        "Brought two heaters the same evening and came back to see that it was warm.",
        "The inspector called on Sunday to say that the permit was through.",
        "Left a planted tree where the broken one had stood, with the child's name on its tag.",
        "Took back the bill, and showed how to find the leak next door.",
        "Collected the neighbours' bulky items on the same trip.",
        "The librarian delivered the books to the hospital.",
        "A new bin, and a hand-drawn calendar of collections for the kitchen.",
    ),
    promises=(
        ("Call with the name of who is coming", "soon"),
        ("Send a crew to look", "today"),
        ("Say which department has the file", "tomorrow"),
        ("Bring a heater", "right away"),
        ("Correct the bill", "this week"),
        ("Text when the truck is on its way", "shortly"),
    ),
    exceptions=("Waive the late fee", "Inspect outside hours", "Accept a photo as proof", "Collect without a booking"),
    ideas=(
        "One clock for the permit, whoever holds it.",
        "We sent the bill: do not ask for it as proof.",
        "Let people name all their bulky items in one call.",
        "Believe the tenant who says that it is cold.",
        "Stop a disputed bill until somebody has looked.",
    ),
    contacts=(
        "She knows who comes, and when.",
        "Told him which desk has it now.",
        "Left a message with the direct number.",
        "Wrote that the crew is on its way.",
        "Spoke with the building's owner too.",
    ),
    tasks=(
        "Send the night crew",
        "Read the meter again",
        "Find the file on the second floor",
        "Secure the branch until the tree crew comes",
        "Take the ticket back",
    ),
    call_back="Can somebody who knows my street call me?",
    happy_words=(
        "Did not know the city could do that.",
        "A person called me back. A person!",
        "My street looks better than before it broke.",
        "Thank the young man with the heaters.",
        "Fixed by supper.",
    ),
    unhappy_words=(
        "Fixed, but nobody said sorry.",
        "I was sent to four desks.",
        "You had my papers all along.",
        "It took a call to the radio.",
    ),
    per_case_minor=100_00,
    per_day_minor=400_00,
    usual_minor=(10_00, 80_00),
    asked_minor=(150_00, 600_00),
)
