"""Which nomenclature numbers some codes: what codes carry that may meet the codes of another one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NomenclatureIdentity:
    """A nomenclature by what tells it from others. Each numbers its P groups by itself.

    Attributes:
        title: what results print, such as "IPD-IMGT/HLA 3.58.0".
        checksum: SHA-256 of what it was made from; codes of two nomenclatures that differ in it are not the same.
    """

    title: str
    checksum: str

    def told_apart(self, other: NomenclatureIdentity) -> tuple[str, str]:
        """Return in words this nomenclature and another one, with their checksums where their titles are the same.

        >>> NomenclatureIdentity("3.58.0", "ab").told_apart(NomenclatureIdentity("3.59.0", "cd"))
        ('3.58.0', '3.59.0')
        >>> NomenclatureIdentity("3.58.0", "0123456789abcdef").told_apart(NomenclatureIdentity("3.58.0", "cd"))
        ('3.58.0 (SHA-256 0123456789ab...)', '3.58.0 (SHA-256 cd...)')
        """
        if self.title != other.title:
            return self.title, other.title
        own, others = (f"{one.title} (SHA-256 {one.checksum[:12]}...)" for one in (self, other))
        return own, others
