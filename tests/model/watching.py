"""Watches the system: tells the model what has begun and ended, and compares all that can be seen with it."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schema.store.moments import moment
from schema.tables import SERVICE
from tests.model.plain import Asked, Plain, PlainService
from tests.model.plain_ends import begin, deadlines_of, end, move
from tests.model.plain_phones import PlainActivation
from tests.world.reading import Row
from tests.world.world import World

ENDS = frozenset({"succeeded", "failed", "cancelled"})

#: A code works for so long (ML-4).
CODE_LASTS = timedelta(days=90)


class Watcher:
    """Looks at a world for a model."""

    def __init__(self, world: World, plain: Plain) -> None:
        self._world = world
        self._plain = plain
        #: The last line of its history, and how many signals about it, are known of each service.
        self._lines: Counter[int] = Counter()
        self._signals: Counter[int] = Counter()
        self._codes = 0
        self._stamp: object = None

    def _is_unchanged(self) -> bool:
        """Return whether nothing was written since the last look."""
        before, self._stamp = self._stamp, self._world.rows.stamp()
        return before == self._stamp

    def look(self) -> None:
        """Tell the model what has happened since the last look, in its order for each service."""
        if self._is_unchanged():
            return
        rows = self._world.rows
        operations = {row["id"]: row for row in rows.all("operation")}
        services = {row["id"]: row for row in rows.all("service")}
        for service in self._plain.services.values():
            service.seen = {service.state}
        self._learn_mails()
        self._learn_codes(services)
        for line in rows.all("history", kind=SERVICE):  # in the order of services, then of numbers
            row = services[line["owner"]]
            if line["number"] > self._lines[row["id"]] and row["reference"] in self._plain.services:
                self._lines[row["id"]] = line["number"]
                self._follow(row, line)
        for key, row in operations.items():
            self._learn(key, row)

    def _learn(self, key: int, row: Row) -> None:
        """Tell the model how far an operation is."""
        asked = self._plain.asked.get(key)
        if asked is None or asked.ended is not None:
            return
        has_begun = row["step"] is not None or row["state"] in {"running", "waiting"}
        if has_begun:
            begin(self._plain, key)
        asked.is_acting = row["state"] == "running"
        asked.is_failing = row["undoing"] not in {None, "cancelled"}
        asked.is_past |= bool(row["past_return"])
        if asked.is_later and has_begun:
            self._plain.replace(asked)
        if row["state"] in ENDS:
            end(self._plain, key, row, moment(row["ended_at"]))

    def _follow(self, row: Row, line: Row) -> None:
        """Tell the model of one line of a service's history."""
        name = row["reference"]
        if line["who"] == "platform":
            self._hear(row, name)
        elif line["what"] == "moved":
            key = line["operation_id"]
            service, asked = self._plain.services[name], self._plain.asked[key]
            assert line["before"] == service.state, (line, service)
            if line["after"] == asked.verb.during and asked.moved_to is None:
                begin(self._plain, key)
            self._see_found(asked, line)
            if line["after"] in asked.verb.alarms:
                asked.alarm_at = moment(line["at"])
            move(self._plain, key, line["after"])

    def _see_found(self, asked: Asked, line: Row) -> None:
        """See that a state that an operation has found is the platform's (ML-9)."""
        if line["after"] in asked.verb.finds and asked.given_up is None:
            kept = self._world.platform.kept(f"acme/{asked.ask.reference}")
            state_of = asked.ask.product.state_of or _status_of
            status = state_of(kept[0])
            assert line["after"] == status or line["after"] == asked.verb.during, (line, kept)

    def _hear(self, row: Row, name: str) -> None:
        """Tell the model of the next signal about a service."""
        told = self._world.rows.all("signal", service_id=row["id"])[self._signals[row["id"]]]
        self._signals[row["id"]] += 1
        self._plain.hear(name, told["kind"], json.loads(told["facts"]), json.loads(row["facts"]))

    def _learn_mails(self) -> None:
        """Tell the model which copies of confirmation codes a mail server has taken."""
        mails = self._world.rows.all("delivery", channel="mail") if self._plain.codes.codes else []
        sent = [row for row in mails if row["sent_at"] is not None]
        for key, code in self._plain.codes.codes.items():
            code.mailed = [moment(row["sent_at"]) for row in sent if row["operation_id"] == key]

    def _learn_codes(self, services: dict[int, Row]) -> None:
        """Tell the model of new activation codes: an operation that may make one has made it, and one only."""
        for row in self._world.rows.all("secret")[self._codes :]:
            self._codes += 1
            service = services[row["service_id"]]
            known = self._plain.services.get(service["reference"])
            if known is None or not known.product.uses_code:
                continue
            asked = self._plain.asked[row["operation_id"]]
            expires_at = moment(row["expires_at"])
            profile = json.loads(service["facts"]).get("iccid")
            made = PlainActivation(row["id"], row["operation_id"], expires_at, profile)
            phone = self._plain.services[service["reference"]].phone
            assert asked.verb.makes_code, asked
            assert all(each.operation != made.operation for each in phone.codes), asked
            assert expires_at <= moment(row["made_at"]) + CODE_LASTS, row
            phone.make(made)

    # Comparing

    def compare(self) -> None:
        """Raise where anything that can be seen is not as the model says."""
        rows, now = self._world.rows, self._world.now
        secrets = rows.all("secret")
        known = [row for row in rows.all("service") if row["reference"] in self._plain.services]
        assert len(known) == len(self._plain.services)
        for row in known:
            service = self._plain.services[row["reference"]]
            assert row["state"] == service.state, (row, service)
            if service.product.uses_code:
                stored = [each["state"] for each in secrets if each["service_id"] == row["id"]]
                assert stored == [each.state for each in service.phone.codes], (stored, service)
                self._compare_codes(row["reference"], service, now)
        self._compare_pools()
        tickets = {row["operation_id"]: row["state"] for row in rows.all("ticket")}
        lost = {row["operation_id"] for row in rows.all("delivery", state="dead")}
        assert lost <= tickets.keys(), f"nobody knows that a mail never came: {lost}"
        for row in rows.all("operation"):
            if row["id"] in self._plain.asked and row["id"] not in lost:
                self._compare_operation(row, tickets.get(row["id"]), now)

    def _compare_operation(self, row: Row, ticket: str | None, now: datetime) -> None:
        """Compare the deadline and the ticket of an operation."""
        asked = self._plain.asked[row["id"]]
        until, found = moment(row["deadline_at"]), deadlines_of(self._plain, row["id"])
        assert until in found, f"its deadline is {until}, not one of {found}: {asked}"
        is_over = asked.ended is not None
        is_late = (moment(row["ended_at"]) if is_over else now) > until
        is_lost = asked.ended == "failed" and not _is_without_ticket(asked)
        is_well = asked.ended in {"succeeded", "cancelled"} or asked.reason == "expired"
        state = "resolved" if is_well else "open"
        owed = state if is_late or is_lost else None
        assert ticket == owed or (is_late and not is_over and not ticket), (owed, ticket, row)

    def _compare_codes(self, reference: str, service: PlainService, now: datetime) -> None:
        """See that at the platform one code of a line works at a time, and none that is used or void (ML-5)."""
        kept = self._world.platform.kept(f"acme/{reference}")
        profiles = [each for line in kept for each in line.get("profiles", ())]
        working = [each["iccid"] for each in profiles if each["state"] == "released"]
        is_at_work = any(each.verb.makes_code for each in self._plain.on(reference).values())
        assert len(working) <= 1, f"two codes work: {profiles}"
        if service.phone.stands(now) in {"used", "replaced", "void"} and not is_at_work:
            assert working == [], f"a code works on: {profiles}, {service}"

    def _compare_pools(self) -> None:
        """Compare what is left in the pools, and whose numbers, things and the few places are (CO-11, SD-6)."""
        services = {row["id"]: row["reference"] for row in self._world.rows.all("service")}
        numbers = {row["e164"]: row["service_id"] for row in self._world.rows.all("number")}
        taken = {each: services[key] for each, key in numbers.items() if key is not None}
        rows = self._world.rows.all("pool")
        for row in [each for each in rows if each["product"] in self._plain.pools]:
            pool = self._plain.pools[row["product"]]
            assert (row["total"], row["taken"]) == (pool.total, len(pool.takers)), (row, pool)
        assert taken == self._plain.numbers, (taken, self._plain.numbers)
        kinds = {
            kind for each in self._plain.services.values() for kind in each.product.unique.values()
        }
        had_by = {
            (row["kind"], row["name"]): (services[row["service_id"]], row["operation_id"])
            for row in self._world.rows.all("possession")
            if row["kind"] in kinds and services[row["service_id"]] in self._plain.services
        }
        assert had_by == self._plain.things.takers, (had_by, self._plain.things)
        for where, takers in self._plain.places.items():
            had = [
                services[row["service_id"]]
                for row in self._world.rows.all("possession", kind=where)
            ]
            assert sorted(had) == sorted(takers), (where, had, takers)


def _status_of(kept: Mapping[str, Any]) -> str:
    """Return how something stands whose platform says it in the service's words."""
    return str(kept["status"])


def _is_without_ticket(asked: Asked) -> bool:
    """Return whether an operation failed for something that nobody has to look into (CO-5)."""
    return asked.reason in {"state_changed", "rejected", "expired"}
