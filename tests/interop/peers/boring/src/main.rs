//! The peer on BoringSSL's libssl. Its server asks for no cookie, in either version.

use std::ffi::{c_int, c_uint, CStr, CString};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};

use boring_sys as ffi;
use peer_common::{refuse, run, Asks, Facts, Options, Outcome, Peer, LARGEST};

struct Boring {
    ctx: *mut ffi::SSL_CTX,
    ssl: *mut ffi::SSL,
    _socket: UdpSocket, // libssl has its number
    mtu: usize,
}

fn must(result: c_int, what: &str, value: &str) {
    if result != 1 {
        refuse(&format!("BoringSSL does not take {what}"), &format!("{value}: {}", last_error()));
    }
}

fn last_error() -> String {
    // SAFETY: the queue's strings live as long as the program.
    unsafe {
        let error = ffi::ERR_get_error();
        let reason = ffi::ERR_reason_error_string(error);
        let why = if reason.is_null() { "no reason given".into() } else { CStr::from_ptr(reason).to_string_lossy() };
        ffi::ERR_clear_error();
        why.into_owned()
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("a string without NUL")
}

/// Certificates sign themselves; the driver compares fingerprints.
unsafe extern "C" fn accept(_: *mut ffi::SSL, _: *mut u8) -> ffi::ssl_verify_result_t {
    ffi::ssl_verify_result_t::ssl_verify_ok
}

const SUITES: [(u16, &str); 3] = [
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
];

const PROFILES: [(u16, &str); 3] =
    [(1, "SRTP_AES128_CM_SHA1_80"), (7, "SRTP_AEAD_AES_128_GCM"), (8, "SRTP_AEAD_AES_256_GCM")];

/// The names of the listed numbers, as a list of libssl's.
fn names(numbers: &[u16], known: &[(u16, &str)]) -> String {
    let find = |number: &u16| known.iter().find(|(id, _)| id == number).map(|(_, name)| *name);
    numbers.iter().filter_map(find).collect::<Vec<_>>().join(":")
}

/// What of a configuration is the same for both roles. Suites of DTLS 1.3 can not be chosen in BoringSSL.
unsafe fn configure(ssl: *mut ffi::SSL, o: &Options) {
    let newest = if o.speaks(0xfefc) { 0xfefc } else { 0xfefd };
    let oldest = if o.speaks(0xfefd) { 0xfefd } else { 0xfefc };
    must(ffi::SSL_set_min_proto_version(ssl, oldest), "the version", "");
    must(ffi::SSL_set_max_proto_version(ssl, newest), "the version", "");
    let old = names(&[o.suite, o.other_suite], &SUITES);
    if !old.is_empty() {
        must(ffi::SSL_set_strict_cipher_list(ssl, c_string(&old).as_ptr()), "the suite", &old);
    }
    must(ffi::SSL_set1_group_ids(ssl, o.groups.as_ptr(), o.groups.len()), "the groups", "");
    must(ffi::SSL_set_mtu(ssl, o.mtu as c_uint), "the MTU", "");
    if !o.profiles.is_empty() {
        let list = names(&o.profiles, &PROFILES);
        must(ffi::SSL_set_srtp_profiles(ssl, c_string(&list).as_ptr()), "the profiles", &list);
    }
    if let (Some(cert), Some(key)) = (&o.cert, &o.key) {
        let pem = ffi::SSL_FILETYPE_PEM as c_int;
        must(ffi::SSL_use_certificate_file(ssl, c_string(cert).as_ptr(), pem), "the certificate", cert);
        must(ffi::SSL_use_PrivateKey_file(ssl, c_string(key).as_ptr(), pem), "the key", key);
    }
    ffi::DTLSv1_set_initial_timeout_duration(ssl, o.resend as c_uint);
}

impl Boring {
    fn outcome<T>(&mut self, result: c_int, done: impl FnOnce(&mut Boring) -> T) -> Outcome<T> {
        // SAFETY: the connection is there, and this thread made the last call of it.
        match unsafe { ffi::SSL_get_error(self.ssl, result) } {
            ffi::SSL_ERROR_NONE => Outcome::Done(done(self)),
            ffi::SSL_ERROR_WANT_READ | ffi::SSL_ERROR_WANT_WRITE => Outcome::Pause,
            ffi::SSL_ERROR_ZERO_RETURN => Outcome::Closed,
            // Nobody at the other end is for the timers to find out.
            ffi::SSL_ERROR_SYSCALL => Outcome::Pause,
            _ => Outcome::Failed(last_error()),
        }
    }

    fn serve_timers(&mut self) -> Result<(), String> {
        // SAFETY: as above.
        match unsafe { ffi::DTLSv1_handle_timeout(self.ssl) } {
            result if result < 0 => Err(format!("the timer: {}", last_error())),
            _ => Ok(()),
        }
    }

    fn certificate(&self) -> Option<Vec<u8>> {
        // SAFETY: the certificate counts its owners, and the array is freed as it was made.
        unsafe {
            let certificate = ffi::SSL_get_peer_certificate(self.ssl);
            if certificate.is_null() {
                return None;
            }
            let mut der = null_mut();
            let len = ffi::i2d_X509(certificate, &mut der);
            let copy = std::slice::from_raw_parts(der, len as usize).to_vec();
            ffi::OPENSSL_free(der.cast());
            ffi::X509_free(certificate);
            Some(copy)
        }
    }

    fn facts(&mut self) -> Facts {
        // SAFETY: the connection is there.
        unsafe {
            let profile = ffi::SSL_get_selected_srtp_profile(self.ssl);
            Facts {
                version: ffi::SSL_version(self.ssl) as u16,
                suite: ffi::SSL_CIPHER_get_protocol_id(ffi::SSL_get_current_cipher(self.ssl)),
                group: ffi::SSL_get_group_id(self.ssl),
                profile: if profile.is_null() { 0 } else { (*profile).id as u16 },
                certificate: self.certificate(),
            }
        }
    }
}

impl Peer for Boring {
    const NAME: &'static str = "boring_peer";

    fn begin(o: &Options, socket: UdpSocket) -> Boring {
        // SAFETY: everything is made here and freed in drop.
        unsafe {
            let ctx = ffi::SSL_CTX_new(ffi::DTLS_method());
            let ssl = ffi::SSL_new(ctx);
            configure(ssl, o);
            let asks = match o.asks {
                Asks::Required => ffi::SSL_VERIFY_PEER | ffi::SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                Asks::Optional => ffi::SSL_VERIFY_PEER,
                Asks::Off if o.is_server => ffi::SSL_VERIFY_NONE,
                Asks::Off => ffi::SSL_VERIFY_PEER,
            };
            ffi::SSL_set_custom_verify(ssl, asks as c_int, Some(accept));
            if let Some(name) = &o.name {
                must(ffi::SSL_set_tlsext_host_name(ssl, c_string(name).as_ptr()), "the name", name);
            }
            must(ffi::SSL_set_fd(ssl, socket.as_raw_fd()), "the socket", "");
            if o.is_server {
                ffi::SSL_set_accept_state(ssl);
            } else {
                ffi::SSL_set_connect_state(ssl);
            }
            Boring { ctx, ssl, _socket: socket, mtu: o.mtu }
        }
    }

    fn shake_hands(&mut self) -> Outcome<Facts> {
        if let Err(why) = self.serve_timers() {
            return Outcome::Failed(why);
        }
        // SAFETY: the connection is there.
        let result = unsafe { ffi::SSL_do_handshake(self.ssl) };
        self.outcome(result, Boring::facts)
    }

    fn read(&mut self) -> Outcome<Vec<u8>> {
        if let Err(why) = self.serve_timers() {
            return Outcome::Failed(why);
        }
        let mut data = vec![0; LARGEST];
        // SAFETY: as many bytes as there are.
        let len = unsafe { ffi::SSL_read(self.ssl, data.as_mut_ptr().cast(), LARGEST as c_int) };
        self.outcome(len, |_| {
            data.truncate(len as usize);
            data
        })
    }

    fn write(&mut self, data: &[u8]) -> Result<(), String> {
        // SAFETY: as many bytes as there are.
        match unsafe { ffi::SSL_write(self.ssl, data.as_ptr().cast(), data.len() as c_int) } {
            len if len == data.len() as c_int => Ok(()),
            _ => Err(last_error()),
        }
    }

    fn close(&mut self) {
        // SAFETY: the connection is there.
        unsafe { ffi::SSL_shutdown(self.ssl) };
    }

    fn export(&mut self, label: &str, len: usize) -> Option<Vec<u8>> {
        let mut out = vec![0; len];
        // SAFETY: lengths as they are.
        let done = unsafe {
            ffi::SSL_export_keying_material(
                self.ssl,
                out.as_mut_ptr(),
                len,
                label.as_ptr().cast(),
                label.len(),
                null(),
                0,
                0,
            )
        };
        (done == 1).then_some(out)
    }

    fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
        // SAFETY: the connection is there.
        unsafe { ffi::SSL_set_mtu(self.ssl, mtu as c_uint) };
    }

    fn max_payload(&mut self) -> usize {
        // SAFETY: the connection is there.
        let overhead = if unsafe { ffi::SSL_version(self.ssl) } == 0xfefc { 5 + 1 + 16 } else { 13 + 8 + 16 };
        (self.mtu - overhead).min(LARGEST)
    }

    fn update_keys(&mut self, ask: bool) -> Result<(), String> {
        let kind = if ask { ffi::SSL_KEY_UPDATE_REQUESTED } else { ffi::SSL_KEY_UPDATE_NOT_REQUESTED };
        // SAFETY: the connection is there; writing nothing sends what is queued.
        let sent = unsafe { ffi::SSL_key_update(self.ssl, kind) == 1 && ffi::SSL_write(self.ssl, null(), 0) >= 0 };
        if sent {
            Ok(())
        } else {
            Err(last_error())
        }
    }
}

impl Drop for Boring {
    fn drop(&mut self) {
        // SAFETY: made in begin, and freed once.
        unsafe {
            ffi::SSL_free(self.ssl);
            ffi::SSL_CTX_free(self.ctx);
        }
    }
}

fn main() {
    run::<Boring>()
}
