//! The peer on dimpl. It has no exporter but the one for SRTP, no way to ask for a KeyUpdate (it makes one when a
//! key has sealed `limit` records), and says neither suite nor group.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::crypto::{rust_crypto, CryptoProvider, Dtls12CipherSuite, Dtls13CipherSuite, NamedGroup, SupportedKxGroup};
use dimpl::{Config, Dtls, DtlsCertificate, Output, ProtocolVersion, SrtpProfile};
use peer_common::{receive, refuse, run, Asks, Facts, Options, Outcome, Peer, LARGEST};

/// Header of a record, its content type and its tag, in DTLS 1.3.
const OVERHEAD: usize = 5 + 1 + 16;

#[derive(Default)]
struct News {
    connected: bool,
    closed: bool,
    certificate: Option<Vec<u8>>,
    profile: u16,
    keys: Option<Vec<u8>>,
    data: std::collections::VecDeque<Vec<u8>>,
}

struct Dimpl {
    dtls: Dtls,
    socket: UdpSocket,
    mtu: usize,
    news: News,
}

/// The provider's groups, those wanted and in their order: dimpl itself would keep the provider's.
fn provider_with(groups: &[u16]) -> CryptoProvider {
    let mut provider = rust_crypto::default_provider();
    let find = |group: &u16| provider.kx_groups.iter().copied().find(|known| known.name().as_u16() == *group);
    let found: Vec<&'static dyn SupportedKxGroup> = groups.iter().filter_map(find).collect();
    provider.kx_groups = Box::leak(found.into_boxed_slice());
    provider
}

/// The body of a PEM file's first block.
fn der(path: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| refuse("cannot read", path));
    let body = text.lines().skip(1).take_while(|line| !line.starts_with('-')).flat_map(str::bytes);
    let digit = |byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut out, mut bits, mut have) = (vec![], 0u32, 0);
    for byte in body.filter(|byte| *byte != b'=') {
        bits = bits << 6 | u32::from(digit(byte));
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
        }
    }
    out
}

fn config_of(o: &Options) -> Config {
    let groups: Vec<NamedGroup> = o.groups.iter().map(|group| NamedGroup::from_u16(*group)).collect();
    let suites = [o.suite, o.other_suite];
    let old: Vec<Dtls12CipherSuite> =
        suites.iter().filter(|suite| **suite > 0x1fff).map(|suite| Dtls12CipherSuite::from_u16(*suite)).collect();
    let new: Vec<Dtls13CipherSuite> =
        suites.iter().filter(|suite| **suite >> 8 == 0x13).map(|suite| Dtls13CipherSuite::from_u16(*suite)).collect();
    let mut builder = Config::builder()
        .with_crypto_provider(provider_with(&o.groups))
        .mtu(o.mtu)
        .kx_groups(&groups)
        .dtls12_cipher_suites(&old)
        .dtls13_cipher_suites(&new)
        .use_server_cookie(o.cookie)
        .require_client_certificate(o.asks != Asks::Off)
        .flight_start_rto(Duration::from_millis(o.resend))
        .flight_retries(8)
        .max_queue_rx(100)
        .max_queue_tx(100);
    if o.limit != 0 {
        builder = builder.aead_encryption_limit(o.limit);
    }
    builder.build().unwrap_or_else(|error| refuse("not to be had:", &error.to_string()))
}

impl Dimpl {
    /// Hands on what there is to send and to know.
    fn poll(&mut self) -> Result<(), String> {
        let mut room = vec![0; 4 * LARGEST];
        loop {
            match self.dtls.poll_output(&mut room) {
                Output::Packet(datagram) => drop(self.socket.send(datagram)),
                Output::BufferTooSmall { needed } => room.resize(needed, 0),
                Output::Timeout(_) => return Ok(()),
                Output::Connected => self.news.connected = true,
                Output::PeerCert(der) => self.news.certificate = Some(der.to_vec()),
                Output::KeyingMaterial(keys, profile) => {
                    self.news.keys = Some(keys.to_vec());
                    self.news.profile = match profile {
                        SrtpProfile::AES128_CM_SHA1_80 => 1,
                        SrtpProfile::AEAD_AES_128_GCM => 7,
                        SrtpProfile::AEAD_AES_256_GCM => 8,
                        _ => 0xffff,
                    };
                }
                Output::ApplicationData(data) => self.news.data.push_back(data.to_vec()),
                Output::CloseNotify => self.news.closed = true,
                _ => return Err("an output that is not known".into()),
            }
        }
    }

