"""Extensions whose policy says all there is to do: flag, choose_one, announce, opaque; and the hooks of custom ones.

    part_of(spec, extension)     # what it adds, as a Part: code, hooks, settings, results, public functions

Each kind has one function below and, custom apart, one template extensions_KIND.c.j2, which its view fills.
"""

from dataclasses import dataclass, field

from . import emit, naming
from .c_text import cite, refuse
from .model import Alias, Struct
from .table_text import caps, packed, string, wrapped

SCALARS = {"uint8": 1, "uint16": 2, "uint24": 3, "uint32": 4, "uint64": 8}
C_INTS = {1: "uint8_t", 2: "uint16_t", 3: "uint32_t", 4: "uint32_t", 8: "uint64_t"}
STORED_BYTES = 256                 # of a list of names, or of opaque bytes, that a configuration keeps
STORED_NUMBERS = 16                # of a list of numbers that no registry lists
OPTIONS = {"flag": (), "choose_one": ("list", "preference", "no_overlap"), "opaque": ("field",),
           "announce": ("field", "protocol_maximum", "above_maximum", "takes_effect"), "custom": ()}


# ---- what an extension adds

@dataclass(frozen=True)
class Check:
    function: str
    alert: str
    name: str
    ref: str

    @property
    def lines(self):
        fields = packed((self.function, self.alert, string(self.name), string(self.ref)))
        return ("{" + fields[0],) + tuple(" " + f for f in fields[1:])


@dataclass(frozen=True)
class Member:
    declaration: str
    comment: str


@dataclass(frozen=True)
class Api:
    words: tuple
    declaration: str


@dataclass
class Part:
    """What one extension adds. `build`, `accept` and `checks` are by (version, block)."""
    code: str = ""
    build: dict = field(default_factory=dict)
    accept: dict = field(default_factory=dict)
    checks: dict = field(default_factory=dict)
    settings: tuple = ()
    results: tuple = ()
    defaults: tuple = ()
    api: tuple = ()


# ---- small questions

def is_request(spec, appearance):
    return appearance.block in spec.rules.requests


def sender(spec, appearance):
    """client, server or both: who sends the message that the block stands in."""
    struct = spec.message(appearance.block, appearance.version)
    return struct.sent_by if struct is not None else "both"


def int_width(spec, base):
    """Octets of an integer type, or None."""
    if base in SCALARS:
        return SCALARS[base]
    if base in spec.registries:
        return SCALARS.get(spec.registries[base].width)
    made = spec.types.get(base)
    return int_width(spec, made.type.base) if isinstance(made, Alias) and made.type.kind == "one" else None


def prefix_width(high):
    """Octets of the length before T<..high>."""
    return (high.bit_length() + 7) // 8


def local_of(extension):
    return extension.policy.local.split(".", 1)[1] if extension.policy.local else None


def result_of(extension):
    return extension.policy.result.split(".", 1)[1] if extension.policy.result else None


def need(value, extension, what):
    """A key that a kind cannot do without."""
    if value is None:
        refuse(extension.policy.src, f"{extension.policy.kind} needs `{what}`; add it to the policy")
    return value


def carried(spec, extension):
    """The one type that every appearance carries; kinds with code of their own have one."""
    names = {a.carries for a in extension.appears_in}
    if len(names) != 1 or None in names or not isinstance(spec.types.get(next(iter(names))), Struct):
        refuse(extension.policy.src, f"{extension.policy.kind} carries one and the same type everywhere; use custom otherwise")
    return spec.types[names.pop()]


def find_field(struct, name, extension):
    for item in struct.fields:
        if item.name == name:
            return item
    refuse(extension.policy.src, f"{struct.name} has no field `{name}`; name one of {', '.join(f.name for f in struct.fields)}")


def filler(spec, item, extension):
    """How a field that the policy says nothing of is written: zero, or empty."""
    width = int_width(spec, item.type.base)
    if item.type.kind == "one" and width:
        return f"(void)fpl_write_uint(w, {width}, 0); /* {item.name} */"
    if item.type.kind == "vector" and item.type.low == 0 and not item.type.optional:
        return f"(void)fpl_write_uint(w, {prefix_width(item.type.high)}, 0); /* {item.name}: empty */"
    refuse(item.src, f"{extension.policy.kind} cannot fill `{item.name}`; only integers and vectors that may be empty")


