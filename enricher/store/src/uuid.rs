//! UUIDs in text.

/// Where the hyphens stand in a UUID's 36 characters.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The bytes of a UUID: 32 hexadecimal digits of any case, with the four hyphens or without any.
pub fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let hyphens = match text.len() {
        36 if HYPHENS.iter().all(|&at| text[at] == b'-') => 4,
        32 => 0,
        _ => return None,
    };
    let mut digits = text
        .iter()
        .enumerate()
        .filter(|(at, _)| hyphens == 0 || !HYPHENS.contains(at))
        .map(|(_, &digit)| (digit as char).to_digit(16));
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    Some(bytes)
}

/// Appends a UUID in lower case with hyphens.
pub fn append(bytes: &[u8; 16], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
