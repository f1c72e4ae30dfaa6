"""Bounds, defaults and timers: limits.h for applications, fpl_limits.* for us, a table for the README."""

import textwrap
from dataclasses import dataclass

from . import emit, naming
from .c_text import cite, comment, refuse


@dataclass(frozen=True)
class LimitView:
    name: str
    id: str
    macro: str
    value: str
    low: str
    high: str
    setting: str
    unit: str
    about: str


@dataclass(frozen=True)
class SettingView:
    setting: str
    limit: str
    about: str


@dataclass(frozen=True)
class TimerView:
    name: str
    id: str
    initial: str
    maximum: str
    fraction_of: str
    divisor: int


@dataclass(frozen=True)
class LimitsView:
    format_check: str
    settings: tuple
    fixed: tuple
    limits: tuple
    timers: tuple


def literal(value):
    """A number as an unsigned constant."""
    return f"UINT64_C({value})" if value >= 1 << 32 else f"{value}u"


def limits_view(spec):
    """Limits, settings and timers."""
    limits, settings, fixed = [], [], []
    for limit in spec.limits.values():
        setting = f"FPL_SETTING_{naming.upper(limit.setting)}" if limit.setting else "FPL_SETTING_NONE"
        view = LimitView(limit.name, f"FPL_LIMIT_{naming.upper(limit.name)}", f"FPL_LIMIT_VALUE_{naming.upper(limit.name)}",
                         literal(limit.value), literal(limit.low), literal(limit.high), setting, limit.unit,
                         comment(f"{limit.unit}; {limit.why}; {cite(limit.ref)}".replace("; ;", ";")))
        limits.append(view)
        if limit.setting:
            if any(s.setting == setting for s in settings):
                refuse(limit.src, f"two limits with the setting `{limit.setting}`")
            settings.append(SettingView(setting, view.id, comment(setting_text(limit))))
        else:
            fixed.append(view)
    timers = tuple(timer_view(t) for t in spec.timers.values())
    return LimitsView(emit.format_check("engine/table.h"), tuple(settings), tuple(fixed), tuple(limits), timers)


def setting_text(limit):
    """Default, range, unit, why, ref."""
    text = f"Default {limit.value} {limit.unit}, from {limit.low} to {limit.high} ({cite(limit.ref)})"
    return "\n     * ".join(textwrap.wrap(f"{text}: {limit.why}." if limit.why else f"{text}.", 110))


def timer_view(timer):
    """A timer counts from a limit, or is a part of another."""
    name = lambda kind, x: f"FPL_{kind}_{naming.upper(x)}" if x else f"FPL_{kind}_NONE"
    return TimerView(timer.name, name("TIMER_ID", timer.name), name("LIMIT", timer.initial), name("LIMIT", timer.maximum),
                     name("TIMER_ID", timer.quarter_of), 4 if timer.quarter_of else 1)


def limits_markdown(spec):
    """The table of settings for the README."""
    lines = ["| setting | default | range | unit | why | RFC |", "|---|---|---|---|---|---|"]
    for limit in spec.limits.values():
        if limit.setting:
            why = limit.why.replace("|", "\\|")
            lines.append(f"| `FPL_SETTING_{naming.upper(limit.setting)}` | {limit.value} | {limit.low} to {limit.high} "
                         f"| {limit.unit} | {why} | {cite(limit.ref)} |")
    return "\n".join(lines) + "\n"
