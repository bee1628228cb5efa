"""What a notice says where something is missing that its text names."""

import pytest

from tests.workers.channels.parcels import LPA, NOTICES, SEALER, parcel, sealed
from workers.channels.wording import Wording
from workers.discovery import find_homes
from workers.notices import UNKNOWN

ALL = {name: home.notices for name, home in find_homes().items()} | NOTICES

TEMPLATES = [(product, template) for product, notices in ALL.items() for template in notices]


@pytest.mark.parametrize(("product", "template"), TEMPLATES)
def test_a_notice_of_an_older_version_is_sent_whatever_it_lacks(
    product: str, template: str
) -> None:
    notice = ALL[product][template]
    secrets = {name: sealed(LPA) for name in notice.opens}
    for language in notice.text:
        said = Wording(ALL, SEALER).worded(
            parcel(template, product=product, facts={}, secrets=secrets, language=language)
        )
        assert said.subject
        assert "{" not in said.subject + said.text + said.short


def test_a_fact_that_was_not_stored_with_a_notice_is_taken_from_its_service() -> None:
    wording = Wording(NOTICES, SEALER)
    assert wording.worded(parcel(facts={})).subject == f"Hello {UNKNOWN}"
    assert wording.worded(parcel(facts={}, known={"name": "Ada"})).subject == "Hello Ada"
    assert wording.worded(parcel(known={"name": "Ada"})).subject == "Hello Anna"
