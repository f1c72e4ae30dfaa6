"""The spec in English: the wording that explain, paths, diff, report and coverage share."""

import difflib
import textwrap
from pathlib import Path

WIDTH = 108
EPOCHS = {
    "dtls12": {0: "plaintext", 1: "protected by the keys of this handshake"},
    "dtls13": {0: "plaintext", 1: "early data", 2: "protected by handshake traffic keys",
               3: "protected by the first application traffic keys"},
}
EPOCH_WORDS = {
    "current": "the newest epoch we read", "keyed": "any epoch we have read keys for", "next": "the next epoch",
    "previous": "the epochs before the newest (what is read: but for epoch 2)",
}
FLIGHT_IS = {
    "buffered": "has been prepared", "written": "has been handed out whole",
    "partly_written": "has been handed out in part: as many records as may go out at once",
    "extended": "has been extended by a second half",
    "acked": "is acknowledged, and so is every earlier message of ours",
}
PEER = {
    "resent_its_flight": "the peer sent again the flight that ours answers: its last message, whole and, under keys, the same; in 1.3 "
                         "any message of it, to its end and under keys",
    "next_flight_started": "the first record of the peer's next flight came",
    "next_flight_complete": "the peer's next flight is complete",
    "flight_continues": "a record of the flight now arriving was taken or kept",
    "out_of_order": "a message or a piece of one is missing before the one that came",
    "repeats_acked_message": "the peer repeats a message that we acknowledged",
    "sent_application_data": "application data came from the peer",
    "used_new_epoch": "the first authenticated record under the new read keys came",
}
ACKS = {
    "some": "an ACK names something new of ours, but not all", "all": "an ACK names the last of ours",
    "empty": "an empty ACK came: the peer sees a gap and can name nothing",
    "sent": "an ACK of ours went out, which is never empty",
}
ALERTS = {
    "close_notify": "the alert close_notify came", "any": "an alert of any kind came",
    "error": "an error alert came (1.3: every level; 1.2: fatal)", "warning": "a warning alert came",
}
LIMITS = {
    "seal_soon": "the write keys are nearly used up", "seal": "the write keys are used up",
    "forgery_soon": "nearly as many forged records came as the read keys bear",
    "forgery": "as many forged records came as the read keys bear",
    "epoch": "message numbers or epochs are used up",
}
TRANSCRIPTS = {
    "append": "added to the transcript",
    "none": "not added to the transcript",
    "restart": "the transcript is emptied: all that was hashed so far is forgotten, and this message is not added",
    "as_message_hash": "all that was hashed so far becomes one message_hash, then this message is added",
    "from_cookie": "message_hash and HelloRetryRequest are rebuilt from the cookie, then this message is added",
}
TIMER_VERBS = {"start": "starts", "stop": "stops", "back_off": "is doubled and starts again",
               "reset": "goes back to its first value and starts again"}
REPORTS = {
    "connected": "the handshake is done", "peer_certificate": "the peer's certificate may be read",
    "signature_wanted": "a signature by an external key is wanted", "close_notify": "the peer closed its side",
}
FAILS = {"timeout": "a timeout", "peer_alert": "the peer's alert", "replaced": "a newer association took its place"}
RESEND13 = "by timer, by partial ACK, and when the peer asks"
RESEND = {"timed": "by timer and when the peer asks", "asked": "only when the peer's own resend shows the loss",
          "never": "never"}
DONE_WHEN = {"answered": "the peer's next flight answers it", "acked": "the peer has acknowledged it", "sent": "it is sent"}
VERSIONS = {"dtls12": "DTLS 1.2", "dtls13": "DTLS 1.3", "any": "any version"}


def resend_words(flight, version):
    """What makes a flight go out again."""
    return RESEND13 if flight.resend == "timed" and version == "dtls13" else RESEND[flight.resend]


