"""The sample product as the subject of a world, without discovery."""

from schema.lifecycle import snake_case
from tests.products.sample.examples import EXAMPLES, SECRETS
from tests.products.sample.platform import connect
from tests.products.sample.promised import PRODUCT
from tests.products.sample.vendor import VENDOR
from tests.products.sample.workflow import WORKFLOWS
from tests.world.subjects import Subject
from workers.discovery import Home

HOME = Home("sample", {snake_case(each.command.__name__): each for each in WORKFLOWS}, connect)

SAMPLE = Subject(PRODUCT, HOME, VENDOR, EXAMPLES, SECRETS)
