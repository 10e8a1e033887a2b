"""What goes wrong at Larkspur Air, as its customers and its staff write it down."""

from __future__ import annotations

from cso.demo.story import Cause, number, one_of

# Letters of channels: p phone, e e-mail, w web, c chat, i in person, k colleague. Repeated = more often.
BAG_DELAYED = Cause(
    name="Bag delayed",
    channels="ippwwe",
    lag=1.0,
    known=0.9,
    busy={12: 1.7, 1: 1.5, 7: 1.4, 8: 1.3},
    texts=(
        "Bag {tag} did not come off {flight}. {relation} is at {hotel} until {weekday}.",
        "My suitcase never came out on the belt. Tag {tag}. The desk was closed when I got to it.",
        "2 of 3 bags missing from {flight} ex {city}, car seat among them. Baby is {months} months old.",
        "Skis left behind in {city}, guest races on {weekday}. Tracer opened, no answer from the station.",
        "Waited {minutes} minutes at the belt before someone told us the bags were still in {city}.",
        "Short connection, bag {tag} stayed in {city}. Next flight with room is tomorrow.",
        "still no bag. I have a funeral {weekday} and my suit is in it",
        "Medication in the checked bag, bag not here. Guest is calm but needs it tonight.",
        "Tag {tag}: system says delivered, guest says nobody came. Delivery firm does not pick up.",
        "Instrument case from {flight} went to {city} by mistake, concert tomorrow at {time}.",
    ),
)
BAG_DAMAGED = Cause(
    name="Bag damaged",
    channels="iiwee",
    lag=6.0,
    known=0.55,
    ease=-0.3,
    texts=(
        "Wheel torn off, handle bent. Bag is {weeks} weeks old, receipt attached.",
        "My stroller came back with a broken frame. We cannot use it and we are here for {days} days.",
        "Hard case cracked through on {flight}. Guest showed photos from check-in: it was fine then.",
        "Zip ripped open and things are missing, a camera and a pair of boots.",
        "Guitar neck snapped although it had the fragile tag. {relation} is in tears at the desk.",
        "Wheelchair came up from the hold with a bent footrest. Loaner given, repair shop not called yet.",
    ),
)
CONNECTION = Cause(
    name="Missed connection",
    channels="iiippc",
    ease=0.3,
    lag=0.5,
    known=0.95,
    busy={12: 1.6, 1: 1.5, 2: 1.3, 7: 1.2},
    texts=(
        "{flight} was {minutes} min late, the connection to {city} left without us. Nobody met us at the gate.",
        "Family of {people} rebooked onto two different flights, parents and children apart.",
        "Missed the last flight to {city}. No hotel voucher: desk says weather, app says crew.",
        "I ran. The gate closed as I got there, {minutes} minutes before departure. There were six of us.",
        "Minimum connection sold as legal was {minutes} minutes, with customs in between. It cannot be done.",
        "Guest held in {city} overnight, hotel was full, slept on the floor of the lounge corridor.",
        "Unaccompanied minor missed the connection. Aunt waiting at the other end was not called for two hours.",
    ),
)
CANCELLED = Cause(
    name="Cancelled, no way onward offered",
    channels="ppccie",
    ease=-0.2,
    lag=0.7,
    known=0.95,
    busy={12: 1.9, 1: 2.0, 2: 1.6, 3: 1.2},
    texts=(
        "{flight} cancelled by text at {time}. The link to rebook says no flights for {days} days.",
        "Cancelled, and the first thing we offered was in {days} days. Guest found seats for today on our own site.",
        "We were told to call. We called. {minutes} minutes of music and then it hung up.",
        "Wedding party of {people} to {city} cancelled, split over three days. They want one plane or their money.",
        "Grandmother speaks only Portuguese, nobody explained the cancellation to her. Daughter called from {city}.",
        "rebooked via {city} with 9 hours there, without asking me",
    ),
)
REFUND = Cause(
    name="Refund late",
    channels="eewwp",
    ease=-0.9,
    lag=20.0,
    known=0.3,
    texts=(
        "Refund of ${amount} promised within 7 days, that was {weeks} weeks ago.",
        "Guest sent the same form three times. Each time a new case number, no money.",
        "Refund went to a card that expired. Guest told us before we sent it.",
        "Seat fee ${amount} for a seat that did not recline. Refund refused by mail, agreed by phone, not paid.",
        "You cancelled, not me. Why am I offered a voucher?",
        "Bereavement fare difference ${amount} still open, papers came in {weeks} weeks ago.",
        "Claim stuck: finance wants an approval above $300 and the approver is on leave.",
    ),
)
SEAT = Cause(
    name="Seat changed or lost",
    channels="wccip",
    ease=0.5,
    lag=2.0,
    texts=(
        "Paid for {seat}, got a middle seat at the back after the aircraft change. No word of it before boarding.",
        "Mother and a child of {years} seated nine rows apart on {flight}.",
        "Exit row taken away at the gate, fee not given back.",
        "{relation} is tall and chose {seat} in March. Today it is a window in row 31.",
        "App shows {seat}, boarding pass shows another. Two people for one seat on {flight}.",
    ),
)
ASSISTANCE = Cause(
    name="Assistance did not come",
    channels="iiippe",
    ease=0.2,
    lag=0.6,
    known=0.95,
    texts=(
        "Wheelchair ordered at booking and again yesterday. Nobody at the aircraft door for {minutes} minutes.",
        "Blind guest left at the gate after boarding was moved to another one.",
        "My father is {age}. He walked the whole terminal because no chair came, and missed his ride.",
        "Assistance desk had no record, booking shows it clearly under remarks.",
        "Guide dog refused at the door by a rule that was changed last year.",
        "Ambulift not booked at {city}, guest carried down by two colleagues. Not acceptable to anyone.",
    ),
)
MEAL = Cause(
    name="Meal not loaded",
    channels="ikkew",
    ease=0.7,
    lag=3.0,
    texts=(
        "Gluten-free ordered, nothing on board, {hours} hours to {city}. Crew gave up their own fruit.",
        "No child meals on {flight}, four children.",
        "Catering short by {people}. We told them yesterday as well.",
        "Kosher meal not loaded for the second time this month, same guest.",
        "Nut allergy noted in the booking. Crew had no list.",
    ),
)
CHARGE = Cause(
    name="Wrong charge",
    channels="pewwc",
    lag=14.0,
    known=0.4,
    ease=0.1,
    texts=(
        "Charged twice for the same bag, ${amount} each.",
        "$5 too much on the change fee. Small money, but the guest was asked to prove it with a receipt we have.",
        "Booked in Canadian dollars, billed in American ones. Difference ${amount}.",
        "Name corrected, one letter, and ${amount} taken for it.",
        "I was told at the gate that the bag was free. My card says ${amount}.",
        "Upgrade did not clear, points and money both taken.",
    ),
)
POINTS = Cause(
    name="Points missing",
    channels="wwcce",
    lag=22.0,
    known=0.3,
    ease=-0.2,
    texts=(
        "{flight} never credited. Boarding pass sent twice.",
        "Club Gold dropped to Silver one flight short, the flight we cancelled.",
        "Partner stay of {days} nights in {city} not posted after {weeks} weeks.",
        "Points of my late husband are gone. He saved them for us. I would like to talk to a person.",
        "Family pool lost {points} points at the merge of the two accounts.",
    ),
)
WEBSITE = Cause(
    name="Website or app failed",
    channels="cccww",
    lag=0.4,
    known=0.9,
    ease=0.2,
    texts=(
        "Check-in loops back to the first page. Passport is valid, tried three phones.",
        "Payment taken, ${amount}, no booking. Reference not found by anyone.",
        "App logged me out at the gate and the pass was gone. Paper line took {minutes} minutes.",
        "Cannot add the baby to the booking online, phone says do it online.",
        "French pages show English errors, guest did not know what went wrong.",
        "Upload of the visa photo fails at 99 %.",
    ),
)
PROOF = Cause(
    name="Asked for proof we had",
    channels="eepw",
    lag=10.0,
    known=0.4,
    ease=-0.6,
    texts=(
        "Guest asked for the boarding pass of a flight that we scanned ourselves.",
        "Third letter asking me for a receipt that is in your own e-mail of {weekday}.",
        "We asked for a doctor's note that is already on the file of the first claim.",
        "Told to send in the property irregularity report. We wrote it, it is stapled to the claim.",
        "They want proof that the flight was late. Your flight.",
    ),
)
RULE = Cause(
    name="Rule quoted instead of help",
    channels="ipppe",
    ease=-0.4,
    lag=2.0,
    texts=(
        "Guest one minute late for check-in with hand luggage only. Rule is rule, they were told.",
        "Name on the ticket is the married one, passport the maiden one, certificate in hand. Refused.",
        "Guest wanted to take the earlier flight, 40 seats empty. Not in the fare rules. Seats flew empty.",
        "Bag 400 g too heavy. Opened on the floor in front of everybody.",
        "I asked for a blanket for my mother and was told blankets are for long haul.",
        "Voucher expired two days ago because we cancelled the flight it was for.",
    ),
)
NO_ANSWER = Cause(
    name="No answer, long wait",
    channels="ppppec",
    ease=-0.3,
    lag=5.0,
    known=0.6,
    texts=(
        "{minutes} minutes on hold, then cut off. This was my third call.",
        "Wrote on {weekday}, got a number back and nothing since.",
        "Chat said 'an agent will be with you shortly' for {hours} hours.",
        "Promised a call back by noon. It is {time} now.",
        "Left a message at the {city} desk every day this week.",
    ),
)
APPROVAL = Cause(
    name="Waited for an approval",
    channels="iikkp",
    ease=-1.5,
    lag=1.0,
    known=0.85,
    texts=(
        "Hotel for {people} guests needs the duty manager, duty manager is on a flight. Guests sit here.",
        "Could have bought the stroller for ${amount} next door. Limit at the desk is $50.",
        "Taxi to {city}, ${amount}, asked for approval at {time}, answer came the next morning.",
        "We know what to do, we may not do it. Guest waits for head office to open.",
        "Rebooking on another carrier needs a signature in Toronto. Seat was gone when it came.",
    ),
)

