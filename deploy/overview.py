"""What every product promises, for people: states, verbs, deadlines, a picture, and the rules with their proofs."""

from collections.abc import Iterator, Mapping, Sequence

from deploy.proofs import rules
from schema.lifecycle import Cell, Product, Verb, published_table
from schema.rules import COMMON

#: Where it is published.
OVERVIEW = "products.md"

COLUMNS = ("verb", "deadline", "allowed in", "is so in", "busy in")

#: So many proofs of one rule are named; `turnup products --rules` names all.
NAMED = 4

HEAD = """# What every product promises

`make contract` makes this page and its pictures from the products themselves, and a test says when they are no longer
true. In a picture an arrow goes from where a verb is allowed to where it ends, and dashed to where it goes back; a blue
one is the platform's word, and a dot where a verb is allowed that leaves the service there. All else is refused.
"""


def overview(products: Mapping[str, Product], proven: Mapping[str, Sequence[str]]) -> str:
    """Return the page."""
    parts = [HEAD]
    for product in products.values():
        parts += _product(product)
        parts += _rules(product.rules, proven)
    every = {name: says for name, says in rules(products.values()).items() if name in COMMON}
    parts += ["## Rules of all products\n", *_rules(every, proven)]
    return "\n".join(parts).rstrip() + "\n"


def rows_of(product: Product) -> list[Sequence[str]]:
    """Return a row for each verb: in which states what holds; in all others it is refused."""
    rows: list[Sequence[str]] = []
    for verb, cells in published_table(product).items():
        limit = _limit(product.verbs[verb]) if verb in product.verbs else ""
        states = [
            ", ".join(state for state, said in cells.items() if said == wanted.value)
            for wanted in (Cell.YES, Cell.ALREADY, Cell.BUSY)
        ]
        is_first = verb in product.verbs and product.verbs[verb].creates
        allowed = ["(no service)"] * is_first + [states[0]] * bool(states[0])
        rows.append((verb, limit, ", ".join(allowed), *states[1:]))
    return rows


def _limit(verb: Verb) -> str:
    """Return a verb's deadline, and that from the code's acceptance where it waits for one."""
    return f"{verb.limit}, then {verb.confirmed}" if verb.confirmed else str(verb.limit)


def _product(product: Product) -> Iterator[str]:
    """Yield what is said of one product before its rules."""
    yield f"## {product.name}: {product.title}\n"
    yield f"States: {', '.join(f'`{state}`' for state in product.states)}.\n"
    yield f"![The states of {product.name}, and what moves it]({product.name}.svg)\n"
    yield from _table(COLUMNS, rows_of(product))


def _rules(says: Mapping[str, str], proven: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a table *rule -> proof*."""
    rows = [(name, text, _named(proven.get(name, ()))) for name, text in says.items()]
    if rows:
        yield from _table(("rule", "says", "proven by"), rows)


def _named(tests: Sequence[str]) -> str:
    """Return the first tests of a rule by their names."""
    names = [f"`{test.rpartition('::')[2]}`" for test in tests]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return "<br>".join([*names[:NAMED], *more]) or "**nothing**"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table of Markdown."""
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