def give_up_words(flight):
    """What becomes of a flight whose resends are used up, or nothing."""
    if not flight.on_give_up:
        return ""
    unless = " unless its last message was acknowledged" if flight.done_when == "acked" else ""
    return {"fail": "the connection fails", "forget": "it is forgotten"}[flight.on_give_up] + unless


def document(key):
    """`rfc8446` as an auditor writes it: `RFC 8446`."""
    return f"RFC {key[3:]}" if key.startswith("rfc") else key


def cite(spec, ref):
    """A ref with the title of its section: `RFC 8446 section 4.1.3 "Server Hello"`."""
    if "#" not in (ref or ""):
        return ref or "no reference"
    key, section = ref.split("#", 1)
    found = spec.documents.get(key)
    title = found.sections.get(section) if found else None
    place = f"{document(key)} {'section' if section[:1].isdigit() else 'appendix'} {section}"
    return f'{place} "{title}"' if title else place


def event_name(event):
    """The short name of an event, as typed after `explain` and as written in traces: `message:server_hello`."""
    return f"{event.kind}:{event.name}" if event.name else event.kind


def epoch_words(epoch, version):
    """`epoch 2 (protected by handshake traffic keys)`, or what `current` and its like mean."""
    if epoch in EPOCH_WORDS:
        return EPOCH_WORDS[epoch]
    meaning = EPOCHS.get(version, {0: "plaintext"}).get(epoch)
    return f"epoch {epoch} ({meaning})" if meaning else f"epoch {epoch}"


def short_epoch(epoch):
    """`epoch 2`, `current epoch`."""
    return f"epoch {epoch}" if isinstance(epoch, int) else f"{epoch} epoch"


def event_words(event, version="any"):
    """What has to happen, as the beginning of a sentence without its verb."""
    if event.kind == "message":
        if event.seq_any:
            return f"{event.name} arrives in one fragment in {epoch_words(event.epoch, version)}, whatever its message_seq"
        return f"{event.name} arrives whole and in order in {epoch_words(event.epoch, version)}"
    if event.kind == "record":
        return f"a {event.name} record arrives in {epoch_words(event.epoch, version)}"
    if event.kind == "flight":
        which = {"this": "this flight", "any": "any flight of ours"}.get(event.flight, f"our flight `{event.flight}`")
        return f"{which} {FLIGHT_IS.get(event.name, 'is ' + event.name)}"
    if event.kind == "alert":
        text = ALERTS.get(event.name, f"the alert {event.name} came")
        return f"{text}, in {epoch_words(event.epoch, version)}"
    plain = {"peer": PEER, "ack": ACKS, "limit": LIMITS}.get(event.kind, {})
    if event.kind == "immediate":
        return "at once, on entering this state"
    if event.kind == "api":
        return f"the application says `{event.name}`"
    if event.kind == "timer":
        return f"the timer `{event.name}` runs out"
    if event.kind == "association":
        return "a newer ClientHello on this address led to a connection of its own"
    return plain.get(event.name, event_name(event))


def event_brief(event):
    """An event in a word or two, for tables and diagrams: `server_hello`, `timer resend`."""
    if event.kind in ("message", "record"):
        return event.name
    if event.kind == "immediate":
        return "at once"
    if event.kind == "flight":
        return f"flight {event.flight} {event.name}"
    return f"{event.kind} {event.name}".strip()


def step_brief(row, outcome):
    """An event and the classifier's answer: `server_hello [server_hello_kind = dtls13]`."""
    text = event_brief(row.event)
    return f"{text} [{row.select} = {outcome.name}]" if row.select else text


def when_words(when):
    """`if client_auth is with_cert or without_cert`, or nothing."""
    parts = [f"{classifier} is {' or '.join(outcomes)}" for classifier, outcomes in when.items()]
    return "if " + " and ".join(parts) if parts else ""


def limit_words(limit):
    """`1000 ms (may be set from 50 to 60000 ms as resend_initial)`."""
    plain = f"{limit.value} {limit.unit}"
    if limit.setting is None:
        return f"{plain}, fixed"
    return f"{plain} unless `{limit.setting}` says otherwise ({limit.low} to {limit.high} {limit.unit})"


