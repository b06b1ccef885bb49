"""A daily dose as a person asks for it: outright, or as a share of the one in force."""

from dataclasses import dataclass

from pumpctl.errors import UsageProblem

_PERMILLE = 1000


@dataclass(frozen=True)
class DoseAsked:
    """A dose in ng a day, or in permille of the one in force."""

    ng_per_day: int = 0
    permille: int = 0

    def of(self, present_ng_per_day: int, what: str) -> int:
        """The dose in ng a day, a share of `present_ng_per_day` rounded down; UsageProblem if it comes to nothing."""
        dose = self.ng_per_day or present_ng_per_day * self.permille // _PERMILLE
        if dose:
            return dose
        if self.permille:
            remedy = 'give the dose itself, for example "80ug/d"'
            raise UsageProblem(f"there is no {what} of which to take a share", field="dose", remedy=remedy)
        raise UsageProblem(
            "a dose of 0 is none to go over to", field="dose", value=0, low=1, remedy="to stop: `pumpctl stop`"
        )
