"""Secrets open with their key and in their place only, and nothing shows what they say (CO-4)."""

import copy
import json
import pickle
import string
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.sealing import (
    Sealer,
    SecretDamaged,
    SecretKey,
    SecretKeyMissing,
    SecretKeysMalformed,
    derive,
    new_key,
    parse_keys,
)

MATERIAL = bytes(range(32))
BASE64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
OLD, NEW = SecretKey(MATERIAL), SecretKey(MATERIAL[::-1])
SEALER = Sealer([OLD])
PLACE = "service/17/sip_password"
PLAIN = "correct horse battery staple"

#: Halves of surrogate pairs too: JSON may carry one alone.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT, ANY_TEXT)
@example("\ud800", "\udfff")
def test_CO_4_a_sealed_value_opens_in_its_place(plain: str, context: str) -> None:
    assert SEALER.unseal(SEALER.seal(plain, context), context) == plain


def test_CO_4_a_sealed_value_does_not_show_what_it_says() -> None:
    assert PLAIN not in SEALER.seal(PLAIN, PLACE)


@given(ANY_TEXT)
def test_a_sealed_value_is_ascii_that_json_takes_as_it_is(plain: str) -> None:
    sealed = SEALER.seal(plain, PLACE)
    assert sealed.isascii()
    assert json.dumps(sealed) == f'"{sealed}"'


def test_a_sealed_value_names_its_key() -> None:
    assert OLD.id in SEALER.seal(PLAIN, PLACE)


def test_one_value_is_never_sealed_alike_twice() -> None:
    assert SEALER.seal(PLAIN, PLACE) != SEALER.seal(PLAIN, PLACE)


@given(ANY_TEXT)
def test_CO_4_a_sealed_value_moved_to_another_place_does_not_open(elsewhere: str) -> None:
    with pytest.raises(SecretDamaged):
        SEALER.unseal(SEALER.seal(PLAIN, PLACE), f"{PLACE}{elsewhere}.")


@given(st.integers(min_value=0), st.sampled_from("AQgw_-.=\n\N{LATIN SMALL LETTER E WITH ACUTE}"))
def test_a_sealed_value_with_one_character_changed_does_not_open(at: int, other: str) -> None:
    sealed = SEALER.seal(PLAIN, PLACE)
    at %= len(sealed)
    changed = sealed[:at] + other + sealed[at + 1 :]
    if changed != sealed:
        with pytest.raises(SecretDamaged):
            SEALER.unseal(changed, PLACE)


def test_a_sealed_value_is_not_written_in_two_ways() -> None:
    sealed = SEALER.seal(PLAIN, PLACE)
    others = {sealed[:-1] + last for last in string.ascii_letters + string.digits + "-_"} - {sealed}
    for other in others:
        with pytest.raises(SecretDamaged):
            SEALER.unseal(other, PLACE)


@given(st.integers(min_value=0))
def test_a_sealed_value_that_was_cut_does_not_open(length: int) -> None:
    sealed = SEALER.seal(PLAIN, PLACE)
    with pytest.raises(SecretDamaged):
        SEALER.unseal(sealed[: length % len(sealed)], PLACE)


@pytest.mark.parametrize("added", ["A", "AAAA", "=", "\n", ".A"])
def test_a_sealed_value_with_something_added_does_not_open(added: str) -> None:
    with pytest.raises(SecretDamaged):
        SEALER.unseal(SEALER.seal(PLAIN, PLACE) + added, PLACE)


def test_a_value_does_not_open_under_the_name_of_another_key() -> None:
    renamed = SEALER.seal(PLAIN, PLACE).replace(OLD.id, NEW.id)
    with pytest.raises(SecretDamaged):
        Sealer([NEW, OLD]).unseal(renamed, PLACE)


def test_after_a_rotation_the_first_key_seals() -> None:
    assert NEW.id in Sealer([NEW, OLD]).seal(PLAIN, PLACE)


def test_after_a_rotation_every_key_opens() -> None:
    assert Sealer([NEW, OLD]).unseal(SEALER.seal(PLAIN, PLACE), PLACE) == PLAIN


def test_a_missing_key_is_named_with_the_place() -> None:
    with pytest.raises(SecretKeyMissing, match=f"{PLACE}.*{OLD.id}") as caught:
        Sealer([NEW]).unseal(SEALER.seal(PLAIN, PLACE), PLACE)
    assert caught.value.key_id == OLD.id


def test_a_sealer_without_a_key_is_refused() -> None:
    with pytest.raises(SecretKeysMalformed):
        Sealer([])


def test_new_keys_are_read_back_in_order() -> None:
    written = [new_key(), new_key()]
    ids = [key.id for key in parse_keys(" , ".join(written) + "\n")]
    assert ids == [text.partition(".")[0] for text in written]


def test_a_key_read_back_opens_what_it_sealed() -> None:
    text = new_key()
    sealed = Sealer(parse_keys(text)).seal(PLAIN, PLACE)
    assert Sealer(parse_keys(text)).unseal(sealed, PLACE) == PLAIN


def test_no_two_new_keys_are_alike() -> None:
    assert len({new_key() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-1], id="cut"),
        pytest.param(lambda text: text + "A", id="too long"),
        pytest.param(lambda text: text.partition(".")[2], id="no id"),
        pytest.param(lambda text: text.replace(".", ":"), id="another separator"),
        pytest.param(lambda text: text[:20] + " " + text[21:], id="a blank inside"),
        pytest.param(lambda text: text[:20] + text[21] + text[20] + text[22:], id="two exchanged"),
    ],
)
def test_CO_4_a_malformed_key_is_told_by_its_place_and_never_shown(
    spoil: Callable[[str], str],
) -> None:
    text = f"{new_key()},{spoil(f'{OLD.id}.{BASE64}')}"
    with pytest.raises(SecretKeysMalformed, match="secret key 2 of 2") as caught:
        parse_keys(text)
    assert not leaks(repr(caught.value))


