"""Which faults meet a call: the rules in the simulator's file, matched and used up."""

import json
from dataclasses import asdict, dataclass, replace

from workers.simulator.faults import Kind
from workers.simulator.rows import Cause, Json, Rule
from workers.simulator.store import Store, as_json

#: They leave a read alone unless the rule names its action.
CHANGING_ONLY = frozenset(
    {"lost_reply", "late_effect", "no_idempotency", "refuse", "state_changed"}
)


class Rules:
    """The faults that were asked for and are not used up."""

    def __init__(self, store: Store) -> None:
        self._run = store.run

    def add(self, rule: Rule) -> Rule:
        """Ask for a fault."""
        query = """INSERT INTO rule (product, fault, action, service, value, count, until)
            VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *"""
        meant = (rule.product, rule.fault, rule.action, rule.service)
        rows = self._run(query, (*meant, as_json(rule.value), rule.count, rule.until))
        return Rule(**{**dict(rows[0]), "value": rule.value})

    def listed(self) -> list[Json]:
        """Tell what was asked for and is not used up."""
        return [asdict(_rule(dict(row))) for row in self._run("SELECT * FROM rule ORDER BY seq")]

    def clear(self) -> None:
        """Forget every fault."""
        self._run("DELETE FROM rule")

    def meeting(self, cause: Cause, now: str, *, is_changing: bool = True) -> "Met":
        """Find what meets a call, or what comes of it later."""
        query = """SELECT * FROM rule WHERE product = ? AND coalesce(action, ?2) = ?2
            AND coalesce(service, ?3) = ?3 AND coalesce(until > ?4, TRUE) ORDER BY seq"""
        rows = self._run(query, (cause.product, cause.action, cause.service, now))
        rules = [_rule(dict(row)) for row in rows]
        if not is_changing:
            rules = [rule for rule in rules if rule.action or rule.fault not in CHANGING_ONLY]
        return Met(self, rules)

    def spend(self, rule: Rule) -> None:
        """Count that a rule with a count was applied once more."""
        self._run("UPDATE rule SET count = count - 1 WHERE seq = ?", (rule.seq,))
        self._run("DELETE FROM rule WHERE seq = ? AND count <= 0", (rule.seq,))


@dataclass(frozen=True)
class Met:
    """The rules that meet one call, first come first."""

    rules: Rules
    found: list[Rule]

    def find(self, fault: Kind) -> Rule | None:
        """Find a rule of this kind, without using it up."""
        return next((rule for rule in self.found if rule.fault == fault), None)

    def take(self, fault: Kind) -> Rule | None:
        """Find a rule of this kind and use it once."""
        rule = self.find(fault)
        if rule is not None and rule.count is not None:
            self.rules.spend(rule)
            left = [replace(rule, count=rule.count - 1)] if rule.count > 1 else []
            place = self.found.index(rule)
            self.found[place : place + 1] = left
        return rule


def _rule(row: Json) -> Rule:
    return Rule(**{**row, "value": json.loads(row["value"])})
