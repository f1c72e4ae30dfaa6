"""Codecs and the envelope of messages: fpl_messages.* and fpl_extension_types.*."""

from dataclasses import dataclass

from . import emit, model, naming
from .c_text import CellView, cite, comment, place, version_bits
from .wire import EXTENSION, HelpersView, ListView, MemberView, StructBlock, helpers

SENT_BY = {"client": "FPL_SENT_BY_CLIENT", "server": "FPL_SENT_BY_SERVER", "both": "FPL_SENT_BY_BOTH"}


@dataclass(frozen=True)
class MessageView:
    """One struct with a code or a content."""
    name: str
    snake: str
    c_type: str
    id: str
    code: str                       # enumerator of the handshake type or the content type
    handshake: str                  # true or false
    versions: str
    sent_by: str
    epochs: tuple                   # of CellView: version, value
    wire_name: str
    argument: str                   # how fpl_message_decode hands its argument on
    comment: str


@dataclass(frozen=True)
class ListFieldView:
    """The extension list of a message."""
    id: str
    snake: str
    list: str
    present: str


@dataclass(frozen=True)
class ConstantView:
    name: str
    length: int
    rows: tuple
    about: str


@dataclass(frozen=True)
class VariantView:
    snake: str
    c_type: str
    name: str
    field: str
    constant: str
    about: str


@dataclass(frozen=True)
class CodecFileView:
    """What codec.h.j2 and codec.c.j2 see; the message tables are empty for extension bodies."""
    guard: str
    header: str
    about: str
    format_check: str
    includes: tuple
    aliases: tuple
    int_lists: tuple
    blocks: tuple
    lists: tuple
    helpers: HelpersView
    records: tuple
    choices: tuple
    whole: tuple                    # of DecodeView: structs, whose writers have no reader beside them
    decodes: tuple
    malformed: tuple                # the alert of form errors


@dataclass(frozen=True)
class EnvelopeView:
    """What messages.h.j2 and messages.c.j2 add to the codecs."""
    header: str
    body: str                       # the codecs, rendered
    messages: tuple
    versions: tuple                 # of CellView: FPL_VERSION_x, bits
    epoch_names: tuple
    lists: tuple
    constants: tuple
    variants: tuple
    format_check: str


def codec_view(wire, structs, types, header, includes, about, exclude_lists=()):
    """Structs (whole) and types (nested), with everything their codecs need."""
    ordered = wire.ordered(types)
    records, choices, blocks, decodes = [], [], [], []
    for struct in ordered + structs:
        nested = struct.name in wire.types
        made = wire.records(struct, nested)
        records += made
        blocks += [StructBlock((r,), ()) for r in made]
        if struct.select is not None:
            choices.append(wire.choice(struct))
            blocks.append(StructBlock((), (choices[-1],)))
        if not nested or struct.name in wire.carried:
            decodes.append(wire.decode(struct))
    listed = {wire.shape(f.type, f.src).base for s in list(wire.types.values()) + list(wire.spec.structs.values())
              if isinstance(s, model.Struct) for _, f in wire.fields_of([s]) if wire.shape(f.type, f.src).what == "structs"}
    lists = tuple(ListView(naming.snake(s.name), naming.c_type(s.name)) for s in ordered if s.name in listed)
    ints = {k: v for k, v in wire.int_lists(ordered + structs).items() if k not in exclude_lists}
    aliases = tuple(MemberView(wire.integer(t.type.base, t.src)[1], naming.c_type(name), f"{comment(t.type.text)}; {place(t.src)}")
                    for name, t in ((n, wire.types[n]) for n in types)
                    if isinstance(t, model.Alias) and wire.integer(name, t.src) is not None)
    return CodecFileView(header.upper().replace(".", "_"), header, about, emit.format_check("engine/table.h"), tuple(includes),
                         aliases, tuple(ints.values()), tuple(blocks), lists, helpers(wire, ordered + structs),
                         tuple(records), tuple(choices), tuple(d for d in decodes if d.name not in wire.types),
                         tuple(decodes), (naming.alert("decode_error"),))


def envelope_view(wire, codecs_h):
    """The messages among the structs, and what is said about each."""
    spec = wire.spec
    known = tuple(v for v in model.VERSIONS if any(v in s.versions for s in spec.structs.values()))
    messages, lists = [], []
    for s in spec.structs.values():
        if s.code is None and s.content is None:
            continue
        code = naming.enumerator("HandshakeType", s.code) if s.code else naming.enumerator("ContentType", s.content)
        epochs = tuple(CellView(f"epoch_{v}", epoch(s.epochs.get(v))) for v in model.VERSIONS)
        argument = ""
        for p, kind in wire.parameters(s).items():
            argument = f"({kind})argument, "
        if s.select is not None:
            argument = f"({naming.c_type(s.select)})argument, "
        messages.append(MessageView(
            s.name, naming.snake(s.name), naming.c_type(s.name), naming.message_id(s.name), code,
            "true" if s.code else "false", version_bits(s.versions), SENT_BY[s.sent_by], epochs, s.code or s.content, argument,
            comment(f"{cite(s.ref)}")))
        for case, fields in s.field_sets():
            for f in fields:
                if f.type.base == EXTENSION and case is None:
                    path = f"msg->as.{naming.snake(s.name)}."
                    lists.append(ListFieldView(naming.message_id(s.name), naming.snake(s.name), path + f.name,
                                               path + f"has_{f.name}" if f.type.optional else "true"))
    versions = (CellView("FPL_VERSION_ANY", version_bits(known)),) + tuple(
        CellView(f"FPL_VERSION_{v.upper()}", f"FPL_USE_{v.upper()}") for v in known)
    constants = tuple(ConstantView(c.name, len(c.bytes), hex_rows(c.bytes), cite(c.ref)) for c in spec.constants.values())
    variants = tuple(VariantView(naming.snake(s.name), naming.c_type(s.name), v.name, v.field, v.constant, cite(v.ref))
                     for s in spec.structs.values() for v in s.variants.values())
    return EnvelopeView("fpl_messages.h", codecs_h, tuple(messages), versions,
                        tuple(f"epoch_{v}" for v in model.VERSIONS), tuple(lists), constants, variants,
                        emit.format_check("engine/table.h"))


def epoch(value):
    """An epoch of the spec as C."""
    if value is None:
        return "FPL_EPOCH_ANY"
    return "FPL_EPOCH_CURRENT" if value == "current" else str(value)


def hex_rows(data):
    """Bytes as lines of an initialiser."""
    return tuple(", ".join(f"0x{b:02x}" for b in data[i:i + 12]) + "," for i in range(0, len(data), 12))


@dataclass(frozen=True)
class BodyView:
    header: str
    body: str
    format_check: str


def body_view(codecs, name):
    """The codecs alone."""
    return BodyView(codecs.header, emit.fill(f"codec.{name}.j2", codecs).strip("\n"), codecs.format_check)
