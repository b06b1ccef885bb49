"""A titration as a page that needs no network: its doses over time, the reservoir, and the table of its steps."""

from infuser.wire import units
from pumpctl import charts, titration_view
from pumpctl.charts import INK, Plot, sample_line
from pumpctl.preview_plot import sheet
from pumpctl.report_html import table
from pumpctl.report_plots import DELIVERED, LIMIT
from pumpctl.report_text import dose, in_print, millilitres, moment
from pumpctl.titration import Plan

_WARNING = "A plan for an open bench prototype, never connected to a person. Figures, not advice."
_HEIGHT = 300
_COLUMNS = ("step", "from", "µg a day", "change", "µL a day", "µL an hour", "days", "mL so far", "refill due")
_NUMBERS = (0, 2, 3, 4, 5, 6, 7)


def page(plan: Plan, reservoir_nl: int) -> str:
    """The whole page."""
    lines = [in_print(line) for line in (titration_view.title(plan), *titration_view.sentences(plan))]
    lines += [f"To be confirmed: {in_print(warning)}." for warning in plan.warnings]
    rows = titration_view.rows(plan, reservoir_nl)
    name = f"Titration of {plan.program['patient']}"
    return sheet(name, _WARNING, lines, plots(plan, reservoir_nl), table(_COLUMNS, rows, _NUMBERS))


def plots(plan: Plan, reservoir_nl: int) -> list[Plot]:
    """Dose and reservoir over the plan and one interval after its last step."""
    return [_doses(plan), _reservoir(plan, reservoir_nl)]


def _span(plan: Plan) -> tuple[int, int]:
    times = plan.times_min
    return times[0] * units.MS_PER_MIN, (times[-1] + plan.order.every_min) * units.MS_PER_MIN


def _doses(plan: Plan) -> Plot:
    target = plan.order.target_ng_per_day
    told = f"{len(plan.doses) - 1} steps from {dose(plan.doses[0])} to {dose(plan.doses[-1])} a day."
    top = charts.ceiling(max(*plan.doses, target, 1))
    plot = Plot("plot-titration", "Dose a day", told, _span(plan), (0, top), _HEIGHT)
    plot.time_axis("local time")
    plot.value_axis("dose a day, µg", units.NG_PER_UG)
    plot.line([(plot.x0, target), (plot.x1, target)], LIMIT)
    begins = [minute * units.MS_PER_MIN for minute in plan.times_min]
    points: list[tuple[int, int]] = []
    for at_ms, until_ms, given in zip(begins, [*begins[1:], plot.x1], plan.doses, strict=True):
        points += [(at_ms, given), (until_ms, given)]
        plot.band(at_ms, until_ms, 'fill="none" pointer-events="all"', f"{moment(at_ms)}: {dose(given)} a day")
    plot.line(points, DELIVERED)
    plot.legend([(sample_line(DELIVERED), "dose"), (sample_line(LIMIT), "target")])
    return plot


def _reservoir(plan: Plan, reservoir_nl: int) -> Plot:
    """What is left, falling to the alarm volume and filled up there."""
    low_nl = plan.program["low_reservoir_nl"]
    top_nl = max(reservoir_nl, units.RESERVOIR_CAPACITY_NL)
    told = f"Filled with {millilitres(reservoir_nl)} at the start; boluses of the patient are not in it."
    plot = Plot("plot-reservoir", "Volume in the reservoir", told, _span(plan), (0, top_nl + top_nl // 6), _HEIGHT)
    plot.time_axis("local time")
    plot.value_axis("volume, mL", units.NL_PER_ML)
    plot.line([(plot.x0, low_nl), (plot.x1, low_nl)], LIMIT)
    points, left_nl = [(plot.x0, reservoir_nl)], reservoir_nl
    for step in titration_view.steps(plan, reservoir_nl):
        at_ms = step.at_min * units.MS_PER_MIN
        end_ms = at_ms + (step.minutes * units.MS_PER_MIN or plot.x1 - at_ms)
        for due_min in step.refill_min:
            due_ms = due_min * units.MS_PER_MIN
            if due_ms < end_ms:
                points += [(due_ms, low_nl), (due_ms, units.RESERVOIR_CAPACITY_NL)]
                left_nl, at_ms = units.RESERVOIR_CAPACITY_NL, due_ms
                words = f"refill due {moment(due_ms)}"
                plot.box(plot.x(due_ms) - 4, plot.y(low_nl) - 4, 8, 8, f'fill="#f2b632" stroke="{INK}"', words)
        left_nl -= step.rate_nl_per_day * (end_ms - at_ms) // units.MS_PER_DAY
        points.append((end_ms, left_nl))
    plot.line(points, DELIVERED)
    plot.legend([(sample_line(DELIVERED), "volume"), (sample_line(LIMIT), "alarm volume")])
    return plot
