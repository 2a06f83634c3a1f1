//! `cargo xtask rooms`: the Standard and the code held together, as ROOMS.md.
//!
//! The Standard's anchors stand in `spec/anchors.tsv`, made from its source (which is never committed). A file claims
//! an algorithm by a doc comment that is its URL and nothing else, on the item that is the algorithm; what no file
//! claims, and what is only partly done, has a line in `spec/states.tsv`: anchor, tab, state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::sources::{Source, root, sources};
use crate::standard::{self, Anchor};
use crate::{Outcome, standard::anchors};

const URL: &str = "https://fetch.spec.whatwg.org/#";
const ANCHORS: &str = "spec/anchors.tsv";
const STATES: &str = "spec/states.tsv";
const PIN: &str = "spec/PIN";
const ROOMS: &str = "ROOMS.md";

/// Algorithms that two files may claim, with the reason.
const DOUBLES: &[(&str, &str)] = &[];

/// Pages that name algorithms without being their room.
const NEVER_CLAIMS: &[&str] = &["crates/core/src/ports.rs", "crates/core/src/trace.rs"];

/// The Rust face claims only what no other file does.
const FACE: &str = "crates/sofetch/";

/// How a state of `spec/states.tsv` may begin. Done is what a file claims and no line narrows.
const STATE_WORDS: [&str; 3] = ["partly: ", "not ours: ", "not yet: "];

/// Reads the Standard's source into `spec/anchors.tsv`, and says which algorithms to read again.
pub(crate) fn read_standard(path: &str, pin: Option<&str>) -> Outcome {
    let source = fs::read_to_string(path).map_err(|error| vec![format!("{path}: {error}")])?;
    let found = anchors(&source)?;
    let before = known_anchors().unwrap_or_default();
    let mut table = String::from("anchor\tkind\ttitle\thash\n");
    for Anchor { id, kind, title, hash } in &found {
        let _ = writeln!(table, "{id}\t{kind}\t{title}\t{hash}");
    }
    put(ANCHORS, &table)?;
    if let Some(pin) = pin {
        put(PIN, &format!("{pin}\n"))?;
    }
    let is_algorithm = |anchor: &&Anchor| anchor.kind == "algorithm";
    let mut said = String::new();
    for anchor in before.iter().filter(is_algorithm) {
        match found.iter().filter(is_algorithm).find(|new| new.id == anchor.id) {
            Some(new) if new.hash != anchor.hash => {
                let _ = writeln!(said, "read again: #{}", anchor.id);
            }
            None => {
                let _ = writeln!(said, "gone: #{}", anchor.id);
            }
            Some(_) => {}
        }
    }
    let algorithms = found.iter().filter(is_algorithm).count();
    Ok(format!("{said}rooms: {algorithms} algorithms, {} anchors", found.len()))
}

/// Writes ROOMS.md.
pub(crate) fn write() -> Outcome {
    let (page, said) = rooms()?;
    put(ROOMS, &page)?;
    Ok(said)
}

