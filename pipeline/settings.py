"""Settings: frozen, typed, validated once, read by `pipeline.commands` alone; inner code gets plain values.

In rising precedence: the defaults here, `config/fanal.toml` (or the file that `FANAL_CONFIG` names), the environment.
`FANAL_KAFKA_BOOTSTRAP=...` is `[kafka] bootstrap = "..."` in the file. Secrets come from the environment or from files
(`..._FILE`), and print as stars.
"""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from pipeline.errors import ConfigurationError


class _Table(BaseSettings):
    """One table of `fanal.toml`; the environment wins over the file."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file's values, which arrive as init arguments."""
        return env_settings, init_settings


class KafkaSettings(_Table):
    """Where the broker is and how its topics are laid out. Without `bootstrap` the embedded broker is used."""

    model_config = SettingsConfigDict(env_prefix="FANAL_KAFKA_", frozen=True, extra="forbid", hide_input_in_errors=True)

    bootstrap: str | None = None
    prefix: str = ""
    partitions: Annotated[int, Field(ge=1, le=1024)] = 12
    replication: Annotated[int, Field(ge=1, le=7)] = 1
    retention_hours: Annotated[int, Field(ge=1, le=24 * 90)] = 168
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None
    oauth_token_url: str | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: SecretStr | None = None
    oauth_client_secret_file: Path | None = None
    oauth_scope: str | None = None
    oauth_ca_file: Path | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    client_key_password: SecretStr | None = None
    client_key_password_file: Path | None = None
    session_timeout_s: Annotated[float, Field(ge=6, le=300)] = 10.0
    envelope: bool = False


class ElasticsearchSettings(_Table):
    """Where the index is. Without `url` the embedded server is used."""

    model_config = SettingsConfigDict(
        env_prefix="FANAL_ELASTICSEARCH_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    url: str | None = None
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,40}$")] = "fanal"
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    shards: Annotated[int, Field(ge=1, le=64)] = 1
    replicas: Annotated[int, Field(ge=0, le=5)] = 0
    keep_months: Annotated[int, Field(ge=0, le=240)] = 0
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 20.0


