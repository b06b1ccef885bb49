"""The questions that several visits share, each with the check that catches a slip before anything is sent."""

from collections.abc import Callable
from typing import Any

from infuser.wire import units
from pumpctl import quantity
from pumpctl.errors import UsageProblem
from pumpctl.quantity import format_volume
from pumpctl.visit_discrepancy import SHARE_PERMILLE, VOLUME_NL, Discrepancy
from pumpctl.visit_room import Question, Room


def within(key: str, value: int, low: int, high: int, form: Callable[[int], str], remedy: str) -> None:
    """UsageProblem for an answer outside low..high."""
    if not low <= value <= high:
        raise UsageProblem(
            f"{key} is {form(value)}, allowed {form(low)} to {form(high)}", field=key, value=value, low=low, high=high,
            remedy=remedy,
        )  # fmt: skip


def _check_patient(room: Room, value: str) -> None:
    expected = room.facts["patient"]
    if value != expected:
        raise UsageProblem(
            f'patient "{value}" is not the one that this pump is programmed for', field="patient", value=value,
            remedy="check the patient's identity and the pump's serial number; see `pumpctl status`",
        )  # fmt: skip


PATIENT = Question(
    "patient", "text", "The patient's identity, as read from the patient", "BENCH-001", check=_check_patient, final=True
)


# Residual


def discrepancy(room: Room) -> Discrepancy:
    """The residual as answered, or as far as it is known, against what the pump expects."""
    share, volume = (int(room.preview_answer(question)) for question in (LIMIT_SHARE, LIMIT_VOLUME))
    measured = room.preview_answer(RESIDUAL)
    expected: int = room.facts["expected_nl"]
    return Discrepancy(expected, expected if measured is None else int(measured), share, volume)


def _check_residual(room: Room, value: int) -> None:
    capacity = units.RESERVOIR_CAPACITY_NL
    expected = format_volume(room.facts["expected_nl"])
    within("residual", value, 0, capacity, format_volume, f"the reservoir holds no more; expected is {expected}")


def _residual_words(room: Room) -> str:
    return f"Volume drawn, expected {format_volume(room.facts['expected_nl'])}"


def accounted(room: Room) -> bool:
    """Whether the pump has accounted for the refill of this visit."""
    return bool(room.facts.get("accounted"))


def not_accounted(room: Room) -> bool:
    """Whether residual and filling are still to be told."""
    return not accounted(room)


def _over(room: Room) -> bool:
    told = discrepancy(room)
    return not_accounted(room) and told.over and told.measured_nl <= units.RESERVOIR_CAPACITY_NL


def _check_accept(room: Room, value: bool) -> None:
    told = discrepancy(room)
    if not value and not room.talk.interactive and told.over:
        raise UsageProblem(
            f"the residual is {told.sentence}, over the limit of {told.limits}", field="accept_discrepancy",
            value=False, remedy="measure again; if it is right, --accept-discrepancy",
        )  # fmt: skip


def _accept_words(room: Room) -> str:
    return "\n".join([*discrepancy(room).advice(), "Was it measured again, and is it right?"])


LIMIT_SHARE = Question(
    "limit_share", "share", "Share of the expected residual from which a discrepancy is looked into", "20%",
    default=lambda room: SHARE_PERMILLE, quiet=True,
)  # fmt: skip
LIMIT_VOLUME = Question(
    "limit_volume", "volume", "Volume from which a discrepancy is looked into", "2ml", default=lambda room: VOLUME_NL,
    quiet=True,
)  # fmt: skip
RESIDUAL = Question(
    "residual", "volume", "Volume drawn from the reservoir, as measured", "1.8ml",
    check=_check_residual, shown=_residual_words, asked=not_accounted, momentary=True,
)  # fmt: skip
ACCEPT = Question(
    "accept_discrepancy", "yes", "Whether a discrepancy over the limits was measured again and is right", "no",
    default=lambda room: False, check=_check_accept, shown=_accept_words, asked=_over, momentary=True,
)  # fmt: skip


# Filling


def _check_volume(room: Room, value: int) -> None:
    low, high = units.NL_PER_ML, units.RESERVOIR_CAPACITY_NL
    within("volume", value, low, high, format_volume, "read the volume off the syringe, with its decimal point")


def _check_concentration(room: Room, value: int) -> None:
    expected: int = room.facts["fill_concentration"]
    if value != expected:
        remedy = "check the vial" + (
            "; for another drug or concentration: `pumpctl visit change-drug`" if room.visit.kind == "refill" else ""
        )
        raise UsageProblem(
            f"concentration is {value} ug/mL, the program is for {expected} ug/mL", field="concentration", value=value,
            low=expected, high=expected, remedy=remedy,
        )  # fmt: skip


VOLUME = Question(
    "volume", "volume", f"Volume filled in, 1 mL to {format_volume(units.RESERVOIR_CAPACITY_NL)}", "18ml",
    check=_check_volume, asked=not_accounted,
)  # fmt: skip
CONCENTRATION = Question(
    "concentration", "concentration", "Concentration of the new drug, as read from the vial", "500ug/ml",
    check=_check_concentration, asked=not_accounted,
)  # fmt: skip


def _check_alarm_volume(room: Room, value: int) -> None:
    low, high = units.LOW_RESERVOIR_MIN_NL, units.LOW_RESERVOIR_MAX_NL
    within("alarm_volume", value, low, high, format_volume, "1 to 3 mL are usual")
    filled = room.preview_answer(VOLUME)
    if filled is not None and value >= int(filled):
        raise UsageProblem(
            f"alarm_volume is {format_volume(value)}, not less than the {format_volume(int(filled))} filled in",
            field="alarm_volume", value=value, high=int(filled), remedy="1 to 3 mL are usual",
        )  # fmt: skip
    signed = "the pump takes only programs that the prescriber has signed"
    planned = "its plan of doses would begin anew with it"
    why = signed if room.facts["signed_only"] else planned if room.facts["planned"] else ""
    if why and value != room.facts["alarm_volume_nl"]:
        raise UsageProblem(
            f"alarm_volume cannot be changed here: {why}", field="alarm_volume", value=value,
            low=room.facts["alarm_volume_nl"], high=room.facts["alarm_volume_nl"],
            remedy="keep it here, and change it by a therapy file: `pumpctl program send FILE`",
        )  # fmt: skip


ALARM_VOLUME = Question(
    "alarm_volume", "volume", "Volume at which the pump warns; kept unless changed", "2ml",
    default=lambda room: room.facts["alarm_volume_nl"], check=_check_alarm_volume,
)  # fmt: skip
RESUME = Question(
    "resume", "yes", "Whether therapy goes on at the end; yes if it ran before", "yes",
    default=lambda room: bool(room.facts["ran"]),
)  # fmt: skip


def shown(question: Question, value: Any) -> str:
    """An answer for people."""
    forms: dict[str, Callable[[Any], str]] = {
        "volume": format_volume,
        "concentration": lambda told: f"{told} ug/mL",
        "share": lambda told: f"{quantity.decimal(told, 10, 1)} %",
        "yes": lambda told: "yes" if told else "no",
        "duration": quantity.format_duration,
        "length": lambda told: f"{quantity.decimal(told, 10_000, 3)} cm",
        "volume_per_length": lambda told: f"{quantity.decimal(told, 100_000, 3)} uL/cm",
    }
    return forms.get(question.kind, str)(value)