/// Compares ROOMS.md with what would be written.
pub(crate) fn compare() -> Outcome {
    let (page, said) = rooms()?;
    let stands = fs::read_to_string(root().join(ROOMS)).unwrap_or_default();
    if stands == page {
        return Ok(said);
    }
    let differs = page.lines().zip(stands.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
    let line = differs.map(|(new, _)| new).unwrap_or_default();
    Err(vec![format!("{ROOMS}: not as `cargo xtask rooms` writes it, first at: {line}")])
}

fn rooms() -> Result<(String, String), Vec<String>> {
    let known = known_anchors()?;
    let mut files = sources("crates", &["rs", "js"]);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let states = fs::read_to_string(root().join(STATES)).unwrap_or_default();
    let page = page(&known, &files, &states)?;
    let count = known.iter().filter(|anchor| anchor.kind == "algorithm").count();
    let done = page.lines().filter(|line| line.starts_with("| #") && line.contains(" | done | ")).count();
    let pin = fs::read_to_string(root().join(PIN)).unwrap_or_default();
    let head = format!(
        "# Rooms\n\nWritten by `cargo xtask rooms`. One row for each algorithm of the Fetch Standard at commit \
         `{}`: where it stands in the code, how much of it, and the hash of the text that was read.\n\n\
         {done} of {count} are done.\n\n",
        pin.trim()
    );
    Ok((head + &page, format!("rooms: {done} of {count} algorithms are done")))
}

/// The rows and the lists of ROOMS.md, or all that is wrong.
fn page(known: &[Anchor], files: &[Source], states: &str) -> Result<String, Vec<String>> {
    let mut faults = Vec::new();
    let mut claims: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut cited: BTreeMap<String, String> = BTreeMap::new();
    let by_id: BTreeMap<&str, &Anchor> = known.iter().map(|anchor| (&*anchor.id, anchor)).collect();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            for written in citations(line) {
                let place = format!("{}:{}", file.path, number + 1);
                let Some(anchor) =
                    [written, written.trim_end_matches('?')].into_iter().find_map(|id| by_id.get(id))
                else {
                    faults.push(format!("{place}: #{written} is no anchor of the Standard"));
                    continue;
                };
                if anchor.kind == "old" {
                    faults.push(format!("{place}: #{written} is an old name"));
                }
                cited.entry(anchor.id.clone()).or_insert(place);
            }
            if let Some(anchor) = claim(line).and_then(|id| by_id.get(id))
                && !NEVER_CLAIMS.contains(&&*file.path)
            {
                let files = claims.entry(&anchor.id).or_default();
                if !files.contains(&&*file.path) {
                    files.push(&file.path);
                }
            }
        }
    }
    // A face names what it shows; the room of an algorithm is where its steps stand.
    for files in claims.values_mut() {
        if files.iter().any(|file| !file.starts_with(FACE)) {
            files.retain(|file| !file.starts_with(FACE));
        }
    }
    let states = read_states(states, &by_id, &mut faults);
    let mut page = String::from("| algorithm | title | file | state | hash |\n|---|---|---|---|---|\n");
    for Anchor { id, title, hash, .. } in known.iter().filter(|anchor| anchor.kind == "algorithm") {
        let files = claims.get(&**id).map(Vec::as_slice).unwrap_or_default();
        let state = states.get(&**id).copied();
        let state = match (files, state) {
            ([], None) => {
                let near = cited.get(id).map(|place| format!("; cited at {place}")).unwrap_or_default();
                faults.push(format!("#{id}: neither claimed by a file nor in {STATES}{near}"));
                continue;
            }
            ([], Some(state)) if state.starts_with("partly: ") => {
                faults.push(format!("#{id}: partly done, and no file claims it"));
                continue;
            }
            ([_, ..], Some(state)) if !state.starts_with("partly: ") => {
                faults.push(format!("#{id}: `{state}`, and {} claims it", files.join(" and ")));
                continue;
            }
            ([_, _, ..], _) if !DOUBLES.iter().any(|(double, _)| double == id) => {
                faults.push(format!("#{id}: claimed by {}", files.join(" and ")));
                continue;
            }
            (_, state) => state.unwrap_or("done"),
        };
        let file = files.iter().map(|file| file.trim_start_matches("crates/")).collect::<Vec<_>>().join(", ");
        let title = title.replace('|', "\\|");
        let _ = writeln!(page, "| #{id} | {title} | {file} | {state} | {hash} |");
    }
    for (heading, tag) in [
        ("Where we depart from the Standard", "// DEPARTS:"),
        ("Steps that are not ours", "// SKIPS"),
        ("What no test reaches", "// UNTESTED:"),
    ] {
        let _ = writeln!(page, "\n## {heading}\n");
        let mut none = true;
        for file in files {
            for remark in remarks(&file.text, tag) {
                let _ = writeln!(page, "- {}: {remark}", file.path.trim_start_matches("crates/"));
                none = false;
            }
        }
        if none {
            page.push_str("None.\n");
        }
    }
    if faults.is_empty() { Ok(page) } else { Err(faults) }
}

/// Every anchor of the Fetch Standard that a line names, in comment or string.
fn citations(line: &str) -> impl Iterator<Item = &str> {
    line.split(URL).skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || ")>]}\"'`<|\\".contains(c)).unwrap_or(rest.len());
        let id = rest[..end].trim_end_matches(['.', ',', ';', ':']);
        (!id.is_empty()).then_some(id)
    })
}

/// A doc comment's line that begins with an anchor's URL; a plain comment in JavaScript.
fn claim(line: &str) -> Option<&str> {
    let comment = line.trim();
    let comment = comment.strip_prefix("/// ").or_else(|| comment.strip_prefix("// "))?;
    Some(comment.strip_prefix('<')?.strip_prefix(URL)?.split_once('>')?.0)
}

fn read_states<'a>(
    states: &'a str,
    known: &BTreeMap<&str, &Anchor>,
    faults: &mut Vec<String>,
) -> BTreeMap<&'a str, &'a str> {
    let mut found = BTreeMap::new();
    for line in states.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let Some((id, state)) = line.split_once('\t') else {
            faults.push(format!("{STATES}: no tab in `{line}`"));
            continue;
        };
        let id = id.trim_start_matches('#');
        if !STATE_WORDS.iter().any(|word| state.starts_with(word)) {
            faults.push(format!("{STATES}: #{id}: a state begins with one of {STATE_WORDS:?}"));
        }
        if known.get(id).is_none_or(|anchor| anchor.kind != "algorithm") {
            faults.push(format!("{STATES}: #{id} is no algorithm"));
        }
        if found.insert(id, state).is_some() {
            faults.push(format!("{STATES}: #{id} stands twice"));
        }
    }
    found
}

