//! What the Rust peers share: the line protocol of ../../lines.h, the socket, the options, and the loop that
//! other_main.c is for the peers in C. A library comes in by implementing `Peer`.

mod lines;
mod options;

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::exit;

use sha2::{Digest, Sha256};

pub use lines::{from_hex, hex};
use lines::{say, Commands};
pub use options::{Asks, Options};

/// Bytes of a record's payload.
pub const LARGEST: usize = 16384;

/// Libraries say when to look again in ways of their own; none minds being asked often.
const LOOK_AGAIN_MS: i32 = 20;

/// What a call came to.
pub enum Outcome<T> {
    Done(T),
    /// Nothing more until a datagram or a timer.
    Pause,
    /// By the other side, in order.
    Closed,
    Failed(String),
}

/// What the two sides agreed on; 0 is not known, or none.
#[derive(Default)]
pub struct Facts {
    pub version: u16,
    pub suite: u16,
    pub group: u16,
    pub profile: u16,
    /// The other side's certificate, DER.
    pub certificate: Option<Vec<u8>>,
}

/// One connection of a library.
pub trait Peer: Sized {
    const NAME: &'static str;

    /// The socket does not block, and knows its peer.
    fn begin(options: &Options, socket: UdpSocket) -> Self;

    /// Goes on with the handshake, timers included.
    fn shake_hands(&mut self) -> Outcome<Facts>;

    /// Takes one record, and serves the timers that outlive the handshake.
    fn read(&mut self) -> Outcome<Vec<u8>>;

    fn write(&mut self, data: &[u8]) -> Result<(), String>;
    fn close(&mut self);
    fn export(&mut self, label: &str, len: usize) -> Option<Vec<u8>>;
    fn set_mtu(&mut self, mtu: usize);
    fn max_payload(&mut self) -> usize;

    /// Sends a KeyUpdate, and asks for one in return or not.
    fn update_keys(&mut self, ask: bool) -> Result<(), String>;
}

/// Ends the program: what was asked for is not to be had.
pub fn refuse(what: &str, value: &str) -> ! {
    eprintln!("{what} {value}");
    exit(2)
}

struct Program<P> {
    options: Options,
    socket: UdpSocket,
    peer: Option<P>, // None: a server that nobody has called yet
    connected: bool,
    closed: bool,
    over: bool,
}

impl<P: Peer> Program<P> {
    fn fail(&mut self, why: &str) {
        say(&format!("failed {}", why.replace('\n', " ")));
        self.over = true;
    }

    fn begin(&mut self) {
        if self.options.is_server {
            join(&self.socket);
        }
        let socket = self.socket.try_clone().expect("a second handle of the socket");
        self.peer = Some(P::begin(&self.options, socket));
    }

    fn shake_hands(&mut self) {
        match self.peer.as_mut().expect("a connection").shake_hands() {
            Outcome::Done(facts) => {
                self.connected = true;
                say_connected(&facts);
            }
            Outcome::Pause => {}
            Outcome::Closed => self.fail("closed by the other side"),
            Outcome::Failed(why) => self.fail(&why),
        }
    }

    fn read(&mut self) {
        while !self.over {
            let peer = self.peer.as_mut().expect("a connection");
            match peer.read() {
                Outcome::Done(data) => say(&format!("data {}", hex(&data))),
                Outcome::Pause => return,
                Outcome::Closed => {
                    say("closed");
                    peer.close();
                    self.connected = false;
                    self.closed = true;
                    return;
                }
                Outcome::Failed(why) => self.fail(&why),
            }
        }
    }

    fn obey(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        if words == ["quit"] {
            self.over = true;
            return;
        }
        let Some(peer) = self.peer.as_mut().filter(|_| self.connected) else {
            say("nobody is there");
            return;
        };
        match words[..] {
            ["close"] => {
                peer.close();
                say("closing");
            }
            ["max"] => say(&format!("max {}", peer.max_payload())),
            ["mtu", mtu] => {
                peer.set_mtu(mtu.parse().expect("an MTU"));
                say(&format!("max {}", peer.max_payload()));
            }
            ["send", data] => {
                let data = from_hex(data);
                let result = peer.write(&data);
                say(&format!("sent {} {}", data.len(), result.err().unwrap_or("0".into())));
            }
            ["update", ask] => {
                let result = peer.update_keys(ask == "1");
                say(&format!("updating {}", result.err().unwrap_or("0".into())));
            }
            ["export", label, len] => match peer.export(label, len.parse().expect("a length")) {
                Some(secret) => say(&format!("export {}", hex(&secret))),
                None => say("export refused"),
            },
            _ => refuse("no such command:", line),
        }
    }

    fn run(&mut self) {
        let mut commands = Commands::default();
        while !self.over && !commands.ended {
            // What comes after the end is of no interest.
            let socket = if self.closed { -1 } else { self.socket.as_raw_fd() };
            let (called, told) = wait(socket);
            if self.connected {
                self.read();
            } else if self.peer.is_some() && !self.closed {
                self.shake_hands();
            } else if called && !self.closed {
                self.begin();
                self.shake_hands();
            }
            if told {
                commands.fill();
                while !self.over {
                    let Some(line) = commands.next() else { break };
                    self.obey(&line);
                }
            }
        }
    }
}

/// Whether the socket and standard input have something.
fn wait(socket: i32) -> (bool, bool) {
    let look = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut fds = [look(socket), look(0)];
    // SAFETY: two entries, as said.
    unsafe { libc::poll(fds.as_mut_ptr(), 2, LOOK_AGAIN_MS) };
    (fds[0].revents != 0, fds[1].revents != 0)
}

/// Gives a listening socket the sender of the datagram that waits in it for its only peer.
fn join(socket: &UdpSocket) {
    match socket.peek_from(&mut [0; 1]) {
        Ok((_, sender)) => socket.connect(sender).expect("a peer for the socket"),
        Err(error) => refuse("nobody called:", &error.to_string()),
    }
}

fn say_connected(facts: &Facts) {
    match &facts.certificate {
        Some(der) => say(&format!("certificate {}", hex(&Sha256::digest(der)))),
        None => say("certificate none"),
    }
    say(&format!(
        "connected version={:04x} suite={:04x} group={:04x} srtp={:04x}",
        facts.version, facts.suite, facts.group, facts.profile
    ));
}

/// The whole program: `NAME server 0 OPTION=VALUE...` or `NAME client PORT OPTION=VALUE...`.
pub fn run<P: Peer>() -> ! {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.len() < 2 {
        refuse(P::NAME, "server|client PORT OPTION=VALUE...");
    }
    let options = Options::take(words[0] == "server", &words[2..]);
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let socket = UdpSocket::bind(here).expect("a socket");
    socket.set_nonblocking(true).expect("a socket that does not block");
    let mut program = Program::<P> { options, socket, peer: None, connected: false, closed: false, over: false };
    if program.options.is_server {
        say(&format!("listening {}", program.socket.local_addr().expect("a port").port()));
    } else {
        let port = words[1].parse().expect("a port");
        program.socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("a peer for the socket");
        program.begin();
        program.shake_hands();
    }
    program.run();
    drop(program.peer.take());
    say("ended");
    exit(0)
}

/// One datagram, where there is one. Nobody at the other end is no error: that is for the timers to find out.
pub fn receive<'a>(socket: &UdpSocket, room: &'a mut [u8]) -> Option<&'a [u8]> {
    loop {
        match socket.recv(room) {
            Ok(len) => return Some(&room[..len]),
            Err(error) if error.raw_os_error() == Some(libc::ECONNREFUSED) => continue,
            Err(_) => return None,
        }
    }
}
