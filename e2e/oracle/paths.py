"""Places in an event: sequences of steps, each a member's name or an item's index."""

import json
import re

SHORTHAND = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*")


class Item(tuple):
    """Steps that start at an item of an array, not at the event."""


def read(event, steps):
    """The value at a place, None where there is nothing."""
    value = event
    for step in steps:
        if isinstance(step, int):
            value = value.items[step] if value.kind == "array" and step < len(value.items) else None
        else:
            found = value.named(step) if value.kind == "object" else []
            value = found[-1].value if found else None
        if value is None:
            return None
    return value


def is_repeated(event, steps):
    """Whether a member's name on the way, or at the end, occurs more than once in its object."""
    values = [event]
    for step in steps:
        if isinstance(step, int):
            values = [v.items[step] for v in values if v.kind == "array" and step < len(v.items)]
            continue
        found = [v.named(step) for v in values]
        if any(len(members) > 1 for members in found):
            return True
        values = [members[0].value for members in found if members]
    return False


def spell(rng, steps):
    """The path as text, as RFC 9535 lets one write it."""
    text = "@" if isinstance(steps, Item) else "$"
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif SHORTHAND.fullmatch(step) and rng.random() < 0.8:
            text += "." + step
        elif rng.random() < 0.5:
            text += "[" + json.dumps(step, ensure_ascii=rng.random() < 0.3) + "]"
        else:
            text += "['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"
    return text
