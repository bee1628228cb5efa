"""`/v1/products` and `/v1/customers`: what can be ordered, and by whom."""

from fastapi import APIRouter

from producers.http.doors import Open
from producers.http.openapi import problems
from schema.command import Name
from schema.errors import NotFound
from schema.store.customers import find_customer
from schema.views import CustomerRecord, ProductPublished, published

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