def around(spec, struct, name, extension):
    """Writers of the fields before and after the one that the policy is about."""
    index = [f.name for f in struct.fields].index(name)
    return (tuple(filler(spec, f, extension) for f in struct.fields[:index]),
            tuple(filler(spec, f, extension) for f in struct.fields[index + 1:]))




def requests_and_answers(spec, extension):
    """Keys (version, block) by which side of the negotiation they are."""
    keys = [((a.version, a.block), is_request(spec, a)) for a in extension.appears_in]
    return [k for k, request in keys if request], [k for k, request in keys if not request]


# ---- flag

@dataclass(frozen=True)
class FlagCode:
    name: str
    ours: str                       # whether we have it, as C
    local: str                      # field of the settings, or nothing
    result: str
    requests: tuple                 # where it may be offered, and answered: static functions have users
    answers: tuple


def flag(spec, extension):
    name, local, result = extension.name, local_of(extension), need(result_of(extension), extension, "result")
    requests, answers = requests_and_answers(spec, extension)
    if any(a.carries for a in extension.appears_in):
        refuse(extension.policy.src, "a flag carries nothing; use custom otherwise")
    code = FlagCode(name, f"fpl_conn_extension_settings(conn)->{local}" if local else "true", local or "", result, tuple(requests), tuple(answers))
    part = Part(emit.fill("extensions_flag.c.j2", code))
    part.build = {**{k: f"offer_{name}" for k in requests}, **{k: f"answer_{name}" for k in answers}}
    part.accept = {**{k: f"consider_{name}" for k in requests}, **{k: f"agree_{name}" for k in answers}}
    part.results = (Member(f"bool {result}", f"{name}: both sides have it"),)
    api = []
    if local:
        part.settings = (Member(f"bool {local}", f"{name}: offered, and answered when offered"),)
        part.defaults = (f"settings->{local} = true;",)
        api.append(Api(wrapped(f"fpl_config_set_{local} says whether {name} is offered and answered ({cite(extension.ref)}). On by "
                             "default. FPL_MISUSE when `config` is frozen or NULL."),
                       f"FPL_EXPORT fpl_result fpl_config_set_{local}(fpl_config *config, bool on);"))
    api.append(Api(wrapped(f"fpl_conn_{result} tells whether both sides agreed on {name}. False before CONNECTED."),
                   f"FPL_EXPORT bool fpl_conn_{result}(const fpl_conn *conn);"))
    part.api = tuple(api)
    return part


# ---- choose_one

@dataclass(frozen=True)
class ChooseCode:
    name: str
    c_type: str
    name_of_type: str
    list: str
    prefix: int                     # octets of the list's own length
    before: tuple
    after: tuple
    local: str
    result: str
    maximum: str
    server_prefers: tuple           # one item or none, for the template's loops
    client_prefers: tuple
    must_overlap: tuple
    public_type: str                # numbers
    c_int: str
    width: int
    next: str
    listed: tuple                   # enumerators that a setter takes; empty: any
    element: str                    # vectors: octets of an element's own length
    low: int
    high: int


