"""What the script on the chip hands to the pump: keys, drug libraries and the key that signs them."""

from pathlib import Path

import libraries

from infuser.wire import library as wire_library
from pumpctl import library, signing

# The clinician's and the service's; the second pair replaces the first.
PAIRS = ((b"C" * 32, b"S" * 32), (b"c" * 32, b"s" * 32))


class Papers:
    """`modulus` of the signing key, `trust_digest` as the pump tells it, two `libraries`, the pump's own `starting`."""

    def __init__(self, folder: Path) -> None:
        key = folder / "pharmacy.key"
        signing.keygen(key)
        entries = [libraries.entry(concentration_ug_per_ml=one) for one in (500, 1000)]
        self.modulus = signing.modulus(key)
        self.libraries = [libraries.signed(libraries.made(*entries, version=version), key) for version in (2, 3)]
        self.starting = wire_library.encode(library.starting())
        self.trust_digest = wire_library.digest(self.modulus)
