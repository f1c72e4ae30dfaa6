"""What is on the wire, and what bounds it: all files that do not depend on the machines.

    files = emit_wire.files(spec)           # {path below generated/: text}
    table = emit_wire.limits_markdown(spec) # the README's table of settings

Each template has one view, a dataclass made in the emitter of its name; whatever needs a decision is
decided there, and templates only loop.
"""

from . import emit
from .emit_codecs import body_view, codec_view, envelope_view
from .emit_limits import limits_markdown, limits_view
from .emit_registries import registries_view
from .emit_visit import visit_view
from .wire import Wire

__all__ = ["files", "limits_markdown"]


def files(spec):
    """{path: text} of everything this module writes."""
    wire = Wire(spec)
    result = {}
    registry_sources = [r.file for r in spec.registries.values()]
    message_sources = registry_sources + [s.file for s in spec.structs.values()] + [t.file for t in spec.types.values()
                                                                                     if not t.file.startswith("spec/extensions/")]
    extension_sources = registry_sources + [e.file for e in spec.extensions.values()]
    limit_sources = [x.src.file for x in (*spec.limits.values(), *spec.timers.values())]

    registries = registries_view(spec)
    result["include/flightplan/registries.h"] = emit.c_source(spec, registry_sources, "registries_public.h.j2", registries)
    result["fpl_registries.h"] = emit.c_source(spec, registry_sources, "registries.h.j2", registries)
    result["fpl_registries.c"] = emit.c_source(spec, registry_sources, "registries.c.j2", registries)

    structs = list(spec.structs.values())
    messages = codec_view(wire, structs, wire.message_types, "fpl_messages.h", ["fpl_registries.h"],
                          "Messages and record bodies: structs of views, decoders, encoders, iterators.")
    result["fpl_messages.h"] = emit.c_source(spec, message_sources, "messages.h.j2",
                                             envelope_view(wire, emit.fill("codec.h.j2", messages).strip("\n")))
    result["fpl_messages.c"] = emit.c_source(spec, message_sources, "messages.c.j2",
                                             envelope_view(wire, emit.fill("codec.c.j2", messages).strip("\n")))
    types = codec_view(wire, [], wire.extension_types, "fpl_extension_types.h", ["fpl_messages.h"],
                       "Bodies of extensions: structs of views, decoders, encoders, iterators.",
                       exclude_lists=wire.int_lists(wire.ordered(wire.message_types) + structs))
    for name in ("h", "c"):
        result[f"fpl_extension_types.{name}"] = emit.c_source(spec, extension_sources + message_sources,
                                                              f"extension_types.{name}.j2", body_view(types, name))

    visit = visit_view(wire)
    for name in ("h", "c"):
        result[f"fpl_visit.{name}"] = emit.c_source(spec, extension_sources + message_sources, f"visit.{name}.j2", visit)

    limits = limits_view(spec)
    result["include/flightplan/limits.h"] = emit.c_source(spec, limit_sources, "limits_public.h.j2", limits)
    result["fpl_limits.h"] = emit.c_source(spec, limit_sources, "limits.h.j2", limits)
    result["fpl_limits.c"] = emit.c_source(spec, limit_sources, "limits.c.j2", limits)
    return result
