"""How a signal ends a command: by an exception, so that everything that is open is closed and removed.

Python raises a `KeyboardInterrupt` between any two steps of the program, once and for SIGINT alone. That is too coarse:
raised in an import or in a callback it is lost or becomes another error, raised while leftovers are removed it leaves
them behind. Here a signal waits until such a step is over, and is raised again where other code swallowed it.
"""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_AGAIN = 0.02
"""Seconds until it is looked again whether the command can be interrupted."""

_PATIENCE = 5.0
"""Seconds after which a command is interrupted in any step."""

_STEPS = frozenset({"__enter__", "__exit__", "__del__"})
_STEP_MODULES = frozenset({"importlib", "multiprocessing", "polars", "shutil", "tempfile"})
"""Functions and packages that are not left half done: what they made would stay, or they would fail in their own way.

What polars calls of Python's may not fail: it aborts with a page of its own where that does.
"""

_SIG_ALRM: Any = getattr(signal, "SIGALRM", None)  # which Windows has not


class Interruption(KeyboardInterrupt):
    """A signal has told the command to end.

    Attributes:
        signal: which.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


class Interrupter:
    """Ends the command by an exception of the main thread when a signal comes.

    The first signal counts. A second one does not disturb what the first has begun; after it the third ends the process
    at once, in case the clean-up hangs.

    Attributes:
        signal: the signal that came first, or None.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0
        self._raised = False
        self._is_over = False
        self._show = sys.unraisablehook

    def listen(self) -> None:
        """Begin: from now on signals interrupt, but for those that are ignored, as under ``nohup``."""
        if threading.current_thread() is not threading.main_thread():
            return  # Python lets no other thread do this
        for number in _SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                signal.signal(number, self._came)
        if _SIG_ALRM is not None:
            signal.signal(_SIG_ALRM, self._look_again)
        sys.unraisablehook = self._say_unless_interrupted
        atexit.register(self._ignore)

    def end(self) -> None:
        """End: the work is done, or its end is being reported, and signals interrupt no longer."""
        self._is_over = True
        sys.unraisablehook = self._show
        if _SIG_ALRM is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self.signal is None and not self._is_over:
            self.signal, self._since = number, time.monotonic()
            self._interrupt(frame)
        else:
            for one in _SIGNALS:
                if signal.getsignal(one) == self._came:
                    signal.signal(one, signal.SIG_DFL)

    def _look_again(self, _: int, frame: FrameType | None) -> None:
        if self.signal is not None and not self._is_over:
            self._interrupt(frame)

    def _interrupt(self, frame: FrameType | None) -> None:
        assert self.signal is not None
        if _SIG_ALRM is not None:
            # Where other code swallows the exception, the next look raises it again.
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            # Where an exception is being handled, clean-up is under way, for this interruption or for another error.
            waits = sys.exc_info()[1] is not None
            if self._raised:
                if waits:
                    return
            elif (waits or _in_a_step(frame)) and time.monotonic() < self._since + _PATIENCE:
                return
        self._raised = True
        raise Interruption(self.signal)

    def _say_unless_interrupted(self, unraisable: Any) -> None:
        """Say nothing of an interruption that was raised where Python can only ignore it: it is raised again."""
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._show(unraisable)

    def _ignore(self) -> None:
        """Ignore signals in the last moments of the process, when there are no handlers any more."""
        for number in _SIGNALS:
            if signal.getsignal(number) == self._came:
                signal.signal(number, signal.SIG_IGN)


def _in_a_step(frame: FrameType | None) -> bool:
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if frame.f_code.co_name in _STEPS or package in _STEP_MODULES:
            return True
        frame = frame.f_back
    return False
