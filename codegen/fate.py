"""What becomes of a handshake message in a state: section 5 of the DSL, and the record table for other epochs."""

from dataclasses import dataclass

from . import words
from .model import HANDSHAKE_EPOCH
from .words import cite


@dataclass(frozen=True)
class Fate:
    """`kind` is row, passes, companion, waits, epoch or unlisted."""
    kind: str
    sentence: str
    rows: tuple = ()


def listened_epochs(spec, machine, state):
    """The epochs of which a state takes messages, its companions included. A row with `seq: any` takes its own
    message and opens the epoch to no other: the runtime asks for the epoch before reassembly, by the other rows."""
    rows = list(machine.rows_of(state)) + [r for c in spec.companions_of(machine.name, state) for r in c.all_rows()]
    return sorted({r.event.epoch for r in rows if r.event.kind == "message" and not r.event.seq_any}, key=str)


def fate_of_message(spec, machine, state, message):
    """Who gets `message` in that state, and if nobody does, what happens instead."""
    own = machine.states[state]
    rows = _listing(machine.rows_of(state), message)
    if rows:
        return Fate("row", "listed by this state", rows)
    if own.immediate:
        return Fate("passes", "never finds the connection here: these states decide at once")
    for companion in spec.companions_of(machine.name, state):
        rows = _listing(companion.all_rows(), message)
        if rows:
            return Fate("companion", f"goes to the companion {companion.name}", rows)
    if machine.unlisted_message is None or machine.one_per == "datagram":
        return _unlisted(spec, machine)     # no record table stands before it
    if own.waits and not own.application_data:
        return Fate("waits", "waits, as every message of the epoch that is read does here, until the application or a timer "
                             "leads on; of another epoch it is dropped")
    return _wrong_epoch(spec, machine, state, message) or _unlisted(spec, machine)


def _listing(rows, message):
    return tuple(r for r in rows if r.event.kind == "message" and r.event.name == message)


def _wrong_epoch(spec, machine, state, message):
    """The fate of a message of an epoch that the state does not listen to, or None."""
    version = machine.versions[-1]
    struct = next((s for v in reversed(machine.versions) if (s := spec.message(message, v))), None)
    epoch = struct.epochs.get(version) if struct else None
    listened = listened_epochs(spec, machine, state)
    connected = machine.states[state].application_data is not None
    if not listened and (connected or epoch in (None, "current", 0)):
        return Fate("epoch", "is dropped: no message is taken here in order, so its fragments consume no message_seq")
    if not isinstance(epoch, int):
        return _of_any_epoch(spec, machine, state, listened) if "current" not in listened else None
    if epoch in listened:
        return None
    late = "current" in listened or any(isinstance(e, int) and e > epoch for e in listened)
    old = "zero" if epoch == 0 else "handshake" if epoch == HANDSHAKE_EPOCH and version == "dtls13" else "older"
    do = _record_rows(spec, version, old if late else "next", _phases(machine, state))
    when = "late" if late else "early"
    return Fate("epoch", f"comes too {when}: no message of epoch {epoch} is taken here; {do or 'its fragments are dropped'}")


def _of_any_epoch(spec, machine, state, listened):
    """The fate of one that this version has no place for, or whose epoch is any that is new."""
    held = _record_rows(spec, machine.versions[-1], "next", _phases(machine, state))
    taken = ", ".join(words.short_epoch(e) for e in listened)
    return Fate("epoch", f"{_unlisted(spec, machine).sentence}, if it comes in {taken}; in the next epoch {held}; in any other it is "
                         "dropped")


def _phases(machine, state):
    """The phases of the record table that a state may be in."""
    return ("connected",) if machine.states[state].application_data is not None else ("plain", "keyed")


def _record_rows(spec, version, epoch, phases):
    """What the record table does with handshake records of an epoch class, in words; None without such a row."""
    found = dict.fromkeys(text for phase in phases if (text := _record_row(spec, version, epoch, phase)))
    return "; once the peer is authenticated, ".join(found) or None


def _record_row(spec, version, epoch, phase):
    records = spec.records.get(version)
    for row in records.rows if records else ():
        if {"handshake", "any"} & set(row.content) and {epoch, "any"} & set(row.epoch) and {phase, "any"} & set(row.phase):
            text = {"hold": "its records are held, within bounds, until the keys are there", "drop": "its records are dropped",
                    "duplicates_only": f"of its epoch only duplicates are taken, a new message is alert {row.new_message}",
                    "reassemble": "its fragments are dropped and consume no message_seq",
                    "new_association": "its records are dropped, though a listener may begin a new association with a "
                                       "ClientHello"}.get(row.do)
            return f"{text} ({cite(spec, row.ref)})" if text else None
    return None


def _unlisted(spec, machine):
    unlisted = machine.unlisted_message
    if unlisted is None:
        return Fate("unlisted", "never comes here: this machine takes events, not messages")
    if unlisted.discard:
        return Fate("unlisted", f"is dropped as unlisted ({cite(spec, unlisted.ref)})")
    return Fate("unlisted", f"is answered with alert {unlisted.alert}, as unlisted ({cite(spec, unlisted.ref)})")


def unlisted_words(spec, machine):
    """The machine's answer to a message that nobody lists, as a sentence."""
    return f"a handshake message that no running machine lists {_unlisted(spec, machine).sentence.replace(' as unlisted', '').replace(', (', ' (')}"
