"""A whole week of real life: people, mails, deletions and lost phones; the same in every run, and in the README."""

import csv
import html
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schema.discovery import find_products
from schema.products.sip_device.commands import written_mac
from schema.views import Operation, Service
from tests.deploy.test_run import finish, left, start
from tests.house.sources import ROOT
from workers.simulator.letters import new_letters

WEEK = ROOT / "deploy" / "examples" / "first-week.jsonl"
PICTURE = ROOT / "deploy" / "examples" / "first-week.svg"

#: Codes to confirm, the words that get a profile, and what links say, wherever they stand.
CODES = re.compile(
    r"(?m)^\s*(\d{8})\s*$|LPA:1\$[^$\s]+\$([A-Z0-9-]+)|https://g(?:et|o)\.secure\.example/(\w+)"
)

MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from deploy.cli import main; main()"

COMMANDS = {
    "done on time": 67,
    "done late": 5,
    "late and not done yet": 3,
    "failed for good": 1,
    "not confirmed in time": 1,
    "cancelled and undone": 5,
    "so already": 5,
    "only planned": 1,
    "sent again": 1,
    "refused at the door": 17,
}


@dataclass(frozen=True)
class Week:
    """What one run said and left."""

    code: int
    summary: str
    left: Mapping[str, Any]
    place: Path

    def operation(self, subject: str, verb: str) -> Operation:
        """Return the last operation on a service."""
        found = [
            each for each in self.left["operations"] if (each.subject, each.verb) == (subject, verb)
        ]
        return Operation.model_validate(found[0])

    def service(self, subject: str) -> Service:
        """Return a service."""
        named = {f"{each.customer}/{each.reference}": each for each in self.left["services"]}
        return Service.model_validate(named[subject])

    def ticket(self, subject: str, verb: str) -> tuple[str | None, str, str]:
        """Return how an operation ended, and how its one ticket stands, with when that was opened."""
        asked = self.operation(subject, verb)
        (found,) = (each for each in self.left["tickets"] if each.operation == asked.id)
        return asked.outcome, found.state, f"{found.opened_at:%m-%d %H:%M}"

    def people(self, service: str) -> list[tuple[str, str]]:
        """Return what people did about a service, in order, and what came of it."""
        titled = self.summary.partition("\nPeople\n")[2].partition("\n\n")[0].splitlines()
        rows = [re.split(r"  +", line) for line in titled[1:]]
        return [(row[2], row[4]) for row in rows if row[3] == service]


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Week, Week]:
    """The first week, twice: at once, so that each run is the other's load, and under other hash seeds."""
    places = [tmp_path_factory.mktemp(f"week{seed}") for seed in "12"]
    runs = [start(place, str(WEEK), "--svg", "w.svg", seed=place.name[4]) for place in places]
    first, second = (
        Week(each.returncode, each.stdout, left(place / "turnup.db"), place)
        for each, place in zip(finish(*runs), places, strict=True)
    )
    return first, second


@pytest.fixture(scope="module")
def week(weeks: tuple[Week, Week]) -> Week:
    return weeks[0]


def drawn(picture: Path) -> list[str]:
    """Return the lines of text that a picture shows."""
    found = re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text(encoding="utf-8"))
    return [html.unescape(text).replace("\xa0", " ").rstrip() for text in found]


