"""Check digits of codes: they catch a mistyped digit, never a code that means something else."""

from __future__ import annotations

# Multiplication in the dihedral group of order 10, and the permutation that Verhoeff's scheme applies at each place.
# J. Verhoeff, Error Detecting Decimal Codes, Mathematical Centre Tracts 29, Amsterdam 1969.
_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_STEP = "1576283094"


def verhoeff_holds(digits: str) -> bool:
    """Whether the last of these digits is their Verhoeff check digit, as in identifiers of SNOMED CT."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = int(_STEP[value])
        check = int(_PRODUCT[check][value])
    return check == 0


def mod10_holds(digits: str) -> bool:
    """Whether the last of these digits is their modulus-10 (Luhn) check digit, as in LOINC."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
