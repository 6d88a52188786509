"""The cipher of cursors: their reader can neither see what they hold nor make or change one."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...catalog.tables import Catalog
from ...memory import kept

_PURPOSE = b"modelwire cursors, 2"
"""The purpose that keys are derived for. Another number is another way to write cursors."""

_KEY_BYTES = 64
_BLOCK_BYTES = 16


class CursorCipher:
    """Seals by AES-SIV (RFC 5297): equal contents are equal texts, and nothing else shows of them
    but their length in blocks.

    It needs no nonce, so two processes can't choose the same one, and an answer is the same bytes
    each time that it is asked for.

    Args:
        secrets: What keys are derived from; the first one seals, and all open.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._ciphers = tuple(AESSIV(_derive_key(secret)) for secret in secrets)

    def encrypt(self, content: bytes, binding: bytes) -> bytes:
        """Seal a content.

        Args:
            content: The content; its last byte is another than `PADDING`.
            binding: What it belongs to, without which it can't be opened.
        """
        padding = PADDING * (-len(content) % _BLOCK_BYTES)
        return self._ciphers[0].encrypt(content + padding, [binding])

    def decrypt(self, sealed: bytes, binding: bytes) -> bytes | None:
        """Open what was sealed; None if it was not, or belongs to something else."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed, [binding]).rstrip(PADDING)
            except InvalidTag:
                continue
        return None


PADDING = b"\xc1"
"""The byte that fills the last block, which MessagePack never uses by itself."""


@kept
def cipher_of(_catalog: Catalog, secrets: tuple[bytes, ...]) -> CursorCipher:
    """The cipher of an application's secrets; made once."""
    return CursorCipher(secrets)


def _derive_key(secret: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret)
