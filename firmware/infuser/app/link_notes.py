"""What the link leaves in the log: every command carried out, and a little of what is refused or unreadable.

Whoever holds the cable can send without end. So that this neither wears the flash nor pushes what happened out of the
log, refusals beyond a burst are counted and told in one record, as are pieces of the line that are no frames.
"""

from infuser.core.notelimit import NoteLimit
from infuser.wire import errors, messages, records, states, units
from infuser.wire.messages import Refusal

BURST = 20
EVERY_MS = 10 * units.MS_PER_MIN
TELL_MS = units.MS_PER_H
_DETAIL_MAX = 0x7FFFFFFF


class LinkNotes:
    """Writes the link's records. `recorder` as app.recorder.Recorder."""

    def __init__(self, recorder) -> None:
        self._recorder = recorder
        self._idle = NoteLimit(BURST, EVERY_MS, TELL_MS)  # commands that came to nothing
        self._dropped = NoteLimit(0, 0, TELL_MS)
        self._asked = NoteLimit(BURST, EVERY_MS, TELL_MS)

    def poll(self, age_ms: int, dropped: int) -> None:
        """Once in a while: `dropped` pieces of the line more were no frames. Tells the counts that are due."""
        self._dropped.count(dropped, age_ms)
        self._tell(self._idle.told(age_ms), "commands beyond those recorded singly: refused, or without effect")
        self._tell(self._dropped.told(age_ms), "pieces of the line that were no sound frames")

    def _tell(self, count: int, text: str) -> None:
        if count:
            detail = min(count, _DETAIL_MAX)
            self._recorder.note(records.FAULT, part="link", detail=detail, masked=True, text=text)

    def ended(self, command: int, request_id: int, code: int, operator: str, always: bool) -> None:
        """A command has changed something, or a person with a role gave it: noted `always`; others are one of many."""
        if always or self._idle.admits(self._recorder.timebase.age_ms()):
            self._recorder.note(records.COMMAND, request_id=request_id, command=command, error=code, operator=operator)

    def refuse_flood(self, command: int, request: dict, controller) -> None:
        """Refusal BUSY for what anybody may ask for and stops nothing, if it is asked for without end.

        A stop is refused only where there is nothing to stop, and it asks for a start or a reminder besides.
        """
        if command == messages.STOP:
            further = request["resume_after_ms"] or request["remind_min"]
            if not further or controller.delivering() or controller.state == states.ALARM_STOPPED:
                return
        elif command != messages.AUDIO_PAUSE:
            return
        if not self._asked.admits(self._recorder.timebase.age_ms()):
            raise Refusal(errors.BUSY, text="asked for too often")
