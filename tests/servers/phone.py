"""A SIP phone, played by SIPp: `Phone(port, realm, user_name, password).register()` is the status it got."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.process import free_port
from tests.servers.programs import SIPP, obtain

HERE = Path(__file__).parent

#: How long an answer may take, in milliseconds, and a whole scenario, in seconds.
ANSWER, PATIENCE = 5000, 20

#: Between two looks whether a phone listens, in seconds.
PAUSE = 0.02

#: Where nobody listens to what another phone plays.
DEAF = 9

#: What a scenario writes down, in a directory of its own.
LOG = "log"

#: Each status that a scenario has written down by now.
Said = Callable[[], list[int]]


class PhoneUnanswered(Exception):
    """Raised when the other side did not answer as any registrar does; the text is SIPp's own."""


@dataclass(frozen=True)
class Phone:
    """One phone with its account, beside a registrar on this machine."""

    port: int
    realm: str
    user_name: str
    password: str
    own_port: int = field(default_factory=free_port)

    def register(self, *, seconds: int = 600, for_user: str | None = None) -> int:
        """Ask for a binding (of 0 seconds: for none any more), proving the password; return the last status."""
        said = {"seconds": str(seconds), "user": for_user or self.user_name}
        return self._play("register.xml", said)[-1]

    def call(self, other: str) -> int:
        """Call another phone, and hang up once it has answered; return the last status."""
        return self.listen(other, DEAF)[-1]

    def listen(self, other: str, port: int) -> list[int]:
        """Call as before, with an ear at a port; return every status that says something."""
        said = {"user": self.user_name, "other": other, "audio": str(port)}
        return self._play("call.xml", said)

    def talk(self, other: str) -> int:
        """Call another phone, and talk until somebody else ends the call; return the last status."""
        return self._play("talk.xml", {"user": self.user_name, "other": other})[-1]

    def answers(self) -> AbstractContextManager[Said]:
        """Take one call while the block runs, until somebody else ends it."""
        return self._taking("answer.xml")

    def rings(self) -> AbstractContextManager[Said]:
        """Ring for one call while the block runs, and answer it once it was cancelled."""
        return self._taking("ringing.xml")

    def announces(self, message: bytes) -> AbstractContextManager[Said]:
        """Play a message to whoever calls while the block runs, and refuse the call."""
        return self._taking("announcement.xml", message)

    @contextmanager
    def _taking(self, scenario: str, message: bytes = b"") -> Iterator[Said]:
        """Take one call as a scenario says; it is asked for each status that it has written down."""
        with TemporaryDirectory(prefix="turnup-") as directory:
            place = Path(directory)
            (place / "message").write_bytes(message)
            command = self._command(scenario, {}, place)
            with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL) as phone:
                try:
                    self._await_ear(phone)
                    yield lambda: _statuses(place)
                finally:
                    phone.kill()

    def _await_ear(self, phone: subprocess.Popen[bytes]) -> None:
        """Wait until a phone that was started listens."""
        while not self._is_heard():
            with suppress(subprocess.TimeoutExpired):
                phone.wait(PAUSE)
                raise PhoneUnanswered("the phone has ended before it was called")

    def _play(self, scenario: str, said: dict[str, str]) -> list[int]:
        """Run a scenario once and return each status that it writes down."""
        with TemporaryDirectory(prefix="turnup-") as directory:
            done = subprocess.run(
                self._command(scenario, said, Path(directory)),
                cwd=directory,
                capture_output=True,
                check=False,
                text=True,
                timeout=PATIENCE,
            )
            statuses = _statuses(Path(directory))
            if done.returncode or not statuses:
                raise PhoneUnanswered(done.stderr[-2000:] + done.stdout[-2000:])
            return statuses

    def _command(self, scenario: str, said: dict[str, str], directory: Path) -> tuple[str, ...]:
        """Return what plays a scenario once."""
        program = obtain(SIPP).directory
        assert program is not None
        keys = {"realm": self.realm, **said}
        told = (part for name, value in keys.items() for part in ("-key", name, value))
        return (
            *(str(program / "sipp"), f"127.0.0.1:{self.port}", "-sf", str(HERE / scenario)),
            *("-m", "1", "-i", "127.0.0.1", "-p", str(self.own_port), "-nostdin"),
            *("-recv_timeout", str(ANSWER), "-trace_logs", "-log_file", str(directory / LOG)),
            *("-s", self.user_name, "-ap", self.password, *told),
        )

    def _is_heard(self) -> bool:
        """Whether somebody listens where the phone does."""
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", self.own_port))
            except OSError:
                return True
        return False


def _statuses(directory: Path) -> list[int]:
    """Return each status that a scenario has written down here by now."""
    log = directory / LOG
    return [int(line) for line in log.read_text(encoding="ascii").split()] if log.exists() else []
