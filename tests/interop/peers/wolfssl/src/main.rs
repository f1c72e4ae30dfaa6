//! The peer on wolfSSL.

use std::ffi::{c_int, c_void, CStr, CString};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use peer_common::{refuse, run, Asks, Facts, Options, Outcome, Peer, LARGEST};
use wolfssl_sys as ffi;

const DONE: c_int = 1;
const WANT_READ: c_int = 2;
const WANT_WRITE: c_int = 3;
const CLOSED: c_int = 6;
const PEM: c_int = 1;
const HOST_NAME: u8 = 0;

struct Wolfssl {
    ctx: *mut ffi::WOLFSSL_CTX,
    ssl: *mut ffi::WOLFSSL,
    socket: UdpSocket,
    mtu: usize,
    /// wolfSSL has no clock: we say when nothing came for too long.
    first_wait: Duration,
    wait: Duration,
    deadline: Instant,
}

const SUITES: [(u16, &str); 6] = [
    (0x1301, "TLS13-AES128-GCM-SHA256"),
    (0x1302, "TLS13-AES256-GCM-SHA384"),
    (0x1303, "TLS13-CHACHA20-POLY1305-SHA256"),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
];

const PROFILES: [(u16, &str); 3] =
    [(1, "SRTP_AES128_CM_SHA1_80"), (7, "SRTP_AEAD_AES_128_GCM"), (8, "SRTP_AEAD_AES_256_GCM")];

const GROUPS: [(u16, &str); 3] = [(0x1d, "X25519"), (0x17, "SECP256R1"), (0x18, "SECP384R1")];

fn must(result: c_int, wanted: c_int, what: &str, value: &str) {
    if result != wanted {
        refuse(&format!("wolfSSL does not take {what}"), &format!("{value}: {}", words_of(result)));
    }
}

