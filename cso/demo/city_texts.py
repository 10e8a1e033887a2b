"""What goes wrong in Port Ellery, as its residents and its crews write it down."""

from __future__ import annotations

from cso.demo.story import Cause, number, one_of

# Letters of channels: p phone, e e-mail, w web, c chat, i in person, k colleague. Repeated = more often.
POTHOLE = Cause(
    name="Pothole not repaired",
    channels="wwwpp",
    lag=14.0,
    known=0.25,
    ease=-0.4,
    busy={2: 1.8, 3: 2.3, 4: 1.8},
    texts=(
        "Pothole in front of {street}, deep enough to lose a wheel. Reported before, closed, still there.",
        "Blew a tire at {street}. ${amount}. The hole has had a cone in it for {weeks} weeks.",
        "Crew filled the wrong one. The one we mean is at the bus stop.",
        "My daughter fell off her bike at {street}.",
        "Patch at {street} sank again after the rain.",
    ),
)
LIGHT = Cause(
    name="Street light or signal out",
    channels="pwwk",
    ease=0.2,
    lag=8.0,
    known=0.5,
    busy={11: 1.4, 12: 1.5, 1: 1.4},
    texts=(
        "Whole block dark at {street} since {weekday}.",
        "Walk signal at {street} never turns. Old people cross on red.",
        "Light {pole} flickers all night into the children's room.",
        "Signal stuck on flashing, school starts at eight. Officer is there by hand.",
        "Lamp post at {street} hit by a truck, wires out, taped off by a neighbour.",
    ),
)
SNOW = Cause(
    name="Snow not cleared",
    channels="pppww",
    lag=5.0,
    busy={12: 3.0, 1: 4.0, 2: 3.5, 3: 1.5, 5: 0.0, 6: 0.0, 7: 0.0, 8: 0.0, 9: 0.0, 10: 0.1, 4: 0.3, 11: 0.8},
    texts=(
        "Plow closed my driveway for the {times} time. I am {age}.",
        "Bus stop at {street} is a snow bank, people wait in the road.",
        "Ramp at the clinic not cleared, wheelchair could not get in.",
        "Dead end at {street} forgotten again. Ambulance had to walk.",
    ),
)
SIDEWALK = Cause(
    name="Sidewalk blocked or broken",
    channels="wwpi",
    lag=18.0,
    known=0.25,
    ease=-0.5,
    texts=(
        "Slab lifted by a root at {street}. Mother tripped, {age}, stitches.",
        "Contractor's fence takes the whole sidewalk, no way round with a stroller.",
        "Curb cut at {street} was paved over in the repair.",
        "Scooters piled up at the crossing for {days} days.",
    ),
)
COLLECTION = Cause(
    name="Collection missed",
    channels="pppww",
    ease=0.5,
    lag=6.0,
    known=0.8,
    busy={7: 1.4, 8: 1.4, 12: 1.2},
    texts=(
        "Our side of {street} skipped again on {weekday}. The other side was done.",
        "Bin out at six as told, truck came at five thirty.",
        "Recycling not taken, tag says glass. There is no glass in it.",
        "Whole lane behind {street} not served for {weeks} weeks because a car is parked in it.",
        "{relation} cannot roll the bin. Assisted pick-up forgotten for the {times} time.",
        "driver drove past, looked at me, waved. bin still full",
    ),
)
BULKY = Cause(
    name="Bulky item left",
    channels="wwpc",
    lag=9.0,
    ease=0.0,
    texts=(
        "Sofa booked for {weekday}, still here, now wet.",
        "Mattress refused because it was not wrapped. The web page does not say so.",
        "Fridge on the sidewalk for {days} days, door on, children play there.",
        "Booked {weeks} weeks ahead, then a card in the door: nobody home. It was outside.",
    ),
)
WATER_BILL = Cause(
    name="Water bill wrong",
    channels="ppei",
    lag=22.0,
    known=0.2,
    ease=-0.3,
    texts=(
        "Bill of ${amount} for an empty flat. Meter number on it is the neighbour's.",
        "Estimated for the {times} time although I sent the reading.",
        "Paid in person, receipt in hand, and a shut-off notice today.",
        "Auto-pay took it twice. Bank says ask the city, city says ask the bank.",
        "Leak credit promised by phone in spring, not on the bill.",
    ),
)
LEAK = Cause(
    name="Water main or leak",
    channels="pppk",
    lag=0.8,
    known=0.85,
    ease=0.4,
    busy={1: 1.6, 2: 1.5},
    texts=(
        "Water comes up through the road at {street}, freezing over.",
        "No water since {time}, no notice. Restaurant with {people} guests booked tonight.",
        "Brown water on the third floor of {street}.",
        "Hydrant runs since the drill on {weekday}.",
        "Crew dug, left, hole is open with one board over it.",
    ),
)
SEWER = Cause(
    name="Sewer backup",
    channels="ppp",
    lag=0.6,
    known=0.9,
    ease=0.1,
    texts=(
        "Basement at {street}, {inches} inches. {relation} lives down there.",
        "Catch basin blocked, the corner floods with each rain.",
        "Third backup this year; was told it is our side, plumber says it is the city's.",
    ),
)
HEAT = Cause(
    name="No heat or hot water",
    channels="ppppc",
    lag=3.0,
    known=0.8,
    ease=0.0,
    busy={10: 1.5, 11: 2.0, 12: 2.6, 1: 3.0, 2: 2.6, 3: 1.6, 6: 0.4, 7: 0.3, 8: 0.3},
    texts=(
        "No heat in {street} since {weekday}. Newborn on the second floor.",
        "Boiler went out at {time}. Super says he waits for a paper from the city.",
        "Hot water comes between two and four at night, otherwise cold.",
        "{relation} is {age} and sits in the kitchen with the oven open.",
        "Inspector came, wrote it down, left. It is still 54 degrees.",
        "Space heaters given out, fuse blew, now the lights are out as well.",
    ),
)
REPAIR = Cause(
    name="Repair not done",
    channels="ppiwe",
    lag=16.0,
    known=0.35,
    ease=-0.6,
    texts=(
        "Ceiling came down in the bathroom. Ticket closed as 'no access'. I was home.",
        "Lift out for {days} days, {times} time since summer. I live on eight.",
        "Lock of the front door broken, anybody walks in.",
        "Mold behind the wardrobe, child has asthma, painter painted over it.",
        "Window does not close, plastic over it since {weeks} weeks.",
    ),
)
TREE = Cause(
    name="Tree down or dangerous",
    channels="ppw",
    lag=2.0,
    known=0.7,
    ease=0.3,
    busy={6: 1.5, 7: 1.8, 8: 1.8, 9: 1.5},
    texts=(
        "Branch the size of a car on {street}.",
        "Tree leans on the line since the storm, crew says it is the power company, they say it is the city.",
        "Stump left in the middle of the path for {weeks} weeks.",
        "Dead elm by the playground, pieces fall.",
    ),
)
PARK = Cause(
    name="Park or playground broken",
    channels="wwik",
    lag=20.0,
    known=0.3,
    ease=-0.1,
    busy={5: 1.5, 6: 1.8, 7: 1.8, 8: 1.6, 12: 0.4, 1: 0.4, 2: 0.5},
    texts=(
        "Swing chain broken, sharp edge at the height of a child's face.",
        "Water fountain at {street} off since May.",
        "Field booked and paid, gate locked, {people} kids in uniform outside.",
        "Toilets closed at three on a Sunday. There is a sign: 'staffing'.",
    ),
)
BUS = Cause(
    name="Bus or ferry did not come",
    channels="cccwp",
    lag=0.7,
    known=0.95,
    ease=0.4,
    texts=(
        "Line {line} did not come at {time}, nor the one after. App said 3 minutes all along.",
        "Ramp did not work, driver said take the next. The next one's did not either.",
        "Last ferry left {minutes} minutes early. Six of us stayed on the pier.",
        "Drove past the stop at {street}, it was raining.",
        "School run on line {line} full, {people} children left behind.",
    ),
)
FARE = Cause(
    name="Fare card charged wrong",
    channels="wccpe",
    lag=12.0,
    known=0.4,
    ease=0.2,
    texts=(
        "Charged twice at one gate, $2.90. I want it back on principle.",
        "Student card reads as adult since the update.",
        "Card lost with ${amount} on it, blocked the same minute, balance gone.",
        "Transfer counted as a new ride on line {line} every morning.",
    ),
)
PERMIT = Cause(
    name="Permit stuck between departments",
    channels="eeipw",
    lag=23.0,
    known=0.2,
    ease=-1.3,
    texts=(
        "Building sends me to Fire, Fire sends me to Building. Week {weeks}.",
        "Plans approved, stamp missing, man with the stamp is on leave.",
        "Cafe opens on {weekday}, all paid, terrace licence lies in a tray.",
        "Asked for the same drawing by three desks on one floor.",
        "Parking permit renewed online, e-mail says yes, ticket on the windshield says no.",
    ),
)
TICKET = Cause(
    name="Ticket issued in error",
    channels="wwei",
    lag=15.0,
    known=0.5,
    ease=-0.5,
    texts=(
        "Ticket for a car I sold in spring. You have the papers.",
        "Meter was broken, I reported it, number {pole}, and got the ticket anyway.",
        "Handicap plate was on the mirror, photo of the officer shows it.",
        "Paid on time, fined for late payment, ${amount}.",
    ),
)
PROOF = Cause(
    name="Asked for proof we had",
    channels="eeip",
    lag=12.0,
    known=0.3,
    ease=-0.6,
    texts=(
        "Resident asked for a birth certificate that this city issued.",
        "Sent back to fetch the tax bill. It is in the computer in front of the clerk, she could see it.",
        "Widow asked to prove the death a second time, by another window.",
        "They want a utility bill. I complain about the utility bill.",
    ),
)
WRONG_DESK = Cause(
    name="Sent from desk to desk",
    channels="ppipe",
    lag=6.0,
    known=0.5,
    ease=-0.7,
    texts=(
        "Four numbers, four people, all friendly, none of them it.",
        "311 says Water, Water says Streets, Streets says 311.",
        "{relation} took the day off, three windows, no answer.",
        "Case was moved twice and each time it started as new.",
    ),
)
NO_ANSWER = Cause(
    name="Call not returned",
    channels="ppppe",
    lag=10.0,
    known=0.4,
    ease=0.0,
    texts=(
        "Promised a call on {weekday}. I stayed home for it.",
        "Left the number three times, also with the alderman.",
        "{minutes} minutes in the queue, then 'this mailbox is full'.",
        "Ticket closed, nobody talked to me.",
    ),
)

