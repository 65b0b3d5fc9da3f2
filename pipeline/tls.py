"""TLS as a client: whom to trust, who we are, and what is wrong when the other side does not agree, in words.

Python's own errors name OpenSSL's reasons. A person needs to know which file to change.
"""

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from pipeline.errors import ConfigurationError

PATIENCE_S = 5.0

_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64  # X509_V_ERR_... of OpenSSL's x509_vfy.h
_WANTS_OURS = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_HANDSHAKE_FAILURE")
_REFUSES_OURS = ("ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE_UNKNOWN", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_EXPIRED")


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM files: of the authorities that we trust (without one the system's), and of our own certificate and key.

    `setting` is how the settings of the server are called (`FANAL_KAFKA`), for messages.
    """

    setting: str
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = None

    def __repr__(self) -> str:
        return f"Trust({self.setting})"


def context(trust: Trust) -> ssl.SSLContext:
    """The context of a client that checks certificate and host name.

    Raises:
        ConfigurationError: a file is not there, is no PEM, or key and certificate do not belong together.
    """
    made = _trusting(trust)
    if trust.cert_file:
        _identify(made, trust, trust.cert_file)
    elif trust.key_file:
        raise ConfigurationError(f"{trust.setting}_CLIENT_KEY_FILE is set without {trust.setting}_CLIENT_CERT_FILE")
    return made


def _trusting(trust: Trust) -> ssl.SSLContext:
    path = trust.ca_file
    try:
        return ssl.create_default_context(cafile=str(path) if path else None)
    except ssl.SSLError:
        raise ConfigurationError(
            f"{path}: no PEM file of certificates; {trust.setting}_CA_FILE must name one"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}); see {trust.setting}_CA_FILE") from None


def _identify(made: ssl.SSLContext, trust: Trust, cert: Path) -> None:
    for path in filter(None, (cert, trust.key_file)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    key = trust.key_file
    try:
        # without a callback OpenSSL would ask a terminal for the password
        made.load_cert_chain(cert, key, password=lambda: trust.key_password or "")
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error):
            raise ConfigurationError(f"{key or cert}: not the key of the certificate in {cert}") from None
        raise ConfigurationError(
            f"{cert}, {key or cert}: no certificate and key in PEM, or the key's password does not fit: "
            f"see {trust.setting}_CLIENT_CERT_FILE, _CLIENT_KEY_FILE and _CLIENT_KEY_PASSWORD_FILE"
        ) from None


def certificate_fault(error: ssl.SSLCertVerificationError, trust: Trust, host: str, port: int) -> str:
    """What is wrong with the certificate of a server, and what to do."""
    shown = peer_certificate(host, port)
    match error.verify_code:
        case code if code == _EXPIRED:
            return f"its certificate expired{_day(shown.not_valid_after_utc if shown else None)}: have it renewed (or set the clock)"
        case code if code == _NOT_YET:
            return f"its certificate is not valid yet{_day(shown.not_valid_before_utc if shown else None)}: is the clock right?"
        case code if code in (_OTHER_HOST, _OTHER_ADDRESS):
            return f"its certificate is for {_names(shown)}, not for {host}: use that name as the address, or have it renewed"
    return (
        f"its certificate is signed by an authority that is not trusted here: "
        f"set {trust.setting}_CA_FILE to that authority's PEM file"
    )


def alert_fault(error: OSError, trust: Trust) -> str | None:
    """What a server has against our certificate, or the want of one; None where that is not what its alert says."""
    said = str(error)
    if not trust.cert_file and any(alert in said for alert in _WANTS_OURS):
        return f"it asks for a client certificate: set {trust.setting}_CLIENT_CERT_FILE and {trust.setting}_CLIENT_KEY_FILE"
    if trust.cert_file and any(alert in said for alert in _REFUSES_OURS):
        return f"it does not accept our certificate {trust.cert_file}: is it expired, or of an authority unknown there?"
    return None


def speaks_tls(host: str, port: int) -> bool:
    """Whether a port answers to TLS at all."""
    return peer_certificate(host, port) is not None


def peer_certificate(host: str, port: int) -> x509.Certificate | None:
    """The certificate that a server shows, unchecked; None where it shows none. Nothing is sent to it."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), PATIENCE_S) as opened,
            unchecked.wrap_socket(opened, server_hostname=host) as wrapped,
        ):
            shown = wrapped.getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(shown) if shown else None
    except (OSError, ValueError):
        return None


def _day(moment: datetime | None) -> str:
    return f" ({moment.astimezone(UTC):%Y-%m-%d})" if moment else ""


def _names(shown: x509.Certificate | None) -> str:
    """The names and addresses that a certificate is for; without its leave nothing of it is repeated but these."""
    try:
        found = shown and shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        found = None
    names = [str(name.value) for name in found or () if isinstance(name, x509.DNSName | x509.IPAddress)]
    return ", ".join(name for name in names[:5] if name.isprintable()) or "another host"
