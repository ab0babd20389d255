"""Signals in the middle of a step are noted; the second one is obeyed at once."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from training.interrupts import deferred_interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_noted_and_the_second_obeyed(number: signal.Signals) -> None:
    class Obeyed(Exception):
        pass

    def obey(*_: object) -> None:
        raise Obeyed

    before = signal.signal(number, obey)
    try:
        with deferred_interrupts() as came:
            os.kill(os.getpid(), number)
            assert came == [number]
            with pytest.raises(Obeyed):
                os.kill(os.getpid(), number)
        assert signal.getsignal(number) is obey
    finally:
        signal.signal(number, before)


def test_in_another_thread_nothing_is_changed() -> None:
    before, found = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with deferred_interrupts() as came:
            found.append((came, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [([], before)]
