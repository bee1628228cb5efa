"""What the Admins of a customer are told by mail about the credential of a SIP device (SD-7)."""

from workers.notices import NoticeText

CREDENTIAL = "credential"

NOTICES = {
    CREDENTIAL: NoticeText(
        subject={
            "en": "The SIP credential of {reference}",
            "it": "Le credenziali SIP di {reference}",
        },
        text={
            "en": """\
The device {reference} ({mac}) logs in with

  SIP user name:   {user_name}
  Domain:          {domain}
  Outbound proxy:  {outbound_proxy}

A password that we made is shown in full once, to the one of you who asks for it; an earlier one works no more.

The administrator of this device owns the credential: he keeps it secret, and answers for any fraud that comes of it
where it was not.
""",
            "it": """\
Il dispositivo {reference} ({mac}) accede con

  Nome utente SIP:    {user_name}
  Dominio:            {domain}
  Proxy in uscita:    {outbound_proxy}

Una password creata da noi viene mostrata per intero una sola volta, a chi di voi la richiede; quella precedente
non funziona più.

L'amministratore di questo dispositivo è responsabile delle credenziali: le tiene segrete e risponde di ogni frode che
nasce dal non averle protette.
""",
        },
    ),
}
