"""What a SIP device logs in with: a user name that never changes, and passwords that can be typed on a phone (SD-7)."""

import hashlib

from workers.products.sip_device.platform import Password

#: Without the letters and digits that look alike on a display: 0 O, 1 l I.
SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

#: Of those, what a user name is made of: it is said on the telephone.
NAME_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"

#: 20 of 57 signs are 116 bits, where 96 are asked for; 12 of 31 are 59 bits, for no two devices may meet.
PASSWORD_LENGTH, NAME_LENGTH = 20, 12


def user_name_of(service: str) -> str:
    """Return the SIP user name of a service: the same for ever, as no reference is used twice (CO-10)."""
    return written(hashlib.sha256(service.encode()).digest(), NAME_SIGNS, NAME_LENGTH)


def made_password(material: bytes) -> str:
    """Return the password that 32 secret bytes make."""
    return written(material, SIGNS, PASSWORD_LENGTH)


def marked(text: str, material: bytes) -> Password:
    """Return a password with its mark, which comes from other secret bytes than it may have come from."""
    return Password(text, hashlib.sha256(material).hexdigest()[:16])


def written(material: bytes, signs: str, length: int) -> str:
    """Return bytes as so many of these signs."""
    number, text = int.from_bytes(material, "big"), ""
    for _ in range(length):
        number, place = divmod(number, len(signs))
        text += signs[place]
    return text
