"""The harness itself: it leaves out no pair, finds a case by its name, and does see what is wrong."""

import os
import shutil
import socket
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import cases
import credentials
from pairwise import pairs_of, pairwise, product
from ports import Ports
from relay import Relay, Weather, damaged, records
from talk import Room, Talk, play

PROGRAMS = os.environ.get("FPL_INTEROP_PROGRAMS")


class Choice(unittest.TestCase):
    def test_every_pair_that_can_be(self):
        for peer in (*cases.PEERS12, *cases.PEERS13):
            for role in cases.ROLES:
                possible = cases.is_possible(peer, role)
                wanted = set().union(*(pairs_of(case) for case in product(cases.dimensions_of(peer), possible)))
                chosen = pairwise(cases.dimensions_of(peer), possible, 1)
                self.assertEqual(set().union(*map(pairs_of, chosen)), wanted)
                self.assertTrue(all(map(possible, chosen)))

    def test_every_value_with_each_peer_and_role(self):
        """Unless all cases with it are listed as impossible."""
        for peer in (*cases.PEERS12, *cases.PEERS13):
            for role in cases.ROLES:
                possible = product(cases.dimensions_of(peer), cases.is_possible(peer, role))
                can_be = {value for case in possible for value in case.items()}
                chosen = {(name, getattr(case, name)) for case in cases.pairs(peer, role, 1) for name, _ in can_be}
                self.assertLessEqual(can_be, chosen, (peer, role))

    def test_names_lead_back(self):
        for peer in cases.PEERS:
            for role in cases.ROLES:
                for case in [*cases.pairs(peer, role, 1), *cases.others(peer, role, 1), *cases.hybrid(peer, role)]:
                    self.assertEqual(cases.case_named(case.name), case)


@unittest.skipUnless(PROGRAMS, "FPL_INTEROP_PROGRAMS does not say where the programs are")
class Sight(unittest.TestCase):
    """A case whose two sides were set up differently must fail, with the right words."""

    NEW = cases.Case("nss", "client", "1.3", cookie="off")

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="fpl-interop-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.room = Room(Path(PROGRAMS), credentials.make(folder), Ports())

    def wrong(self, expected, case=cases.Case("libssl", "client"), **differently):
        talk = Talk(self.room, case)
        talk.case = replace(case, **differently)
        with self.assertRaisesRegex(Exception, expected):
            talk.run()

    def test_right(self):
        self.assertIsNone(play(self.room, cases.Case("libssl", "client"))[0])

    def test_suite(self):
        self.wrong("suite", suite="aes256")

    def test_group(self):
        self.wrong("group", group="p384")

    def test_server_certificate(self):
        self.wrong("the peer's certificate", server_cert="p384")

    def test_client_certificate(self):
        self.wrong("our certificate", client="p384")

    def test_cookie(self):
        self.wrong("HelloVerifyRequests", cookie="off")

    def test_mtu(self):
        self.wrong("a datagram of", mtu=500)

    def test_srtp(self):
        self.wrong("SRTP profile", srtp="aes128cm")

    def test_a_refusal_that_does_not_come(self):
        self.wrong("there is a connection", refuse="suite")

    def test_version(self):
        self.wrong("version", version="1.3")

    def test_suite_of_dtls13(self):
        self.wrong("suite", self.NEW, suite="aes256")

    def test_retry(self):
        self.wrong("HelloRetryRequests", self.NEW, retry="group")

    def test_cookie_of_dtls13(self):
        self.wrong("HelloRetryRequests", self.NEW, cookie="on")

    def test_mtu_of_dtls13(self):
        talk = Talk(self.room, self.NEW)
        talk.theirs.least_mtu = 0
        talk.case = replace(self.NEW, mtu=500)
        with self.assertRaisesRegex(Exception, "a datagram of"):
            talk.run()

    def test_keys_that_stay_the_same(self):
        talk = Talk(self.room, self.NEW)
        talk.case = replace(self.NEW, update="ours")
        talk.ours.update = lambda ask: None
        with self.assertRaisesRegex(Exception, "no new keys"):
            talk.run()

    def test_an_update_that_nobody_asked_for(self):
        talk = Talk(self.room, self.NEW)
        talk.case = replace(self.NEW, update="peer-alone")
        ask = talk.theirs.update
        talk.theirs.update = lambda _: ask(True)
        with self.assertRaisesRegex(Exception, "nobody asked"):
            talk.run()

    def test_a_version_that_is_found_after_all(self):
        case = cases.Case("ours", "client", "none", we="both", they="both", refuse="version")
        with self.assertRaisesRegex(Exception, "there is a connection"):
            Talk(self.room, case).run()

    def test_keys(self):
        talk = Talk(self.room, cases.Case("libssl", "client"))
        talk.theirs.export = lambda: "00" * 32
        with self.assertRaisesRegex(Exception, "keying material"):
            talk.run()

    def test_keys_that_are_not_told(self):
        """No case passes because a side keeps its keys to itself, and none of SRTP does without comparing them."""
        talk = Talk(self.room, cases.Case("libssl", "client"))
        tell = talk.theirs.tell
        talk.theirs.tell = lambda word, *rest: tell(word, *(("EXTRACTOR-" + "x" * 300, 100000) if word == "export" else rest))
        with self.assertRaisesRegex(Exception, "refused to export"):
            talk.run()
        talk = Talk(self.room, cases.Case("libssl", "client", srtp="aes128cm"))
        talk.theirs.tells_keys = False
        with self.assertRaisesRegex(Exception, "nothing to compare"):
            talk.run()

    def ends_badly(self, **case):
        """A sanitizer's report is known by the status that our side ends with, however well the case went."""
        program = Path(tempfile.mkdtemp(prefix="fpl-interop-")) / "fpl_peer"
        self.addCleanup(shutil.rmtree, program.parent)
        program.write_text(f'#!/bin/sh\n"{self.room.programs / "fpl_peer"}" "$@"\nexit 9\n')
        program.chmod(0o755)
        talk = Talk(self.room, cases.Case("libssl", **case))
        talk.ours.program = program
        with self.assertRaisesRegex(Exception, "flightplan ended with status 9"):
            talk.run()

    def test_our_bad_end(self):
        self.ends_badly(role="client")

    def test_our_bad_end_after_a_refusal(self):
        self.ends_badly(role="client", client="off", refuse="suite")
        self.ends_badly(role="server", client="off", refuse="suite")

    def test_nothing_is_left_running(self):
        talk = Talk(self.room, cases.Case("libssl", "client"))
        talk.check_keys = lambda: 1 / 0
        with self.assertRaises(ZeroDivisionError):
            talk.run()
        self.assertIsNotNone(talk.ours.process.child.poll())
        self.assertIsNotNone(talk.theirs.process.child.poll())


