"""`prove`: what each kind of property says yes and no to, the rules unasked, the ways it tells, and the network."""

import contextlib
import io
import sys
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from codegen import build, load, model, prove  # noqa: E402
from codegen.prove import product, search  # noqa: E402

REAL = model.load(str(ROOT / "spec"))

# A small server: a listener before it, a retry, a choice, a signature asked for, keys, a last flight.
LISTEN = """machine: door
version: dtls13
role: server
one_per: datagram
ref: rfc1#1
doc: d
initial: WAIT
final: []
handed_over:
  INSIDE: {machine: house, at: HELLO}
unlisted:
  message: {discard: true, ref: rfc1#1}
flights:
  ask:
    ref: rfc1#1
    messages:
      - {send: retry, epoch: 0, transcript: none}
    numbers: of_request
    resend: never
    done_when: sent
states:
  WAIT:
    transitions:
      - event: {message: hello, epoch: 0}
        select: known
        cases:
          yes_: {goto: INSIDE}
          no_: {send: ask, goto: WAIT}
"""
HOUSE = """machine: house
version: dtls13
role: server
one_per: connection
ref: rfc1#1
doc: d
initial: HELLO
final: [OPEN]
handed_over: {}
unlisted:
  message: {alert: unexpected_message, ref: rfc1#1}
flights:
  answer:
    ref: rfc1#1
    messages:
      - {send: reply, epoch: 0, then: [agree], keys: {read: 2, write: 2}}
      - {send: proof, epoch: 2, when: {style: [signed]}, keys: {write: 3}}
      - {send: end, epoch: 2, when: {style: [shared]}, keys: {write: 3}}
    resend: timed
    done_when: answered
    on_give_up: fail
any_state:
  - event: {timer: handshake_deadline}
    fail: timeout
states:
  HELLO:
    transitions:
      - event: {message: hello, epoch: 0}
        require:
          - {check: fits, alert: illegal_parameter, ref: rfc1#1}
        transcript: append
        timers: {handshake_deadline: start}
        goto: ANSWER
  ANSWER:
    transitions:
      - event: immediate
        select: style
        cases:
          signed: {send: answer, goto: FINISH}
          shared: {send: answer, goto: FINISH}
  FINISH:
    transitions:
      - event: {message: finished, epoch: 2}
        require:
          - {check: finished_valid, alert: decrypt_error, ref: rfc1#1}
        ends_record: true
        transcript: append
        keys: {read: 3}
        drop_keys: {read: 2}
        timers: {handshake_deadline: stop}
        ack: now
        report: connected
        goto: OPEN
  OPEN:
    application_data: both
    transitions:
      - event: {message: again, epoch: 3}
        transcript: none
        goto: same
"""
FUNCTIONS = """functions:
  classify:
    known: {takes: none, outcomes: [yes_, no_], doc: d}
    style: {takes: none, outcomes: [signed, shared], fixed: true, doc: d}
  check:
    fits: {takes: none, doc: d}
    finished_valid: {takes: none, doc: d}
    never_used: {takes: none, doc: d}
  act:
    agree: {takes: none, doc: d}
"""


def small(properties="", house=HOUSE, door=LISTEN, start="[door.WAIT]"):
    """The small spec, with a file of properties."""
    files = {"spec/machines/door.yaml": door, "spec/machines/house.yaml": house, "spec/functions.yaml": FUNCTIONS,
             "spec/properties/p.yaml": f"properties: p\nstart: {start}\n{properties}"}
    return build.build({name: load.read_text(name, text.encode()) for name, text in files.items()}, "spec")


def complaints(kind, **texts):
    """What `prove` says of one property, `kind` being its line."""
    spec = small(f"x:\n  ref: rfc1#1\n  {kind}\n", **texts)
    return [p.message.removeprefix("x: ") for p in prove.violations(spec, ()) if p.message.startswith("x: ")]


def unasked(**texts):
    """The rules that complain without being asked."""
    return {p.message.split(":")[0] for p in prove.violations(small(**texts), ())}


