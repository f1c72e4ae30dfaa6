"""`explain`: every state of every machine has words, and the words say what an auditor looks for."""

import contextlib
import io
import sys
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import explain, explain_row, model, words  # noqa: E402

SPEC = model.load(str(ROOT / "spec"))


class Explain(unittest.TestCase):
    def test_every_machine_state_and_event_has_words(self):
        for machine in SPEC.machines.values():
            overview = explain.explain(SPEC, machine.name)
            for state in machine.states:
                self.assertIn(f"  {state} ", overview)
                text = explain.explain(SPEC, machine.name, state)
                for row, outcome in machine.outcomes_of(state):
                    self.assertIn(f"ON {words.event_name(row.event)}", text)
                    for check in outcome.require:
                        self.assertIn(f"{check.check}, else alert {check.alert}", text)
                        self.assertIn(f"_{check.check}(", text)
                    for name in outcome.do:
                        self.assertIn(f"_{name}(", text)
                    for line in machine.flights[outcome.send].lines if outcome.send else ():
                        self.assertIn(line.send or line.record, text)
                    self.assertTrue(explain.explain(SPEC, machine.name, state, words.event_name(row.event)).strip())

    def test_checks_come_in_the_order_of_the_spec_with_titles(self):
        text = explain.explain(SPEC, "dtls12_client", "WAIT_SKE", "server_key_exchange")
        (row,) = SPEC.machines["dtls12_client"].states["WAIT_SKE"].rows
        places = [text.index(f"{n}. {c.check}, else alert {c.alert}") for n, c in enumerate(row.outcomes[None].require, 1)]
        self.assertEqual(places, sorted(places))
        self.assertIn('RFC 8422 section 5.4 "Server Key Exchange"', text)
        self.assertIn(str(row.src), text)
        self.assertNotIn("ON timer", text)

    def test_the_readme_shows_what_comes(self):
        readme = (ROOT / "README.md").read_text().split("$ python3 -m codegen explain ", 1)[1].split("```", 1)[0]
        words_of_it, shown = readme.split("\n", 1)
        self.assertEqual(shown.rstrip(), explain.explain(SPEC, *words_of_it.split()).rstrip())

    def test_what_keeps_nothing_ends_nothing(self):
        text = " ".join(explain.explain(SPEC, "listen", "WAIT_CH").split())
        self.assertIn("or leaves bytes over, is dropped and counted", text)
        self.assertIn("alert protocol_version is sent, at most once in 1000 ms; it ends nothing", text)
        self.assertNotIn("FAILED", text)
        self.assertNotIn("decode_error", text)
        anybody = " ".join(explain.explain(SPEC, "dtls12_client", "WAIT_CCS", "message:hello_request").split())
        self.assertIn("is dropped and counted: anybody could have sent it", anybody)

    def fate(self, machine, state, message):
        return " ".join(explain.explain(SPEC, machine, state, message).split("\n\n", 1)[1].split())

    def test_fates_by_epoch(self):
        self.assertIn("no message of epoch 0 is taken here; its records are dropped", self.fate("dtls13_server", "CONNECTED", "client_hello"))
        self.assertIn("; once the peer is authenticated, its records are dropped", self.fate("dtls13_client", "WAIT_EE", "client_hello"))
        self.assertIn("it is dropped as unlisted", self.fate("listen", "WAIT_CH", "finished"))
        self.assertIn("it is dropped: no message is taken here", self.fate("dtls12_client", "WAIT_CCS", "new_session_ticket"))
        self.assertIn("its records are held", self.fate("dtls12_client", "WAIT_CCS", "finished"))
        update = self.fate("dtls13_server", "WAIT_FINISHED", "key_update")
        self.assertIn("alert unexpected_message, as unlisted", update)
        self.assertIn("if it comes in epoch 2; in the next epoch its records are held", update)
        self.assertIn("only duplicates are taken, a new message is alert unexpected_message", self.fate("dtls13_server", "CONNECTED", "finished"))

    def test_rules_of_what_a_message_is_made_of(self):
        text = explain.explain(SPEC, "dtls12_client", "WAIT_SKE", "server_key_exchange")
        self.assertIn("params.curve_type equals 3, else alert illegal_parameter", text)
        text = explain.explain(SPEC, "key_update13", "IDLE", "key_update")
        self.assertIn("request_update is known to KeyUpdateRequest, else alert illegal_parameter", text)

    def test_closing_is_told_as_it_is(self):
        text = explain.explain(SPEC, "closure", "OPEN", "api:close")
        self.assertIn("the alert close_notify, unless nothing of ours has gone out yet", text)
        self.assertNotIn("ends nothing", text)

    def test_prototypes_are_those_of_the_generated_header(self):
        header = ROOT / "generated" / "fpl_functions.h"
        if not header.is_file():
            self.skipTest("not generated")
        declared = " ".join(header.read_text().split())
        for function in SPEC.functions.values():
            self.assertIn(explain_row.prototype(SPEC, function), declared)

    def test_what_no_row_lists_is_told(self):
        text = explain.explain(SPEC, "dtls12_client", "WAIT_SKE")
        self.assertIn("alert unexpected_message", " ".join(text.split()))
        self.assertIn("early CCS", text)
        for companion in SPEC.companions_of("dtls12_client", "WAIT_SKE"):
            self.assertIn(companion.name, text)
        self.assertIn("resend12", text)

    def test_an_unlisted_message_has_a_fate(self):
        text = " ".join(explain.explain(SPEC, "dtls12_client", "WAIT_SKE", "certificate").split())
        self.assertIn("answered with alert unexpected_message", text)
        early = explain.explain(SPEC, "dtls12_client", "WAIT_SKE", "finished")
        self.assertIn("too early", early)
        waiting = explain.explain(SPEC, "dtls12_client", "WAIT_TRUST", "server_hello_done")
        self.assertIn("it waits", waiting)

    def test_a_message_is_explained_in_every_state(self):
        for message in {s.code for s in SPEC.structs.values() if s.code}:
            text = explain.explain(SPEC, message=message)
            for machine in SPEC.machines.values():
                if machine.unlisted_message is not None:
                    self.assertIn(machine.file, text)
                    for state in machine.states:
                        self.assertRegex(text, rf"\b{state}\b")

    def test_a_hand_over_is_told(self):
        for machine in SPEC.machines.values():
            for over in machine.handed_over.values():
                self.assertIn(f"{over.machine}.{over.at}", explain.explain(SPEC, machine.name, over.state))

    def test_event_forms(self):
        for form in ("server_hello", "message:server_hello", "message server_hello", "timer:handshake_deadline", "handshake_deadline"):
            self.assertIn("ON ", explain.explain(SPEC, "dtls12_client.WAIT_SH", form))
        self.assertIn("ON record:change_cipher_spec", explain.explain(SPEC, "dtls12_client", "WAIT_CCS", "change_cipher_spec"))
        self.assertIn("ON immediate", explain.explain(SPEC, "dtls12_client", "JUDGE_TRUST", "immediate"))

    def test_names_that_are_not_there_get_help(self):
        for arguments, help_ in ((("dtls12_clint",), "dtls12_client"), (("dtls12_client", "WAIT_SEK"), "WAIT_SKE"),
                                 (("dtls12_client", "WAIT_SKE", "server_key_xchange"), "server_key_exchange")):
            with self.assertRaises(words.NotThere) as caught:
                explain.explain(SPEC, *arguments)
            self.assertIn(help_, str(caught.exception))
        args = types.SimpleNamespace(machine="nobody", state=None, event=None, message=None)
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            self.assertEqual(explain.run(args, SPEC), 2)
        self.assertIn("dtls12_client", errors.getvalue())

    def test_lines_are_short_and_the_same_every_time(self):
        for machine in SPEC.machines.values():
            for state in machine.states:
                text = explain.explain(SPEC, machine.name, state)
                self.assertEqual(text, explain.explain(SPEC, machine.name, state))
                for line in text.split("\n"):
                    self.assertLessEqual(len(line), words.WIDTH)
                    self.assertEqual(line, line.rstrip())


class Words(unittest.TestCase):
    def test_comments_are_found_and_quoted_marks_are_not(self):
        self.assertEqual(words._trailing_comment("  WAIT_SKE:    # may not be skipped"), "may not be skipped")
        self.assertEqual(words._trailing_comment('  doc: "a # b"'), "")
        self.assertEqual(words._trailing_comment("  ref: rfc8446#4.2"), "")

    def test_cite(self):
        self.assertEqual(words.cite(SPEC, "rfc8422#5.4"), 'RFC 8422 section 5.4 "Server Key Exchange"')
        self.assertEqual(words.cite(SPEC, "rfc9999#A.7"), "RFC 9999 appendix A.7")


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
