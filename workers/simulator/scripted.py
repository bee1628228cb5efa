"""What lines of a script may ask of the simulator, as JSON Schemas of CloudEvents: faults, and people."""

from typing import Any

from pydantic import BaseModel

from workers.simulator.discovery import find_vendors
from workers.simulator.faults import VALUES, Fault
from workers.simulator.person import Person, deeds

FAULT, PERSON = "turnup.simulator.fault", "turnup.simulator.person"


def script_schemas() -> dict[str, Any]:
    """Return the schema of each kind of line, with the names that the vendors of today know."""
    vendors = find_vendors()
    calls = sorted(
        each.name for vendor in vendors.values() for each in vendor.actions if each.has_effect
    )
    fault, person = _event(FAULT, Fault), _event(PERSON, Person)
    fault["description"] = "What goes wrong on a played platform from then on."
    asked = fault["properties"]["data"]["properties"]
    asked["until"]["description"] = "A time, or how long after that of the line: 30m"
    asked["until"]["anyOf"][0].pop("format")
    asked["product"]["enum"] = sorted(vendors)
    said = "; ".join(f"{name}: {value.says}" for name, value in VALUES.items())
    asked["value"]["description"] = f"What it takes depends on the fault. {said}"
    done = person["properties"]["data"]["properties"]
    done["does"]["enum"] = sorted(deeds(vendors))
    done["call"]["anyOf"][0] = {"enum": calls}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lines of a script that turnup run hands to the simulator",
        "description": "A script also has commands and customers, as asyncapi.json describes them; "
        "every line goes in at its time.",
        "oneOf": [fault, person],
    }


def _event(kind: str, data: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a CloudEvent of one type."""
    return {
        "title": kind,
        "type": "object",
        "description": (data.__doc__ or "").strip(),
        "required": ["specversion", "type", "source", "id", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": {"const": kind},
            "source": {"type": "string", "minLength": 1},
            "id": {"type": "string", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
            "data": data.model_json_schema(),
        },
    }