def choose_one(spec, extension):
    name, options = extension.name, extension.policy.options
    local, result = (need(f(extension), extension, w) for f, w in ((local_of, "local"), (result_of, "result")))
    struct = carried(spec, extension)
    item = find_field(struct, need(options.get("list"), extension, "list"), extension)
    if item.type.kind != "vector" or item.type.optional:
        refuse(item.src, f"choose_one chooses from a vector; `{item.type.text}` is none")
    before, after = around(spec, struct, item.name, extension)
    numbers = int_width(spec, item.type.base)
    if numbers not in (None, 1, 2):
        refuse(item.src, "choose_one knows elements of one or two octets, and vectors of octets")
    element = None if numbers else element_of(spec, item, extension)
    registry = spec.registries.get(item.type.base)
    listed = tuple(naming.enumerator(registry.name, e.name) for e in registry.entries.values()
                   if e.use is None or e.use) if registry else ()
    preference = need(options.get("preference"), extension, "preference")
    overlap = need(options.get("no_overlap"), extension, "no_overlap")
    maximum = f"FPL_MAX_{caps(local)}"
    code = ChooseCode(name, naming.c_type(struct.name), naming.snake(struct.name), item.name, prefix_width(item.type.high), before, after, local, result,
                      maximum, ("",) * (preference == "server"), ("",) * (preference == "client"),
                      ("",) * (overlap != "omit"), naming.c_type(item.type.base) if registry else C_INTS.get(numbers, ""),
                      C_INTS.get(numbers, ""), numbers or 0, f"fpl_u{8 * (numbers or 1)}_next", listed,
                      str(prefix_width(element.high)) if element else "", element.low if element else 0,
                      min(element.high, STORED_BYTES - 1) if element else 0)
    part = Part(emit.fill(f"extensions_choose_one_{'numbers' if numbers else 'vectors'}.c.j2", code))
    requests, answers = requests_and_answers(spec, extension)
    if not requests or not answers:
        refuse(extension.policy.src, "choose_one is offered in one block and answered in another; use custom otherwise")
    part.build = {**{k: f"offer_{name}" for k in requests}, **{k: f"answer_{name}" for k in answers}}
    part.accept = {**{k: f"consider_{name}" for k in requests}, **{k: f"agree_{name}" for k in answers}}
    broken = naming.alert("illegal_parameter")
    part.checks = {k: (Check(f"one_in_{name}", broken, f"{name}_answer_has_one", extension.ref),
                       Check(f"ours_in_{name}", broken, f"{name}_answer_was_offered", extension.ref)) for k in answers}
    if overlap != "omit":
        part.checks.update({k: (Check(f"overlap_in_{name}", naming.alert(overlap), f"{name}_has_overlap", extension.ref),)
                            for k in requests})
    describe = choose_numbers if numbers else choose_vectors
    describe(part, extension, code, preference)
    return part


def element_of(spec, item, extension):
    """The type of the one vector of octets that an element of a list of structs consists of."""
    made = spec.types.get(item.type.base)
    if not isinstance(made, Struct) or len(made.fields) != 1:
        refuse(item.src, "choose_one chooses among integers, or structs of one vector of octets")
    inner = made.fields[0].type
    if inner.base != "opaque" or inner.kind != "vector" or inner.optional:
        refuse(made.fields[0].src, "choose_one chooses among integers, or structs of one vector of octets")
    return inner


def choose_numbers(part, extension, code, preference):
    name, most = extension.name, len(code.listed) or STORED_NUMBERS
    part.settings = (Member(f"{code.c_int} {code.local}[{code.maximum}]", f"{name}: ours, in order of preference"),
                     Member(f"uint8_t num_{code.local}", "0 = the extension is not used"))
    part.results = (Member(f"{code.c_int} {code.result}", f"{name}: the one agreed on"),
                    Member(f"bool has_{code.result}", ""))
    allowed = "a repetition, or a value that the registry does not mark as used" if code.listed else "or a repetition"
    part.api = (
        Api(wrapped(f"{code.maximum} is the greatest number of elements that fpl_config_set_{code.local} takes."),
            f"#define {code.maximum} {most}"),
        Api(wrapped(f"fpl_config_set_{code.local} offers the `num` elements of `list`, in order of preference, in {name} "
                  f"({cite(extension.ref)}); copied. The {preference}'s order decides. An empty list, the default, does without the "
                  f"extension. FPL_MISUSE when `config` is frozen or NULL, for more than {code.maximum} elements, {allowed}."),
            f"FPL_EXPORT fpl_result fpl_config_set_{code.local}(fpl_config *config, const {code.public_type} *list, size_t num);"),
        Api(wrapped(f"fpl_conn_{code.result} returns what both sides agreed on by {name}; 0 if nothing, and before CONNECTED."),
            f"FPL_EXPORT {code.public_type} fpl_conn_{code.result}(const fpl_conn *conn);"))


