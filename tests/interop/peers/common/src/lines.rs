//! Lines in, lines out; bytes are in hexadecimal.

use std::io::Write;

#[derive(Default)]
pub struct Commands {
    text: Vec<u8>,
    pub ended: bool,
}

impl Commands {
    /// Reads what standard input has; it must have something, or have ended.
    pub fn fill(&mut self) {
        let mut room = [0; 65536];
        // SAFETY: as many bytes as there are.
        match unsafe { libc::read(0, room.as_mut_ptr().cast(), room.len()) } {
            len if len > 0 => self.text.extend_from_slice(&room[..len as usize]),
            _ => self.ended = true,
        }
    }

    /// The next whole line without its end.
    pub fn next(&mut self) -> Option<String> {
        let end = self.text.iter().position(|byte| *byte == b'\n')?;
        let line = self.text.drain(..=end).take(end).collect();
        Some(String::from_utf8(line).expect("a command in ASCII"))
    }
}

pub fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody who listens");
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hexadecimal")).collect()
}
