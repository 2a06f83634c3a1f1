//! `Invoke-WebRequest`, as DevTools' "Copy as PowerShell" writes it: a session with cookies before it, perhaps.

use super::faults::Fault;
use super::powershell::quoted;
use super::words::Cursor;
use super::{Faulty, Ignored, Imported};

/// A piece of PowerShell.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Anything outside quotes: a name, a parameter, a variable.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// `{ } ( ) = , ;`, and `@` before a brace.
    Mark(char),
    /// The end of a line that does not go on.
    Line,
}

/// The requests of a text.
pub(super) fn requests(text: &str) -> Faulty<Vec<Imported>> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, next: 0, end: text.len() };
    let mut requests = Vec::new();
    let (mut user_agent, mut cookies) = (None, Vec::new());
    while let Some((at, token)) = reader.take() {
        let Token::Word(word) = token else {
            match token {
                Token::Line | Token::Mark(';') => continue,
                _ => return Err((Fault::Expected("Invoke-WebRequest"), at)),
            }
        };
        match &*word.to_ascii_lowercase() {
            "$session.useragent" => {
                reader.mark('=')?;
                user_agent = Some(reader.text()?);
            }
            "$session.cookies.add" => cookies.push(cookie(&mut reader)?),
            "$session" => {
                // `= New-Object ...`: a session that has nothing yet.
                (user_agent, cookies) = (None, Vec::new());
                while !matches!(reader.peek(), None | Some(Token::Line | Token::Mark(';'))) {
                    reader.take();
                }
            }
            "invoke-webrequest" | "invoke-restmethod" | "iwr" | "irm" => {
                let mut request = web_request(&mut reader, at)?;
                if let Some(user_agent) = user_agent.take().filter(|_| !request.has("user-agent")) {
                    request.header("User-Agent", user_agent.as_bytes());
                }
                if !cookies.is_empty() {
                    request.header("Cookie", std::mem::take(&mut cookies).join("; ").as_bytes());
                }
                requests.push(request);
            }
            _ => return Err((Fault::Expected("Invoke-WebRequest"), at)),
        }
    }
    if requests.is_empty() { Err((Fault::Expected("Invoke-WebRequest"), text.len())) } else { Ok(requests) }
}

/// `((New-Object System.Net.Cookie("name", "value", "/", "host")))`
fn cookie(reader: &mut Reader<'_>) -> Faulty<String> {
    let mut texts = Vec::new();
    let mut depth = 0usize;
    loop {
        let at = reader.at();
        match reader.take().ok_or((Fault::Unclosed("a bracket"), at))?.1 {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Text(text) => texts.push(text),
            Token::Word(_) | Token::Mark(',') => {}
            _ => return Err((Fault::Expected("a cookie"), at)),
        }
        if depth == 0 {
            return match &texts[..] {
                [name, value, ..] => Ok(format!("{name}={value}")),
                _ => Err((Fault::Expected("a cookie"), at)),
            };
        }
    }
}

fn web_request(reader: &mut Reader<'_>, begin: usize) -> Faulty<Imported> {
    let mut request = Imported::default();
    let mut content_type = None;
    while let Some(token) = reader.peek().cloned() {
        let at = reader.at();
        let Token::Word(parameter) = &token else {
            match token {
                Token::Line | Token::Mark(';') => break,
                Token::Text(url) if request.url.is_empty() => {
                    request.url = url;
                    reader.take();
                    continue;
                }
                _ => return Err((Fault::Expected("a parameter"), at)),
            }
        };
        reader.take();
        match &*parameter.to_ascii_lowercase() {
            "-usebasicparsing" => {}
            "-uri" => request.url = reader.text()?,
            "-method" | "-custommethod" => request.method = Some(reader.text_or_word()?),
            "-useragent" => request.header("User-Agent", reader.text()?.as_bytes()),
            "-contenttype" => content_type = Some(reader.text()?),
            "-websession" => {
                reader.take();
            }
            "-headers" => headers(reader, &mut request)?,
            "-body" => request.body = Some(body(reader)?.into()),
            "-infile" => return Err((Fault::File(parameter.clone()), at)),
            "-skipcertificatecheck" | "-allowinsecureredirect" | "-disablekeepalive" => {
                request.ignore(parameter.clone(), Ignored::NotTheRequest);
            }
            "-outfile"
            | "-timeoutsec"
            | "-proxy"
            | "-maximumredirection"
            | "-sslprotocol"
            | "-httpversion" => {
                request.ignore(parameter.clone(), Ignored::NotTheRequest);
                reader.take();
            }
            _ if parameter.starts_with('-') => return Err((Fault::Option(parameter.clone()), at)),
            _ if request.url.is_empty() => request.url = parameter.clone(),
            _ => return Err((Fault::Expected("a parameter"), at)),
        }
    }
    if request.url.is_empty() {
        return Err((Fault::NoUrl, begin));
    }
    if let Some(content_type) = content_type.filter(|_| !request.has("content-type")) {
        request.header("Content-Type", content_type.as_bytes());
    }
    if request.body.is_some() && request.method.is_none() {
        request.method = Some("POST".to_owned());
    }
    Ok(request)
}

