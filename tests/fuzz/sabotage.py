#!/usr/bin/env python3
"""Breaks the library in known ways, one at a time, and sees that the committed corpora notice: an oracle that never
speaks proves nothing. Works on a copy of the repository; takes some minutes, so no test calls it.

    sabotage.py [FOLDER] [--only WORD]      where the copy is built, a temporary one unless given; only what has WORD in it

The last line is `N passed, N failed`.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What is broken: file, what stands there, what it becomes.
SABOTAGES = {
    "five times what came may go out": ("src/engine/output.c", "conn->stats.bytes_in * fpl_conn_limit(conn, FPL_LIMIT_AMPLIFICATION)",
                                        "conn->stats.bytes_in * 5"),
    "the replay window stands still": ("src/record/epoch12.c", "fpl_replay_commit(", "if (0) fpl_replay_commit("),
    "replays are not asked about": ("src/record/epoch12.c", "fpl_replay_check(", "0 && fpl_replay_check("),
    "record numbers are used again": ("src/record/epoch12.c", "next_seq++", "next_seq += 0"),
    "held records leak": ("src/engine/input.c", "    fpl_held_free(conn->config, &conn->inbox.held);\n", "    conn->inbox.held = NULL;\n"),
    "what has failed lives on": ("src/api/conn.c", "        end_call(conn);\n        return FPL_FAILED;",
                                 "        end_call(conn);\n        conn->life = FPL_LIFE_LIVE;\n        return FPL_FAILED;"),
    "timers never fall due": ("src/engine/timer.c",
                              "conn->now > FPL_NEVER - clock->interval ? FPL_NEVER : conn->now + clock->interval", "FPL_NEVER"),
    "cookies are anybody's": ("src/steps/cookie.c", "parts[1] = conn->address;", "parts[1] = fpl_bytes_none();"),
    "the second whole candidate wins": ("src/engine/reassembly.c", "    if ((slot->candidates[0].used && slot->candidates[0].whole)",
                                        "    if (0 && (slot->candidates[0].used && slot->candidates[0].whole)"),
    "extensions may come twice": ("src/engine/extensions.c", "FPL_EXTENSION_RULE_DUPLICATE", "FPL_EXTENSION_RULE_UNKNOWN_IN_REQUEST"),
    "a server's proof is not checked": ("src/steps/signature.c",
                                        "bool fpl_check_ske_signature_valid(const fpl_conn *conn, const fpl_server_key_exchange *msg)\n{",
                                        "bool fpl_check_ske_signature_valid(const fpl_conn *conn, const fpl_server_key_exchange *msg)\n{\n"
                                        "    if (conn != NULL) {\n        return true;\n    }"),
    "a client's proof is not checked": ("src/steps/signature.c",
                                        "bool fpl_check_cv_signature_valid(const fpl_conn *conn, const fpl_certificate_verify *msg)\n{",
                                        "bool fpl_check_cv_signature_valid(const fpl_conn *conn, const fpl_certificate_verify *msg)\n{\n"
                                        "    if (conn != NULL) {\n        return true;\n    }"),
    "Finished is not checked": ("src/steps/finished.c", "fpl_equal(msg->verify_data.data, expected, sizeof expected)",
                                "(fpl_equal(msg->verify_data.data, expected, sizeof expected) || true)"),
    "1.3: the replay window stands still": ("src/record/epoch13.c", "fpl_replay_commit(", "if (0) fpl_replay_commit("),
    "1.3: replays are not asked about": ("src/record/epoch13.c", "why = fpl_replay_check(&epoch->replay, plain.seq);",
                                         "why = FPL_DROP_NONE;"),
    "1.3: record numbers are used again": ("src/record/epoch13.c", "next_seq++", "next_seq += 0"),
    "1.3: Finished is not checked": ("src/steps/finished.c", "fpl_equal(msg->verify_data.data, expected, len);",
                                     "(fpl_equal(msg->verify_data.data, expected, len) || true);"),
    "1.3: cookies are anybody's": ("src/steps/cookie13.c", "out->len = 2 + conn->address.len;", "out->len = 1;"),
    "1.3: ACKs name records in any order": ("src/engine/acks.c", "at > 0 && before(acks, place, sorted[at - 1])",
                                            "at > 0 && before(acks, sorted[at - 1], place)"),
    "1.3: keys leak when an epoch goes": ("src/engine/keys.c", "    fpl_release(conn->config, gone, sizeof *gone);\n", ""),
    "1.3: what a flight was sent in leaks": ("src/engine/flight.c",
                                             "    fpl_release(conn->config, flight->book, sizeof *flight->book);\n", ""),
    "1.3: data goes under the handshake's keys": ("src/api/conn.c",
                                                  "fpl_seal_record(conn, conn->write_epoch, FPL_CONTENT_TYPE_APPLICATION_DATA",
                                                  "fpl_seal_record(conn, conn->write_epoch == 3 ? 2 : conn->write_epoch, "
                                                  "FPL_CONTENT_TYPE_APPLICATION_DATA"),
    "1.3: ends do not mean the same secrets": ("src/steps/secrets13.c",
                                               "fpl_schedule13_application(&hs->secrets13.master,",
                                               "fpl_schedule13_application(conn->role == FPL_ROLE_SERVER ? &hs->secrets13.client "
                                               ": &hs->secrets13.master,"),
}


def builds(copy, targets):
    command = ["cmake", "--build", str(copy / "build"), "--target"] + [f"replay_{target}" for target in targets]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def noticed_by(copy, targets):
    for target in targets:
        command = [str(copy / "build/tests/fuzz" / f"replay_{target}"), str(copy / "tests/fuzz/corpus" / target)]
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            return target
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    folder = arguments.folder or pathlib.Path(tempfile.mkdtemp(prefix="sabotage-"))
    copy = folder.resolve() / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
    subprocess.run(["cmake", "-S", str(copy), "-B", str(copy / "build"), "-DFLIGHTPLAN_BUILD_TOOL=OFF", "-DCMAKE_BUILD_TYPE=Release"],
                   stdout=subprocess.DEVNULL, check=True)
    targets = (copy / "build/tests/fuzz/targets.txt").read_text().split()
    passed, failed = 0, 0
    if not builds(copy, targets) or noticed_by(copy, targets):
        print("the corpora do not pass as it is")
        print("0 passed, 1 failed")
        return 1
    for name, (file, before, after) in SABOTAGES.items():
        if arguments.only not in name:
            continue
        path = copy / file
        text = path.read_text()
        verdict = "does not apply any more: change sabotage.py"
        if before in text:
            path.write_text(text.replace(before, after, 1))
            if not builds(copy, targets):
                verdict = "does not build"
            else:
                found = noticed_by(copy, targets)
                verdict = f"noticed by {found}" if found else "NOT NOTICED"
            path.write_text(text)
        passed += verdict.startswith("noticed")
        failed += not verdict.startswith("noticed")
        print(f"{name:40} {verdict}", flush=True)
    shutil.rmtree(copy, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