class Kinds(unittest.TestCase):
    def holds(self, kind, **texts):
        self.assertEqual([], complaints(kind, **texts))

    def fails(self, kind, part, **texts):
        found = complaints(kind, **texts)
        self.assertTrue(any(part in c for c in found), found)

    def test_every_path(self):
        self.holds("every_path: {to_state: house.OPEN, passes_all: [known=yes_, fits, agree, finished_valid]}")
        self.holds("every_path: {to_report: connected, passes_in_order: [received hello, sent reply, agree, received finished]}")
        self.holds("every_path: {to_keys: {read: 3}, via: [style=signed], passes_any: [sent proof]}")
        self.holds("every_path: {from_state: house.ANSWER, to_do: agree, passes_all: [sent reply]}")
        self.fails("every_path: {from_state: house.FINISH, to_state: house.OPEN, passes_all: [fits]}", "without ['fits']")
        self.fails("every_path: {to_state: house.OPEN, passes_all: [sent proof]}", "without ['sent proof']")
        self.fails("every_path: {to_state: house.OPEN, passes_any: [sent retry, never_used]}", "no row does ['never_used']")
        self.fails("every_path: {to_state: house.OPEN, passes_in_order: [agree, fits]}", "without ['fits'] in this order")

    def test_facts_come_in_the_order_of_a_row(self):
        self.fails("every_path: {to_do: agree, passes_all: [keys write 2]}", "without")
        self.holds("every_path: {to_keys: {write: 2}, passes_all: [agree]}")

    def test_what_never_happens_is_a_violation(self):
        self.fails("every_path: {to_state: house.GONE, passes_all: [fits]}", "never reached")
        self.fails("every_path: {to_state: house.OPEN, via: [never_used], passes_all: [fits]}", "`never_used` never happens")
        self.fails("every_path: {to_state: house.ANSWER, via: [sent proof], passes_all: [fits]}", "never reached by way of ['sent proof']")
        self.fails("at_most_once: never_used", "never happens")
        self.fails("every_edge: {event: {api: close}, has: {ack: now}}", "no row is chosen")

    def test_a_way_is_told(self):
        self.fails("every_path: {to_state: house.OPEN, passes_all: [sent proof]}",
                   "door.WAIT -> [message hello=yes_] door.INSIDE -> [handed over] house.HELLO -> [message hello] house.ANSWER -> "
                   "[immediate=shared] house.FINISH -> [message finished] house.OPEN: without ['sent proof']")

    def test_a_scratch_connection_forgets(self):
        self.fails("every_path: {to_state: house.OPEN, via: [sent retry], passes_all: [fits]}", "never reached by way of")

    def test_transcripts(self):
        both = "[[hello, reply, proof, finished], [hello, reply, end, finished]]"
        self.holds("transcripts: {at: house.OPEN, are: %s}" % both)
        self.fails("transcripts: {at: house.OPEN, are: [[hello, reply, proof, finished]]}", "[hello, reply, end, finished], which is not listed")
        self.fails("transcripts: {at: house.OPEN, are: [[hello], [hello, reply, proof, finished], [hello, reply, end, finished]]}", "no way enters")

    def test_at_most_once(self):
        self.holds("at_most_once: agree")
        twice = HOUSE.replace("        transcript: none\n        goto: same", "        transcript: none\n        do: [agree]\n        goto: same")
        self.fails("at_most_once: agree", "`agree` twice", house=twice)

    def test_no_path_and_reaches(self):
        self.holds("no_path: {from_state: house.OPEN, to_state: house.HELLO}")
        self.fails("no_path: {from_state: house.HELLO, to_state: house.OPEN}", "leads there")
        self.fails("no_path: {from_state: house.HELLO, to_state: house.GONE}", "is no state")
        self.holds("reaches: {states: [house.FINISH]}")
        self.fails("reaches: {states: [house.GONE]}", "no way leads to house.GONE")

    def test_monotonic(self):
        self.holds("monotonic: [read, write, messages]")
        self.fails("monotonic: [messages]", "after one of epoch 2", house=HOUSE.replace("again, epoch: 3", "again, epoch: 0"))
        self.fails("monotonic: [write]", "write keys go from epoch 0 to 3", house=HOUSE.replace("write: 2}", "write: 3}").replace("keys: {write: 3}}", "transcript: append}"))

    def test_only_in(self):
        self.holds("only_in: {event: {message: finished}, states: [house.FINISH]}")
        self.fails("only_in: {event: {message: hello}, states: [house.HELLO]}", "stands in `door.WAIT` too")
        self.fails("only_in: {event: {message: finished}, states: [house.FINISH, house.OPEN]}", "`house.OPEN` does not have it")
        self.holds("only_in: {application_data: both, states: [house.OPEN]}")
        self.fails("only_in: {application_data: both, states: [house.FINISH]}", "`house.OPEN` has")
        self.holds("only_in: {select: style, events: [immediate]}")
        self.fails("only_in: {timers: {handshake_deadline: stop}, events: [immediate]}", "stands at `message finished` too")
        self.holds("only_in: {send: answer, events: [immediate], from_states: [house.ANSWER]}")

    def test_every_edge(self):
        self.holds("every_edge: {event: {message: finished}, has: {ack: now, keys: {read: 3}, transcript: append, ends_record: true}}")
        self.fails("every_edge: {event: {message: any}, has: {transcript: append}}", "without `transcript: append`")
        self.holds("every_edge: {to_state: house.OPEN, has: {report: connected, drop_keys: {read: 2}}}")
        self.holds("every_edge: {keys: {read: 3}, events: [message finished]}")
        self.fails("every_edge: {keys: {read: 3}, events: [immediate]}", "not at one of")

    def test_ends_record_and_dropped_by(self):
        self.holds("ends_record: [finished]")
        self.fails("ends_record: [hello]", "takes `hello` without")
        self.holds("dropped_by: {state: house.OPEN, keys: {read: 2}}")
        self.fails("dropped_by: {state: house.OPEN, keys: {write: 2}}", "wiped neither in")

    def test_covered_by_timer(self):
        self.holds("covered_by_timer: [house]")
        self.fails("covered_by_timer: [house]", "no timed flight", house=HOUSE.replace("resend: timed", "resend: asked"))
        self.fails("covered_by_timer: [house]", "without a handshake deadline", house=HOUSE.replace("timers: {handshake_deadline: start}\n", "do: [agree]\n"))

    def test_last_flight(self):
        self.fails("last_flight: {state: house.OPEN, repeated_by: ack}", "no machine beside house.OPEN")
        self.fails("last_flight: {state: house.OPEN, repeated_by: resend}", "sends no flight")

    def test_epoch0_can_fail(self):
        self.holds("epoch0_can_fail: [house.HELLO]")
        self.fails("epoch0_can_fail: [house.OPEN]", "house.HELLO can be ended")
        self.fails("epoch0_can_fail: [house.HELLO, house.FINISH]", "house.FINISH is not ended")
        # A door keeps nothing that could be ended.
        self.fails("epoch0_can_fail: [door.WAIT, house.HELLO]", "door.WAIT is not ended")

    def test_unknown_kind(self):
        self.fails("every_wish: {}", "is no kind of property")


