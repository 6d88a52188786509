"""Authenticated encryption of cursors: clients can neither read, forge nor modify them."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...catalog.tables import Catalog
from ...memory import kept

_PURPOSE = b"modelwire cursors, 2"
"""The purpose that keys are derived for. The number is the version of the cursor format."""

_KEY_BYTES = 64
_BLOCK_BYTES = 16


class CursorCipher:
    """Cipher that seals by AES-SIV (RFC 5297): equal contents give equal texts, and these show
    nothing else about the contents but their length in blocks.

    It needs no nonce: processes can't choose the same one, and equal requests get byte-identical
    answers.

    Args:
        secrets: The secrets that keys are derived from; the first one seals, and all open.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._ciphers = tuple(AESSIV(_derive_key(secret)) for secret in secrets)

    def encrypt(self, content: bytes, binding: bytes) -> bytes:
        """Seal a content.

        Args:
            content: The content; its last byte must differ from `PADDING`.
            binding: The context that is required to open it.
        """
        padding = PADDING * (-len(content) % _BLOCK_BYTES)
        return self._ciphers[0].encrypt(content + padding, [binding])

    def decrypt(self, sealed: bytes, binding: bytes) -> bytes | None:
        """Open a sealed content; return None if it is not authentic, or has another context."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed, [binding]).rstrip(PADDING)
            except InvalidTag:
                continue
        return None


PADDING = b"\xc1"
"""The byte that pads the last block, which MessagePack never uses."""


@kept
def cipher_of(_catalog: Catalog, secrets: tuple[bytes, ...]) -> CursorCipher:
    """Return the cipher for an application's secrets, which is built once."""
    return CursorCipher(secrets)


def _derive_key(secret: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret)