def turnup(place: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Call the program where a week was played."""
    called = (sys.executable, "-c", MAIN, str(ROOT), *command.split())
    return subprocess.run(called, cwd=place, capture_output=True, text=True, check=False)


def secrets(place: Path) -> set[str]:
    """Return every code and link that was mailed or sent by short message."""
    places = [place / f"turnup.db.{end}" for end in ("mail", "sms")]
    texts = [letter.text for letter in new_letters(places, ())]
    return {code for text in texts for found in CODES.findall(text) for code in found if code}


def test_the_first_week_ends_the_same_in_every_run(weeks: tuple[Week, Week]) -> None:
    first, second = weeks
    assert first.code == second.code == 0
    assert first.summary == second.summary


def test_every_history_of_the_week_is_the_same_in_every_run(weeks: tuple[Week, Week]) -> None:
    first, second = weeks
    assert first.left == second.left


@pytest.mark.parametrize(("told", "count"), COMMANDS.items(), ids=str)
def test_what_became_of_the_commands_is_as_expected(week: Week, told: str, count: int) -> None:
    assert re.search(rf"(?m)^ +{count}  {told}", week.summary)


def test_the_week_has_a_hundred_commands_for_three_customers(week: Week) -> None:
    assert re.search(r"(?m)^10\d commands for 3 customers", week.summary)
    assert sum(COMMANDS.values()) >= 100


@pytest.mark.parametrize("product", ["sip_device", "secure_account", "business_user"])
def test_every_verb_of_these_products_is_done_in_the_week(week: Week, product: str) -> None:
    operations = [each for each in week.left["operations"] if each.product == product]
    done = {each.verb for each in operations if each.state == "succeeded"}
    assert done == {*find_products()[product].verbs}


def test_CP_9_a_deletion_confirmed_on_friday_is_due_after_week_end_and_holiday(week: Week) -> None:
    deletion = week.operation("brambilla/torino", "delete")
    assert deletion.deadline_at == datetime(2026, 6, 3, 16, tzinfo=UTC)
    assert deletion.outcome == "on_time"


def test_CP_8_a_deletion_that_the_department_takes_up_too_late_has_a_ticket(week: Week) -> None:
    deletion = week.operation("hartley/leeds", "delete")
    assert (deletion.outcome, deletion.ticket is not None) == ("late", True)


def test_CP_6_wrong_used_expired_and_older_codes_are_refused_and_said_so(week: Week) -> None:
    assert week.people("brambilla/torino")[:3] == [
        ("mistype", "refused: wrong code"),
        ("confirm", "done"),
        ("confirm", "refused: code used"),
    ]
    assert week.people("petersen/kiel")[0] == ("confirm", "refused: code expired")
    assert week.people("hartley/london")[0] == ("confirm", "refused: code older")


def test_CP_6_the_fifth_wrong_code_ends_the_deletion(week: Week) -> None:
    assert [came for _, came in week.people("brambilla/bergamo")][4:] == [
        "refused: too many wrong codes"
    ] * 2
    assert week.operation("brambilla/bergamo", "delete").state == "cancelled"


def test_ML_4_a_line_that_is_never_activated_has_a_ticket_of_low_severity(week: Week) -> None:
    waiting = week.operation("brambilla/greco", "activate")
    (ticket,) = (each for each in week.left["tickets"] if each.operation == waiting.id)
    assert (ticket.severity, f"{ticket.opened_at:%Y-%m-%d}") == ("low", "2026-06-02")
    assert week.service("brambilla/greco").state == "activation_pending"


def test_ML_5_a_replaced_code_that_is_used_too_late_is_refused(week: Week) -> None:
    assert week.people("hartley/tom")[:2] == [("scan", "refused: code replaced"), ("scan", "done")]


def test_ML_7_whoever_found_a_lost_phone_has_nothing_of_it(week: Week) -> None:
    assert ("enable", "refused: not on a phone") in week.people("brambilla/moretti")
    assert week.people("brambilla/moretti")[-2:] == [("scan", "done"), ("enable", "done")]
    assert week.service("brambilla/moretti").state == "online"


def test_ML_3_a_code_is_revealed_once(week: Week) -> None:
    assert week.people("petersen/wiebke")[2] == ("scan", "refused: already revealed")


def test_CO_8_a_waiting_activation_is_superseded_by_a_delete(week: Week) -> None:
    activation = week.operation("petersen/nils", "activate")
    assert (activation.state, activation.reason) == ("cancelled", "superseded")


def test_SD_10_a_device_that_is_plugged_in_late_has_a_ticket_until_then(week: Week) -> None:
    assert week.ticket("hartley/board", "activate") == ("late", "resolved", "06-03 17:00")
    assert week.people("hartley/board") == [("register", "done")]
    assert week.service("hartley/board").state == "registered"


def test_SD_2_SD_6_an_unknown_type_and_a_device_too_many_are_refused_with_what_helps(
    week: Week,
) -> None:
    assert "closest to it: Yealink T54W, Yealink T57W, Grandstream HT818" in week.summary
    assert "hartley/entrance takes up to 1, and has 1" in week.summary


def test_SD_7_SD_12_a_blocked_device_comes_back_with_a_password_that_is_shown_once(
    week: Week,
) -> None:
    assert week.people("hartley/hall") == [
        ("register", "done"),
        ("register", "refused: nothing happens"),
        ("reveal", "done"),
        ("register", "done"),
        ("reveal", "refused: already revealed"),
    ]
    assert week.service("hartley/hall").facts["is_blocked"] is False


def test_SA_5_a_user_is_reminded_until_he_follows_the_link_or_somebody_has_a_ticket(
    week: Week,
) -> None:
    said = new_letters((week.place / "turnup.db.sms",), ())
    assert [f"{each.sent_at:%d %H:%M}" for each in said[1:]] == [
        "29 08:55", "29 12:55", "01 07:55", "01 11:55",
    ]  # fmt: skip
    assert week.operation("brambilla/conti", "activate").outcome == "on_time"
    assert week.ticket("brambilla/galli", "activate") == (None, "open", "06-03 16:00")


def test_SA_7_the_account_shows_what_brought_new_keys_after_they_were_revoked(week: Week) -> None:
    facts = week.service("brambilla/conti").facts
    assert (facts["keys"], facts["keys_by"]) == ("valid", "pin")


def test_SA_3_a_desk_phone_is_enabled_at_once_and_gets_no_link(week: Week) -> None:
    assert week.service("brambilla/desk").state == "enabled"
    assert "a desk phone (snom) is configured by hand" in week.summary


def test_BU_6_a_user_who_failed_and_is_activated_after_all_is_in_his_group(week: Week) -> None:
    assert week.ticket("petersen/jonas", "activate") == ("late", "resolved", "05-29 14:40")
    assert [each["group"] for each in week.service("petersen/jonas").facts["groups"]] == [
        "reception"
    ]


def test_BU_3_an_extension_that_is_taken_has_to_be_given(week: Week) -> None:
    assert "the extension 2011 is taken at the site Bremen; give another one" in week.summary
    assert week.operation("petersen/hauke", "activate").outcome == "on_time"


def test_BU_7_a_deletion_names_who_has_to_be_told_and_the_team_to_ask_instead(week: Week) -> None:
    assert "ask the One Net Business team" in week.summary
    (told,) = week.service("petersen/hauke").facts["members_to_tell"]
    assert told["members"] == ["jonas.petersen"]


def test_BU_10_new_passwords_of_two_users_are_one_file_shown_once(
    week: Week, tmp_path: Path
) -> None:
    place = shutil.copytree(week.place, tmp_path / "week")
    command = "reveal petersen/jonas petersen/imke --to passwords.csv"
    assert turnup(place, command).returncode == 0
    _, *rows = (place / "passwords.csv").read_text(encoding="utf-8").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["jonas.petersen", "imke.brandt"]
    assert "it is shown once" in turnup(place, "reveal petersen/jonas").stderr


def test_SD_7_a_password_in_a_file_stands_beside_what_its_device_logs_in_with(
    week: Week, tmp_path: Path
) -> None:
    place = shutil.copytree(week.place, tmp_path / "week")
    assert turnup(place, "reveal hartley/board --to sip.csv").returncode == 0
    written = (place / "sip.csv").read_text(encoding="utf-8-sig").splitlines()
    (row,) = csv.DictReader(written)
    known = week.service("hartley/board").facts
    label = written_mac(known["mac"])
    assert re.search(rf"mac +{label}\n", turnup(place, "show hartley/board").stdout)
    for name in ("mac", "user_name", "domain", "outbound_proxy"):
        assert row.pop(name) == (label if name == "mac" else known[name])
    assert (row.pop("customer"), row.pop("reference")) == ("hartley", "board")
    assert row.pop("secret") == "sip_password"
    assert [*row] == ["value"]


def test_CO_4_no_code_of_the_week_stands_in_the_summary_or_the_picture(week: Week) -> None:
    codes = secrets(week.place)
    shown = week.summary + "\n".join(drawn(week.place / "w.svg"))
    assert len(codes) > 15
    assert not [code for code in codes if code in shown]


def test_the_picture_in_the_readme_shows_how_the_week_ends(week: Week) -> None:
    assert drawn(PICTURE) == drawn(week.place / "w.svg"), "renew it with: make picture"
    assert PICTURE.name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_next_commands_of_a_newcomer_work_on_what_the_week_leaves(
    week: Week, tmp_path: Path
) -> None:
    place = shutil.copytree(week.place, tmp_path / "week")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("## Look around")[2].partition("Everything that prints")[0]
    commands = re.findall(r"(?m)^    turnup ([^#\n]+)", block)
    assert len(commands) >= 5
    for command in commands:
        ended = turnup(place, command)
        assert (ended.returncode, ended.stderr) == (0, ""), command