@pytest.mark.parametrize("text", ["", " ", ",", "\n"])
def test_an_empty_setting_is_malformed(text: str) -> None:
    with pytest.raises(SecretKeysMalformed, match="is empty"):
        parse_keys(text)


def test_a_key_that_stands_there_twice_is_malformed() -> None:
    text = new_key()
    with pytest.raises(SecretKeysMalformed, match="2 of 2 stands there twice"):
        parse_keys(f"{text},{text}")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(SecretKeysMalformed, match="32 bytes"):
        SecretKey(MATERIAL[:16])


@pytest.mark.parametrize("shown", [repr, str, "{}".format, ascii])
@pytest.mark.parametrize("what", [OLD, SEALER], ids=["key", "sealer"])
def test_CO_4_a_key_and_a_sealer_show_the_key_id_only(
    what: SecretKey | Sealer, shown: Callable[[object], str]
) -> None:
    text = shown(what)
    assert OLD.id in text
    assert not leaks(text)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("what", [OLD, SEALER], ids=["key", "sealer"])
def test_CO_4_a_key_and_a_sealer_are_neither_pickled_nor_copied(
    what: SecretKey | Sealer, copied: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError, match="neither pickled nor copied") as caught:
        copied(what)
    assert not leaks(repr(caught.value))


@pytest.mark.parametrize("what", [OLD, SEALER], ids=["key", "sealer"])
def test_CO_4_a_key_and_a_sealer_have_no_fields_to_be_dumped(what: SecretKey | Sealer) -> None:
    with pytest.raises(TypeError):
        vars(what)


@pytest.mark.parametrize("sealer", [Sealer([NEW]), SEALER], ids=["key missing", "moved"])
def test_CO_4_an_error_of_opening_leaks_nothing_and_can_be_pickled(sealer: Sealer) -> None:
    sealed = SEALER.seal(PLAIN, PLACE)
    with pytest.raises((SecretKeyMissing, SecretDamaged)) as caught:
        sealer.unseal(sealed, "elsewhere")
    carried = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own bytes)
    assert str(carried) == str(caught.value)
    for text in (repr(caught.value), str(caught.value), repr(caught.value.__dict__)):
        assert not leaks(text)
        assert sealed not in text


def test_CO_4_what_was_never_sealed_is_not_shown_by_the_error() -> None:
    with pytest.raises(SecretDamaged) as caught:
        SEALER.unseal(f"sealed1.{PLAIN}.{BASE64}A", PLACE)
    assert not leaks(repr(caught.value) + str(caught.value))


def test_derived_bytes_are_equal_for_one_key_and_purpose_in_every_process() -> None:
    expected = "a91dbea5c1d1ad5494825fa13ee8b60764dca8ee61e49da026b4867c04fe2492"
    assert derive(SecretKey(MATERIAL), "signing").hex() == expected


def test_derived_bytes_differ_by_key_and_by_purpose() -> None:
    derived = {derive(key, purpose) for key in (OLD, NEW) for purpose in ("signing", "cursor")}
    assert len({MATERIAL, *derived}) == 5


@pytest.mark.parametrize("purpose", ["sealing", "id"])
def test_no_purpose_leads_to_the_bytes_that_seal(purpose: str) -> None:
    assert derive(OLD, purpose) != OLD.expand(purpose)


def leaks(text: str) -> bool:
    """Return whether `text` has a part of the plain text or of the old key in some form."""
    parts = [BASE64[at : at + 8] for at in range(len(BASE64) - 7)]
    return any(part in text for part in ("battery", MATERIAL.hex(), repr(MATERIAL)[2:-1], *parts))


def test_CP_5_a_confirmation_code_is_eight_digits_whose_zeros_count() -> None:
    codes = [SEALER.confirmation_code(number, 0) for number in range(200)]
    assert {len(code) for code in codes} == {8}
    assert all(code.isascii() and code.isdigit() for code in codes)
    (first, *_) = (number for number, code in enumerate(codes) if code.startswith("0"))
    assert SEALER.is_confirmation_code(codes[first], first, 0)
    assert not SEALER.is_confirmation_code(codes[first].lstrip("0"), first, 0)


def test_CP_6_a_confirmation_code_is_the_same_every_time_and_another_for_each_cycle() -> None:
    assert SEALER.confirmation_code(1, 0) == Sealer([OLD]).confirmation_code(1, 0)
    places = [(1, 0), (1, 1), (11, 0), (1, 10), (111, 0)]
    assert len({SEALER.confirmation_code(*place) for place in places}) == len(places)
    assert not SEALER.is_confirmation_code(SEALER.confirmation_code(1, 0), 1, 1)


def test_CP_6_a_code_by_the_key_before_is_still_the_code() -> None:
    code, both = SEALER.confirmation_code(1, 0), Sealer([NEW, OLD])
    assert both.is_confirmation_code(code, 1, 0)
    assert both.confirmation_code(1, 0) == Sealer([NEW]).confirmation_code(1, 0) != code


def test_SD_7_made_bytes_are_the_same_every_time_and_after_a_rotation_the_old_ones_are_known() -> (
    None
):
    assert SEALER.made("op_1") == SEALER.made("op_1")
    assert SEALER.made("op_1") != SEALER.made("op_2")
    before, after = Sealer([OLD]).made("op_1"), Sealer([NEW, OLD]).made("op_1")
    assert after[0] != before[0]
    assert after[1:] == before
