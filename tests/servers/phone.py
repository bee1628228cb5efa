"""A SIP phone, played by SIPp: `Phone(port, realm, user_name, password).register()` is the status it got."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.process import free_port
from tests.servers.programs import SIPP, obtain

HERE = Path(__file__).parent

#: How long an answer may take, in milliseconds, and a whole scenario, in seconds.
ANSWER, PATIENCE = 5000, 20


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
        return self._play("register.xml", said)

    def _play(self, scenario: str, said: dict[str, str]) -> int:
        """Run a scenario once and return the status that it writes down."""
        program = obtain(SIPP).directory
        assert program is not None
        keys = {"realm": self.realm, **said}
        told = (part for name, value in keys.items() for part in ("-key", name, value))
        with TemporaryDirectory(prefix="turnup-") as directory:
            log = Path(directory) / "log"
            done = subprocess.run(
                (
                    *(program / "sipp", f"127.0.0.1:{self.port}", "-sf", HERE / scenario),
                    *("-m", "1", "-i", "127.0.0.1", "-p", str(self.own_port), "-nostdin"),
                    *("-recv_timeout", str(ANSWER), "-trace_logs", "-log_file", log),
                    *("-s", self.user_name, "-ap", self.password, *told),
                ),
                cwd=directory,
                capture_output=True,
                check=False,
                text=True,
                timeout=PATIENCE,
            )
            if done.returncode or not log.exists():
                raise PhoneUnanswered(done.stderr[-2000:] + done.stdout[-2000:])
            return int(log.read_text(encoding="ascii"))
