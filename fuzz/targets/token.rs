//! Tokens: compares their form and check digits with a second implementation.

#![no_main]

use chatkeep_core::{PlainToken, TokenHash};
use libfuzzer_sys::fuzz_target;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        presented(text);
    }
    if let Some(secret) = data.first_chunk::<32>() {
        typos(&token(*secret), &data[32..]);
    }
});

/// A text may be a token if and only if its form is valid.
fn presented(text: &str) {
    let is_ours = text.len() == 52
        && text
            .strip_prefix("ck_")
            .is_some_and(|digits| digits.bytes().all(|digit| DIGITS.contains(&digit)));
    let expected = if is_ours {
        text[46..] == check_digits(&text[..46])
    } else {
        let has_gap = text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        (1..=512).contains(&text.len()) && !has_gap
    };
    assert_eq!(PlainToken::may_be_token(text), expected, "{text:?}");

    let hash = TokenHash::of(text);
    let hex = hash.to_hex();
    assert!(
        hex.len() == 64 && hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')),
        "{hex}"
    );
    assert!(!format!("{hash:?}").contains(&hex[..8]), "the debug output shows the hash");
    assert_eq!(hash, TokenHash::of(text));
}

/// A token is valid; with one wrong digit, or two adjacent digits swapped, it is not.
fn typos(token: &str, edits: &[u8]) {
    assert!(PlainToken::may_be_token(token), "{token}");
    for edit in edits.chunks_exact(2).take(16) {
        let at = 3 + usize::from(edit[0]) % 49;
        let mut typo = token.as_bytes().to_vec();
        if edit[1] < 128 {
            typo[at] = DIGITS[usize::from(edit[1]) % 62];
        } else if at + 1 < typo.len() {
            typo.swap(at, at + 1);
        }
        let typo = String::from_utf8(typo).expect("digits are ASCII");
        assert_eq!(PlainToken::may_be_token(&typo), typo == token, "{token} {typo}");
    }
}

/// Returns the token of these 32 random bytes.
fn token(secret: [u8; 32]) -> String {
    let mut token = format!("ck_{}", base62(&secret, 43));
    let check = check_digits(&token);
    token.push_str(&check);
    token
}

fn check_digits(token: &str) -> String {
    base62(&crc32fast::hash(token.as_bytes()).to_be_bytes(), 6)
}

/// Formats a big-endian number with this many digits: each byte is added to 256 times the previous
/// value.
fn base62(number: &[u8], width: usize) -> String {
    let mut digits = vec![0_usize; width];
    for byte in number {
        let mut carry = usize::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += *digit * 256;
            *digit = carry % 62;
            carry /= 62;
        }
    }
    digits.into_iter().map(|digit| char::from(DIGITS[digit])).collect()
}
