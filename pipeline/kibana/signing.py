"""Where a Kibana is and who asks it."""

import base64
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import ConfigurationError

_SPACE = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """A key, or a name and a password; neither asks as nobody. `ca_file` is whom to believe, beside the machine's own."""

    api_key: str | None = None
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        if bool(self.username) != bool(self.password):
            raise ConfigurationError("kibana.username and kibana.password go together: set both, or an API key")
        if self.api_key and not re.fullmatch(r"[!-~]+", self.api_key):
            raise ConfigurationError("kibana.api_key is no key: it has spaces, line breaks or letters outside ASCII")

    def headers(self) -> dict[str, str]:
        """What is sent with each request."""
        if self.api_key:
            return {"Authorization": f"ApiKey {self.api_key}"}
        if self.username and self.password:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def trust(self) -> ssl.SSLContext:
        """Whose certificates are believed.

        Raises:
            ConfigurationError: the file cannot be used.
        """
        try:
            return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"kibana.ca_file cannot be used: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class Place:
    """A Kibana by its address, and the space in it (none: the default one)."""

    url: str
    space: str | None = None

    def api(self, path: str) -> str:
        """The address of a part of its API within the space."""
        within = f"/s/{self.space}" if self.space and self.space != "default" else ""
        return f"{self.url}{within}/api/{path}"

    @property
    def status(self) -> str:
        """Where it says how it is; that is no space's."""
        return f"{self.url}/api/status"


def place(url: str, space: str | None = None) -> Place:
    """A place, if the address and the name can be one's.

    Raises:
        ConfigurationError: they cannot, or the address holds a password.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("--kibana takes an address such as http://127.0.0.1:5601")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError("--kibana takes an address without name, password or query: set FANAL_KIBANA_API_KEY")
    if space is not None and not _SPACE.fullmatch(space):
        raise ConfigurationError("--kibana-space takes a space's id: small letters, digits, - and _")
    return Place(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", space)