/// `@{ "name"="value" ... }`
fn headers(reader: &mut Reader<'_>, request: &mut Imported) -> Faulty<()> {
    let begin = reader.at();
    reader.mark('@')?;
    reader.mark('{')?;
    loop {
        let at = reader.at();
        let name = match reader.take().ok_or((Fault::Unclosed("a bracket"), begin))?.1 {
            Token::Line | Token::Mark(';') => continue,
            Token::Mark('}') => return Ok(()),
            Token::Text(name) | Token::Word(name) => name,
            Token::Mark(_) => return Err((Fault::Header, at)),
        };
        reader.mark('=')?;
        let value = reader.text()?;
        request.header(&name, value.as_bytes());
    }
}

/// A text, or `([System.Text.Encoding]::UTF8.GetBytes("..."))`.
fn body(reader: &mut Reader<'_>) -> Faulty<String> {
    let mut depth = 0usize;
    while reader.peek() == Some(&Token::Mark('(')) {
        reader.take();
        depth += 1;
        if let Some(Token::Word(word)) = reader.peek() {
            if !word.eq_ignore_ascii_case("[System.Text.Encoding]::UTF8.GetBytes") {
                return Err((Fault::Expansion, reader.at()));
            }
            reader.take();
        }
    }
    let text = reader.text()?;
    for _ in 0..depth {
        reader.mark(')')?;
    }
    Ok(text)
}

struct Reader<'a> {
    tokens: &'a [(usize, Token)],
    next: usize,
    end: usize,
}

impl Reader<'_> {
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<(usize, Token)> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn mark(&mut self, mark: char) -> Faulty<()> {
        let at = self.at();
        match self.take() {
            Some((_, Token::Mark(found))) if found == mark => Ok(()),
            _ => Err((
                Fault::Expected(match mark {
                    '=' => "=",
                    '{' => "{",
                    ')' => ")",
                    _ => "@{",
                }),
                at,
            )),
        }
    }

    fn text(&mut self) -> Faulty<String> {
        let at = self.at();
        match self.take() {
            Some((_, Token::Text(text))) => Ok(text),
            Some((_, Token::Word(word))) if word.starts_with('$') => Err((Fault::Expansion, at)),
            _ => Err((Fault::Expected("a text in quotes"), at)),
        }
    }

    fn text_or_word(&mut self) -> Faulty<String> {
        match self.peek() {
            Some(Token::Word(word)) if !word.starts_with(['$', '-']) => {
                let word = word.clone();
                self.take();
                Ok(word)
            }
            _ => self.text(),
        }
    }
}

fn tokens(text: &str) -> Faulty<Vec<(usize, Token)>> {
    let mut tokens = Vec::new();
    let mut cursor = Cursor::new(text);
    while let Some(character) = cursor.peek() {
        let at = cursor.at;
        match character {
            '\'' | '"' => {
                tokens.push((at, Token::Text(quoted(&mut cursor)?)));
                continue;
            }
            _ => cursor.next(),
        };
        match character {
            '`' if cursor.take_line_break() => {}
            '`' => return Err((Fault::Escape, at)),
            '\n' => tokens.push((at, Token::Line)),
            '#' => {
                while cursor.peek().is_some_and(|character| character != '\n') {
                    cursor.next();
                }
            }
            '{' | '}' | '(' | ')' | '=' | ',' | ';' | '@' => tokens.push((at, Token::Mark(character))),
            '|' | '<' | '>' | '&' => return Err((Fault::ShellSyntax(character), at)),
            blank if blank.is_whitespace() => {}
            _ => {
                let ends = |next: char| next.is_whitespace() || "{}()=,;@'\"`|<>&".contains(next);
                while cursor.peek().is_some_and(|next| !ends(next)) {
                    cursor.next();
                }
                tokens.push((at, Token::Word(text[at..cursor.at].to_owned())));
            }
        }
    }
    Ok(tokens)
}
