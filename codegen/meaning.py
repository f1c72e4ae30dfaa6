"""What a spec says, as plain nested maps without places, comments or layout: what `diff` compares.

A `dict` is a set of named things: the order means nothing. An `Ordered` is a dict whose order means something
(checks, actions, lines of a flight). Everything else is a value.
"""

from . import words


class Ordered(dict):
    """Named things in an order that matters. A name that comes again is told apart by `(2)`."""

    def __init__(self, pairs):
        super().__init__()
        for name, value in pairs:
            number, free = 1, name
            while free in self:
                number += 1
                free = f"{name} ({number})"
            self[free] = value


def meaning(spec):
    """The whole spec: {kind: {name: ...}}."""
    return {
        "machine": {m.name: _machine(m) for m in spec.machines.values()},
        "message": {s.name: _struct(s) for s in spec.structs.values()},
        "type": {t.name: _type(t) for t in spec.types.values()},
        "constant": {c.name: c.bytes.hex() for c in spec.constants.values()},
        "extension": {e.name: _extension(e) for e in spec.extensions.values()},
        "rule for all extensions": _rules(spec.rules),
        "registry": {r.name: _registry(r) for r in spec.registries.values()},
        "records of": {r.version: {"rows": _record_rows(r), "breach": _breaches(r)} for r in spec.records.values()},
        "limit": {x.name: _limit(x) for x in spec.limits.values()},
        "timer": {t.name: _plain(initial=t.initial, maximum=t.maximum, quarter_of=t.quarter_of) for t in spec.timers.values()},
        "function": {f.name: _function(f) for f in spec.functions.values()},
        "property": {f"{f.name}.{p.name}": _property(p) for f in spec.properties.values() for p in f.properties.values()},
        "start of properties": {f.name: _set(f.start) for f in spec.properties.values()},
        "reference": {d.key: _plain(title=d.title, status=d.status, sections=d.sections) for d in spec.documents.values()},
        "erratum": {f"{e.rfc} {e.id}: {e.rule}": {} for e in spec.errata},
    }


def _plain(**values):
    """Only what is said: no empty values."""
    return {k: v for k, v in values.items() if v not in (None, "", (), {}, False)}


def _set(values):
    """A list whose order means nothing."""
    return ", ".join(sorted(str(v) for v in values))


# ---- machines

def _machine(machine):
    unlisted = {name: _plain(alert=u.alert, discard=u.discard, hold=u.hold, ref=u.ref)
                for name, u in (("message", machine.unlisted_message), ("change_cipher_spec", machine.unlisted_change_cipher_spec)) if u}
    return _plain(
        version=machine.version, role=machine.role, one_per=machine.one_per, ref=machine.ref, initial=machine.initial,
        final=_set(machine.final), runs_in={m: s if s == "all" else _set(s) for m, s in machine.runs_in.items()},
        handed_over={s: f"{h.machine}.{h.at}" for s, h in machine.handed_over.items()}, unlisted=unlisted,
        flight={f.name: _flight(f) for f in machine.flights.values()},
        state={"in every state": {"row": _rows(machine.any_state)},
               **{s.name: {**_plain(application_data=s.application_data), "row": _rows(s.rows)} for s in machine.states.values()}})


def _rows(rows):
    return {_event(r.event): _row(r) for r in rows}


def _event(event):
    text = words.event_brief(event)
    if event.epoch is not None:
        text += f" in {words.short_epoch(event.epoch)}"
    return text


def _row(row):
    if row.select is None:
        return {**_outcome(row.outcomes[None]), **_plain(message_seq="any" if row.event.seq_any else None)}
    return {**_plain(select=row.select, message_seq="any" if row.event.seq_any else None),
            "outcome": {name: _outcome(o) for name, o in row.outcomes.items()}}


def _outcome(outcome):
    return _plain(
        settles={c: _set(v) for c, v in outcome.settles.items()}, extensions=outcome.extensions, check=_checks(outcome.require),
        ends_record=outcome.ends_record, transcript=outcome.transcript, action=Ordered((a, {}) for a in outcome.do),
        keys=_keys(outcome.keys), drop_keys=_keys(outcome.drop_keys), timer=dict(outcome.timers), send=outcome.send,
        ack="now" if outcome.ack else None, notify=outcome.notify, report=outcome.report, goto=outcome.goto,
        alert=outcome.alert, fail=outcome.fail, ref=outcome.ref)


def _checks(checks):
    return Ordered((c.check, {"alert": c.alert, "ref": c.ref}) for c in checks)


