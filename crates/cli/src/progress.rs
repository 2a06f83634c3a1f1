//! The progress of a download on a terminal: one line, drawn again a few times a second.

use std::io::Write;
use std::time::{Duration, Instant};

/// How often the line is drawn at most.
const PAUSE: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

/// A line on standard error that tells how far a body is.
pub(crate) struct Progress<W: Write> {
    to: W,
    total: Option<u64>,
    done: u64,
    before: u64,
    began: Instant,
    drawn: Option<Instant>,
}

impl<W: Write> Progress<W> {
    /// Of a body of so many bytes, if it is known how many.
    pub(crate) fn new(to: W, total: Option<u64>) -> Progress<W> {
        Progress::going_on(to, 0, total)
    }

    /// The same, of a body so much of which is there already: it is done, but counts for no speed.
    pub(crate) fn going_on(to: W, before: u64, total: Option<u64>) -> Progress<W> {
        Progress { to, total, done: before, before, began: Instant::now(), drawn: None }
    }

    /// So many bytes more.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes);
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            self.drawn = Some(Instant::now());
            self.draw();
        }
    }

    fn draw(&mut self) {
        let line = line(self.done, self.before, self.total, self.began.elapsed());
        // A terminal that is gone needs no progress.
        let _ = write!(self.to, "\r{line}\x1b[K").and_then(|()| self.to.flush());
    }
}

impl<W: Write> Drop for Progress<W> {
    /// The last state stays, and what follows has a line of its own.
    fn drop(&mut self) {
        self.draw();
        let _ = writeln!(self.to);
    }
}

fn line(done: u64, before: u64, total: Option<u64>, elapsed: Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate =
        amount(u64::try_from(u128::from(done - before) * 1000 / u128::from(millis)).unwrap_or(u64::MAX));
    let done_so_far = amount(done);
    match total.filter(|&total| total >= done) {
        Some(total) => {
            let part = |of: u64| {
                u64::try_from(u128::from(done) * u128::from(of) / u128::from(total.max(1))).unwrap_or(of)
            };
            let (percent, full) = if total == 0 { (100, WIDTH) } else { (part(100), part(WIDTH)) };
            let bar: String = (0..WIDTH).map(|at| if at < full { '#' } else { '.' }).collect();
            format!("{percent:3}% [{bar}] {done_so_far} of {} {rate}/s", amount(total))
        }
        None => format!("{done_so_far} {rate}/s"),
    }
}

fn amount(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut unit, mut tenths) = (0, u128::from(bytes) * 10 / 1024);
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        (unit, tenths) = (unit + 1, tenths / 1024);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1 << 20, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(amount(bytes), expected);
        }
    }

    #[test]
    fn lines() {
        let second = Duration::from_secs(1);
        let table = [
            ("half", 512, Some(1024), " 50% [###############...............] 512 B of 1.0 KiB 512 B/s"),
            ("all", 10, Some(10), "100% [##############################] 10 B of 10 B 10 B/s"),
            ("nothing of nothing", 0, Some(0), "100% [##############################] 0 B of 0 B 0 B/s"),
            ("nobody knows of how much", 512, None, "512 B 512 B/s"),
            ("more than was announced", 512, Some(10), "512 B 512 B/s"),
            (
                "the most there can be",
                u64::MAX,
                Some(u64::MAX),
                "100% [##############################] 16777215.9 TiB of 16777215.9 TiB 16777215.9 TiB/s",
            ),
        ];
        for (name, done, total, expected) in table {
            assert_eq!(line(done, 0, total, second), expected, "{name}");
        }
        let rest = " 75% [######################........] 768 B of 1.0 KiB 256 B/s";
        assert_eq!(line(768, 512, Some(1024), second), rest, "what was there before is not fast");
    }

    #[test]
    fn the_line_is_drawn_over_and_ended() {
        let mut to = Vec::new();
        let mut progress = Progress::new(&mut to, Some(4));
        progress.add(4);
        drop(progress);
        let text = String::from_utf8(to).expect("text");
        assert!(text.starts_with("\r100%") && text.ends_with("\x1b[K\n"), "{text:?}");
    }
}
