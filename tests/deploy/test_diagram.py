"""The picture of a product says what its table says."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from deploy.diagram import draw
from schema.discovery import find_products
from schema.lifecycle import Moves, Product
from tests.products.sample.promised import PRODUCT as SAMPLE

ARROW = re.compile(r"M(\d+) (\d+)H\d+")
TIP = re.compile(r"M(\d+) \d+L")
NAME = "{http://www.w3.org/2000/svg}"

Drawn = set[tuple[str, str, str]]


def drawn(product: Product) -> dict[str, Drawn]:
    """Return what each row shows: from where, to where, and how."""
    picture = ET.fromstring(draw(product))  # noqa: S314  we have drawn it
    texts = [
        (float(each.get("x", 0)), float(each.get("y", 0)), each)
        for each in picture.iter(f"{NAME}text")
    ]
    states = {x: each.text or "" for x, _, each in texts if each.get("text-anchor")}
    rows = sorted((y, (each.text or "").strip()) for x, y, each in texts if x not in states)

    def row(y: float) -> str:
        return [name for top, name in rows if top - 5 < y][-1]

    def state(x: float) -> str:
        return states[min(states, key=lambda middle: abs(middle - x))]

    found: dict[str, Drawn] = {name: set() for _, name in rows}
    for dot in picture.iter(f"{NAME}circle"):
        at = state(float(dot.get("cx", 0)))
        found[row(float(dot.get("cy", 0)))].add((at, at, dot.get("class", "")))
    paths = [each.get("d", "") for each in picture.iter(f"{NAME}path")]
    kinds = [each.get("class", "") for each in picture.iter(f"{NAME}path")]
    for line, tip, kind in zip(paths[::2], paths[1::2], kinds[::2], strict=True):
        begin, end = ARROW.match(line), TIP.match(tip)
        assert begin
        assert end
        found[row(float(begin[2]))].add((state(float(begin[1])), state(float(end[1])), kind))
    return found


def test_a_picture_shows_every_move_of_the_table() -> None:
    assert drawn(SAMPLE) == {
        "open": {
            ("new", "opening", "verb"),
            ("opening", "open", "verb"),
            ("opening", "deleted", "back"),
        },
        "rename": {("opening", "opening", "verb"), ("open", "open", "verb")},
        "close": {
            ("open", "closing", "verb"),
            ("closing", "deleted", "verb"),
            ("closing", "open", "back"),
        },
        "cancel": {(state, state, "verb") for state in ("new", "opening", "closing")},
    }


def test_a_picture_shows_what_the_platform_tells_and_where_a_code_leads() -> None:
    products = find_products()
    assert drawn(products["mobile_line"])["activate"] == {
        ("new", "activation_pending", "verb"),
        ("activation_pending", "online", "verb"),
        ("activation_pending", "offline", "signal"),
        ("activation_pending", "deleted", "back"),
    }
    assert drawn(products["mobile_line"])["removed"] == {
        ("online", "activation_pending", "signal"),
        ("offline", "activation_pending", "signal"),
    }
    assert drawn(products["cloud_pbx"])["delete"] == {
        ("active", "deleting", "verb"),
        ("deactivated", "deleting", "verb"),
        ("deleting", "deleted", "verb"),
    }


def test_a_table_that_changes_changes_the_picture() -> None:
    verbs = {**SAMPLE.verbs, "rename": replace(SAMPLE.verbs["rename"], moves=Moves(done="open"))}
    assert drawn(replace(SAMPLE, verbs=verbs))["rename"] == {
        ("opening", "open", "verb"),
        ("open", "open", "verb"),
    }


@pytest.mark.parametrize("product", [*find_products().values(), SAMPLE], ids=lambda each: each.name)
def test_no_arrow_lies_upon_another(product: Product) -> None:
    picture = draw(product)
    begins = [(each[2], int(each[1])) for each in ARROW.finditer(picture)]
    spans = [
        (line, min(begin, int(end)), max(begin, int(end)))
        for (line, begin), end in zip(begins, TIP.findall(picture), strict=True)
    ]
    for (one, begin, end), (other, first, last) in combinations(spans, 2):
        assert one != other or end <= first or last <= begin
