"""A pump's refusal put into words: the field, its value and allowed range in clinical units, what to do."""

from collections.abc import Callable

from infuser.wire import errors, messages, states, units
from infuser.wire.messages import Refusal
from pumpctl import error_texts, quantity, refusal_remedy, therapy_times
from pumpctl.errors import Refused

# Ending of a wire field's name -> how its values are written; the first that fits.
_SHOWN: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("_ng_per_day", quantity.format_dose_rate),
    ("_nl_per_day", quantity.format_rate),
    ("_ug_per_ml", lambda value: f"{value} ug/mL"),
    ("_ng", quantity.format_dose),
    ("_nl", quantity.format_volume),
    ("_pl", lambda value: f"{quantity.decimal(value, units.PL_PER_NL, 3)} nL"),
    ("_permille", lambda value: f"{quantity.decimal(value, 10, 1)} %"),
    ("_ppm", lambda value: f"{quantity.decimal(value, 10_000, 2)} %"),
    ("_ms", quantity.format_duration),
    ("_years", quantity.format_age),
    ("_hg", quantity.format_weight),
    ("_min", lambda value: quantity.format_duration(value * quantity.DURATION["min"])),
    ("_s", lambda value: quantity.format_duration(value * quantity.DURATION["s"])),
)


def shown(field: str, value: int) -> str:
    """A wire value in the unit that its field's name carries."""
    if field == "state" and 0 <= value < len(states.STATE_NAMES):
        return states.STATE_NAMES[value]
    if value >= 0 and (field == "start_min" or field.endswith(".at_min")):
        return therapy_times.people(min(value, therapy_times.LOCAL_MAX))
    if field.endswith("start_min"):
        return f"{value // 60:02d}:{value % 60:02d}"
    for ending, form in _SHOWN:
        if field.endswith(ending):
            return form(value)
    return str(value)


def allowed(refused: Refusal) -> str:
    """The allowed range in words; a high bound below the low one means that there is none, 1 to 0 that nothing is."""
    low, high = shown(refused.field, refused.low), shown(refused.field, refused.high)
    if (refused.low, refused.high) == (1, 0):
        return "none is allowed"
    if refused.high < refused.low:
        return f"allowed from {low}"
    return f"allowed {low}" if low == high else f"allowed {low} to {high}"


def plain(field: str) -> str:
    """A wire field's name without its unit, in words: `step_list[2].dose_ng_per_day` is `step 3 dose`."""
    words = []
    for part in field.split("."):
        name, _, index = part.partition("[")
        for ending, _ in _SHOWN:
            if name.endswith(ending):
                name = name.removesuffix(ending)
                break
        name = name.removesuffix("_list").replace("_", " ")
        words.append(f"{name} {int(index[:-1]) + 1}" if index[:-1].isdecimal() else name)
    return " ".join(words)


def not_in_library(refused: Refusal) -> str:
    """What the library has instead: single values, between which nothing is allowed."""
    value = f" instead of {shown(refused.field, refused.value)}" if refused.low else ""
    return f"{refused.text}{value}"


def _happened(refused: Refusal, what: str) -> str:
    """What happened, with value and range where they say more than the words."""
    if refusal_remedy.unfilled(refused):
        return "the reservoir is not filled"
    if refused.code == errors.LOCK_OUT and refused.low:
        lockout = quantity.format_duration(refused.low)
        passed = quantity.format_duration(refused.value // units.MS_PER_S * units.MS_PER_S)
        return f"{what}: {passed} of {lockout}"
    if refused.code == errors.NOT_IN_LIBRARY and refused.text:
        return f"{what} ({not_in_library(refused)})"
    if refused.code == errors.CONCENTRATION_MISMATCH and refused.low:
        held, programmed = (shown(refused.field, value) for value in (refused.low, refused.value))
        return f"the reservoir holds {held}, the program is for {programmed}"
    if refused.field and (refused.low or refused.high):
        what += f"; {plain(refused.field)} = {shown(refused.field, refused.value)}, {allowed(refused)}"
    return f"{what} ({refused.text})" if refused.text and refused.text != what else what


def as_error(command: int, refused: Refusal) -> Refused:
    """The refusal of a command as an error for people."""
    unknown = (f"error-{refused.code}", "the pump gave a reason that this tool does not know", "update the tool")
    name, what, remedy = error_texts.ERRORS.get(refused.code, unknown)
    message = f"the pump refused {messages.MESSAGES[command][0]}: {_happened(refused, what)}"
    ranged = bool(refused.low or refused.high)
    return Refused(
        message,
        code=refused.code,
        name=name,
        reason=refused.text,
        remedy=refusal_remedy.remedy(command, refused) or remedy,
        field=refused.field,
        value=refused.value if refused.field else None,
        low=refused.low if ranged else None,
        high=refused.high if ranged else None,
    )
