"""`/v1/products` and `/v1/customers`: what can be ordered, and by whom."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from producers.calls import product_named
from producers.http.askers import Asking, acting, require_operator
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from schema.asker import Asker, may
from schema.command import EventId, Name
from schema.errors import NotFound
from schema.lifecycle import Product
from schema.published import ProductPublished, published
from schema.store.customers import find_customer
from schema.store.pauses import Pause, Resume, paused_products
from schema.views import CustomerRecord

router = APIRouter(prefix="/v1")


@router.get("/products", responses=problems())
def read_products(doors: Open, _asker: Asking) -> list[ProductPublished]:
    """Return what every product promises."""
    with doors.database.look() as connection:
        paused = paused_products(connection)
    return [published(each, paused.get(each.name)) for each in doors.products.values()]


class PauseBody(BaseModel):
    """Who asks, and why."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", strict=True)

    actor: EventId | None = None
    why: EventId | None = None


@router.post("/products/{product}/pause", responses=problems(403, 404, 413, 507))
def pause_product(
    doors: Open, asker: Asking, product: str, body: PauseBody | None = None
) -> ProductPublished:
    """Let nobody carry out a product's operations; they are still accepted, and their deadlines go on."""
    asked = body or PauseBody()
    known = _product_for(doors, asker, product)
    doors.calls.store(Pause(known.name, acting(asker, asked.actor).name, asked.why))
    return _shown(doors, known)


@router.post("/products/{product}/resume", responses=problems(403, 404, 413, 507))
def resume_product(doors: Open, asker: Asking, product: str) -> ProductPublished:
    """Let a paused product's operations be carried out again."""
    known = _product_for(doors, asker, product)
    doors.calls.store(Resume(known.name))
    return _shown(doors, known)


def _product_for(doors: Doors, asker: Asker, name: str) -> Product:
    """Return a product for an operator."""
    require_operator(asker, "only an operator pauses and resumes products")
    return product_named(doors.products, name)


def _shown(doors: Doors, product: Product) -> ProductPublished:
    """Return a product as it is now."""
    with doors.database.look() as connection:
        return published(product, paused_products(connection).get(product.name))


@router.get("/customers/{customer}", responses=problems(404))
def read_customer(doors: Open, asker: Asking, customer: Name) -> CustomerRecord:
    """Return a customer's newest record."""
    with doors.database.look() as connection:
        found = find_customer(connection, customer)
    if found is None or not may(asker, found, customer):
        raise NotFound(f"there is no customer {customer}")
    return CustomerRecord(customer=customer, record=found)
