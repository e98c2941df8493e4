"""A certificate authority of a test: what it vouches for is believed by nobody who was not told so."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and its key as files; ``pin`` is the SHA-256 of the public key."""

    certificate: Path
    key: Path
    pin: str


@dataclass(slots=True, kw_only=True)
class Authority:
    """Signs certificates, and keeps them in a folder."""

    folder: Path
    _key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def file(self) -> Path:
        """The certificate of the authority itself."""
        path = self.folder / "authority.pem"
        if not path.exists():
            basic = x509.BasicConstraints(ca=True, path_length=0)
            signed = self._builder("test authority", days=9).public_key(self._key.public_key())
            signed = signed.add_extension(basic, critical=True).add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            path.write_bytes(signed.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        return path

    def issue(self, name: str, *, names: tuple[str, ...] = NAMES, days: int = 9) -> Identity:
        """Issue a certificate for some host names; one of negative ``days`` has expired."""
        key = generate_private_key(SECP256R1())
        other = [
            x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdecimal() else x509.DNSName(each) for each in names
        ]
        builder = self._builder(name, days=days).public_key(key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(other), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        self.folder.mkdir(exist_ok=True)
        certificate, file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.chmod(0o600)
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Identity(certificate=certificate, key=file, pin=sha256(spki).hexdigest())

    def _builder(self, name: str, *, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
        )
