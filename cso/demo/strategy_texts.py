"""What each story wants for its customers, what is done for it, and what stands in the way.

Days are counted back from now; those that lie ahead are below 0. Whoever owns or does something is named by their role,
or by the division that they lead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reviewed:
    """Looked at so many days ago, and to be looked at again `next_in` days after that."""

    days: int
    decided: str
    next_in: int


@dataclass(frozen=True)
class Begun:
    """An initiative. over: so many days ago; what came of it."""

    name: str
    owner: str
    days: int
    until: int
    is_remarkable: bool = False
    over: int | None = None
    was_stopped: bool = False
    came: str = ""


@dataclass(frozen=True)
class Wanted:
    """An outcome of so many days ago. metrics: each with a target of its own, empty where it has none.

    paths: shares with what they are to reach since then, in percent.
    """

    name: str
    description: str
    owner: str
    days: int
    first_in: int
    metrics: tuple[tuple[str, str], ...]
    reviews: tuple[Reviewed, ...]
    initiatives: tuple[Begun, ...]
    paths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Blocked:
    """handed: to whom, so many days ago, and why. cleared: so many days ago, and how."""

    what: str
    owner: str
    raised_by: str
    days: int
    stops: bool = False
    outcome: str = ""
    unit: str = ""
    handed: tuple[str, int, str] | None = None
    cleared: tuple[int, str] | None = None


@dataclass(frozen=True)
class StrategyTexts:
    outcomes: tuple[Wanted, ...]
    blockers: tuple[Blocked, ...]


_AIR_DAY, _AIR_RULES, _AIR_HEARD = "Put right within a day", "No rule that serves nobody", "Guests are heard"
LARKSPUR_STRATEGY = StrategyTexts(
    outcomes=(
        Wanted(
            _AIR_DAY,
            "Whatever went wrong is put right within 24 hours of the mistake, and stays right: in the end, always.",
            "cso",
            420,
            90,
            (("recovered_24h", ""), ("reopened", ""), ("open_overdue", "40"), ("time_to_recover", "12")),
            (
                Reviewed(325, "Prairie Stations try the right to act; the others wait for what comes of it.", 90),
                Reviewed(238, "The right to act works. Every station gets it by the summer.", 120),
                Reviewed(109, "Refunds and baggage hold us back. Two initiatives, one owner each.", 120),
            ),
            (
                Begun(
                    "Hotel and taxi vouchers without a signature, Prairie Stations",
                    "PRA",
                    330,
                    150,
                    over=225,
                    came="Agents give vouchers at once; misses that waited for an approval have all but gone there.",
                ),
                Begun("The same right to act at every station", "cso", 200, -30, is_remarkable=True),
                Begun("Refunds paid out by the hour, not by the batch", "CON", 100, 12),
            ),
            paths=(("reopened", 5),),
        ),
        Wanted(
            "A surprise in every recovery",
            "Guests say that something was done for them which they did not expect.",
            "executive",
            400,
            120,
            (("surprised", ""), ("dazzled", ""), ("apology_given", "")),
            (
                Reviewed(285, "Ask about preferences at booking, with consent.", 120),
                Reviewed(160, "A line for the surprise on every case. Look again after the summer.", 130),
            ),
            (
                Begun("What would they not expect? A line on every case", "YUL", 210, -60, is_remarkable=True),
                Begun(
                    "A gift card with every apology",
                    "DIG",
                    260,
                    140,
                    over=150,
                    was_stopped=True,
                    came="Guests took it for a pay-off: fewer were surprised than before. Stopped after the trial.",
                ),
            ),
            paths=(("surprised", 40), ("apology_given", 90)),
        ),
        Wanted(
            _AIR_RULES,
            "Rules that make guests and agents wait are found, voted on and gone within three weeks.",
            "leader",
            300,
            90,
            (("rules_killed", ""), ("time_to_kill", "504"), ("policy_quoted", ""), ("committee_coverage", "60")),
            (
                Reviewed(212, "A committee in Central Baggage first.", 90),
                Reviewed(118, "One more for the whole airline; the vote stays secret there.", 150),
            ),
            (Begun("A committee in every division", "leader", 205, -75),),
            paths=(("policy_quoted", 10),),
        ),
        Wanted(
            _AIR_HEARD,
            "Every executive hears guests face to face, and guests hear what came of it.",
            "CLB",
            250,
            60,
            (("nps", "45"), ("commitments_kept", ""), ("panel_attendance", "")),
            (Reviewed(191, "A session each quarter, with the chief executive.", 205),),
            (Begun("You said, we did: a mail after every session", "CLB", 180, -20, is_remarkable=True),),
            paths=(("commitments_kept", 90), ("panel_attendance", 75)),
        ),
    ),
    blockers=(
        Blocked(
            "Agents cannot see in the booking system what was promised by phone",
            "DIG",
            "leader",
            61,
            stops=True,
            outcome=_AIR_DAY,
            unit="CON",
            handed=("executive", 20, "The vendor's contract has to be opened"),
        ),
        Blocked("No budget line for small surprises at outstations", "executive", "cso", 33, unit="ATL"),
        Blocked("The signature for hotel vouchers is still in the ground contract", "SUN", "cso", 9, outcome=_AIR_DAY),
        Blocked("Legal takes three weeks to read a kill order", "executive", "leader", 4, outcome=_AIR_RULES),
        Blocked(
            "Finance paid refunds out on Fridays only",
            "CON",
            "cso",
            120,
            stops=True,
            outcome=_AIR_DAY,
            cleared=(84, "Daily runs since the new bank interface"),
        ),
    ),
)

_CITY_DAY, _CITY_RULES = "Answered and put right within a day", "Permits without a detour"
PORT_ELLERY_STRATEGY = StrategyTexts(
    outcomes=(
        Wanted(
            _CITY_DAY,
            "Whoever reports that the city failed them has it put right within 24 hours, in every district alike.",
            "cso",
            430,
            100,
            (("recovered_24h", ""), ("time_to_recover", "16"), ("open_overdue", "60")),
            (
                Reviewed(330, "Housing gets its own repair crew for what comes back.", 120),
                Reviewed(214, "The crew works: carry it over to Sanitation.", 100),
                Reviewed(96, "Permits waits for other offices. Marcus Bell brings a plan.", 75),
            ),
            (
                Begun(
                    "A repair crew for what was not done the first time",
                    "HOU",
                    340,
                    230,
                    is_remarkable=True,
                    over=262,
                    came="Repairs that were not done have become rare; the crew stays.",
                ),
                Begun("The same crew for missed collections", "SAN", 205, -40, is_remarkable=True),
                Begun("One case worker for all offices that a permit needs", "leader", 90, 6),
            ),
        ),
        Wanted(
            _CITY_RULES,
            "Nobody is sent away for a paper that the city has already.",
            "leader",
            310,
            90,
            (("rules_killed", ""), ("policy_quoted", ""), ("time_to_kill", "720")),
            (
                Reviewed(222, "Start with the rules that case workers break most.", 100),
                Reviewed(121, "Go on; look at the effect of the first kills.", 150),
            ),
            (
                Begun("A list of the papers that the city has already", "leader", 215, -25),
                Begun(
                    "Appointments by telephone only",
                    "PER",
                    190,
                    100,
                    over=112,
                    was_stopped=True,
                    came="Older residents liked it, all others gave up. The web form is back.",
                ),
            ),
            paths=(("policy_quoted", 15),),
        ),
        Wanted(
            "Residents are heard, and told what changed",
            "The council and every director sit with the panel each quarter.",
            "executive",
            260,
            70,
            (("nps", "20"), ("commitments_kept", ""), ("apology_given", "")),
            (Reviewed(185, "The board's chair attends in person.", 200),),
            (Begun("A letter to the panel after each session", "cso", 170, -45),),
            paths=(("commitments_kept", 80), ("apology_given", 80)),
        ),
    ),
    blockers=(
        Blocked(
            "Case workers need a login for each of five registers",
            "PER",
            "leader",
            74,
            stops=True,
            outcome=_CITY_DAY,
            unit="PER",
            handed=("executive", 31, "The registers belong to four departments"),
        ),
        Blocked("No weekend crew in Sanitation since the spring", "SAN", "cso", 40, stops=True, unit="SAN"),
        Blocked("The fee code forbids a refund below ten dollars", "executive", "leader", 16, outcome=_CITY_RULES),
        Blocked(
            "The translation office answers after a week",
            "cso",
            "executive",
            95,
            cleared=(52, "Two translators sit with the case workers now"),
        ),
    ),
)
STRATEGIES = {"larkspur-air": LARKSPUR_STRATEGY, "port-ellery": PORT_ELLERY_STRATEGY}
