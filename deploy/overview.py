"""What every product promises, for people: states, verbs, deadlines, a picture, and the rules with their proofs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from deploy.proofs import rules
from schema.lifecycle import Cell, Product, Verb, published_table
from schema.rules import COMMON

#: The tests of each rule, by its number.
Proofs = Mapping[str, Sequence[str]]

COLUMNS = ("verb", "deadline", "allowed in", "is so in", "busy in")

#: What is made stands between these two lines of README.
BEGIN, END = "<!-- make contract writes this -->", "<!-- and no more -->"


def with_products(page: str, products: Mapping[str, Product], proven: Proofs) -> str:
    """Return README with its part on products made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{overview(products, proven)}\n{END}{after}"


def overview(products: Mapping[str, Product], proven: Proofs) -> str:
    """Return what is said of every product, a part to unfold for each."""
    parts = [line for product in products.values() for line in _product(product, proven)]
    every = {name: says for name, says in rules(products.values()).items() if name in COMMON}
    title = f"Rules of all products: {len(every)}"
    return "\n".join([*parts, *_folded(title, _rules(every, proven))])


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


def _product(product: Product, proven: Proofs) -> Iterator[str]:
    """Yield what is said of one product."""
    title = (
        f"<code>{product.name}</code>: {len(product.states)} states,"
        f" {len(product.verbs)} verbs, {len(product.rules)} rules"
    )
    told = [
        f"States: {', '.join(f'`{state}`' for state in product.states)}.\n",
        f"![The states of {product.name}, and what moves it](deploy/published/{product.name}.svg)\n",
        *_table(COLUMNS, rows_of(product)),
        *_rules(product.rules, proven),
    ]
    yield from _folded(title, told)


def _folded(title: str, told: Iterable[str]) -> Iterator[str]:
    """Yield what is to be seen once its title is clicked."""
    yield f"<details><summary>{title}</summary>\n"
    yield from told
    yield "</details>\n"


def _rules(says: Mapping[str, str], proven: Proofs) -> Iterator[str]:
    """Yield a table *rule -> proof*."""
    rows = [(name, text, _named(proven.get(name, ()))) for name, text in says.items()]
    if rows:
        yield from _table(("rule", "says", "proven by"), rows)


def _named(tests: Sequence[str]) -> str:
    """Return the first test of a rule by its name, and how many more there are."""
    if not tests:
        return "**nothing**"
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return f"`{tests[0].rpartition('::')[2]}`{more}"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table of Markdown."""
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
