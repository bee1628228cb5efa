"""What a vendor's handler works on: its instances, written only if the handler succeeds."""

from typing import NoReturn

from workers.simulator.rows import Cause, Instance, Json
from workers.simulator.store import Store


class RefusedError(Exception):
    """Raised by a handler that will not do it; answered as it says, and nothing is changed."""

    def __init__(self, status: int, error: str, **facts: object) -> None:
        super().__init__(error)
        self.status = status
        self.body: Json = {"error": error, **facts}


class Instances:
    """The instances of one vendor, as one call sees and changes them."""

    def __init__(self, store: Store, cause: Cause) -> None:
        self._store = store
        self._cause = cause
        self._touched: dict[str, Instance] = {}
        self._removed: list[str] = []

    def __getitem__(self, platform_id: str) -> Instance:
        """Give the instance of this name, to look at or to change; refused if there is none."""
        if platform_id in self._touched:
            return self._touched[platform_id]
        found = self._store.instance(self._cause.product, platform_id)
        if found is None or platform_id in self._removed:
            self._refuse(platform_id)
        self._touched[platform_id] = found
        return found

    def _refuse(self, platform_id: str) -> NoReturn:
        raise RefusedError(404, "unknown_instance", platform_id=platform_id)

    def created_by(self, reference: str) -> list[Instance]:
        """Find what calls with this reference created, to look at."""
        return self._store.instances_of(self._cause.product, reference)

    def of_customer(self) -> list[Instance]:
        """Find everything that the calling service's customer has, to look at."""
        customer = self._cause.service.partition("/")[0]
        return self._store.instances_under(self._cause.product, f"{customer}/")

    def newest(self) -> Instance:
        """Give the calling service's instance, the newest of several; refused if there is none."""
        found = self._store.newest_instance(self._cause.product, self._cause.service)
        return self[found or "none"]

    def count(self) -> int:
        """Count the instances that the calling service ever had, removed ones too."""
        return self._store.count_instances(self._cause.product, self._cause.service)

    def create(self, platform_id: str, state: Json) -> Instance:
        """Add an instance for the calling service."""
        instance = Instance(platform_id, self._cause.service, self._cause.reference, state)
        self._touched[platform_id] = instance
        return instance

    def remove(self, platform_id: str) -> None:
        """Take an instance away, with all that was planned for it; refused if there is none."""
        self[platform_id]
        del self._touched[platform_id]
        self._removed.append(platform_id)

    @property
    def subject(self) -> str | None:
        """The instance that later things are about: the one that was looked at or created last."""
        return next(reversed(self._touched), None)

    def save(self) -> list[str]:
        """Write what the handler did; answer the names of those that it removed."""
        for instance in self._touched.values():
            self._store.save_instance(self._cause.product, instance)
        for platform_id in self._removed:
            self._store.remove_instance(self._cause.product, platform_id)
        return self._removed