class KibanaSettings(_Table):
    """How `fanal setup --kibana URL` signs in. Without a key or a name it does not."""

    model_config = SettingsConfigDict(
        env_prefix="FANAL_KIBANA_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    api_key: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0


EngineName = Literal[
    "auto",
    "openvino-f32",
    "openvino-bf16",
    "openvino-int8",
    "openvino-int8-static",
    "onnxruntime-f32",
    "onnxruntime-int8",
    "torch-f32",
    "torch-bf16",
    "torch-f16",
]


class ModelSettings(_Table):
    """Which classifier judges, on which engine (`FANAL_ENGINE`), and where the base weights come from."""

    model_config = SettingsConfigDict(env_prefix="FANAL_MODEL_", frozen=True, extra="forbid", hide_input_in_errors=True)

    artefact: Path | None = None
    shadow: Path | None = None
    statistics: Path | None = None
    base: str | None = None
    base_sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    engine: Annotated[EngineName, Field(validation_alias=AliasChoices("FANAL_ENGINE", "engine"))] = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0


class ScreenSettings(_Table):
    """How posts are taken in: the micro-batch, how far back a repeat is recognised, whether context counts."""

    model_config = SettingsConfigDict(
        env_prefix="FANAL_SCREEN_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    records: Annotated[int, Field(ge=1, le=10_000)] = 512
    posts: Annotated[int, Field(ge=1, le=10_000)] = 384
    within_s: Annotated[float, Field(gt=0, le=5)] = 0.05
    seen_per_partition: Annotated[int, Field(ge=1_000, le=50_000_000)] = 200_000
    context: bool = True
    vectors: bool = True


class TrendsSettings(_Table):
    """How many false pages a week are allowed, and how often the state is written."""

    model_config = SettingsConfigDict(
        env_prefix="FANAL_TRENDS_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    pages_a_week: Annotated[float, Field(ge=0.001, le=1_000)] = 1.0
    save_s: Annotated[float, Field(ge=1, le=3600)] = 600.0
    minute_s: Annotated[float, Field(ge=0.5, le=60)] = 60.0


class PrivacySettings(_Table):
    """The keys of pseudonyms and of sealed evidence. Embedded, they are made at first start under `.fanal/keys/` (0600)."""

    model_config = SettingsConfigDict(
        env_prefix="FANAL_PRIVACY_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    pseudonym_key: SecretStr | None = None
    pseudonym_key_file: Path | None = None
    evidence_key: SecretStr | None = None
    evidence_key_file: Path | None = None
    earlier_keys: SecretStr | None = None
    earlier_keys_file: Path | None = None
    key_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")] = "k1"
    tombstone_days: Annotated[int, Field(ge=1, le=3650)] = 30


class ServeSettings(_Table):
    """The ports of ours: loopback unless told otherwise. Port 0 takes a free one."""

    model_config = SettingsConfigDict(env_prefix="FANAL_SERVE_", frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    desk_port: Annotated[int, Field(ge=0, le=65535)] = 8765
    push_port: Annotated[int, Field(ge=0, le=65535)] = 8787
    stall_s: Annotated[float, Field(ge=10, le=3600)] = 120.0


class Settings(_Table):
    """All of it. `Settings.read()` is the way in."""

    model_config = SettingsConfigDict(env_prefix="FANAL_", frozen=True, extra="forbid", hide_input_in_errors=True)

    data: Path = Path(".fanal")
    cache: Path = Path("~/.cache/fanal")
    licence: Path = Path("config/licence.toml")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    elasticsearch: ElasticsearchSettings = Field(default_factory=ElasticsearchSettings)
    kibana: KibanaSettings = Field(default_factory=KibanaSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    screen: ScreenSettings = Field(default_factory=ScreenSettings)
    trends: TrendsSettings = Field(default_factory=TrendsSettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _expand(self) -> Self:
        object.__setattr__(self, "cache", self.cache.expanduser())
        return self

    @classmethod
    def read(cls, file: Path | None = None) -> "Settings":
        """Read the file and the environment.

        Raises:
            ConfigurationError: a value does not fit; the message names the setting and what it may be.
        """
        _refuse_misspelt()
        tables = _read_file(file)
        for name in _PARTS.keys() & tables.keys():
            if not isinstance(tables[name], dict):
                raise ConfigurationError(f"setting {name}: it is a table; write [{name}] and its settings below")
        try:
            parts: dict[str, Any] = {name: kind(**tables.pop(name, {})) for name, kind in _PARTS.items()}
            return cls(**parts, **tables)
        except ValidationError as error:
            raise ConfigurationError(_in_words(error)) from None
        except SettingsError as error:
            raise ConfigurationError(f"{error}: set the single settings of a table, as FANAL_KAFKA_BOOTSTRAP") from None


_PARTS: dict[str, type[_Table]] = {
    "kafka": KafkaSettings,
    "elasticsearch": ElasticsearchSettings,
    "kibana": KibanaSettings,
    "model": ModelSettings,
    "screen": ScreenSettings,
    "trends": TrendsSettings,
    "privacy": PrivacySettings,
    "serve": ServeSettings,
}


_OTHER_VARIABLES = {"FANAL_CONFIG", "FANAL_CONFIG_DIR", "FANAL_JAVA"}


def _variable(table: str, field: str, alias: object) -> str:
    """The variable that sets a field: by its table, or the alias that comes first."""
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"FANAL_{table.upper()}_{field.upper()}"


def _refuse_misspelt() -> None:
    """A variable that no setting reads is most likely misspelt, and a pipeline on other servers than meant is worse than none."""
    known = _OTHER_VARIABLES | {f"FANAL_{name.upper()}" for name in Settings.model_fields.keys() - _PARTS.keys()}
    for name, kind in _PARTS.items():
        known |= {_variable(name, field, info.validation_alias) for field, info in kind.model_fields.items()}
    for variable in sorted(os.environ):
        if variable.upper().startswith("FANAL_") and variable.upper() not in known | {
            f"FANAL_{n.upper()}" for n in _PARTS
        }:
            near = difflib.get_close_matches(variable.upper(), known, 1)
            hint = f"; did you mean {near[0]}?" if near else "; see config/fanal.toml for the settings there are"
            raise ConfigurationError(f"{variable} in the environment is no setting of Fanal{hint}")


def _read_file(file: Path | None) -> dict[str, Any]:
    named = file or (Path(os.environ["FANAL_CONFIG"]) if os.environ.get("FANAL_CONFIG") else None)
    path = named or Path("config/fanal.toml")
    if not path.is_file():
        if named:
            raise ConfigurationError(f"{path}: no such file; FANAL_CONFIG must name a TOML file")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not valid TOML: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or error.title
    table = (
        ""
        if error.title == "Settings" or name.startswith("FANAL_")
        else error.title.removesuffix("Settings").lower() + "."
    )
    return (
        f"setting {table}{name}: {first['msg'][0].lower()}{first['msg'][1:]}; see config/fanal.toml for what it may be"
    )