class Damaged(unittest.TestCase):
    """What a damaged datagram of the relay still has, and what not."""

    CLEAR = bytes.fromhex("16fefd0000 000000000001 0003") + b"abc"
    SEALED = bytes.fromhex("2e 0001 0004") + b"0123", bytes.fromhex("17fefd0001 000000000001 0003") + b"abc"

    def test_records(self):
        datagram = self.CLEAR + self.SEALED[0] + self.SEALED[1] + bytes.fromhex("22 01") + b"to the end"
        ends = [(start, end, protected) for start, end, protected in records(datagram)]
        self.assertEqual(ends, [(0, 16, False), (16, 25, True), (25, 41, True), (41, 53, True)])

    def test_one_octet(self):
        for datagram in (self.CLEAR, *self.SEALED, self.CLEAR + self.SEALED[0]):
            for n in range(100):
                spoilt = damaged(datagram, n / 100, 1 + n)
                differ = [at for at in range(len(datagram)) if datagram[at] != spoilt[at]]
                self.assertEqual((len(spoilt), len(differ)), (len(datagram), 1))
                self.assertTrue(differ == [11] or datagram is not self.CLEAR)

    def test_it_happens(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            target.bind(("127.0.0.1", 0))
            target.settimeout(10)
            relay = Relay(target.getsockname()[1], Weather(damage=100), "seed")
            self.addCleanup(relay.end)
            for sealed in self.SEALED:
                sender.sendto(sealed, ("127.0.0.1", relay.port))
                self.assertNotEqual(target.recv(100), sealed)
            self.assertEqual(relay.spoilt, 2)


class Seed(unittest.TestCase):
    def test_a_seed_has_the_same_fate(self):
        fates = []
        for _ in range(2):
            relay = Relay(9, Weather(lose=30), "seed")
            fates.append([relay.fates[relay.front].randrange(100) for _ in range(50)])
            relay.end()
        self.assertEqual(*fates)
