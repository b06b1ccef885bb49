"""What a step does: an order at the command line, a hand on the pump, a fault, bytes on the line."""

from collections.abc import Callable
from typing import Any

from infuser.wire import codec, errors, frame, messages
from infuser.wire.messages import Refusal
from pumpctl import operations
from pumpctl import program as programs
from pumpctl.client import Pump
from pumpctl.errors import LinkError, Refused, UsageProblem
from pumpctl.quantity import decimal
from pumpctl.scenario import keys, orders, therapy
from pumpctl.scenario.kinds import plain
from pumpctl.scenario.reader import Step
from pumpctl.scenario.stage import OPERATOR, Stage, Values

PRESS_MS = 200
_COMMANDS = {name: code for code, (name, *_) in messages.MESSAGES.items()}


class Declined(Exception):
    """A step that was not carried out: the error's name, as a step's `refused` gives it, and its words."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text


def carry_out(stage: Stage, step: Step) -> None:
    """Do what a step says; Declined, if pump or tool do not."""
    try:
        _ACTIONS[step.action](stage, step)
    except Refused as refused:
        raise Declined(refused.name, refused.message) from None
    except Refusal as refused:
        raise Declined(_name(refused.code), str(refused)) from None
    except LinkError as lost:
        raise Declined(keys.NO_ANSWER, lost.message) from None
    except UsageProblem as problem:
        raise Declined(keys.BY_TOOL, "; ".join(line.strip() for line in problem.lines())) from None


def _name(code: int) -> str:
    return errors.name(code)


def _typed(stage: Stage, step: Step, words: list[str]) -> Values:
    answer = orders.run(words, stage.bench.name, step.operator or OPERATOR)
    if answer.error is not None:
        raise answer.error
    return answer.document


def _command(stage: Stage, step: Step) -> None:
    told = dict(step.told)
    if "patient" in orders.parameters(orders.commands()[step.value]) and "patient" not in told and stage.therapy:
        told["patient"] = stage.therapy["patient"]
    _typed(stage, step, orders.words(step.value, told, stage.scenario.folder, stage.folder))


def _program(stage: Stage, step: Step) -> None:
    text = therapy.changed(stage.scenario, step.value)
    if "tampered" in step.told:
        _send_tampered(stage, step, text)
        return
    file = stage.folder / f"step-{step.number}.toml"
    file.write_text(text, encoding="utf-8")
    words = ["program", "send", str(file)]
    if step.told.get("confirm-warnings"):
        words.append("--confirm-warnings")
    if "bridge" in step.told:
        words += ["--bridge", f"{step.told['bridge']}nl"]
    _typed(stage, step, words)


def _send_tampered(stage: Stage, step: Step, text: str) -> None:
    """Send what the tool itself would not have let through."""
    program = {**programs.loads(text, f"step {step.number}"), **step.told["tampered"]}
    with Pump.open(str(stage.bench.port), operator=step.operator or OPERATOR) as pump:
        proposal = operations.propose(pump, program, step.told.get("bridge", 0))
        operations.commit(pump, proposal, bool(step.told.get("confirm-warnings")))


def _refill(stage: Stage, step: Step) -> None:
    _typed(stage, step, ["refill", "--begin"])
    drained_nl = stage.bench.drain()["drained_nl"]
    stage.bench.fill(step.value)
    words = ["refill", "--residual", f"{drained_nl}nl", "--volume", f"{step.value}nl"]
    if "concentration" in step.told:
        words += ["--concentration", f"{step.told['concentration']}ug/ml"]
    _typed(stage, step, words)


def _raw(stage: Stage, step: Step) -> None:
    """Bytes as they stand; what the pump answers is the outcome."""
    link = stage.link()
    with link:
        link.transport.write(bytes.fromhex(step.value))
        # The bench's answer comes after the pump has read what was sent before and has answered it.
        stage.bench.get()
        replies = frame.Deframer().feed(link.transport.read(0.05))
    if step.told.get("unanswered") and replies:
        raise Declined("answered", f"the pump answered with {len(replies)} frames")
    for reply in replies:
        messages.decode_reply(reply)


def _request(stage: Stage, step: Step) -> None:
    code = _COMMANDS[step.value]
    with stage.link() as exchange:
        if step.told.get("greeted", True):
            exchange.hello()
        exchange.ask(code, _fields(code, step.told.get("fields", {}), step.operator or OPERATOR))


def _fields(code: int, told: Values, operator: str) -> Values:
    declared = dict(codec.fields(messages.MESSAGES[code][2]))
    unknown = [name for name in told if name not in declared]
    if unknown:
        raise UsageProblem(f"the message has no field {unknown[0]}", remedy=f"fields: {', '.join(declared)}")
    empty: Values = {"text": "", "blob": b"", "bool": False}
    values = {name: empty.get(kind, 0) if isinstance(kind, str) else [] for name, kind in declared.items()}
    values |= {"operator": operator} if "operator" in declared else {}
    return values | {name: bytes.fromhex(told[name]) if declared[name] == "blob" else told[name] for name in told}


def _set(stage: Stage, step: Step) -> None:
    for name, value in step.value.items():
        stage.bench.set(name, value)


_ACTIONS: dict[str, Callable[[Stage, Step], Any]] = {
    "command": _command,
    "program": _program,
    "refill": _refill,
    "button": lambda stage, step: stage.bench.press(step.value, step.told.get("for", PRESS_MS)),
    "fault": lambda stage, step: stage.bench.fault(step.value, True, step.told.get("value")),
    "clear": lambda stage, step: stage.bench.fault(step.value, False),
    "set": _set,
    "power-cut": lambda stage, step: stage.bench.power_cut(step.value),
    "fill": lambda stage, step: stage.bench.fill(step.value),
    "raw": _raw,
    "request": _request,
}


def describe(step: Step) -> str:
    """A step in words."""
    value = step.value
    if step.action == "command":
        value = " ".join([value, *(name if told is True else f"{name} {told}" for name, told in step.told.items())])
    elif step.action == "program":
        value = value[1] if isinstance(value[1], str) else ", ".join(value[1])
    elif step.action in ("refill", "fill"):
        value = f"{decimal(value, 1_000_000, 6)} mL"
    elif step.action == "power-cut":
        value = f"{decimal(value, 1000, 3)} s"
    elif step.action == "set":
        value = plain(value)
    elif "value" in step.told:
        value = f"{value}, {step.told['value']}"
    refused = f": refused as {step.refused}" if step.refused else ""
    return f"{step.says or f'{step.action} {value}'}{refused}"
