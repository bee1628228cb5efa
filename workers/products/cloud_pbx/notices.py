"""What the Admins of a cloud telephone system are told by mail (CP-5)."""

from workers.notices import CONFIRMATION_CODE, NoticeText

DELETION_CODE = "deletion_code"

NOTICES = {
    DELETION_CODE: NoticeText(
        subject={
            "en": "Confirm the deletion of {reference}",
            "it": "Conferma l'eliminazione di {reference}",
        },
        text={
            "en": """\
Somebody has asked to delete the telephone system {reference} of {customer} with all its data.
If this is wanted, confirm it with this code:

    {confirmation_code}

The code works once, for one hour. What is deleted cannot be brought back.
If it is not wanted, do nothing: without the code nothing is deleted.
""",
            "it": """\
È stata richiesta l'eliminazione del centralino {reference} di {customer} con tutti i suoi dati.
Per confermarla usa questo codice:

    {confirmation_code}

Il codice funziona una sola volta, per un'ora. L'eliminazione non può essere annullata.
Se non è voluta, non fare nulla: senza il codice nulla viene eliminato.
""",
        },
        opens=(CONFIRMATION_CODE,),
    ),
}
