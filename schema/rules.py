"""The rules that hold for every product, by their number, each in one line."""

from collections.abc import Mapping

COMMON: Mapping[str, str] = {
    "CO-1": "What the table does not allow is refused: the state, and what is allowed in it",
    "CO-2": "Bad input is refused with every fault at once, and stores nothing",
    "CO-3": "Before the point of no return all can be cancelled and undone, after it nothing",
    "CO-4": "A secret is revealed once and sealed at rest; it stands in no log, event or ticket",
    "CO-5": "A missed deadline or a failure opens exactly one ticket; a late end resolves it",
    "CO-6": "What is so already succeeds and does nothing; an unknown verb names the known ones",
    "CO-7": "Only the customer's Admins, his partner and our operators may command",
    "CO-8": "While an operation is under way others are busy, go through, or replace it",
    "CO-9": "Every verb has a deadline; nobody is left waiting without a ticket",
    "CO-10": "A service that never came to be gives everything back; no reference is used twice",
    "CO-11": "One inventory of numbers, pools and limits, which two at once never pass",
    "CO-12": "One table says who gets a ticket, how severe, and with what evidence",
    "CO-13": "An operation ordered for later starts later, and its deadline counts from then",
    "CO-14": "What a platform changed without us is found within a day: adopted, else one ticket",
}
