"""One row of a machine in words, in the order in which its keys take effect (section 4.3 of the DSL), and its flights."""

import functools
import re
from dataclasses import dataclass

from . import emit_extensions, emit_functions, model, words
from .wire import bound_text
from .words import cite


def end_in_brief(outcome, state, machine):
    """Where an outcome leads, in a few words."""
    if outcome.alert:
        return f"alert {outcome.alert}" + (", which ends nothing" if machine.one_per == "datagram" else "")
    if outcome.fail:
        return f"fails: {outcome.fail}"
    return "stays" if outcome.goto in ("same", state) else outcome.goto


def row_in_brief(row, state, page, machine, indent=4):
    """A row in a line, or in a line for each outcome of its classifier."""
    if row.select:
        page.add(f"{words.event_brief(row.event)}: {row.select} decides", indent)
    for outcome in row.outcomes.values():
        left = f"  {outcome.name}" if row.select else words.event_brief(row.event)
        right = end_in_brief(outcome, state, machine)
        checks = len(outcome.require)
        if checks:
            right += f", after {checks} check{'s' * (checks > 1)}"
        page.pair(left, f"-> {right}", indent, 32)


def keys_added(keys):
    """What `keys` of a row or a flight line does."""
    parts = [f"{verb} {words.short_epoch(epoch)}" for verb, epoch in (("reading adds", keys.read), ("writing moves to", keys.write))
             if epoch is not None]
    return " and ".join(parts)


def keys_dropped(keys):
    """What `drop_keys` does."""
    parts = [f"{which} keys of {words.EPOCH_WORDS[epoch]}" if epoch == "previous" else f"{which} keys of {words.short_epoch(epoch)}"
             for which, epoch in (("read", keys.read), ("write", keys.write)) if epoch is not None]
    return "the " + " and the ".join(p.removeprefix("the ") for p in parts) + " are wiped"


def write_flight(spec, flight, page, indent, label=""):
    """A flight message by message, and how it is resent."""
    page.headed(" " * (indent - len(label)) + f"{label}flight `{flight.name}`: {cite(spec, flight.ref)}", f"line {flight.src.line}")
    remark = words.comment_at(spec, flight.src)
    if remark:
        page.add(f"({remark})", indent + 2)
    if flight.extends:
        page.add(f"joins {' or '.join(flight.extends)} if that one is outstanding, else stands alone", indent + 2)
    if flight.numbers:
        page.add("takes record number and message_seq from the ClientHello it answers", indent + 2)
    for line in flight.lines:
        parts = [words.short_epoch(line.epoch)]
        if line.when:
            parts.append(words.when_words(line.when))
        if line.send and line.transcript != "append":
            parts.append(words.TRANSCRIPTS[line.transcript])
        if line.then:
            parts.append("then " + ", ".join(line.then))
        if line.keys:
            parts.append("then " + keys_added(line.keys))
        page.pair(line.send or f"{line.record} (record)", "; ".join(parts), indent + 2, 30)
    text = f"resent {words.resend_words(flight, spec.machines[flight.machine].version)}; done when {words.DONE_WHEN[flight.done_when]}"
    if flight.on_give_up:
        text += f"; given up, {words.give_up_words(flight)}"
    page.add(text, indent + 2, 2)


@functools.lru_cache(maxsize=4)
def _prototypes(spec):
    """{name in the spec: prototype in C}, as fpl_functions.h has them."""
    groups = emit_functions.prototypes(spec, emit_extensions.hook_kinds(spec))
    by_c_name = {re.search(r"(\w+)\(", p.text)[1]: p.text.rstrip(";") for group in groups for p in group.prototypes}
    return {f.name: by_c_name.get(emit_functions.function_name(f), "") for f in spec.functions.values()}


def prototype(spec, function):
    """The C function behind a name; its bare name if no table reaches it."""
    return _prototypes(spec)[function.name] or emit_functions.function_name(function)


def mentions(value):
    """Every word inside the body of a property."""
    if isinstance(value, dict):
        return {w for k, v in value.items() for w in mentions(k) | mentions(v)}
    if isinstance(value, (list, tuple)):
        return {w for v in value for w in mentions(v)}
    text = str(value)
    return {text, *text.split(), *text.replace("=", " ").split()}


def properties_naming(spec, name):
    """The properties whose rule names a check, an action or a `machine.STATE`."""
    return [p for f in spec.properties.values() for p in f.properties.values() if name in mentions(p.body)]


@dataclass(frozen=True)
class Rule:
    """What a decoder wants of a field besides its form."""
    text: str
    alert: str
    ref: str
    src: object