CAUSES = (
    BAG_DELAYED, BAG_DAMAGED, CONNECTION, CANCELLED, REFUND, SEAT, ASSISTANCE, MEAL,
    CHARGE, POINTS, WEBSITE, PROOF, RULE, NO_ANSWER, APPROVAL,
)  # fmt: skip

OUTAGE = (
    "Check-in system down since {time}. Boarding by hand, {flight} left with {people} of our guests still in line.",
    "System outage, day {days}. No bag tags printed, everything by hand, bags are everywhere.",
    "Nobody could see my booking, so I was sent away. I had paid ${amount}.",
    "Outage: rebooked by hand twice, second time onto {flight}, which does not run on {weekday}.",
    "Stood {hours} hours in a line that did not move. No water, no word.",
    "Whole family checked in as one person by the back-up system. Security sent them back.",
)

ADDITIONS = (
    "This is the second time this year.",
    "I fly with you every week.",
    "Guest was very kind about it.",
    "Guest asked for a call after six.",
    "Please just tell me what happens next.",
    "She leaves for the cottage on {weekday}, no phone there.",
    "Offered coffee and a quiet corner; needs more than that.",
    "He would come back to us, he said, if somebody called.",
    "Handed over at shift change, not looked at since.",
    "Photos in the mail.",
    "Could we surprise them with the lounge on the way back?",
    "Speaks French, please call in French.",
    "It is her birthday today.",
    "I do not want a voucher.",
    "Number on the booking is right, evenings only.",
    "Colleague in {city} knows the story.",
)
FILLERS = {
    "flight": number(101, 989, "LK {}"),
    "tag": number(118204, 998411, "0482{}"),
    "city": one_of(
        "Halifax", "Moncton", "Winnipeg", "Regina", "Saskatoon", "Calgary", "Edmonton", "Vancouver", "Kelowna",
        "Victoria", "Montréal", "Toronto", "Yellowknife", "Iqaluit", "Orlando", "Cancún", "Boston", "Chicago",
    ),
    "hotel": one_of("the Harbour Inn", "her sister's", "the airport hotel", "a cabin", "a hostel downtown"),
    "relation": one_of("Guest", "The mother", "Her husband", "The younger son", "The groom", "Grandfather"),
    "weekday": one_of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "time": lambda random: f"{random.randint(5, 23)}:{random.choice((10, 15, 25, 30, 40, 45, 55))}",
    "minutes": number(12, 95),
    "hours": number(2, 7),
    "days": number(2, 6),
    "weeks": number(2, 9),
    "months": number(4, 20),
    "years": number(3, 9),
    "age": number(71, 93),
    "people": number(3, 14),
    "amount": number(18, 640),
    "points": number(2, 60, "{},000"),
    "seat": lambda random: f"{random.randint(4, 29)}{random.choice('ACDF')}",
}  # fmt: skip
REOPENED = (
    "Bag came to the wrong address; fetched, still not with the guest.",
    "Refund was booked but bounced; card number had two digits swapped.",
    "Seats are together on the way out, apart again on the way back.",
    "Chair is there now, the repair of the guest's own one was never ordered.",
    "Closed with 'voucher sent'. Guest asked for money and is right.",
    "Delivery firm marked it delivered, neighbour knows nothing.",
    "Points credited to the husband's account instead of hers.",
    "Second charge came off, the first one came back.",
)
DISPUTED = (
    "Guest writes: nothing has arrived here.",
    "Customer says nobody called. The number in our note is not hers.",
    "“You closed this. I did not.”",
    "He got the letter with the rule in it, not an answer.",
    "They were rebooked, but to the wrong city.",
    "“A voucher for 25 dollars is not my stroller.”",
)
EXCLUSIONS = (
    ("duplicate", "Same guest, same bag, logged at the desk and again by phone."),
    ("duplicate", "Two children of one family logged apart; kept the earlier one."),
    ("test", "Training of new agents on the tablet."),
    ("spam", "Advertising sent through the form."),
    ("not_our_failure", "Flight of another airline; guest helped and told whom to call."),
    ("not_our_failure", "Airport's own lift was out of order; passed on to the authority."),
)