def _keys(keys):
    return _plain(read=keys.read, write=keys.write)


def _flight(flight):
    lines = Ordered((line.send or f"{line.record} record", _plain(
        epoch=str(line.epoch), transcript=line.transcript, when={c: _set(v) for c, v in line.when.items()},
        then=Ordered((a, {}) for a in line.then), keys=_keys(line.keys))) for line in flight.lines)
    return _plain(ref=flight.ref, line=lines, extends=_set(flight.extends), numbers=flight.numbers, resend=flight.resend,
                  done_when=flight.done_when, on_give_up=flight.on_give_up)


# ---- wire

def _struct(struct):
    shapes = {case: Ordered((f.name, f.type.text or str(f.type)) for f in fields) for case, fields in struct.field_sets()}
    return _plain(
        ref=struct.ref, code=struct.code, content=struct.content, versions=_set(struct.versions), sent_by=struct.sent_by,
        epoch={v: str(e) for v, e in struct.epochs.items()}, select=struct.select,
        field=shapes.get(None), case={c: {"field": s} for c, s in shapes.items() if c is not None},
        constraint={f"{c.field} {c.kind}": _plain(value=_value(c.value), while_below=c.while_below, alert=c.alert, ref=c.ref) for c in struct.constraints},
        variant={v.name: {"field": v.field, "constant": v.constant, "ref": v.ref} for v in struct.variants.values()})


def _value(value):
    return " ".join(str(v) for v in value) if isinstance(value, (tuple, list)) else str(value)


def _type(type_):
    return _struct(type_) if hasattr(type_, "constraints") else type_.type.text or str(type_.type)


def _registry(registry):
    entries = {e.name: _plain(value=f"{e.value:#x}", ref=e.ref, use=_set(e.use) or "nothing" if e.use is not None else None,
                              **{c: _value(v) for c, v in e.columns.items()}) for e in registry.entries.values()}
    return _plain(width=registry.width, ref=registry.ref, unknown=registry.unknown, iana=registry.iana, entry=entries)


def _extension(extension):
    places = {f"{a.version} {a.block}": _plain(
        carries=a.carries or "nothing", role=a.role, absent=a.absent, unsolicited="allowed" if a.unsolicited else None,
        only_after=a.only_after, process_after=_set(a.process_after), also_offered_by=a.also_offered_by) for a in extension.appears_in}
    policy = extension.policy
    hooks = {role: _plain(build=h.build, accept=h.accept) for role, h in policy.hooks.items()}
    return _plain(ref=extension.ref, place=places, check={role: _checks(c) for role, c in extension.checks.items()},
                  policy=_plain(kind=policy.kind, local=policy.local, result=policy.result, hook=hooks, **_data(policy.options)),
                  conflict={_value(sorted(f"{k}={v}" for k, v in c.items())): {} for c in extension.conflicts})


def _rules(rules):
    if rules is None:
        return {}
    return {**{r.name: _plain(alert=r.alert or "ignored", ref=r.ref) for r in rules.rules.values()},
            **_plain(requests=_set(rules.requests), last_in_client_hello=rules.last_in_client_hello,
                     written_first=", ".join(rules.written_first), written_last=", ".join(rules.written_last))}


# ---- the rest

def _record_rows(records):
    """One entry for each content type, epoch class and phase, however the rows group them."""
    return {f"{content} in epoch {epoch}, {phase}": _plain(do=row.do, new_message=row.new_message, ref=row.ref)
            for row in records.rows for content in row.content for epoch in row.epoch for phase in row.phase}


def _breaches(records):
    return {b.name: _plain(alert=b.alert or "as the failing field says", ref=b.ref) for b in records.breaches.values()}


def _limit(limit):
    return _plain(value=f"{limit.value} {limit.unit}", range=f"{limit.low} to {limit.high} {limit.unit}",
                  setting=limit.setting or "none", ref=limit.ref)


def _function(function):
    return _plain(kind=function.kind, takes=function.takes or "nothing", outcomes=_set(function.outcomes), fixed=function.fixed,
                  makes=function.makes, ref=function.ref, contract=function.doc)


def _property(prop):
    return {"kind": prop.kind, "ref": prop.ref, "says": _text(prop.body)}


def _data(value):
    """Loaded YAML as plain data."""
    return {k: _data(v) if isinstance(v, dict) else _text(v) for k, v in value.items()}


def _text(value):
    """Loaded YAML in one line, whatever its layout was."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    return str(value)
