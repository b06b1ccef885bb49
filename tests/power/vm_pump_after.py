"""Runs on MicroPython: the life after a cut: for a minute as it is, then with somebody who lets therapy go on."""

from plant import plant
from vm_pump_judge import require
from vm_pump_visits import MIN_MS, Visit

from infuser.wire import errors, messages, program, records, states, units

AGAIN = 0  # instead of a command: the same payload once more
# Why therapy may not be started where the cut fell: a refill not told yet, another drug, a therapy at its end.
_MAY_REFUSE = (errors.NO_PROGRAM, errors.RESERVOIR_EMPTY, errors.CONCENTRATION_MISMATCH, errors.NOT_IN_LIBRARY)
_TOLERANCE_STEPS = 2
_OWN_RECORDS = 4  # what a life writes at the least


class After(Visit):
    """`judge` as vm_pump_judge.Judge."""

    def __init__(self, world, judge):
        super().__init__(world)
        self.judge = judge
        self.figures = judge.figures

    def live(self):
        """All of it."""
        yield 5000
        yield from self.must(messages.HELLO, protocol=messages.protocol_hash())
        if self.judge.begun:
            yield from self.ask_again()
        if not self.judge.starts:
            yield from self.watch()
        self.judge.look()
        self.world.repair()
        yield 1000
        require((yield from self.greet()) is not None, "nobody can sign in")
        yield from self.answer()
        yield from self.watch()
        self.read_log()

    def ask_again(self):
        """What the journal says was begun is not begun again."""
        reply = yield AGAIN, self.judge.cutting.asked
        self.judge.look()
        code = reply.code if isinstance(reply, messages.Refusal) else errors.OK
        require(code in (errors.ALREADY_DONE, errors.BEGUN), "a command repeated is answered with {}", code)
        self.figures.tally("repeated")

    def answer(self):
        """Acknowledge, and let therapy run unless something that was true before the cut is in the way."""
        yield from self.must(messages.ALARM_ACK, alarm=0)
        if self.ledger.state == states.REFILL:
            yield from self.must(messages.REFILL_CANCEL)
        if self.ledger.state in states.DELIVERING:
            return
        if (yield from self.order(messages.RESUME, delay_ms=0)) is None:
            require(self.refusal.code in _MAY_REFUSE, "resume: {} {}", self.refusal.code, self.refusal.text)
            self.figures.tally("not-startable")
        yield 5000

    def watch(self):
        """A minute, and what the motor makes in it."""
        rate, age_ms = self.rate(), self.pump.timebase.age_ms()
        begun, counted = _made(), self.pump.delivery.bucket_steps()[states.BASAL]
        yield MIN_MS
        if self.rate() != rate:
            return
        passed_ms = self.pump.timebase.age_ms() - age_ms
        made = _made() - begun
        basal = self.pump.delivery.bucket_steps()[states.BASAL] - counted
        due = rate * units.PL_PER_NL * passed_ms // (self.pump.delivery.meter.step_pl * units.MS_PER_DAY)
        right = abs(basal - due) <= _TOLERANCE_STEPS and made >= basal - 1
        require(right, "{} made, {} counted, {} due in a minute", made, basal, due)
        self.figures.tally("minutes-delivering" if rate else "minutes-standing")

    def rate(self):
        """The basal rate in nL a day that the program in force gives now, worked out anew."""
        ledger = self.ledger
        if ledger.state not in (states.INFUSING, states.BOLUS, states.MINIMUM_RATE):
            return 0
        slow = ledger.state == states.MINIMUM_RATE
        if ledger.bridge_nl:
            return ledger.bridge_minimum_nl_per_day if slow else ledger.bridge_nl_per_day
        now = program.decode(ledger.program)
        dose = ledger.plan_ng_per_day or now["step_list"][0]["dose_ng_per_day"]
        if slow:
            dose = now["minimum_ng_per_day"]
        elif ledger.temporary_end_ms > self.pump.timebase.age_ms():
            dose = ledger.temporary_ng_per_day
        return dose * units.NL_PER_UL // now["concentration_ug_per_ml"]

    def read_log(self):
        """The whole journal: one chain, each record of before as it was written, this life's behind them."""
        journal, newest, written = self.pump.recorder.journal, self.judge.newest, self.judge.cutting.written
        seq, chain, held = journal.oldest_seq, None, b""
        while True:
            page = journal.read_from(seq, len(held), messages.CHUNK_MAX)
            if not page:
                break
            held += page
            while len(held) > 1 and records.peek(held + bytes(records.PEEK_SIZE))[0] <= len(held):
                size = records.size_at(held, 0)
                record = records.decode(held[:size], chain)
                require(record["seq"] == seq, "record {} is missing", seq)
                require(seq > newest or held[:size] == written[seq][1], "record {} is another one", seq)
                chain, held = record["chain"], held[size:]
                seq += 1
        require(seq == journal.next_seq and seq > newest + _OWN_RECORDS, "the log ends at record {}", seq)
        require(not self.pump.recorder.failure, "{}", self.pump.recorder.failure)


def _made():
    plant.sync()
    return plant.steps_made
