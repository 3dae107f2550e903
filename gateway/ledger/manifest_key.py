"""Signs an export's manifest so that Debian's `minisign -V` verifies it.

The key is the one that signs the campaign's checkpoints: who has the log's public key needs no other. What is
signed here is a hash of 64 bytes, or begins with a signature; neither can be read as a checkpoint.
"""

import base64
import hashlib
from typing import Final

from minisign import SecretKey

from tally.note import Signer

_ALGORITHM: Final = b"Ed"
_UNENCRYPTED, _CHECKSUM = b"\0\0", b"B2"


def key_id(public: bytes) -> bytes:
    """8 bytes, by which minisign names an Ed25519 key: any would do, so that they follow from the key."""
    return hashlib.sha256(public).digest()[:8]


class ManifestSigner:
    """Signs as a campaign does. `seed` is 32 secret bytes, `signer` the same key's for checkpoints."""

    def __init__(self, signer: Signer, seed: bytes) -> None:
        numbered = key_id(signer.verifier.public) + seed + signer.verifier.public
        checksum = hashlib.blake2b(_ALGORITHM + numbered, digest_size=32).digest()
        unused = bytes(32 + 8 + 8)  # salt and limits of the password there is none of
        packed = _ALGORITHM + _UNENCRYPTED + _CHECKSUM + unused + numbered + checksum
        self._key = SecretKey.from_base64(base64.b64encode(packed))

    def public(self, campaign: str) -> bytes:
        """The public key as a file for `minisign -p`."""
        key = self._key.get_public_key()
        key.untrusted_comment = f"televote {campaign}"
        return bytes(key) + b"\n"

    def sign(self, manifest: bytes, campaign: str, entries: int) -> bytes:
        """The signature as a file for `minisign -x`. The same manifest gives the same bytes."""
        signature = self._key.sign(
            manifest,
            untrusted_comment=f"televote {campaign}",
            trusted_comment=f"televote {campaign} manifest.json {entries} entries",
        )
        return bytes(signature) + b"\n"
