"""What the user of a secure account is told by short message or mail, and what his Admins are (SA-3, SA-5)."""

from schema.products.secure_account import ACTIVATION_LINK, INSTALLATION_LINK
from workers.notices import NoticeText

INSTALLATION, ACTIVATION, TO_PASS_ON = "installation", "activation", "link_to_pass_on"

NOTICES = {
    INSTALLATION: NoticeText(
        subject={
            "en": "Install the app for your secure calls",
            "it": "Installa l'app per le tue chiamate sicure",
        },
        text={
            "en": """\
Hello {full_name},

install the app for your secure calls on your phone or tablet: {installation_link}

Another message with the link that configures it follows.
""",
            "it": """\
Ciao {full_name},

installa sul telefono o sul tablet l'app per le tue chiamate sicure: {installation_link}

Seguirà un altro messaggio con il link che la configura.
""",
        },
        short={
            "en": "Install the app for your secure calls: {installation_link}",
            "it": "Installa l'app per le tue chiamate sicure: {installation_link}",
        },
        opens=(INSTALLATION_LINK,),
    ),
    ACTIVATION: NoticeText(
        subject={
            "en": "Activate your secure calls",
            "it": "Attiva le tue chiamate sicure",
        },
        text={
            "en": """\
Hello {full_name},

open this link on the device with the app, and it configures itself: {activation_link}

The link works once and is meant for you alone.
""",
            "it": """\
Ciao {full_name},

apri questo link sul dispositivo con l'app, che si configura da sola: {activation_link}

Il link funziona una sola volta ed è destinato solo a te.
""",
        },
        short={
            "en": "Activate your secure calls, once, on the device with the app: {activation_link}",
            "it": "Attiva le tue chiamate sicure, una volta, sul dispositivo con l'app: {activation_link}",
        },
        opens=(ACTIVATION_LINK,),
    ),
    TO_PASS_ON: NoticeText(
        subject={
            "en": "A link for {full_name} is to be passed on",
            "it": "Un link per {full_name} da inoltrare",
        },
        text={
            "en": """\
The {kind} link of the secure account {reference} is ready, and {full_name} has not followed it yet.
Nobody was sent it. Reveal it, once, and pass it on by a message of your own:

  turnup reveal {service} --secret {kind}_link

If it was revealed already, remind the user; a link that is lost is replaced by send_{kind}.
""",
            "it": """\
Il link ({kind}) dell'account sicuro {reference} è pronto e {full_name} non l'ha ancora aperto.
Nessuno lo ha ricevuto. Mostralo, una sola volta, e inoltralo con un messaggio tuo:

  turnup reveal {service} --secret {kind}_link

Se è già stato mostrato, sollecita l'utente; un link perso si sostituisce con send_{kind}.
""",
        },
    ),
}