def choose_vectors(part, extension, code, preference):
    name = extension.name
    part.settings = (Member(f"uint8_t {code.local}[{code.maximum}]", f"{name}: ours, each behind its length"),
                     Member(f"uint16_t {code.local}_len", "0 = the extension is not used"))
    part.results = (Member(f"fpl_bytes {code.result}", f"{name}: the one agreed on, inside the settings; NULL = none"),)
    part.api = (
        Api(wrapped(f"{code.maximum} is the greatest length of the list that fpl_config_set_{code.local} takes."),
            f"#define {code.maximum} {STORED_BYTES}"),
        Api(wrapped(f"fpl_config_set_{code.local} offers the elements of `list` in {name} ({cite(extension.ref)}), in order of "
                  f"preference; copied. Each element stands behind its length in {code.element} octet(s), as on the wire. The "
                  f"{preference}'s order decides. An empty list, the default, does without the extension. FPL_MISUSE when "
                  f"`config` is frozen or NULL, or when `list` is longer than {code.maximum}, does not end with an element, or "
                  f"has one that is repeated or not {code.low} to {code.high} octets long."),
            f"FPL_EXPORT fpl_result fpl_config_set_{code.local}(fpl_config *config, const uint8_t *list, size_t len);"),
        Api(wrapped(f"fpl_conn_{code.result} returns what both sides agreed on by {name}, without its length, and sets *len. NULL "
                  "and 0 if nothing, and before CONNECTED. The bytes live as long as the configuration."),
            f"FPL_EXPORT const uint8_t *fpl_conn_{code.result}(const fpl_conn *conn, size_t *len);"))


# ---- announce

@dataclass(frozen=True)
class Announced:
    """One version of an announcement."""
    version: str
    maximum: int
    clamps: bool                    # there is a maximum below what the field can hold
    refuses: bool                   # some block answers more with an alert


@dataclass(frozen=True)
class AnnounceCode:
    name: str
    c_type: str
    name_of_type: str
    field: str
    width: int
    c_int: str
    before: tuple
    after: tuple
    local: str
    result: str
    minimum: int
    highest: int
    limited: bool                   # the setter has an upper bound
    versions: tuple


def announce(spec, extension):
    name, options = extension.name, extension.policy.options
    local, result = (need(f(extension), extension, w) for f, w in ((local_of, "local"), (result_of, "result")))
    struct = carried(spec, extension)
    item = find_field(struct, need(options.get("field"), extension, "field"), extension)
    width = int_width(spec, item.type.base)
    if item.type.kind != "one" or width is None:
        refuse(item.src, "announce tells an integer; use opaque or custom otherwise")
    before, after = around(spec, struct, item.name, extension)
    top = (1 << 8 * width) - 1
    maxima = options.get("protocol_maximum", {})
    versions = tuple(dict.fromkeys(a.version for a in extension.appears_in))
    minimum = max([1] + [c.value for c in struct.constraints if c.field == item.name and c.kind == "at_least"])
    refusals = {(a.version, a.block): alert for a in extension.appears_in if a.version in maxima
                and (alert := above_maximum(spec, extension, a)) != "clamp"}
    highest = max(maxima.get(v, top) for v in versions)
    code = AnnounceCode(name, naming.c_type(struct.name), naming.snake(struct.name), item.name, width, C_INTS[width], before, after,
                        local, result, minimum, highest, highest < top,
                        tuple(Announced(v, maxima.get(v, top), maxima.get(v, top) < top, any(k[0] == v for k in refusals))
                              for v in versions))
    part = Part(emit.fill("extensions_announce.c.j2", code))
    part.build = {(a.version, a.block): f"announce_{name}_{a.version}" for a in extension.appears_in}
    part.accept = {(a.version, a.block): f"take_{name}_{a.version}" for a in extension.appears_in}
    part.checks = {k: (Check(f"within_{name}_{k[0]}", naming.alert(alert), f"{name}_within_maximum", extension.ref),)
                   for k, alert in refusals.items()}
    part.settings = (Member(f"{code.c_int} {local}", f"{name}: what we announce; 0 = nothing"),)
    part.results = (Member(f"{code.c_int} {result}", f"{name}: what the peer announced; 0 = nothing"),)
    part.api = (
        Api(wrapped(f"fpl_config_set_{local} announces `value` by {name} ({cite(extension.ref)}). 0, the default, announces nothing. "
                  f"FPL_MISUSE when `config` is frozen or NULL, or `value` is neither 0 nor {minimum} to {code.highest}."),
            f"FPL_EXPORT fpl_result fpl_config_set_{local}(fpl_config *config, {code.c_int} value);"),
        Api(wrapped(f"fpl_conn_{result} returns what the peer announced by {name}; 0 if nothing, and before CONNECTED."),
            f"FPL_EXPORT {code.c_int} fpl_conn_{result}(const fpl_conn *conn);"))
    return part