CAUSES = (
    POTHOLE, LIGHT, SNOW, SIDEWALK, COLLECTION, BULKY, WATER_BILL, LEAK, SEWER, HEAT, REPAIR, TREE, PARK, BUS, FARE,
    PERMIT, TICKET, PROOF, WRONG_DESK, NO_ANSWER,
)  # fmt: skip

FLOOD = (
    "Main broke under Harbour Avenue, {street} has no water since {time}.",
    "Flooded cellar at {street}, {inches} inches and rising. Pump promised, not seen.",
    "Boil-water notice came after {hours} hours. We had given the baby the bottle.",
    "Line {line} cut off by the flood, no replacement, nobody at the stop to say so.",
    "Dialysis patient at {street} without water. Neighbours carry it up.",
    "Road caved in at {street}, cars below. Crew waits for the gas company.",
)

ADDITIONS = (
    "Please call, I do not do e-mail.",
    "It is the third time I report this.",
    "Resident was patient and brought cookies to the crew last time.",
    "Crew chief {name} knows the spot.",
    "Photos attached.",
    "School is next door.",
    "I pay my taxes on time.",
    "She translates for her parents, please speak to her.",
    "He asked us to come after his shift, four o'clock.",
    "Just tell me who owns this.",
    "Neighbours at the next house say the same.",
    "Crew could do it today if it had the key.",
    "Could we bring the new recycling calendar along, as a small surprise?",
    "No rush, she says, but her hands are cold.",
)
FILLERS = {
    "street": lambda random: (
        f"{random.randint(3, 480)} "
        + random.choice(
            ("Harbour Ave", "Ellery St", "Mill Lane", "Foundry St", "Cedar Row", "Battery Pl", "Ropewalk", "Canal St",
             "Union Sq", "Orchard St", "Lighthouse Rd", "Hancock St", "Quarry Rd", "Chapel Hill", "Market St")
        )
    ),
    "weekday": one_of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "relation": one_of("My mother", "The tenant", "Mr. Abruzzo", "An older lady", "My neighbour", "The owner"),
    "name": one_of("Ortiz", "Kowalski", "Freeman", "Diallo", "Nguyen", "Pereira"),
    "time": lambda random: f"{random.randint(5, 23)}:{random.choice((10, 15, 25, 30, 40, 45, 55))}",
    "times": one_of("second", "third", "fourth", "fifth"),
    "pole": number(1042, 9880, "#{}"),
    "line": number(1, 48),
    "inches": number(2, 14),
    "minutes": number(12, 75),
    "hours": number(3, 12),
    "days": number(2, 12),
    "weeks": number(2, 11),
    "age": number(72, 94),
    "people": number(4, 30),
    "amount": number(14, 780),
}  # fmt: skip
REOPENED = (
    "Patched, sank again within a day.",
    "Closed as done; crew was at number 14, the report is about 41.",
    "Heat came on for one evening.",
    "New bill is corrected, the late fee is still on it.",
    "Truck came and took half.",
    "Light on, flickers again since last night.",
    "Permit issued with the wrong address; back to the first desk.",
)
DISPUTED = (
    "Resident says nobody was there; camera on the door agrees.",
    "“Closed. By whom? The hole is still here.”",
    "She got a letter that it is not the city's. It is.",
    "“I asked for heat, not for a reference number.”",
    "He was told it is done; his picture of this morning says no.",
)
EXCLUSIONS = (
    ("duplicate", "Same pothole, reported by the neighbour an hour earlier."),
    ("duplicate", "Phone and web report of one resident; the earlier clock stays."),
    ("test", "Fire drill of the contact centre."),
    ("spam", "Moving firm advertises through the form."),
    ("not_our_failure", "State road; passed on to the state with the resident in copy."),
    ("not_our_failure", "Gas company's excavation; they answered on the spot."),
)
