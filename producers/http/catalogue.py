"""`/v1/products` and `/v1/customers`: what can be ordered, and by whom."""

from fastapi import APIRouter

from producers.http.doors import Open
from producers.http.openapi import problems
from schema.command import Name
from schema.errors import NotFound
from schema.lifecycle import Product, published_table
from schema.store.customers import find_customer
from schema.views import CustomerRecord, ProductPublished, VerbPublished

router = APIRouter(prefix="/v1")


@router.get("/products", responses=problems())
def read_products(doors: Open) -> list[ProductPublished]:
    """Return what every product promises."""
    return [published(product) for product in doors.products.values()]


@router.get("/customers/{customer}", responses=problems(404))
def read_customer(doors: Open, customer: Name) -> CustomerRecord:
    """Return a customer's newest record."""
    with doors.database.look() as connection:
        found = find_customer(connection, customer)
    if found is None:
        raise NotFound(f"there is no customer {customer}")
    return CustomerRecord(customer=customer, record=found)


def published(product: Product) -> ProductPublished:
    """Return a product as it is published."""
    verbs = {
        name: VerbPublished(
            fields=verb.command.model_json_schema(),
            deadline=str(verb.limit),
            through=tuple(sorted(verb.through)),
        )
        for name, verb in product.verbs.items()
    }
    return ProductPublished(
        name=product.name,
        title=product.title,
        states=product.states,
        verbs=verbs,
        table=published_table(product),
    )