def rules_within(spec, struct, path=""):
    """The rules of a struct and of all that it is made of, in the order of the fields; the enclosing ones last."""
    if isinstance(struct, model.Alias):
        return
    for _, fields in struct.field_sets():
        for field in fields:
            inner, registry = spec.types.get(field.type.base), spec.registries.get(field.type.base)
            if inner is not None:
                yield from rules_within(spec, inner, f"{path}{field.name}.")
            elif registry is not None and registry.unknown == "reject" and registry.width != "internal":
                yield Rule(f"{path}{field.name} is known to {registry.name}", "illegal_parameter", registry.ref, field.src)
    for c in struct.constraints:
        value = c.value if not isinstance(c.value, tuple) else " and ".join(c.value)
        yield Rule(f"{path}{c.field} {c.kind.replace('_', ' ')} {value}{bound_text(c)}", c.alert, c.ref, c.src)


def short_src(src, here):
    """`line 12` in the file at hand, else `hello.yaml:12`."""
    return f"line {src.line}" if src.file == here.file else str(src).removeprefix("spec/")


class RowText:
    """Writes one row to a page."""

    def __init__(self, spec, machine, state, row, page):
        self.spec, self.machine, self.state, self.row, self.page = spec, machine, state, row, page
        self.struct = spec.message(row.event.name, machine.versions[-1]) if row.event.kind == "message" else None
        self.stateless = machine.one_per == "datagram"
        self.indent = 2

    def write(self):
        row, page = self.row, self.page
        page.headed(f"ON {words.event_name(row.event)}", f"{'' if row.state else 'in any state: '}{row.src}")
        if row.event.kind == "immediate":
            page.add("At once, on entering.", 2)
        else:
            page.add(f"When {words.event_words(row.event, self.machine.version)}.", 2)
        if not row.state and row.event.epoch == 0 and self.machine.states[self.state].application_data:
            page.add("Not here: no plaintext record comes so far once the peer is authenticated.", 2)
        self.remark(row.src, 2)
        if row.ref:
            page.add(cite(self.spec, row.ref), 2)
        if self.struct:
            self.decoding()
        if not row.select:
            self.outcome(row.outcomes[None], 2)
            return
        self.classifier()
        for name, outcome in row.outcomes.items():
            page.gap()
            page.headed(f"  IF {row.select} = {name}", f"line {outcome.line}")
            self.remark(outcome.src, 4)
            self.outcome(outcome, 4)

    def remark(self, src, indent):
        text = words.comment_at(self.spec, src)
        if text:
            self.page.add(f"({text})", indent)

    def decoding(self):
        struct, page = self.struct, self.page
        self.indent = 2
        event = self.row.event
        if self.stateless:
            bad = "What does not fit, or leaves bytes over, is dropped and counted"
        elif event.seq_any and event.epoch == 0:
            bad = "What does not fit, or leaves bytes over, is dropped and counted: anybody could have sent it, at any time"
        else:
            bad = "What does not fit, or leaves bytes over, is alert decode_error, unless a rule here says otherwise"
        self.step("decoded", f"as {struct.name}: {cite(self.spec, struct.ref)} ({struct.src}). {bad}")
        for rule in rules_within(self.spec, struct):
            page.headed(" " * 14 + f"{rule.text}, else alert {rule.alert}", short_src(rule.src, struct.src))
            if rule.ref:
                page.add(cite(self.spec, rule.ref), 17)

    def classifier(self):
        function = self.spec.functions.get(self.row.select)
        self.indent = 2
        once = ", asked once for the whole connection" if function and function.fixed else ""
        self.step("decided by", f"{self.row.select}{once}")
        self.contract(self.row.select, 14)

    def contract(self, name, indent):
        """What functions.yaml promises of a name, and the C function behind it."""
        function = self.spec.functions.get(name)
        if function is None:
            self.page.add("not in functions.yaml", indent)
            return
        self.page.add(f"{function.doc} (functions.yaml:{function.src.line})".strip(), indent)
        self.page.add(prototype(self.spec, function), indent, 4)

    def step(self, label, text):
        self.page.pair(label, text, self.indent, 12)

    def outcome(self, outcome, indent):
        """The body of a row, key by key."""
        self.indent = indent
        for classifier, values in outcome.settles.items():
            self.step("settled", f"from here on {classifier} is {' or '.join(values)}"
                      + ("; its C function is not asked" if len(values) == 1 else "; another answer is internal_error"))
        if outcome.extensions:
            self.extensions(outcome)
        self.checks(outcome)
        if outcome.ends_record:
            self.step("record", "ends with this message: if bytes of another follow in it, alert unexpected_message")
        if outcome.transcript:
            self.step("hashed", words.TRANSCRIPTS[outcome.transcript])
        for name in outcome.do:
            self.step("done", name)
            self.contract(name, indent + 12)
        self.keys_and_timers(outcome)
        self.sending(outcome)
        if outcome.report:
            self.step("reported", f"{outcome.report}: {words.REPORTS.get(outcome.report, 'an event')} (to the application)")
        self.end(outcome)

    def keys_and_timers(self, outcome):
        if outcome.keys:
            self.step("keys", keys_added(outcome.keys))
        if outcome.drop_keys:
            self.step("keys", keys_dropped(outcome.drop_keys))
        for timer, verb in outcome.timers.items():
            length = f": {words.timer_words(self.spec, timer)}" if verb != "stop" else ""
            self.step("timer", f"{timer} {words.TIMER_VERBS[verb]}{length}")

    def sending(self, outcome):
        if outcome.send:
            write_flight(self.spec, self.machine.flights[outcome.send], self.page, self.indent + 12, "sent".ljust(12))
        if outcome.ack:
            self.step("sent", "an ACK record, with the next datagram")
        if outcome.notify:
            if outcome.notify == "close_notify":
                self.step("sent", "the alert close_notify, unless nothing of ours has gone out yet")
            else:
                self.step("sent", f"the alert {outcome.notify}, which ends nothing{self.now_and_then()}")

    def end(self, outcome):
        if outcome.alert:
            because = f": {cite(self.spec, outcome.ref)}" if outcome.ref and outcome.ref != self.row.ref else ""
            self.step("then", f"{self.alerted(outcome.alert)}{because}")
        elif outcome.fail:
            self.step("then", f"the connection is FAILED without a word to the peer, because of {words.FAILS.get(outcome.fail, outcome.fail)}")
        elif outcome.goto in ("same", self.state):
            self.step("then", "stays in this state")
        elif outcome.goto in self.machine.handed_over:
            over = self.machine.handed_over[outcome.goto]
            self.step("then", f"goes to {outcome.goto}: handed over to {over.machine}.{over.at}, where this event is delivered again")
        else:
            self.step("then", f"goes to {outcome.goto}")

    def alerted(self, alert):
        if not self.stateless:
            return f"alert {alert} is sent once, and the connection is FAILED"
        return f"alert {alert} is sent{self.now_and_then()}; it ends nothing, and nothing is kept"

    def now_and_then(self):
        interval = self.spec.limits.get("notify_interval")
        return f", at most once in {interval.value} {interval.unit}" if interval else ""

    def checks(self, outcome):
        if not outcome.require:
            return
        several = len(outcome.require) > 1
        self.step("checked", "in this order; the first breach sends its alert and the connection is FAILED" if several
                  else "a breach sends the alert and the connection is FAILED")
        for number, check in enumerate(outcome.require, 1):
            start = f"{number}. " if several else "   "
            self.page.headed(" " * (self.indent + 2) + f"{start}{check.check}, else alert {check.alert}", f"line {check.src.line}")
            inner = self.indent + 5
            self.page.add(cite(self.spec, check.ref), inner)
            self.contract(check.check, inner)
            found = properties_naming(self.spec, check.check)
            if found:
                self.page.add(f"proven to be passed: {', '.join(p.name for p in found)}", inner, 2)

    def extensions(self, outcome):
        """The block: which extensions, which must be there, what is checked of them."""
        block, versions = outcome.extensions, self.machine.versions
        found = [(e, a) for e in self.spec.extensions.values() for a in e.appears_in if a.block == block and a.version in versions]
        rules = self.spec.rules.rules
        alerts = ", ".join(f"{name} is alert {rules[name].alert}" for name in ("duplicate", "malformed") if name in rules)
        known = "" if found else "; none is known here"
        self.step("extensions", f"the block `{block}` is decoded and checked first: {alerts}{known}")
        for extension, place in found:
            notes = [f"must be there, else alert {place.absent}" if place.absent else "may be there"]
            if place.unsolicited:
                notes.append("even unasked")
            if place.only_after:
                notes.append(f"only after {place.only_after}")
            self.page.headed(" " * (self.indent + 2) + f"{extension.name}: {', '.join(notes)}", str(place.src).removeprefix("spec/extensions/"))
            self.page.add(cite(self.spec, extension.ref), self.indent + 5)
            body = self.spec.types.get(place.carries)
            for rule in rules_within(self.spec, body) if body else ():
                because = f": {cite(self.spec, rule.ref)}" if rule.ref not in (None, extension.ref) else ""
                self.page.add(f"- {rule.text}, else alert {rule.alert}{because}", self.indent + 5, 2)
            for check in extension.checks.get(place.role, ()):
                title = "" if check.ref == extension.ref else f": {cite(self.spec, check.ref)}"
                self.page.add(f"- {check.check}, else alert {check.alert}{title}", self.indent + 5, 2)
            hooks = extension.policy.hooks.get(place.role)
            if hooks and hooks.accept:
                self.page.add(f"- then {hooks.accept}, once everything in this row is checked", self.indent + 5, 2)
