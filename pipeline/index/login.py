"""Who we are to Elasticsearch, and whom we trust: an API key, or a name and a password, and the authority of its certificate."""

import base64
import ssl
from dataclasses import dataclass

from pipeline.errors import ConfigurationError
from pipeline.keys import secret
from pipeline.settings import ElasticsearchSettings
from pipeline.tls import Trust, context

SETTING = "FANAL_ELASTICSEARCH"


@dataclass(frozen=True, slots=True)
class Login:
    """An API key, or a name and a password, or neither. Neither secret shows."""

    api_key: str | None = None
    basic: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"Login({'api_key' if self.api_key else 'basic' if self.basic else ''})"

    @property
    def header(self) -> str | None:
        """The value of `Authorization`."""
        if self.api_key:
            return f"ApiKey {self.api_key}"
        return f"Basic {base64.b64encode(':'.join(self.basic).encode()).decode()}" if self.basic else None


def login(settings: ElasticsearchSettings) -> Login:
    """The login that the settings name; an API key wins.

    Raises:
        ConfigurationError: a secret cannot be read, cannot be sent, or its other half is missing.
    """
    api_key = secret(settings.api_key, settings.api_key_file, "API key")
    if api_key:
        if not all("!" <= char <= "~" for char in api_key):
            raise ConfigurationError(
                f"{SETTING}_API_KEY holds blanks or line breaks: give what the server calls `encoded`"
            )
        return Login(api_key=api_key)
    password = secret(settings.password, settings.password_file, "password")
    if bool(settings.username) != bool(password):
        raise ConfigurationError(f"{SETTING}_USERNAME and {SETTING}_PASSWORD_FILE (or _PASSWORD) belong together")
    return Login(basic=(settings.username, password) if settings.username and password else None)


def is_well_formed(api_key: str) -> bool:
    """Whether a key looks like `encoded` of Elasticsearch: base64 of an id, a colon and a secret."""
    try:
        return b":" in base64.b64decode(api_key, validate=True)
    except ValueError:
        return False


def trust(settings: ElasticsearchSettings) -> Trust:
    """Whom we trust."""
    return Trust(SETTING, settings.ca_file)


def ssl_context(url: str, settings: ElasticsearchSettings) -> ssl.SSLContext | None:
    """The TLS context, where the address asks for one.

    Raises:
        ConfigurationError: the authority's file cannot be used, or is set for an address without TLS.
    """
    if url.lower().startswith("https://"):
        return context(trust(settings))
    if settings.ca_file:
        raise ConfigurationError(f"{SETTING}_CA_FILE is set, but {SETTING}_URL does not begin with https://")
    return None
