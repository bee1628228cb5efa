"""`turnup keys`: who may ask over HTTP, and as whom users of the broker ask."""

from deploy.commands.session import reading, writing
from deploy.display.screen import answer, print_json, print_table, say
from deploy.display.words import moment
from producers.api_keys import hash_of, new_token
from producers.intake import PATIENCE
from schema.asker import Role
from schema.command import is_name
from schema.errors import Refusal, Refused
from schema.store.api_keys import OF_BROKER, AddKey, RevokeKey, list_keys

COLUMNS = ("name", "role", "customer", "since", "revoked")


def add(name: str, role: Role, customer: str | None, *, as_json: bool) -> None:
    """Store a new key and print its token, which nobody sees again; a user of the broker needs none."""
    if not is_name(name.removeprefix(OF_BROKER)):
        detail = f"{name!r} is no name: 1 to 80 letters, digits, dots, underscores, hyphens"
        raise Refused(Refusal("invalid", 422, detail))
    token = new_token()
    _store(AddKey(name, hash_of(token), role, customer))
    added = {"name": name, "role": role, "customer": customer}
    if name.startswith(OF_BROKER):
        whose = f" of {customer}" if customer else ""
        answer(added, f"{name} is {role}{whose} from now on", as_json=as_json)
    else:
        answer({**added, "token": token}, token, as_json=as_json)


def show(*, as_json: bool) -> None:
    """Print all keys."""
    with reading() as session, session.database.look() as connection:
        found = list_keys(connection)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.name,
            each.role,
            each.customer or "",
            moment(each.created_at),
            moment(each.revoked_at) if each.revoked_at else "",
        )
        for each in found
    ]
    print_table(COLUMNS, rows)


def revoke(name: str) -> None:
    """Revoke a key; every door knows it within two seconds."""
    _store(RevokeKey(name))
    say(f"{name} {'may ask' if name.startswith(OF_BROKER) else 'opens'} nothing any more")


def _store(record: AddKey | RevokeKey) -> None:
    """Store a change of the keys; raise `Refused`."""
    with writing() as (_, writer):
        refusal = writer.store(record, PATIENCE.total_seconds())
    if isinstance(refusal, Refusal):
        raise Refused(refusal)
