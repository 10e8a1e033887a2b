"""What people of the stories say of rules, and what their committees decided about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PastRule:
    """A rule that a committee has decided about; `words`: who nominated it said so."""

    code: str
    title: str
    text: str
    words: str


@dataclass(frozen=True)
class CommitteeTexts:
    """nominations: in the order in which `cso.demo.committees` needs them, the notes of the dismissed among them."""

    local: str
    whole: str
    killed: PastRule
    lost: PastRule
    secret: PastRule
    overdue: PastRule
    quick: PastRule
    friendlier: str
    steps: tuple[str, str]
    evidence: str
    open_words: str
    reply: str
    breaks: tuple[str, ...]
    nominations: tuple[str, ...]


COMMITTEES = {
    "larkspur-air": CommitteeTexts(
        local="Baggage: rules that get in the way",
        whole="Larkspur rules committee",
        killed=PastRule(
            "BAG-31",
            "A bag tag is shown at every counter",
            "Without the paper tag no desk looks for a bag, whatever the booking shows.",
            "Guests lose the little paper; we see the bag on our screen and send them away.",
        ),
        lost=PastRule(
            "LAR-02",
            "Gate agents call the manager before a rebooking",
            "A rebooking after the gate has closed is agreed by the duty manager, by phone.",
            "The queue waits while we wait for a phone.",
        ),
        secret=PastRule(
            "LAR-05",
            "Complaints about colleagues go to their manager first",
            "A complaint about a colleague is first read by that colleague's manager.",
            "Nobody writes what they saw when it is read next door.",
        ),
        overdue=PastRule(
            "BAG-17",
            "Claims above 500 dollars need two signatures",
            "A claim above 500 dollars is signed by two agents of the same shift.",
            "At night there is one of us. The guest comes back in the morning.",
        ),
        quick=PastRule(
            "BAG-09",
            "Lost-and-found answers only by letter",
            "Who asks for a lost item receives a letter.",
            "They are on the phone with us, and we post them a letter.",
        ),
        friendlier="A complaint about a colleague is read by the office of the Chief Serving Officer first.",
        steps=("Take the box off the desk screen", "Tell all shifts, and take the sign down"),
        evidence="The desks find a bag by booking since the March release; the sign is down in both halls.",
        open_words="Make guests come back to the airport to say their bag is late? They are home by then.",
        reply="It kept false claims low. With a photo of the tag in the app we could live without it.",
        breaks=("Guest was home with a baby; took the declaration by phone.",),
        nominations=(
            "Why do we ask for the booking code twice in one call?",
            "Thirty days for a refund we approved on day one.",
            "Seats together stay empty while a family asks for them.",
            "Original receipts for a toothbrush.",
            "A child of three is not a guest of the lounge, it is a child.",
            "A photo of the receipt is a receipt.",
            "We may not say sorry before legal has read the case.",
            "There is no such rule: say sorry at once. We have told all teams.",
            "Why may I not correct a typo in a name?",
            "The law asks that the name matches; the reissue is free now.",
            "The form for wheelchairs asks for the weight of the guest.",
        ),
    ),
    "port-ellery": CommitteeTexts(
        local="Permits: rules that get in the way",
        whole="City rules committee",
        killed=PastRule(
            "PER-27",
            "A permit is fetched in person",
            "Permits are handed over at the counter to the applicant, on weekdays from nine to three.",
            "People take a day off to fetch a paper that we could send.",
        ),
        lost=PastRule(
            "CIT-03",
            "Overtime calls need the bureau's approval",
            "A crew that goes out after five is approved by the bureau, by phone.",
            "Water runs down the street while somebody looks for the bureau's number.",
        ),
        secret=PastRule(
            "CIT-08",
            "Complaints about employees go to their supervisor first",
            "A complaint about an employee is first read by that employee's supervisor.",
            "Nobody writes what they saw when it is read next door.",
        ),
        overdue=PastRule(
            "PER-05",
            "Fees are paid by money order",
            "The fee of a permit is paid by a money order made out to the department.",
            "Half of those who come do not know where one buys a money order.",
        ),
        quick=PastRule(
            "PER-14",
            "Applications in blue ink are returned",
            "Applications are filled in with black ink.",
            "We send people home for the color of their pen.",
        ),
        friendlier="A complaint about an employee is read by the office of the Chief Serving Officer first.",
        steps=("Send permits by mail and as a file", "Change the letter, and take the notice off the counter"),
        evidence="Permits go out by mail and as a file since spring; the counter has no pick-up line any more.",
        open_words="Three copies on paper of a plan that they have just sent us as a file.",
        reply="The inspectors used the copies on site. They have tablets since last fall.",
        breaks=("An old man had walked here twice; printed the copies for him myself.",),
        nominations=(
            "Why do we ask for the apartment number three times?",
            "Two mattresses, two calls: says who?",
            "The meter jumps to ten times the usual, and the resident has to prove it.",
            "The clock begins anew in each department; nobody ever sees the whole wait.",
            "Three readings on three days, while it is freezing inside.",
            "One clock for one permit, please.",
            "We are not allowed to give our names on the phone.",
            "There is no such rule: give your name. All teams know by now.",
            "Fifteen feet from a hydrant that was taken out years ago.",
            "The law asks for it where there is a hydrant; report those that are gone, and we repaint.",
            "The form asks for a fax number.",
        ),
    ),
}
