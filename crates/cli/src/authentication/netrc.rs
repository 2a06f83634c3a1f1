//! [`.netrc`](https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html): names and passwords by host. Nothing is sent here.

use std::path::PathBuf;

/// A file that was read.
#[derive(Default)]
pub(crate) struct Netrc(Vec<Entry>);

struct Entry {
    /// `None` is `default`.
    machine: Option<String>,
    login: Option<String>,
    password: Option<String>,
}

/// Where the file is if nobody says: `$NETRC`, or the home folder's.
pub(crate) fn default_path() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from);
    set("NETRC").map(PathBuf::from).or_else(|| home().map(|home| home.join(".netrc")))
}

impl Netrc {
    /// Reads the text. Macros are passed over; a word that nobody knows, too.
    pub(crate) fn parse(text: &str) -> Netrc {
        let mut entries: Vec<Entry> = Vec::new();
        let mut words = Words { rest: text, line_begins: true };
        while let Some(word) = words.next() {
            match &*word {
                "machine" => entries.push(Entry { machine: words.next(), login: None, password: None }),
                "default" => entries.push(Entry { machine: None, login: None, password: None }),
                "login" => set(entries.last_mut().map(|entry| &mut entry.login), words.next()),
                "password" => set(entries.last_mut().map(|entry| &mut entry.password), words.next()),
                "account" => drop(words.next()),
                "macdef" => words.skip_macro(),
                _ => {}
            }
        }
        Netrc(entries)
    }

    /// The name and password for this host, of this user if one is asked for. The first entry that fits counts; `default`
    /// only where no machine of that name stands.
    pub(crate) fn credentials(&self, host: &str, login: Option<&str>) -> Option<(String, String)> {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let is_host =
            |entry: &&Entry| entry.machine.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(host));
        let named: Vec<&Entry> = self.0.iter().filter(is_host).collect();
        let defaults = || self.0.iter().filter(|entry| entry.machine.is_none()).collect();
        let entries: Vec<&Entry> = if named.is_empty() { defaults() } else { named };
        entries.into_iter().find_map(|entry| {
            let own = entry.login.as_deref().or(login)?;
            // NB: another user's password is nobody's business.
            let fits = login.is_none_or(|login| login == own);
            fits.then_some((own.to_owned(), entry.password.clone()?))
        })
    }

    /// Is there a password in it at all?
    pub(crate) fn has_passwords(&self) -> bool {
        self.0.iter().any(|entry| entry.password.is_some())
    }
}

fn set(field: Option<&mut Option<String>>, word: Option<String>) {
    if let Some(field) = field {
        *field = word;
    }
}

/// Words between white space; in double quotes they may have some, and escapes. A `#` where a line begins comments it.
struct Words<'a> {
    rest: &'a str,
    line_begins: bool,
}

impl Words<'_> {
    /// `macdef` goes on to the next empty line.
    fn skip_macro(&mut self) {
        let end = [self.rest.find("\n\n"), self.rest.find("\n\r\n")].into_iter().flatten().min();
        self.rest = end.map_or("", |end| &self.rest[end..]);
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let word = self.rest.trim_start();
            self.line_begins |= self.rest[..self.rest.len() - word.len()].contains('\n');
            self.rest = word;
            match word.strip_prefix('#').filter(|_| self.line_begins) {
                Some(comment) => self.rest = comment.find('\n').map_or("", |end| &comment[end..]),
                None => break,
            }
        }
        self.line_begins = false;
        let Some(rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            return (!word.is_empty()).then(|| word.to_owned());
        };
        let mut word = String::new();
        let mut characters = rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &rest[at + 1..];
                    return Some(word);
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, other)) => word.push(other),
                    None => break,
                },
                _ => word.push(character),
            }
        }
        self.rest = "";
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\nmachine a.test login ann password p1\nmachine a.test login bob password \"p 2\\\"\"\n\
        machine b.test\n\tlogin carl\n\taccount x\n\tpassword #p3\nmachine ::1 login six password p6\n\
        macdef init\nmachine evil.test login mac password ro\n\nmachine c.test login dora\ndefault login any password p0\n";

    fn pair(expected: Option<(&str, &str)>) -> Option<(String, String)> {
        expected.map(|(login, password)| (login.to_owned(), password.to_owned()))
    }

    #[test]
    fn credentials_table() {
        let netrc = Netrc::parse(FILE);
        let table = [
            ("the first of the host", "a.test", None, Some(("ann", "p1"))),
            ("the host knows no case", "A.Test", None, Some(("ann", "p1"))),
            ("nor its last dot", "a.test.", None, Some(("ann", "p1"))),
            ("the user who is asked for", "a.test", Some("bob"), Some(("bob", "p 2\""))),
            ("nobody's password for another", "a.test", Some("eve"), None),
            ("over several lines", "b.test", None, Some(("carl", "#p3"))),
            ("an address in brackets", "[::1]", None, Some(("six", "p6"))),
            ("a macro is passed over", "evil.test", None, Some(("any", "p0"))),
            ("no password is none", "c.test", None, None),
            ("everybody else", "d.test", None, Some(("any", "p0"))),
            ("but not as somebody else", "d.test", Some("eve"), None),
            ("a part of a name is another host", "xa.test", None, Some(("any", "p0"))),
        ];
        for (name, host, login, expected) in table {
            assert_eq!(netrc.credentials(host, login), pair(expected), "{name}");
        }
        assert!(netrc.has_passwords());
    }

    #[test]
    fn what_is_broken_is_nothing() {
        for text in [
            "",
            "machine",
            "login a password b",
            "machine a.test login",
            "machine a.test password",
            "\"",
            "\"\\",
            "macdef x",
        ] {
            let netrc = Netrc::parse(text);
            assert_eq!(netrc.credentials("a.test", None), None, "{text:?}");
        }
        let without_login = Netrc::parse("machine a.test password p");
        assert_eq!(without_login.credentials("a.test", None), None);
        assert_eq!(without_login.credentials("a.test", Some("ann")), pair(Some(("ann", "p"))));
    }
}
