"""Which tasks of this session were tried, how often, and which are done."""

import dataclasses


@dataclasses.dataclass
class Record:
    """What happened with one task: tries that were no placeholder, hints shown, the number that was guessed."""

    tries: int = 0
    done: bool = False
    hints: int = 0
    guess: float | None = None


_records = {}  # id of a task, all of which live as long as the package -> Record; of this session only


def record(task):
    """Returns the record of a task."""
    return _records.setdefault(id(task), Record())


def tried(task, done):
    """Counts a try, unless the task was done before."""
    mine = record(task)
    mine.tries += not mine.done
    mine.done = mine.done or done


def next_hint(task):
    """Returns the number of the hint to show, from 1; the last one again after the last."""
    mine = record(task)
    mine.hints = min(mine.hints + 1, len(task.hints))
    return mine.hints


def guess(task, value=None):
    """Notes the number guessed, or returns the one that was noted, None if there is none."""
    mine = record(task)
    mine.guess = mine.guess if value is None else value
    return mine.guess


def lines(tasks):
    """Returns the summary of a lecture's tasks, a line each."""
    for task in tasks:
        mine = record(task)
        state = "done" if mine.done else "tried" if mine.tries else "open"
        count = f"{mine.tries} {'try' if mine.tries == 1 else 'tries'}" if mine.tries else ""
        hints = f", {mine.hints} {'hint' if mine.hints == 1 else 'hints'}" if mine.hints else ""
        yield f"  {state:<6} {task.title}  {count}{hints}".rstrip()
