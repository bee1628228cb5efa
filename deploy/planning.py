"""What a worker works on, as the settings say it."""

from collections.abc import Iterable, Mapping
from functools import partial

from standardwebhooks import Webhook

from deploy.core import Core
from deploy.limits import given
from deploy.settings import SettingsWrong
from deploy.terms import terms_of
from schema.store.deliveries import DESK, MAIL, SMS
from workers.channels.channel import Channel
from workers.channels.desk import Desk
from workers.channels.mail import Mail, MailDirectory, Smtp
from workers.channels.mail import Post as MailPost
from workers.channels.sms import Gateway, MessageDirectory, Sms
from workers.channels.sms import Post as MessagePost
from workers.channels.wording import Wording
from workers.discovery import Home, find_homes
from workers.transport import Session
from workers.turns import Limits
from workers.worker import Plan


def plan_of(
    core: Core, only: Iterable[str] | None = None, urls: Mapping[str, str] | None = None
) -> Plan:
    """Return the plan for all products or for those named; `urls` are platforms that the settings need not name."""
    settings, homes = core.settings, find_homes(only)
    unknown = sorted(set(only or ()) - set(homes))
    if unknown:
        known, told = ", ".join(sorted(find_homes())), ", ".join(unknown) or "''"
        raise SettingsWrong(f"--products: {told} is no product; there is {known}")
    if urls is None:
        settings.require_platforms(homes, ", or leave the product out by --products")
    named = {name: platform.url or "" for name, platform in settings.platforms.items()}
    known_urls = {**named, **(urls or {})}
    channels = partial(_channels, core, homes)
    limits = {name: Limits(*given(name, settings)) for name in homes}
    work = (settings.products, homes, known_urls, limits, settings.room)
    return Plan(*work, terms_of(settings), core.sealer, core.database, channels)


def _channels(core: Core, homes: Mapping[str, Home], session: Session) -> Mapping[str, Channel]:
    """Return the ways out, as the settings name them."""
    settings = core.settings
    wording = Wording({name: home.notices for name, home in homes.items()}, core.sealer)
    post: MailPost = MailDirectory(settings.mails)
    if settings.smtp_url:
        post = Smtp(settings.smtp_url, settings.call_timeout)
    gateway: MessagePost = MessageDirectory(settings.messages)
    if settings.sms_url and settings.sms_secret:
        seal = Webhook(settings.sms_secret.get_secret_value())
        gateway = Gateway(session, settings.sms_url, seal)
    channels: dict[str, Channel] = {
        MAIL: Mail(wording, post, settings.mail_from),
        SMS: Sms(wording, gateway, settings.sms_from),
    }
    if settings.desk_url and settings.desk_secret:
        door = settings.public_url or f"http://{settings.listen}"
        secret = settings.desk_secret.get_secret_value()
        channels[DESK] = Desk(session, settings.desk_url, secret, door)
    return channels
