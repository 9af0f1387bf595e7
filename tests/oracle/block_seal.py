"""The seal of a file by blocks, as `registry_io/FORMAT.md` says it, from all of its bytes."""

from __future__ import annotations

import xxhash

_BLOCK = 65_536


def seal_text(data: bytes) -> bytes:
    """Return the file of the seal of a file of these bytes."""
    digests = b""
    for start in range(0, len(data), _BLOCK):
        digests += xxhash.xxh3_64_intdigest(data[start : start + _BLOCK]).to_bytes(8, "big")
    behind = f"65536 {len(data)}\n".encode() + digests
    return f"xxh3-blocks {xxhash.xxh3_128_hexdigest(behind)} ".encode() + behind
