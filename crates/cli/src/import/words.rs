//! A command line's words, whoever's quotes they had.

/// A word, and the byte of the text at which it begins. It may have any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) bytes: Vec<u8>,
}

/// The words of one command.
pub(super) type Command = Vec<Word>;

/// The words as texts, for tests.
#[cfg(test)]
pub(super) fn texts(commands: Vec<Command>) -> Vec<Vec<String>> {
    let text = |word: Word| String::from_utf8_lossy(&word.bytes).into_owned();
    commands.into_iter().map(|command| command.into_iter().map(text).collect()).collect()
}

/// Collects words into commands; a command without words is none.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) done: Vec<Command>,
    command: Command,
    word: Option<Word>,
}

impl Collector {
    /// The word that is being read, which begins here if none is.
    pub(super) fn word(&mut self, at: usize) -> &mut Vec<u8> {
        &mut self.word.get_or_insert(Word { at, bytes: Vec::new() }).bytes
    }

    pub(super) fn push(&mut self, at: usize, character: char) {
        self.word(at).extend(character.encode_utf8(&mut [0; 4]).bytes());
    }

    /// Is no word being read?
    pub(super) fn between_words(&self) -> bool {
        self.word.is_none()
    }

    pub(super) fn end_word(&mut self) {
        self.command.extend(self.word.take());
    }

    pub(super) fn end_command(&mut self) {
        self.end_word();
        if !self.command.is_empty() {
            self.done.push(std::mem::take(&mut self.command));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Command> {
        self.end_command();
        self.done
    }
}

/// Characters of a text, and where each begins.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// Goes behind the text, if it stands here.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let here = self.rest().starts_with(text);
        self.at += if here { text.len() } else { 0 };
        here
    }

    /// Goes behind a line break, if one stands here.
    pub(super) fn take_line_break(&mut self) -> bool {
        self.take("\r\n") || self.take("\n")
    }

    /// Up to `limit` digits of this radix.
    pub(super) fn digits(&mut self, radix: u32, limit: usize) -> Option<u32> {
        let mut number = None;
        for _ in 0..limit {
            let Some(digit) = self.peek().and_then(|character| character.to_digit(radix)) else { break };
            number = Some(number.unwrap_or(0u32).checked_mul(radix)? + digit);
            self.next();
        }
        number
    }
}
