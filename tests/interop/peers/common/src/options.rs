//! Options of the command line; other.h says what they mean.

use crate::refuse;

#[derive(Clone, Copy, PartialEq)]
pub enum Asks {
    Off,
    Optional,
    Required,
}

pub struct Options {
    pub is_server: bool,
    /// What this side may speak: fefd, fefc.
    pub versions: Vec<u16>,
    pub suite: u16,
    /// For when the other version is chosen.
    pub other_suite: u16,
    /// Best first; a client's key share is of the first.
    pub groups: Vec<u16>,
    pub profiles: Vec<u16>,
    pub cert: Option<String>,
    pub key: Option<String>,
    pub name: Option<String>,
    /// For a client's certificate.
    pub asks: Asks,
    pub cookie: bool,
    pub mtu: usize,
    /// ms
    pub resend: u64,
    /// Records before keys have to change; 0 is the library's own choice.
    pub limit: u64,
}

impl Options {
    pub fn take(is_server: bool, words: &[String]) -> Options {
        let mut o = Options {
            is_server,
            versions: vec![0xfefd],
            suite: 0,
            other_suite: 0,
            groups: vec![],
            profiles: vec![],
            cert: None,
            key: None,
            name: None,
            asks: Asks::Off,
            cookie: false,
            mtu: 1200,
            resend: 1000,
            limit: 0,
        };
        for word in words {
            let Some((name, value)) = word.split_once('=') else { refuse("not OPTION=VALUE:", word) };
            match name {
                "versions" => o.versions = numbers(value),
                "suite" => o.suite = numbers(value)[0],
                "other_suite" => o.other_suite = numbers(value)[0],
                "groups" => o.groups = numbers(value),
                "srtp" => o.profiles = numbers(value),
                "cert" => o.cert = Some(value.into()),
                "key" => o.key = Some(value.into()),
                "name" => o.name = Some(value.into()),
                "client_auth" => {
                    o.asks = match value {
                        "required" => Asks::Required,
                        "optional" => Asks::Optional,
                        _ => Asks::Off,
                    }
                }
                "cookie" => o.cookie = value == "1",
                "mtu" => o.mtu = value.parse().expect("an MTU"),
                "resend" => o.resend = value.parse().expect("milliseconds"),
                "limit" => o.limit = value.parse().expect("a number"),
                _ => refuse("no such option:", name),
            }
        }
        o
    }

    pub fn speaks(&self, version: u16) -> bool {
        self.versions.contains(&version)
    }
}

fn numbers(list: &str) -> Vec<u16> {
    list.split(',').map(|number| u16::from_str_radix(number, 16).expect("a hexadecimal number")).collect()
}
