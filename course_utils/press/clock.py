"""How far the execution of notebooks has come, and about how long it will still take: lines in the terminal."""

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from course_utils.press import notebooks

ALL = "all lectures"


def lines(console):
    """A line for each notebook that runs: the cell that it has come to, the time it took, and about the time left."""
    at = TextColumn("{task.description}  cell {task.completed} of {task.total} ")
    columns = SpinnerColumn(), at, TimeElapsedColumn()
    left = TextColumn("about"), TimeRemainingColumn(), TextColumn("left")
    return Progress(*columns, *left, console=console, transient=True, speed_estimate_period=3600)


def add_all(progress, twins):
    """Adds the line that says how far all lectures together have come."""
    cells = [cell for twin in twins for cell in notebooks.read_twin(twin).cells if cell.cell_type == "code"]
    progress.add_task(ALL, total=len(cells))


def advance(progress, line, begun, total):
    """Moves the line of a notebook on, and with it the line of all notebooks, where there is one."""
    before = progress.tasks[progress.task_ids.index(line)].completed
    progress.update(line, completed=begun, total=total)
    for task in progress.tasks:
        if task.description == ALL:
            progress.advance(task.id, begun - before)
