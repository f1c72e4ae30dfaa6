"""Record tables: every class of records has one row, and plaintext does not outlive the first authenticated record."""

from .model import EPOCH_CLASSES, PHASES, VERSIONS

DEEDS = {"reassemble": ("handshake",), "new_association": ("handshake",), "duplicates_only": ("handshake",),
         "deliver": ("application_data",), "machine": ("alert", "change_cipher_spec", "ack")}
# Every breach that a version can see; of those that a decoder finds, the failing field names the alert.
BREACHES = {"dtls12": ("malformed_alert", "changed_fragment"),
            "dtls13": ("empty_record", "malformed_alert", "malformed_ack", "changed_fragment")}
DECODED = ("malformed_alert", "malformed_ack")


def record_tables(spec, add):
    """Every class of records has exactly one row; plaintext does not outlive the first authenticated record."""
    registry = spec.registries.get("ContentType")
    for version in VERSIONS:
        spoken = any(m.version == version and m.is_handshake for m in spec.machines.values())
        if spoken and version not in spec.records:
            machine = next(m for m in spec.machines.values() if m.version == version)
            add(machine.src, f"records/{version}.yaml is missing; every version has a record table")
    for records in spec.records.values():
        known = [e.name for e in registry.entries.values() if e.use is None or records.version in e.use]
        contents = [*known, "unknown"]
        seen = {}
        for row in records.rows:
            for content in row.content:
                if content not in (*contents, "any"):
                    add(row.src, f"`{content}` is no content type of {records.version}; write one of {', '.join(contents)}, any")
            for cell in cells(row, contents, records.version):
                if cell in seen:
                    add(row.src, f"{' x '.join(cell)} stands in line {seen[cell].src.line} too; one row for each class")
                seen[cell] = row
            row_fits(records, row, add)
        for content in contents:
            for epoch in EPOCH_CLASSES[records.version]:
                for phase in PHASES:
                    if (content, epoch, phase) not in seen:
                        add(records.src, f"no row for {content} x {epoch} x {phase}; add one")
        insisted(records, seen, add)
        breaches(records, add)


def breaches(records, add):
    """Each breach has its answer, and nothing else has one."""
    wanted = BREACHES[records.version]
    for name in wanted:
        if name not in records.breaches:
            add(records.src, f"no breach `{name}`; say what an authenticated record draws that is one")
    for breach in records.breaches.values():
        if breach.name not in wanted:
            add(breach.src, f"{records.version} has no breach `{breach.name}`; write one of {', '.join(wanted)}")
        elif (breach.name in DECODED) != (breach.alert is None):
            add(breach.src, f"`{breach.name}` draws the alert that the failing field names; delete `alert`" if breach.alert
                else f"`{breach.name}` draws no alert; write the one that answers it")


def cells(row, contents, version):
    """The classes a row stands for."""
    for content in contents if row.content == ("any",) else row.content:
        for epoch in EPOCH_CLASSES[version] if row.epoch == ("any",) else row.epoch:
            for phase in PHASES if row.phase == ("any",) else row.phase:
                yield content, epoch, phase


def row_fits(records, row, add):
    """A deed fits the content and the phase."""
    for epoch in row.epoch:
        if epoch not in (*EPOCH_CLASSES[records.version], "any"):
            add(row.src, f"{records.version} has no epochs `{epoch}`; write one of {', '.join(EPOCH_CLASSES[records.version])}")
    if row.do in DEEDS and not set(row.content) <= set(DEEDS[row.do]):
        add(row.src, f"`{row.do}` is for {', '.join(DEEDS[row.do])}; drop or hold the rest")
    if (row.do == "duplicates_only") != (row.new_message is not None):
        add(row.src, "`duplicates_only` and `new_message` belong together: what comes to a message that is none; write both or neither")
    if row.do == "deliver" and row.phase != ("connected",):
        add(row.src, "`deliver` before the handshake is done; deliver in phase connected only")


def insisted(records, seen, add):
    """What no table may say otherwise."""
    for (content, epoch, phase), row in seen.items():
        if epoch == "zero" and phase != "plain" and row.do not in ("drop", "new_association"):
            add(row.src, f"plaintext {content} in phase {phase} would reach a machine; drop it once a record was authenticated")
        if epoch == "zero" and content == "ack" and row.do != "drop":
            add(row.src, "a plaintext ACK is forgeable; drop it")
        if epoch == "zero" and content == "application_data" and row.do != "drop":
            add(row.src, "plaintext application data is forgeable; drop it")
        if epoch == "handshake" and content == "application_data" and row.do != "drop":
            add(row.src, "no Finished vouches for application data under the handshake's keys; drop it")
        if content == "change_cipher_spec" and records.version == "dtls13" and row.do != "drop":
            add(row.src, "1.3 has no ChangeCipherSpec; drop it")


RULES = (record_tables,)