class Unasked(unittest.TestCase):
    def test_the_small_spec_is_sound(self):
        self.assertEqual(set(), unasked())

    def test_keys(self):
        self.assertIn("keys_to_seal", unasked(house=HOUSE.replace("keys: {read: 2, write: 2}", "keys: {read: 2}")))
        self.assertIn("keys_to_read", unasked(house=HOUSE.replace("keys: {read: 2, write: 2}", "keys: {write: 2}")))
        self.assertIn("keys_are_added", unasked(house=HOUSE.replace("        keys: {read: 3}", "        keys: {read: 2}")))
        self.assertIn("data_keys_write", unasked(house=HOUSE.replace(", keys: {write: 3}}", "}")))

    def test_application_data(self):
        self.assertIn("data_connected", unasked(house=HOUSE.replace("        report: connected\n", "")))
        self.assertIn("data_deadline", unasked(house=HOUSE.replace("        timers: {handshake_deadline: stop}\n", "")))

    def test_functions_take_the_message_in_hand(self):
        functions = FUNCTIONS.replace("fits: {takes: none", "fits: {takes: Hello")
        files = {"spec/machines/door.yaml": LISTEN, "spec/machines/house.yaml": HOUSE, "spec/functions.yaml": functions}
        spec = build.build({name: load.read_text(name, text.encode()) for name, text in files.items()}, "spec")
        self.assertIn("function_takes", {p.message.split(":")[0] for p in prove.violations(spec, ())})

    def test_ways(self):
        self.assertIn("never_ends", unasked(house=HOUSE.replace("goto: OPEN", "goto: FINISH")))
        self.assertIn("unreachable", unasked(house=HOUSE.replace("goto: OPEN", "goto: FINISH")))
        self.assertIn("hand_over", unasked(house=HOUSE.replace("{message: hello, epoch: 0}", "{message: other, epoch: 0}")))
        self.assertIn("transcript_ends", unasked(house=HOUSE.replace("transcript: none\n        goto: same", "transcript: append\n        goto: same")))
        self.assertIn("start", unasked(start="[house.NOWHERE]"))