fn words_of(error: c_int) -> String {
    let mut room = [0; 128];
    // SAFETY: it writes no more than 80 bytes.
    unsafe {
        ffi::wolfSSL_ERR_error_string(error as std::ffi::c_ulong, room.as_mut_ptr());
        format!("{} ({error})", CStr::from_ptr(room.as_ptr()).to_string_lossy())
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("a string without NUL")
}

/// The names of the listed numbers, as a list of wolfSSL's.
fn names(numbers: &[u16], known: &[(u16, &str)]) -> String {
    let find = |number: &u16| known.iter().find(|(id, _)| id == number).map(|(_, name)| *name);
    numbers.iter().filter_map(find).collect::<Vec<_>>().join(":")
}

/// Certificates sign themselves; the driver compares fingerprints.
unsafe extern "C" fn accept(_: c_int, _: *mut ffi::WOLFSSL_X509_STORE_CTX) -> c_int {
    1
}

/// A server's connection is not to be had of a context without a certificate.
unsafe fn context_of(o: &Options) -> *mut ffi::WOLFSSL_CTX {
    ffi::wolfSSL_Init();
    let ctx = ffi::wolfSSL_CTX_new(match (o.is_server, o.speaks(0xfefd), o.speaks(0xfefc)) {
        (true, true, true) => ffi::wolfDTLS_server_method(),
        (true, true, false) => ffi::wolfDTLSv1_2_server_method(),
        (true, _, _) => ffi::wolfDTLSv1_3_server_method(),
        (false, true, true) => ffi::wolfDTLS_client_method(),
        (false, true, false) => ffi::wolfDTLSv1_2_client_method(),
        (false, _, _) => ffi::wolfDTLSv1_3_client_method(),
    });
    if let (Some(cert), Some(key)) = (&o.cert, &o.key) {
        must(ffi::wolfSSL_CTX_use_certificate_chain_file(ctx, c_string(cert).as_ptr()), DONE, "the certificate", cert);
        must(ffi::wolfSSL_CTX_use_PrivateKey_file(ctx, c_string(key).as_ptr(), PEM), DONE, "the key", key);
    }
    ctx
}

unsafe fn configure(ssl: *mut ffi::WOLFSSL, o: &Options) {
    if o.speaks(0xfefd) && o.speaks(0xfefc) {
        must(ffi::wolfSSL_SetMinVersion(ssl, ffi::WOLFSSL_DTLSV1_2 as c_int), DONE, "the version", "");
    }
    let suites = names(&[o.suite, o.other_suite], &SUITES);
    must(ffi::wolfSSL_set_cipher_list(ssl, c_string(&suites).as_ptr()), DONE, "the suite", &suites);
    let mut groups: Vec<c_int> = o.groups.iter().map(|group| c_int::from(*group)).collect();
    must(ffi::wolfSSL_set_groups(ssl, groups.as_mut_ptr(), groups.len() as c_int), DONE, "the groups", "");
    if !o.profiles.is_empty() {
        let list = names(&o.profiles, &PROFILES);
        must(ffi::wolfSSL_set_tlsext_use_srtp(ssl, c_string(&list).as_ptr()), 0, "the profiles", &list);
    }
    let asks = match o.asks {
        Asks::Required => ffi::WOLFSSL_VERIFY_PEER | ffi::WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        Asks::Optional => ffi::WOLFSSL_VERIFY_PEER,
        Asks::Off if o.is_server => ffi::WOLFSSL_VERIFY_NONE,
        Asks::Off => ffi::WOLFSSL_VERIFY_PEER,
    };
    ffi::wolfSSL_set_verify(ssl, asks as c_int, Some(accept));
    must(ffi::wolfSSL_dtls_set_mtu(ssl, o.mtu as u16), DONE, "the MTU", "");
    ffi::wolfSSL_KeepArrays(ssl); // or the exporter has nothing to work on
}

unsafe fn configure_client(ssl: *mut ffi::WOLFSSL, o: &Options) {
    if o.speaks(0xfefc) {
        must(ffi::wolfSSL_UseKeyShare(ssl, o.groups[0]), DONE, "the key share", "");
    }
    if let Some(name) = &o.name {
        let len = name.len() as u16;
        must(ffi::wolfSSL_UseSNI(ssl, HOST_NAME, name.as_ptr().cast::<c_void>(), len), DONE, "the name", name);
    }
}

unsafe fn configure_server(ssl: *mut ffi::WOLFSSL, o: &Options) {
    if !o.speaks(0xfefc) {
        return;
    }
    // Or it takes no second datagram of a ClientHello (without a cookie before it, RFC 9147 section 5.1).
    must(ffi::wolfSSL_dtls13_allow_ch_frag(ssl, 1), DONE, "fragments of a ClientHello", "");
    if o.cookie {
        must(ffi::wolfSSL_send_hrr_cookie(ssl, null(), 0), DONE, "cookies", "");
    } else {
        must(ffi::wolfSSL_disable_hrr_cookie(ssl), DONE, "no cookies", "");
    }
}

impl Wolfssl {
    fn outcome<T>(&mut self, result: c_int, done: impl FnOnce(&mut Wolfssl) -> T) -> Outcome<T> {
        if result > 0 {
            return Outcome::Done(done(self));
        }
        // SAFETY: the connection is there.
        match unsafe { ffi::wolfSSL_get_error(self.ssl, result) } {
            WANT_READ | WANT_WRITE => Outcome::Pause,
            CLOSED => Outcome::Closed,
            error => Outcome::Failed(words_of(error)),
        }
    }

    /// Whatever comes makes the wait short again; nothing for as long makes it double.
    fn serve_timers(&mut self) -> Result<(), String> {
        if self.socket.peek(&mut [0; 1]).is_ok() {
            self.wait = self.first_wait;
        } else if Instant::now() < self.deadline {
            return Ok(());
        } else {
            self.wait *= 2;
            // SAFETY: the connection is there.
            let result = unsafe { ffi::wolfSSL_dtls_got_timeout(self.ssl) };
            // SAFETY: as above.
            let error = unsafe { ffi::wolfSSL_get_error(self.ssl, result) };
            if result != DONE && error != WANT_READ && error != WANT_WRITE {
                return Err(format!("the timer: {}", words_of(error)));
            }
        }
        self.deadline = Instant::now() + self.wait;
        Ok(())
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        // SAFETY: the DER lives as long as the certificate, which is freed after it was copied.
        unsafe {
            let certificate = ffi::wolfSSL_get_peer_certificate(self.ssl);
            if certificate.is_null() {
                return None;
            }
            let mut len = 0;
            let der = ffi::wolfSSL_X509_get_der(certificate, &mut len);
            let copy = (!der.is_null()).then(|| std::slice::from_raw_parts(der, len as usize).to_vec());
            ffi::wolfSSL_X509_free(certificate);
            copy
        }
    }

    fn facts(&mut self) -> Facts {
        // SAFETY: the connection is there.
        unsafe {
            let profile = ffi::wolfSSL_get_selected_srtp_profile(self.ssl);
            let group = ffi::wolfSSL_get_curve_name(self.ssl);
            let named = |name: &CStr| GROUPS.iter().find(|(_, known)| Ok(*known) == name.to_str());
            Facts {
                version: ffi::wolfSSL_version(self.ssl) as u16,
                suite: ffi::wolfSSL_get_current_cipher_suite(self.ssl) as u16,
                group: if group.is_null() { 0 } else { named(CStr::from_ptr(group)).map_or(0, |(id, _)| *id) },
                profile: if profile.is_null() { 0 } else { (*profile).id as u16 },
                certificate: self.certificate(),
            }
        }
    }
}

impl Peer for Wolfssl {
    const NAME: &'static str = "wolfssl_peer";

    fn begin(o: &Options, socket: UdpSocket) -> Wolfssl {
        // SAFETY: everything is made here and freed in drop.
        unsafe {
            let ctx = context_of(o);
            let ssl = ffi::wolfSSL_new(ctx);
            if ssl.is_null() {
                refuse("wolfSSL makes", "no connection");
            }
            configure(ssl, o);
            if o.is_server {
                configure_server(ssl, o);
            } else {
                configure_client(ssl, o);
            }
            must(ffi::wolfSSL_set_dtls_fd_connected(ssl, socket.as_raw_fd()), DONE, "the socket", "");
            ffi::wolfSSL_dtls_set_using_nonblock(ssl, 1);
            let wait = Duration::from_millis(o.resend);
            Wolfssl { ctx, ssl, socket, mtu: o.mtu, first_wait: wait, wait, deadline: Instant::now() + wait }
        }
    }

    fn shake_hands(&mut self) -> Outcome<Facts> {
        if let Err(why) = self.serve_timers() {
            return Outcome::Failed(why);
        }
        // SAFETY: the connection is there.
        let result = unsafe { ffi::wolfSSL_negotiate(self.ssl) };
        self.outcome(result, Wolfssl::facts)
    }

    fn read(&mut self) -> Outcome<Vec<u8>> {
        // SAFETY: the connection is there.
        if unsafe { ffi::wolfSSL_dtls13_has_pending_msg(self.ssl) } == 1 {
            if let Err(why) = self.serve_timers() {
                return Outcome::Failed(why);
            }
        }
        let mut data = vec![0; LARGEST];
        // SAFETY: as many bytes as there are.
        let len = unsafe { ffi::wolfSSL_read(self.ssl, data.as_mut_ptr().cast(), LARGEST as c_int) };
        self.outcome(len, |_| {
            data.truncate(len as usize);
            data
        })
    }

    fn write(&mut self, data: &[u8]) -> Result<(), String> {
        // SAFETY: as many bytes as there are.
        let len = unsafe { ffi::wolfSSL_write(self.ssl, data.as_ptr().cast(), data.len() as c_int) };
        if len == data.len() as c_int {
            return Ok(());
        }
        // SAFETY: the connection is there.
        Err(words_of(unsafe { ffi::wolfSSL_get_error(self.ssl, len) }))
    }

    fn close(&mut self) {
        // SAFETY: the connection is there.
        unsafe { ffi::wolfSSL_shutdown(self.ssl) };
    }

    fn export(&mut self, label: &str, len: usize) -> Option<Vec<u8>> {
        let mut out = vec![0; len];
        // SAFETY: lengths as they are.
        let done = unsafe {
            let label = (label.as_ptr().cast(), label.len());
            ffi::wolfSSL_export_keying_material(self.ssl, out.as_mut_ptr(), len, label.0, label.1, null_mut(), 0, 0)
        };
        (done == DONE).then_some(out)
    }

    fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
        // SAFETY: the connection is there.
        unsafe { ffi::wolfSSL_dtls_set_mtu(self.ssl, mtu.min(LARGEST) as u16) };
    }

    fn max_payload(&mut self) -> usize {
        // SAFETY: the connection is there.
        let overhead = if unsafe { ffi::wolfSSL_version(self.ssl) } == 0xfefc { 5 + 1 + 16 } else { 13 + 8 + 16 };
        (self.mtu - overhead).min(LARGEST)
    }

    fn update_keys(&mut self, ask: bool) -> Result<(), String> {
        if !ask {
            return Err("it always asks".into());
        }
        // SAFETY: the connection is there.
        let result = unsafe { ffi::wolfSSL_update_keys(self.ssl) };
        // SAFETY: as above.
        match unsafe { ffi::wolfSSL_get_error(self.ssl, result) } {
            _ if result == DONE => Ok(()),
            WANT_READ | WANT_WRITE => Ok(()),
            error => Err(words_of(error)),
        }
    }
}

impl Drop for Wolfssl {
    fn drop(&mut self) {
        // SAFETY: made in begin, and freed once.
        unsafe {
            ffi::wolfSSL_free(self.ssl);
            ffi::wolfSSL_CTX_free(self.ctx);
        }
    }
}

fn main() {
    run::<Wolfssl>()
}
