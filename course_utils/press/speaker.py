"""What a speaker says and asks: `notebooks/speaker/NN_topic.md`, a section for each part of a lecture.

A section's heading is that of the slide, and its text begins with the minutes that it takes: "5 min. Point at …".
"""

import dataclasses
import re

MINUTES = re.compile(r"(\d+) min\. ")


def notes_of(twin):
    """Returns the path of the speaker's notes that belong to a text twin."""
    return twin.parents[1] / "speaker" / f"{twin.stem}.md"


def read(path):
    """Returns the notes of a lecture as a dict of heading -> (minutes, text); {} where there is no such file.

    Raises:
        ValueError: a section does not begin with its minutes.
    """
    if not path.exists():
        return {}
    found = {}
    for section in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        minutes = MINUTES.match(text.strip())
        if minutes is None:
            raise ValueError(
                f"Found {text.strip()[:20]!r} below {heading!r} in {path.name}, expected the minutes first: '5 min. …'."
            )
        found[heading.strip()] = int(minutes[1]), text.strip()[minutes.end() :]
    return found


def attach(slides, notes):
    """Returns slides with the speaker's notes before their own, and on the first one the plan of the meeting.

    Raises:
        ValueError: there are notes for a title that no slide has.
    """
    made, left, clock, plan = list(slides), dict(notes), 0, []
    for k, slide in enumerate(slides):
        if slide.title in left:
            minutes, text = left.pop(slide.title)
            said = f"**{minutes} min, until {_clock(clock + minutes)}.** {text}"
            made[k] = dataclasses.replace(slide, notes=[said, *slide.notes])
            plan.append(f"| {_clock(clock)} | {slide.title} |")
            clock += minutes
    if left:
        raise ValueError(
            f"Found speaker's notes for {next(iter(left))!r}, expected the title of a slide; correct the heading."
        )
    if plan:
        table = "\n".join(["| begins at | part |", "|---|---|", *plan])
        made[0] = dataclasses.replace(made[0], notes=[table, *made[0].notes])
    return made


def _clock(minutes):
    return f"{minutes // 60}:{minutes % 60:02d}"