/// The comments that begin with a tag, each with the lines that carry it on.
fn remarks(text: &str, tag: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        let tagged =
            ["// NB:", "// DEPARTS:", "// SKIPS", "// UNTESTED:"].iter().any(|tag| line.starts_with(tag));
        if line.starts_with(tag) {
            let remark = line.trim_start_matches(tag).trim();
            found.push(if tag == "// SKIPS" { format!("step {remark}") } else { remark.to_owned() });
            open = true;
        } else if let (true, false, Some(more)) = (open, tagged, line.strip_prefix("// ")) {
            if let Some(last) = found.last_mut() {
                last.push(' ');
                last.push_str(more);
            }
        } else {
            open = false;
        }
    }
    found
}

fn known_anchors() -> Result<Vec<standard::Anchor>, Vec<String>> {
    let table = fs::read_to_string(root().join(ANCHORS)).map_err(|error| {
        vec![format!("{ANCHORS}: {error}; `cargo xtask rooms --standard FETCH_BS` makes it")]
    })?;
    let rows = table.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t').map(str::to_owned);
        Some(Anchor { id: cells.next()?, kind: cells.next()?, title: cells.next()?, hash: cells.next()? })
    });
    Ok(rows.collect())
}

fn put(path: &str, text: &str) -> Result<(), Vec<String>> {
    let full = root().join(path);
    let made = full.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&full, text));
    made.map_err(|error| vec![format!("{path}: {error}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Anchor> {
        let anchor = |id: &str, kind: &str| Anchor {
            id: id.to_owned(),
            kind: kind.to_owned(),
            title: format!("the {id}"),
            hash: "0f".to_owned(),
        };
        vec![
            anchor("one", "algorithm"),
            anchor("two?", "algorithm"),
            anchor("noun", "dfn"),
            anchor("was", "old"),
        ]
    }

    fn rooms_of(texts: &[&str], states: &str) -> Result<String, Vec<String>> {
        let file = |(at, text): (usize, &&str)| Source {
            path: format!("crates/{at}.rs"),
            text: text.replace("URL", "https://fetch.spec.whatwg.org/"),
        };
        let files: Vec<Source> = texts.iter().enumerate().map(file).collect();
        page(&known(), &files, states)
    }

    #[test]
    fn rows_say_where_and_how_much() {
        let page = rooms_of(
            &[
                "/// <URL#one>\nfn one() {}\n// DEPARTS: a\n// b\n// NB: c",
                "    /// <URL#two?>\n// SKIPS 4: d",
            ],
            "# a remark\none\tpartly: no e",
        )
        .expect("nothing is wrong");
        for row in [
            "| #one | the one | 0.rs | partly: no e | 0f |\n",
            "| #two? | the two? | 1.rs | done | 0f |\n",
            "\n- 0.rs: a b\n",
            "\n- 1.rs: step 4: d\n",
        ] {
            assert!(page.contains(row), "{row} in {page}");
        }
    }

    #[test]
    fn what_is_wrong_table() {
        let both = "/// <URL#one>\n/// <URL#two?>";
        for (name, texts, states, faults) in [
            ("all claimed", &[both][..], "", 0),
            ("none claimed", &[""], "", 2),
            ("a state stands for a claim", &["/// <URL#one>"], "two?\tnot yet: x", 0),
            ("words after a claim", &["/// <URL#one>\n/// <URL#two?>, and why"], "", 0),
            ("words before it", &["/// <URL#one>\n/// See <URL#two?>."], "", 1),
            ("nor is a word in a list", &["/// <URL#one>\n//! [a](URL#two?)."], "", 1),
            ("two files claim", &[both, "/// <URL#one>"], "", 1),
            ("one file claims twice", &[both, "", "//"], "", 0),
            ("not yet, and claimed", &[both], "one\tnot yet: x", 1),
            ("partly, and not claimed", &["/// <URL#one>"], "two?\tpartly: x", 1),
            ("a state of another word", &[both], "one\tdone", 2),
            ("a state of no algorithm", &[both], "noun\tnot ours: x", 1),
            ("a state without a tab", &[both], "one partly: x", 1),
            ("an anchor that is none", &[both, "// (URL#none)"], "", 1),
            ("an anchor in a string", &[both, "\"URL#none\""], "", 1),
            ("an old name", &[both, "/// <URL#was>"], "", 1),
            ("other anchors may be cited", &[both, "// URL#noun. URL#one; URL#two?)"], "", 0),
        ] {
            let found = rooms_of(texts, states).err().unwrap_or_default();
            assert_eq!(found.len(), faults, "{name}: {found:?}");
        }
    }
}
