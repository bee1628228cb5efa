"""Words each notice for its reader; secrets are opened here, and nowhere before (CO-4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema.ids import public_id
from schema.sealing import Sealer
from schema.store.deliveries import Parcel
from workers.channels.channel import NotDelivered, NotWanted
from workers.notices import CONFIRMATION_CODE, NoticeText, Worded, worded


@dataclass(frozen=True, slots=True)
class Wording:
    """The notices of all products, by product and name; this may take a while, so it runs on a thread."""

    notices: Mapping[str, Mapping[str, NoticeText]]
    sealer: Sealer = field(repr=False)

    def worded(self, parcel: Parcel) -> Worded:
        """Return what a notice says; a product or template of a newer version waits for that (I11)."""
        notice = self.notices.get(parcel.product, {}).get(parcel.template)
        if notice is None:
            raise NotDelivered(f"this version has no notice {parcel.product}.{parcel.template}")
        named = {
            "customer": parcel.customer,
            "reference": parcel.reference,
            "service": f"{parcel.customer}/{parcel.reference}",
            "operation": public_id("op", parcel.operation),
        }
        given = {**parcel.known, **named, **parcel.facts, **self._opened(parcel, notice)}
        return worded(notice, parcel.language, given)

    def _opened(self, parcel: Parcel, notice: NoticeText) -> dict[str, str]:
        """Return what the placeholders stand for that nobody else may see."""
        opened = {}
        for name in notice.opens:
            if name == CONFIRMATION_CODE and parcel.is_over:
                raise NotWanted("the operation has ended, and its code with it")
            if name == CONFIRMATION_CODE:
                code = self.sealer.confirmation_code(parcel.operation, parcel.cycle)
                opened[name] = code
            elif sealed := parcel.secrets.get(name):
                opened[name] = self.sealer.unseal(sealed.text, sealed.context)
            else:
                raise NotWanted(f"the service has no valid {name} any more")
        return opened
