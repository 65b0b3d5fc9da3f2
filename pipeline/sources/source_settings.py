"""What every source's table in `config/sources.toml` may hold, whatever its kind; kinds add to it."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from pipeline.errors import ConfigurationError


class SourceSettings(BaseModel):
    """A source's table. `enabled = false` leaves it in the file and out of the collector."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: str
    enabled: bool = True


def _not_ours(name: str) -> str:
    if name.startswith("FANAL_"):
        raise ValueError("variables that begin with FANAL_ are settings; name another")
    return name


EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_not_ours)]
"""A variable that holds a secret: not `FANAL_...`, which are the settings of Fanal itself."""


class TokenSettings(SourceSettings):
    """A source with a token: never in the file itself, but in a variable or in a file of its own."""

    token_env: EnvironmentName | None = None
    token_file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.token_env and self.token_file:
            raise ValueError("give token_env or token_file, not both")
        return self

    def token(self) -> SecretStr | None:
        """The token, or None where none is named.

        Raises:
            ConfigurationError: it is not where it should be.
        """
        return read_secret(self.token_env, self.token_file)


def read_secret(variable: str | None, file: Path | None) -> SecretStr | None:
    """A secret from a variable, or from a file without the newline at its end; None where neither is named.

    Raises:
        ConfigurationError: the variable is not set, the file cannot be read, or there is nothing in it.
    """
    if variable:
        found = os.environ.get(variable, "")
        if not found:
            raise ConfigurationError(f"{variable} is not set in the environment; it must hold the secret")
        return SecretStr(found)
    if file is None:
        return None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: the secret cannot be read ({type(error).__name__})") from None
    if not found:
        raise ConfigurationError(f"{file}: the file of the secret is empty")
    return SecretStr(found)
