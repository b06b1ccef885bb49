"""Runs on MicroPython: somebody at the line of a pump that infuses (see vm_fuzz), one command after the other."""

import kernel
from flash import image
from vm_frames import sealed
from vm_fuzz import Flood

from infuser.core.mac import Channel
from infuser.wire import errors, frame, messages, records
from infuser.wire.signed import SIGNED

TURN_MS = 250


class Stranger:
    """Sends what he likes; `mode` as in vm_fuzz."""

    def __init__(self, mode, seed=1):
        self.flood = Flood(seed, mode)
        self.last_id = 1000
        self._channel = None
        self.turn(3)
        self.hello()

    @property
    def pump(self):
        return self.flood.world.pump

    def turn(self, count=1):
        """Turns of the main loop."""
        for _ in range(count):
            self.pump.poll()
            kernel.run_until(kernel.now_us + TURN_MS * 1000)

    def wait(self, duration_ms):
        """Time passes on a silent line."""
        end_ms = self.flood.world.now_ms() + duration_ms
        while self.flood.world.now_ms() < end_ms:
            self.pump.poll()
            self.flood.world.idle(min(2000, max(1, end_ms - self.flood.world.now_ms())))

    def send(self, data):
        """Bytes on the line, until they are heard; the last answer."""
        port = self.flood.port()
        port.last = b""
        port.inbox += data
        while port.inbox:
            self.pump.poll()
        return port.last

    def ask(self, command, request_id=None, **values):
        """The fields of the reply, or the name of the refusal."""
        if request_id is None:
            self.last_id += 1
            request_id = self.last_id
        if messages.MESSAGES[command][1] & messages.MUTATES:
            values["operator"] = "eve"
        payload = messages.encode_request(command, request_id, values)
        if self._channel:
            payload = self._channel.sign(request_id, payload)
        return self._answered(self.send(sealed(payload)))

    def signs_with(self, key):
        """Sign what is asked from now on; returns the pump's end of such a session."""
        self._channel = Channel(key)
        return Channel(key)

    def _answered(self, answer):
        payload = frame.decode(answer[1:-1])
        if payload[0] == SIGNED:
            payload = self._channel.verify(payload)[1]
        try:
            return messages.decode_reply(payload)
        except messages.Refusal as refused:
            return errors.name(refused.code)

    def outcome(self, request_id):
        """What became of a command."""
        payload = messages.encode_request(messages.OUTCOME, 1, {"request_id": request_id})
        return self._answered(self.send(sealed(payload)))

    def hello(self):
        """Greet the pump."""
        return self.ask(messages.HELLO, protocol=self.pump.protocol, host="eve")

    def bolus(self, request_id=None, dose_ng=5000):
        """Ask for a clinician's bolus of an hour."""
        return self.ask(
            messages.BOLUS, request_id, dose_ng=dose_ng, duration_ms=3600000, patient="bench", confirmed=True
        )

    def stop(self, resume_after_ms=0):
        """Stop therapy."""
        return self.ask(messages.STOP, resume_after_ms=resume_after_ms, remind_min=0)

    def pause(self):
        """Silence the sounder."""
        return self.ask(messages.AUDIO_PAUSE, pause_s=60)

    def next_seq(self):
        """Number of the record that comes next."""
        return self.pump.recorder.journal.next_seq

    def log(self, seq):
        """[kind, fields] of the records from `seq` on."""
        told = []
        while seq < self.next_seq():
            data = self.pump.recorder.journal.read_from(seq, 0, 2048)
            size = records.size_at(data, 0)
            record = records.decode(data[:size])
            told.append([record["kind"], record["fields"]])
            seq += 1
        return told

    def commands(self, seq):
        """[command, name of the outcome] of the command records from `seq` on."""
        return [
            [fields["command"], errors.name(fields["error"])]
            for kind, fields in self.log(seq)
            if kind == records.COMMAND
        ]

    def faults(self, seq):
        """[text, detail] of the faults of the link from `seq` on."""
        return [
            [fields["text"], fields["detail"]]
            for kind, fields in self.log(seq)
            if kind == records.FAULT and fields["part"] == "link"
        ]

    def erased(self):
        """Blocks of the flash erased so far."""
        return sum(image.erases)
