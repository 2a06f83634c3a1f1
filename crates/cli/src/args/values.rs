//! Values with a fixed list of words, times and sizes.

use std::time::Duration;

use sofetch::{CacheMode, CredentialsMode, Destination, Mode, RedirectMode, ReferrerPolicy};

pub(super) fn mode(word: &str) -> Result<Mode, String> {
    listed(&[Mode::Cors, Mode::NoCors, Mode::SameOrigin], Mode::as_str, word)
}

pub(super) fn credentials(word: &str) -> Result<CredentialsMode, String> {
    listed(CredentialsMode::ALL, CredentialsMode::as_str, word)
}

pub(super) fn cache(word: &str) -> Result<CacheMode, String> {
    listed(CacheMode::ALL, CacheMode::as_str, word)
}

pub(super) fn redirect(word: &str) -> Result<RedirectMode, String> {
    listed(RedirectMode::ALL, RedirectMode::as_str, word)
}

/// Those of subresources: navigations and workers are no fetches that one makes.
pub(super) fn destination(word: &str) -> Result<Destination, String> {
    use Destination::*;
    const LIST: [Destination; 13] = [
        Audio,
        AudioWorklet,
        Font,
        Image,
        Json,
        Manifest,
        PaintWorklet,
        Script,
        Style,
        Text,
        Track,
        Video,
        Xslt,
    ];
    listed(&LIST, Destination::as_str, word)
}

pub(super) fn referrer_policy(word: &str) -> Result<ReferrerPolicy, String> {
    listed(ReferrerPolicy::ALL, ReferrerPolicy::as_str, word)
}

fn listed<T: Copy>(list: &[T], word_of: fn(T) -> &'static str, word: &str) -> Result<T, String> {
    let found = list.iter().copied().find(|&value| word_of(value) == word);
    found.ok_or_else(|| {
        let words: Vec<&str> =
            list.iter().map(|&value| word_of(value)).filter(|word| !word.is_empty()).collect();
        format!("it is one of {}", words.join(", "))
    })
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it is a number of seconds above 0".to_owned()),
    }
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || "it is a number of bytes, or one with k, M or G".to_owned();
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}