def timer_words(spec, name):
    """How long a timer runs."""
    timer = spec.timers.get(name)
    if timer is None:
        return "not in limits.yaml"
    if timer.quarter_of:
        return f"a quarter of `{timer.quarter_of}`"
    limit = spec.limits.get(timer.initial)
    text = limit_words(limit) if limit else timer.initial
    maximum = spec.limits.get(timer.maximum)
    return f"{text}; doubled up to {maximum.value} {maximum.unit}" if maximum else text


def comment_at(spec, src):
    """What the author remarked beside a place: its line's comment and the whole-line comments just above. May be empty."""
    lines = _lines(spec, src.file)
    if not 0 < src.line <= len(lines):
        return ""
    found = []
    above = src.line - 2
    while above >= 0 and lines[above].strip().startswith("#"):
        found.insert(0, lines[above].strip().lstrip("# "))
        above -= 1
    found.append(_trailing_comment(lines[src.line - 1]))
    below = src.line
    if found[-1]:
        while below < len(lines) and lines[below].strip().startswith("#"):
            found.append(lines[below].strip().lstrip("# "))
            below += 1
    return " ".join(part for part in found if part)


def _trailing_comment(line):
    """The comment at the end of a line of YAML; a `#` inside quotes or a word is none."""
    quote = None
    for index, char in enumerate(line):
        if quote:
            quote = None if char == quote else quote
        elif char in "\"'" and line[:index].rstrip()[-1:] in (":", "{", "[", ",", "-"):
            quote = char
        elif char == "#" and line[:index][-1:] in (" ", ""):
            return line[index:].strip("# ")
    return ""


def _lines(spec, file):
    path = Path(spec.root) / Path(file).relative_to("spec")
    return path.read_text(encoding="utf-8").split("\n") if path.is_file() else []


def near(name, choices):
    """A helpful end for `no such ...`: near matches, else all choices if they are few."""
    choices = list(dict.fromkeys(choices))
    folded = {c.lower(): c for c in choices}
    close = [folded[c] for c in difflib.get_close_matches(name.lower(), list(folded), 4, 0.5)]
    close += [c for c in choices if name.lower() in c.lower() and c not in close][:4]
    if close:
        return "; did you mean " + " or ".join(close) + "?"
    return "; there is " + ", ".join(choices) if choices else ""


class NotThere(Exception):
    """The user named something that the spec has not; the message helps."""


def pick(table, name, what):
    """`table[name]`, or NotThere with near matches."""
    if name not in table:
        raise NotThere(f"no {what} `{name}`{near(name, table)}")
    return table[name]


class Page:
    """Text for a terminal: wrapped, indented lines. A no-break space holds words together and comes out as a space."""

    def __init__(self, width=WIDTH):
        self.lines = []
        self.width = width

    def add(self, text="", indent=0, hang=0):
        """One paragraph; lines after the first are indented `hang` further."""
        if not text:
            self.gap()
            return
        pad = " " * indent
        self.lines += textwrap.wrap(text, self.width, initial_indent=pad, subsequent_indent=pad + " " * hang,
                                    break_long_words=False, break_on_hyphens=False) or [""]

    def gap(self):
        """An empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def pair(self, left, right, indent=0, column=20):
        """A left word, then text that wraps in its own column."""
        start = " " * indent + left.ljust(column)
        if len(start) > indent + column:
            start += " "
        self.lines += textwrap.wrap(right, self.width, initial_indent=start, subsequent_indent=" " * (indent + column),
                                    break_long_words=False, break_on_hyphens=False) or [start.rstrip()]

    def headed(self, left, right):
        """A heading with a place at the right edge."""
        room = self.width - len(left) - len(right)
        self.lines += [left + " " * room + right] if room >= 2 else [left, right.rjust(self.width)]

    def __str__(self):
        return "\n".join(line.rstrip() for line in self.lines).strip("\n").replace("\u00a0", " ") + "\n"