class Search(unittest.TestCase):
    def test_a_fixed_classifier_answers_once(self):
        graph = search.Graph(REAL, ["dtls12_server.START"])
        for config in graph.places["dtls12_server.CONNECTED"]:
            asked = dict(config.fixed)["ask_client"] == ("asked",)
            self.assertEqual(asked, "certificate_request" in config.transcript)

    def test_updates_do_not_count_without_end(self):
        house = HOUSE.replace("transcript: none\n        goto: same", "ends_record: true\n        transcript: none\n        keys: {read: next}\n        goto: same").replace("epoch: 3}", "epoch: current}")
        self.assertLess(len(search.Graph(small(house=house), ["door.WAIT"]).configs), 30)

    def test_the_same_every_time(self):
        broken = small(house=HOUSE.replace("keys: {write: 3}", "keys: {write: 2}"))
        self.assertTrue(prove.violations(broken, ()))
        self.assertEqual(prove.violations(broken, ()), prove.violations(broken, ()))


class RealSpecs(unittest.TestCase):
    def test_all_holds(self):
        self.assertEqual([], prove.violations(REAL, ()))

    def test_the_command(self):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(0, prove.run(types.SimpleNamespace(deep=False), REAL))
        self.assertRegex(out.getvalue(), r"properties held: (\d+) of \1; violations: 0\n")


class Network(unittest.TestCase):
    def play(self, mode, bounds=product.Bounds(1, 0, 0)):
        pair = product.roles(REAL, "dtls13" if mode.get("plays13") else "dtls12")
        game = product.Game(REAL, pair, {**product.PLAIN, **mode}, bounds)
        return game, product.World(*(game.ends.number(game.player.begin(m)) for m in pair), 0, *bounds)

    def test_without_loss_every_mode_connects(self):
        for mode in [*product.MODES.values(), *product.MODES13.values(), *product.MODES_BOTH.values()]:
            game, world = self.play(mode, product.Bounds(0, 0, 0))
            for _ in range(100):
                after = game.moves(world)
                if not after:
                    break
                world = after[0][1]
            self.assertIsNone(game.stuck(world))
            self.assertTrue(all(game.player.is_connected(game.ends.values[n]) for n in (world.client, world.server)))

    def test_the_cookie_is_carried(self):
        game, world = self.play({"cookie": "always"})
        told = []
        for _ in range(4):
            (what, world), *_ = game.moves(world)
            told.append(product.in_words(what))
        self.assertEqual(["client: connect", "client_hello 0 to server", "hello_verify_request 0 to client", "client_hello 1 with cookie to server"], told)

    def test_both_retries_are_played(self):
        game, world = self.play(product.MODES13["1.3, cookie and another group"])
        told = []
        for _ in range(5):
            (what, world), *_ = game.moves(world)
            told.append(product.in_words(what))
        self.assertEqual(["client: connect", "client_hello 0 to server", "hello_retry_request 0 with cookie to client",
                          "client_hello 1 with cookie to server", "server_hello 1 to client"], told)
        client, server = (game.ends.values[n] for n in (world.client, world.server))
        self.assertEqual(("dtls13_client", "dtls13_server"), (client.machine, server.machine))
        self.assertEqual({2}, set(client.reads))

    def test_a_client_of_both_goes_on_in_1_2(self):
        game, world = self.play(product.MODES_BOTH["client of both, server of 1.2"])
        for _ in range(3):
            (_, world), *_ = game.moves(world)
        self.assertEqual("dtls12_client", game.ends.values[world.client].machine)

    def test_keys_are_renewed(self):
        game, world = self.play(product.MODES13["1.3, both renew their keys"], product.Bounds(0, 0, 0))
        seen, queue = {world}, [world]
        for here in queue:
            for _, after in game.moves(here):
                if after not in seen:
                    seen.add(after)
                    queue.append(after)
        newest = [tuple(game.ends.values[n].read for n in (w.client, w.server)) for w in queue if not game.moves(w)]
        self.assertTrue(newest and all(min(pair) >= 4 for pair in newest), newest)

    def test_a_violation_is_a_script(self):
        text = (ROOT / "spec/machines/dtls12_server.yaml").read_text(encoding="utf-8")
        tree = load.read_tree(ROOT / "spec")
        name = "spec/machines/dtls12_server.yaml"
        tree[name] = load.read_text(name, text.replace("resend: asked", "resend: never").encode())
        found = [p.message for p in product.problems(build.build(tree, "spec"), product.TINY)]
        self.assertTrue(found and all(m.startswith("both_connect: ") for m in found), found)
        self.assertIn("to client is lost; client: timer resend; ", found[0])

    def test_a_spec_without_a_pair_is_left_alone(self):
        self.assertEqual([], product.problems(small()))


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
