"""The pump's own copy of the firmware, in which a bit can be flipped as on a flash that wears out."""

# In the text that says what the package is for: the program runs on.
_FILE = "infuser/__init__.py"
_AT = 3

folder = None  # of the copy; None where the firmware is run from its source


def damage(on):
    """Flip the lowest bit of one byte, or set it right; nothing is flipped twice."""
    with open(folder + "/" + _FILE, "r+b") as file:
        file.seek(_AT)
        was = file.read(1)[0]
        file.seek(_AT)
        file.write(bytes(((was | 1) if on else (was & 0xFE),)))