    /// Takes what has come, the time included.
    fn go_on(&mut self) -> Result<(), String> {
        let mut room = [0; 65536];
        let words = |error: dimpl::Error| error.to_string();
        while let Some(datagram) = receive(&self.socket, &mut room) {
            let taken = self.dtls.handle_packet(datagram).map_err(words);
            self.poll()?;
            taken?;
        }
        self.dtls.handle_timeout(Instant::now()).map_err(words)?;
        self.poll()
    }
}

impl Peer for Dimpl {
    const NAME: &'static str = "dimpl_peer";

    fn begin(o: &Options, socket: UdpSocket) -> Dimpl {
        let (Some(cert), Some(key)) = (&o.cert, &o.key) else { refuse("not without", "cert and key") };
        let credential = DtlsCertificate { certificate: der(cert), private_key: der(key) };
        let (config, now) = (Arc::new(config_of(o)), Instant::now());
        let mut dtls = match (o.speaks(0xfefd), o.speaks(0xfefc)) {
            (true, true) => Dtls::new_auto(config, credential, now),
            (true, false) => Dtls::new_12(config, credential, now),
            _ => Dtls::new_13(config, credential, now),
        };
        dtls.set_active(!o.is_server);
        // It has no time until it was told, and a server without a cookie asks for it at once.
        if let Err(error) = dtls.handle_timeout(now) {
            refuse("dimpl does not begin:", &error.to_string());
        }
        Dimpl { dtls, socket, mtu: o.mtu, news: News::default() }
    }

    fn shake_hands(&mut self) -> Outcome<Facts> {
        if let Err(why) = self.go_on() {
            return Outcome::Failed(why);
        }
        if !self.news.connected {
            return if self.news.closed { Outcome::Closed } else { Outcome::Pause };
        }
        let version = match self.dtls.protocol_version() {
            Some(ProtocolVersion::DTLS1_2) => 0xfefd,
            Some(ProtocolVersion::DTLS1_3) => 0xfefc,
            _ => 0,
        };
        let certificate = self.news.certificate.clone();
        Outcome::Done(Facts { version, profile: self.news.profile, certificate, ..Facts::default() })
    }

    fn read(&mut self) -> Outcome<Vec<u8>> {
        if self.news.data.is_empty() {
            if let Err(why) = self.go_on() {
                return Outcome::Failed(why);
            }
        }
        match self.news.data.pop_front() {
            Some(data) => Outcome::Done(data),
            None if self.news.closed => Outcome::Closed,
            None => Outcome::Pause,
        }
    }

    fn write(&mut self, data: &[u8]) -> Result<(), String> {
        self.dtls.send_application_data(data).map_err(|error| error.to_string())?;
        self.poll()
    }

    fn close(&mut self) {
        if self.dtls.close().is_ok() {
            drop(self.poll());
        }
    }

    fn export(&mut self, label: &str, len: usize) -> Option<Vec<u8>> {
        self.news.keys.clone().filter(|keys| label == "EXTRACTOR-dtls_srtp" && keys.len() == len)
    }

    fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }

    fn max_payload(&mut self) -> usize {
        (self.mtu - OVERHEAD).min(LARGEST)
    }

    fn update_keys(&mut self, _ask: bool) -> Result<(), String> {
        Err("it has no call for that".into())
    }
}

fn main() {
    run::<Dimpl>()
}
