"""Runs of client and server with a tap between them, as captures with their key log."""

from captures import conversation
from command import OK, ToolCase

SUITES12 = ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")
SUITES13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SAID = b"what we say"


class Recorded(ToolCase):
    def run_of(self, server_words=(), client_words=(), stdin=SAID):
        """A mutually authenticated run with SRTP keys and an echo: the capture's path, the key log's."""
        cert, key, pin = self.pair("client", "--force")
        log, capture = self.room / "keys.log", self.room / "run.pcap"
        log.unlink(missing_ok=True)
        server = self.serve("--once", "--echo", "--srtp", "--fingerprint", pin, *server_words)
        tap = self.tap(server)
        done = self.call(tap, "--srtp", "--fingerprint", server.pin, "--cert", cert, "--key", key, "--keylog", log, *client_words,
                         stdin=stdin)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(done.stdout, stdin)
        self.assertEqual(server.wait(), OK, server.stderr)
        tap.stop()
        capture.write_bytes(conversation(tap.datagrams))
        return capture, log
