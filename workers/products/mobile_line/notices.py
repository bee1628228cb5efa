"""What the user and the Admins of a mobile line are told by mail (ML-2, ML-3, ML-4, ML-8)."""

from collections.abc import Sequence

from schema.products.mobile_line import ACTIVATION_CODE
from workers.notices import Attachment, NoticeText, Values, qr_code
from workers.products.mobile_line.activation_code import parse_code

CODE, CODE_EXPIRED, LINE_DELETED = "activation_code", "code_expired", "line_deleted"


def parts_of(values: Values) -> Values:
    """Return what each kind of phone asks for."""
    code = parse_code(values[ACTIVATION_CODE])
    return {"address": code.address, "matching_id": code.matching_id, "network_code": str(code)}


def draw(values: Values) -> Sequence[Attachment]:
    """Return the code to scan."""
    return qr_code(values["network_code"], "esim")


NOTICES = {
    CODE: NoticeText(
        subject={
            "en": "Your business line on your mobile phone",
            "it": "La tua linea aziendale sul cellulare",
        },
        text={
            "en": """\
Hello {user},

your business line {number} is ready. Scan the QR code with the phone's camera, or type it in:

Apple phones (Settings, Mobile Service, Add eSIM, Enter Details Manually)
  SM-DP+ address:   {address}
  Activation code:  {matching_id}

Android phones (Settings, Connections, SIM manager, Add eSIM, Enter code manually)
  Network provider code:  {network_code}

The code works once, for 90 days. It replaces every earlier one. Afterwards switch the line on.
""",
            "it": """\
Ciao {user},

la tua linea aziendale {number} è pronta. Inquadra il codice QR con la fotocamera, oppure inseriscilo a
mano:

Telefoni Apple (Impostazioni, Cellulare, Aggiungi eSIM, Inserisci i dettagli manualmente)
  Indirizzo SM-DP+:      {address}
  Codice di attivazione: {matching_id}

Telefoni Android (Impostazioni, Connessioni, Gestione SIM, Aggiungi eSIM, Inserisci codice)
  Codice del fornitore di rete:  {network_code}

Il codice funziona una sola volta, per 90 giorni. Sostituisce tutti i precedenti. Poi attiva la linea.
""",
        },
        opens=(ACTIVATION_CODE,),
        derives=parts_of,
        attach=draw,
    ),
    CODE_EXPIRED: NoticeText(
        subject={
            "en": "The activation code of {reference} has expired",
            "it": "Il codice di attivazione di {reference} è scaduto",
        },
        text={
            "en": """\
The mobile line {reference} ({number}) of {user} is not on a phone yet, and its activation code
works no more.
Ask for a new code, or delete the line if it is no longer wanted.
""",
            "it": """\
La linea mobile {reference} ({number}) di {user} non è ancora su un telefono e il suo codice non
funziona più.
Richiedi un nuovo codice, o elimina la linea se non serve più.
""",
        },
    ),
    LINE_DELETED: NoticeText(
        subject={
            "en": "The business line of {user} has ended",
            "it": "La linea aziendale di {user} è terminata",
        },
        text={
            "en": """\
The business line {reference} ({number}) of {user} has ended; business calls are no longer possible with it.
Please remove the dead line from the mobile phone by hand: Settings, Mobile Service, Remove eSIM.
""",
            "it": """\
La linea aziendale {reference} ({number}) di {user} è terminata; non sono più possibili chiamate aziendali.
Rimuovi a mano la linea inattiva dal cellulare: Impostazioni, Cellulare, Rimuovi eSIM.
""",
        },
    ),
}
