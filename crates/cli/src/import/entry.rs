//! Which of several requests is meant.

use super::Imported;
use super::faults::ImportError;

/// One request needs no choice. A number counts from 1; a URL is the one that is written, else one that has the text in it.
pub(super) fn chosen(mut requests: Vec<Imported>, entry: Option<&str>) -> Result<Imported, ImportError> {
    let Some(said) = entry else {
        if requests.len() == 1 {
            return Ok(requests.remove(0));
        }
        let line =
            |request: &Imported| format!("{} {}", request.method.as_deref().unwrap_or("GET"), request.url);
        return Err(ImportError::Several(requests.iter().map(line).collect()));
    };
    let count = requests.len();
    let none = || ImportError::NoSuchEntry { said: said.to_owned(), count };
    if !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: usize = said.parse().map_err(|_| none())?;
        return match number.checked_sub(1).filter(|&at| at < count) {
            Some(at) => Ok(requests.swap_remove(at)),
            None => Err(none()),
        };
    }
    let having = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..count).filter(|&at| wanted(&requests[at].url)).collect()
    };
    let same = having(&|url| url == said);
    let found = if same.is_empty() { having(&|url| !said.is_empty() && url.contains(said)) } else { same };
    match found[..] {
        [] => Err(none()),
        [at] => Ok(requests.swap_remove(at)),
        _ => Err(ImportError::Ambiguous {
            said: said.to_owned(),
            numbers: found.iter().map(|at| at + 1).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices() {
        let requests = || -> Vec<Imported> {
            ["https://a.test/x", "https://a.test/x/y", "https://b.test/", "https://b.test/"]
                .map(|url| Imported { url: url.to_owned(), ..Imported::default() })
                .into()
        };
        let table = [
            ("a number", "2", Ok("https://a.test/x/y")),
            ("a whole URL, though another has it in it", "https://a.test/x", Ok("https://a.test/x")),
            ("a part of a URL", "x/y", Ok("https://a.test/x/y")),
            ("a number below the first", "0", Err("no request")),
            ("a number above the last", "5", Err("of 4, no request")),
            ("a number that is none", "99999999999999999999999", Err("no request")),
            ("a URL twice", "b.test", Err("the requests 3, 4 have it")),
            ("a URL that is not there", "c.test", Err("no request")),
            ("nothing", "", Err("no request")),
        ];
        for (name, said, expected) in table {
            match (chosen(requests(), Some(said)), expected) {
                (Ok(request), Ok(url)) => assert_eq!(request.url, url, "{name}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{name}: {error}"),
                (said, expected) => panic!("{name}: {said:?}, not {expected:?}"),
            }
        }
        let error = chosen(requests(), None).expect_err("there are several").to_string();
        assert!(
            error.contains("it has 4 requests") && error.contains("2. GET https://a.test/x/y,"),
            "{error}"
        );
        assert_eq!(
            chosen(requests().split_off(3), None).map(|request| request.url).as_deref(),
            Ok("https://b.test/")
        );
    }
}
