"""TLS options: contradictions, unusable files, and what the context asks of the peer."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import ConfigurationError
from holdfast.transport import TLS
from tests.support.certificates import Certificates
from tests.support.leaks import SECRET


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"key_file": "me.key"}, "a key without cert_file"),
        ({"key_password": SECRET}, "a key without cert_file"),
        ({"alpn": "mqtt"}, "alpn is a list of names, not 'mqtt'"),
        ({"alpn": [""]}, "alpn '' is not 1 to 255 ASCII characters"),
        ({"alpn": ["x" * 256]}, "1 to 255 ASCII"),
        ({"alpn": ["mqtté"]}, "1 to 255 ASCII"),
    ],
)
def test_contradictions(options: dict[str, Any], fact: str) -> None:
    """What cannot work is refused when the options are built, before any file is read."""
    with pytest.raises(ConfigurationError) as caught:
        TLS(**options)
    assert fact in str(caught.value)


def test_the_password_is_not_printed() -> None:
    """repr() shows the options without the key's password."""
    shown = repr(TLS(cert_file="client.pem", key_password=SECRET, alpn=["mqtt"]))
    assert shown == (
        "TLS(ca_file=None, cert_file='client.pem', key_file=None, server_name=None, alpn=['mqtt'])"
    )


def test_by_default_the_system_decides() -> None:
    """Without a file: the system's CAs, a certificate demanded, its hostname checked, TLS 1.2 or newer."""
    context = TLS().context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    ours = ssl.create_default_context()
    assert context.cert_store_stats() == ours.cert_store_stats()


def test_a_ca_file_replaces_the_systems(made: Certificates) -> None:
    """ca_file names the CAs to trust *instead of* the system's."""
    assert TLS(ca_file=made.ca.file).context().cert_store_stats()["x509_ca"] == 1


def refusal(tls: TLS) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        tls.context()
    assert str(caught.value).startswith("TLS: ")
    assert caught.value.hint
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("option", ["ca_file", "cert_file", "key_file"])
def test_a_missing_file_is_named(option: str, made: Certificates) -> None:
    """The sentence says which of the files is missing."""
    files: dict[str, Any] = {"cert_file": made.client.cert, "key_file": made.client.key}
    error = refusal(TLS(**{**files, option: "nowhere.pem"}))
    assert "'nowhere.pem' cannot be read: No such file or directory" in str(error)


@pytest.mark.parametrize("option", ["ca_file", "cert_file", "key_file"])
def test_an_unreadable_file_is_named(option: str, made: Certificates, tmp_path: Path) -> None:
    """A file that cannot be read (here: a folder) is named with the system's reason."""
    files: dict[str, Any] = {"cert_file": made.client.cert, "key_file": made.client.key}
    error = refusal(TLS(**{**files, option: tmp_path}))
    assert f"{str(tmp_path)!r} cannot be read: Is a directory" in str(error)


def test_a_ca_file_without_certificate(made: Certificates) -> None:
    """A key given as ca_file is called what it is."""
    assert "holds no certificate in PEM form" in str(refusal(TLS(ca_file=made.client.key)))


def test_a_certificate_file_without_certificate(made: Certificates, tmp_path: Path) -> None:
    """DER, or another file: said so, instead of OpenSSL's 'PEM lib'."""
    other = tmp_path / "cert.der"
    other.write_bytes(b"\x30\x82")
    error = refusal(TLS(cert_file=other, key_file=made.client.key))
    assert f"{other} holds no certificate in PEM form" in str(error)


def test_a_certificate_without_key(made: Certificates) -> None:
    """cert_file alone must hold the key too; the hint names key_file."""
    error = refusal(TLS(cert_file=made.client.cert))
    assert f"{made.client.cert} holds no private key" in str(error)
    assert "key_file=" in str(error.hint)


def test_an_encrypted_key(made: Certificates) -> None:
    """Without key_password it never asks on the terminal; the hint names the option."""
    error = refusal(TLS(cert_file=made.client.cert, key_file=made.client.encrypted(SECRET)))
    assert "is encrypted" in str(error)
    assert "key_password=" in str(error.hint)


@pytest.mark.parametrize("wrong", ["guess", "", SECRET * 300])
def test_a_wrong_password(wrong: str, made: Certificates) -> None:
    """A password that does not open the key is said to be the trouble."""
    key = made.client.encrypted(SECRET)
    error = refusal(TLS(cert_file=made.client.cert, key_file=key, key_password=wrong))
    assert f"key_password does not open the key {key}" in str(error)


def test_the_right_password(made: Certificates) -> None:
    """An encrypted key with its password is used."""
    key = made.client.encrypted(SECRET)
    TLS(cert_file=made.client.cert, key_file=key, key_password=SECRET).context()


def test_files_that_do_not_belong_together(made: Certificates) -> None:
    """The certificate of one with the key of another: both files are named."""
    error = refusal(TLS(cert_file=made.client.cert, key_file=made.stranger.key))
    assert "do not belong together" in str(error)
    assert str(made.client.cert) in str(error)
    assert str(made.stranger.key) in str(error)


def test_a_damaged_key(made: Certificates, tmp_path: Path) -> None:
    """A key that looks right and is not: OpenSSL's words, and the likely reason as hint."""
    key = tmp_path / "me.key"
    lines = made.client.key.read_text().splitlines()
    key.write_text("\n".join([lines[0], "AAAA", lines[-1]]))
    error = refusal(TLS(cert_file=made.client.cert, key_file=key))
    assert str(key) in str(error)
    assert "damaged" in str(error.hint)


def test_files_are_read_at_every_attempt(made: Certificates, tmp_path: Path) -> None:
    """A certificate that is put right, or rotated, is used by the next context: no restart."""
    files = TLS(ca_file=tmp_path / "ca.pem")
    refusal(files)
    shutil.copy(made.ca.file, tmp_path / "ca.pem")
    before = files.context().get_ca_certs()
    shutil.copy(made.other_ca.file, tmp_path / "ca.pem")
    after = files.context().get_ca_certs()
    assert "ours" in str(before)
    assert "other" in str(after)