def above_maximum(spec, extension, appearance):
    """clamp, or the alert with which whoever receives that block answers more than the maximum."""
    receivers = {"client": ("server",), "server": ("client",), "both": ("client", "server")}[sender(spec, appearance)]
    answers = {extension.policy.options.get("above_maximum", {}).get(r, "clamp") for r in receivers}
    if len(answers) != 1:
        refuse(extension.policy.src, f"above_maximum differs, but both sides send {appearance.block}; give one answer")
    return answers.pop()


# ---- opaque

@dataclass(frozen=True)
class OpaqueCode:
    name: str
    c_type: str
    name_of_type: str
    field: str
    prefix: int
    before: tuple
    after: tuple
    local: str
    result: str
    low: int
    high: int
    maximum: str
    bounded: bool                   # the peer may send more than is kept


def opaque(spec, extension):
    name = extension.name
    local, result = (need(f(extension), extension, w) for f, w in ((local_of, "local"), (result_of, "result")))
    struct = carried(spec, extension)
    if "field" not in extension.policy.options and len(struct.fields) != 1:
        need(None, extension, "field")
    item = find_field(struct, extension.policy.options.get("field", struct.fields[0].name), extension)
    if item.type.base != "opaque" or item.type.kind != "vector" or item.type.optional:
        refuse(item.src, "opaque carries a vector of octets; use custom otherwise")
    before, after = around(spec, struct, item.name, extension)
    most = min(item.type.high, STORED_BYTES - 1)
    code = OpaqueCode(name, naming.c_type(struct.name), naming.snake(struct.name), item.name, prefix_width(item.type.high), before, after, local, result,
                      item.type.low, most, f"FPL_MAX_{caps(local)}", item.type.high > most)
    part = Part(emit.fill("extensions_opaque.c.j2", code))
    for a in extension.appears_in:
        key = (a.version, a.block)
        part.build[key], part.accept[key] = f"tell_{name}", f"take_{name}"
        if code.bounded:
            part.checks[key] = (Check(f"fits_{name}", naming.alert("illegal_parameter"), f"{name}_fits", extension.ref),)
    part.settings = (Member(f"uint8_t {local}[{code.maximum}]", f"{name}: ours"), Member(f"uint8_t {local}_len", ""),
                     Member(f"bool has_{local}", "false = the extension is not used"))
    part.results = (Member(f"uint8_t {result}[{code.maximum}]", f"{name}: the peer's"), Member(f"uint8_t {result}_len", ""),
                    Member(f"bool has_{result}", ""))
    part.api = (
        Api(wrapped(f"{code.maximum} is the greatest length that fpl_config_set_{local} takes."), f"#define {code.maximum} {most}"),
        Api(wrapped(f"fpl_config_set_{local} sends these `len` octets by {name} ({cite(extension.ref)}); copied. NULL, the default, does "
                  f"without the extension. FPL_MISUSE when `config` is frozen or NULL, or `len` is not {code.low} to {most}."),
            f"FPL_EXPORT fpl_result fpl_config_set_{local}(fpl_config *config, const uint8_t *data, size_t len);"),
        Api(wrapped(f"fpl_conn_{result} returns the octets that the peer sent by {name} and sets *len. NULL and 0 if none, and "
                  "before CONNECTED. They live as long as the connection."),
            f"FPL_EXPORT const uint8_t *fpl_conn_{result}(const fpl_conn *conn, size_t *len);"))
    return part


# ---- custom

def custom(spec, extension):
    """Hooks by role; an accept hook is reached through a door that decodes."""
    part, hooks = Part(), extension.policy.hooks
    for a in extension.appears_in:
        named = hooks.get(a.role)
        if named is None:
            refuse(extension.policy.src, f"no hooks for role `{a.role}`; write `{a.role}: {{build: ..., accept: ...}}`")
        key = (a.version, a.block)
        if named.build:
            part.build[key] = "fpl_hook_" + named.build
        if named.accept:
            part.accept[key] = "accept_" + named.accept
    return part


KINDS = {"flag": flag, "choose_one": choose_one, "announce": announce, "opaque": opaque, "custom": custom}


def part_of(spec, extension):
    policy = extension.policy
    for option in policy.options:
        if option not in OPTIONS[policy.kind]:
            refuse(policy.src, f"`{option}` says nothing about a {policy.kind}; delete it")
    if extension.conflicts:
        refuse(extension.src, "`conflicts` is not built yet; leave it out")
    return KINDS[policy.kind](spec, extension)
