"""Addresses and numbers of people where others read along: enough to recognise one, too little to reach it."""

import re

ADDRESS = re.compile(r"([^\s<>,;:\"]+)@([^\s<>,;:\"@]+)")
NUMBER = re.compile(r"(\+[1-9][0-9])[0-9]{3,11}([0-9]{2})(?![0-9])")


def masked(text: str) -> str:
    """Return a text with every address and number in it cut down: `g***@brambilla.example`, `+39***21`."""
    text = ADDRESS.sub(lambda found: f"{found[1][0]}***@{found[2]}", text)
    return NUMBER.sub(lambda found: f"{found[1]}***{found[2]}", text)
