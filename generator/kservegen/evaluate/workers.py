"""Copies of this process that work beside it: forked where what they work on is at hand, asked over pipes.

They write nothing but answers. One that dies is the failure of the run, and none outlives it: they are killed when the
run ends, and one whose parent was killed sees that by itself.
"""

from __future__ import annotations

import os
import signal
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from io import FileIO
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final, Generic, NoReturn, TypeAlias, TypeVar
from weakref import finalize

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.core.progress import watched

_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")
Look: TypeAlias = Callable[[], None]

# How many processes whoever runs this asks for; None for as many as pay. No result hangs on it.
JOBS: Final[ContextVar[int | None]] = ContextVar("jobs", default=None)
# So many objects keep a process busy for longer than it takes to start it and to do there what each has to do itself.
_WORTHWHILE: Final = 250
# More share no more: what one process does alone is a third of a run.
_MOST: Final = 8
# Where Linux says how much of its cores a container gets.
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
_THREADS: Final = Path("/proc/self/task")
# How a turn lies in a pipe: in two bytes. A page of memory, which every pipe has, holds 2,048 of them.
_TURN: Final = "H"
_MOST_TURNS: Final = 2048
_LOST: Final = "The machine may have run out of memory: give it more, or run with --jobs 1."


def count_jobs(objects: int) -> int:
    """Return how many processes should judge so many objects: what is asked for, else what pays on these cores.

    One where this system cannot fork, or where threads run, which no fork has.
    """
    if not hasattr(os, "fork") or (_THREADS.is_dir() and len(list(_THREADS.iterdir())) > 1):
        return 1
    asked = JOBS.get()
    wanted = asked if asked is not None else min(_cores(), _MOST, objects // _WORTHWHILE)
    return max(1, min(wanted, objects))


def _cores() -> int:
    """Return how many cores this process may use: those that it is bound to, and no more than its container gets."""
    bound = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text("ascii").split()
        if quota != "max":
            return max(1, min(bound, int(quota) // int(period)))
    return bound


class Turns:
    """The numbers up to one in ranges, each for whichever copy of this process comes first to take it.

    Who goes through them begins with the ranges that it took before: all that it goes on to is its own. What is left is
    parted `among` so many, in ranges that become shorter to the end: so all end together, and few go back and forth.
    None is longer than `most`, and but for few numbers none shorter than `least`.
    """

    def __init__(self, number: int, among: int = 1, *, least: int = 1, most: int) -> None:
        self.number = number
        self._taken: list[range] = []
        if among == 1:
            self._left = (range(start, min(start + most, number)) for start in range(0, number, most))
            return
        step = max(1, min(least, number // (4 * among)), -(-number // _MOST_TURNS))
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", buffering=0) as turns:
            turns.write(array(_TURN, range(-(-number // step))))
        taken = _taken(os.fdopen(reading, "rb", buffering=0), among, max(1, most // step))
        self._left = (range(each.start * step, min(each.stop * step, number)) for each in taken)

    def __iter__(self) -> Iterator[range]:
        yield from self._taken
        for each in self._left:
            self._taken.append(each)
            yield each


def _taken(turns: FileIO, among: int, most: int) -> Iterator[range]:
    from fcntl import ioctl  # noqa: PLC0415 - where processes can be forked
    from termios import FIONREAD  # noqa: PLC0415

    left = array("i", [0])
    with turns:
        while True:
            ioctl(turns.fileno(), FIONREAD, left)
            taken = array(_TURN)
            wanted = max(1, min(most, left[0] // taken.itemsize // (2 * among)))
            taken.frombytes(turns.read(taken.itemsize * wanted))
            if not taken:
                return
            yield range(taken[0], taken[-1] + 1)


class _Worker(Struct, frozen=True):
    pid: int
    requests: BinaryIO
    answers: BinaryIO


class _Failure(Struct, frozen=True):
    """Why a worker has no answer: the words of a GeneratorError, or the trace of what should not happen."""

    words: tuple[str, str, str] | None
    trace: str = ""


class Workers(Generic[_Request, _Answer]):
    """Processes of which each answers requests by `serve(request, look)`.

    They begin with `first`, and inherit all that this process holds; what later requests need that it does not hold has
    to be in them. `look` is to be called now and then: it ends a process whose parent is gone.
    """

    def __init__(self, number: int, serve: Callable[[_Request, Look], _Answer], first: _Request) -> None:
        self._workers: list[_Worker] = []
        owner, before = os.getpid(), signal.getsignal(signal.SIGINT)
        self._stops: list[int] = []
        self.close = finalize(self, _end, owner, self._workers, before)
        # What Python raises for Ctrl-C is lost where it comes up within a library that calls back.
        if callable(before):
            signal.signal(signal.SIGINT, partial(_stop, self._workers, self._stops, before))
        try:
            for _ in range(number):
                answer = partial(_served, serve, partial(_end_orphan, owner))
                self._workers.append(_fork(answer, first, self._workers))
        except OSError as error:
            self.close()
            hint = "Run with --jobs 1, or allow more processes."
            raise GeneratorError(f"no process can be started: {error.strerror}", hint=hint) from error

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._workers)

    def ask(self, request: _Request) -> None:
        """Have all of them work on a request; their answers are to be taken before the next one."""
        import pickle  # noqa: PLC0415 - most runs have no workers

        for worker in self._workers:
            with suppress(BrokenPipeError):  # its answer tells
                pickle.dump(request, worker.requests)
                worker.requests.flush()

    def answers(self) -> list[_Answer]:
        """Return what they answer, in their order; GeneratorError for one that has died, or that raised one."""
        return [self._answer(worker) for worker in self._workers]

    def _answer(self, worker: _Worker) -> _Answer:
        import pickle  # noqa: PLC0415 - as above

        try:
            answer: _Answer | _Failure = pickle.load(worker.answers)  # noqa: S301 - our own process wrote it
        except (EOFError, pickle.UnpicklingError):
            _, status = os.waitpid(worker.pid, 0)
            self._workers.remove(worker)
            self.close()
            if self._stops:
                raise KeyboardInterrupt from None
            raise GeneratorError(f"a process that judged some of the objects {_end_of(status)}", hint=_LOST) from None
        if not isinstance(answer, _Failure):
            return answer
        self.close()
        if answer.words is None:
            raise RuntimeError(f"in a process of its own: {answer.trace}")
        message, subject, hint = answer.words
        raise GeneratorError(message, subject=subject, hint=hint)


def _end_orphan(parent: int) -> None:
    """End this process where the one that `parent` was is gone: nobody takes its answer."""
    if os.getppid() != parent:
        os._exit(1)


def _end_of(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with exit code {os.WEXITSTATUS(status)}"


_Handler: TypeAlias = Callable[[int, FrameType | None], object]


def _stop(workers: Sequence[_Worker], stops: list[int], before: _Handler, number: int, frame: FrameType | None) -> None:
    """Kill all processes, so that no answer is waited for, and go on as without them."""
    stops.append(number)
    _kill(workers)
    before(number, frame)


def _kill(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)


def _end(owner: int, workers: list[_Worker], before: _Handler | int | None) -> None:
    """Kill what runs still, and wait for it; a copy of the owner leaves its siblings alone."""
    if os.getpid() != owner:
        return
    signal.signal(signal.SIGINT, before)
    _kill(workers)
    for worker in workers:
        with suppress(BrokenPipeError):
            worker.requests.close()
        worker.answers.close()
        with suppress(ChildProcessError):
            os.waitpid(worker.pid, 0)
    workers.clear()


def _fork(answer: Callable[[_Request], _Answer | _Failure], first: _Request, before: Sequence[_Worker]) -> _Worker:
    read_requests, write_requests = os.pipe()
    read_answers, write_answers = os.pipe()
    pid = os.fork()
    if not pid:
        # What others hold open of a pipe keeps its end from being seen.
        others = (fd for worker in before for fd in (worker.requests.fileno(), worker.answers.fileno()))
        for fd in (write_requests, read_answers, *others):
            os.close(fd)
        _work(answer, first, (os.fdopen(read_requests, "rb"), os.fdopen(write_answers, "wb")))
    os.close(read_requests)
    os.close(write_answers)
    return _Worker(pid, os.fdopen(write_requests, "wb"), os.fdopen(read_answers, "rb"))


def _work(
    answer: Callable[[_Request], _Answer | _Failure], request: _Request, pipes: tuple[BinaryIO, BinaryIO]
) -> NoReturn:
    """Answer until nobody asks any more; nothing of what the parent has still to do is done here."""
    import pickle  # noqa: PLC0415 - as above

    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent says that the run was stopped
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        requests, answers = pipes
        with watched(None):
            while True:
                pickle.dump(answer(request), answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
                request = pickle.load(requests)  # noqa: S301 - our own process wrote it
    finally:
        os._exit(1)  # whatever there is to say is said


def _served(serve: Callable[[_Request, Look], _Answer], look: Look, request: _Request) -> _Answer | _Failure:
    try:
        return serve(request, look)
    except GeneratorError as error:
        return _Failure((error.message, error.subject, error.hint))
    except Exception:  # noqa: BLE001 - the parent raises it
        import traceback  # noqa: PLC0415 - where something is wrong

        return _Failure(None, traceback.format_exc())
