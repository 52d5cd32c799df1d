"""Patterns of `match`, judged by the set of all places in the pattern that the text may have reached."""

MAX_READ_BYTES = 1024


def match(text, pattern, is_read):
    """Whether the whole text matches; a pattern that is read from an event is bounded, a faulty one matches nothing."""
    if is_read and len(pattern.encode("utf-8", "surrogatepass")) > MAX_READ_BYTES:
        return False
    parts = _parse(pattern)
    if parts is None:
        return False
    reached = _past_stars(parts, {0})
    for c in text:
        moved = {at + (parts[at] != "*") for at in reached if at < len(parts) and _takes(parts[at], c)}
        reached = _past_stars(parts, moved)
    return len(parts) in reached


def _past_stars(parts, reached):
    """A star may take nothing."""
    for at in sorted(reached):
        while at < len(parts) and parts[at] == "*":
            at += 1
            reached.add(at)
    return reached


def _takes(part, c):
    return part in ("*", "?") or any(low <= c <= high for low, high in part)


def _parse(pattern):
    """Stars, question marks and lists of ranges; None for a faulty pattern."""
    parts, rest = [], iter(pattern)
    for c in rest:
        if c in "*?":
            parts.append(c)
        elif c == "[":
            part = _list(rest)
            if not part:
                return None
            parts.append(part)
        else:
            c = next(rest, None) if c == "\\" else c
            if c is None:
                return None
            parts.append(((c, c),))
    return parts


def _list(rest):
    """The ranges up to the closing bracket; None if there is something wrong with them."""
    # Each character and whether it stands for itself whatever it is.
    listed = []
    for c in rest:
        if c == "]":
            break
        if c == "\\":
            c = next(rest, None)
            if c is None:
                return None
            listed.append((c, True))
        else:
            listed.append((c, False))
    else:
        return None
    if not listed or listed[0] in (("!", False), ("^", False)):
        return None
    ranges, at = [], 0
    while at < len(listed):
        low = listed[at][0]
        if at + 2 < len(listed) and listed[at + 1] == ("-", False):
            high = listed[at + 2][0]
            if high < low:
                return None
            ranges.append((low, high))
            at += 3
        else:
            ranges.append((low, low))
            at += 1
    return tuple(ranges)
