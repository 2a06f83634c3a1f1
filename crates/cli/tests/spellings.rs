//! Row 79 of the security cases, through the command itself: forty spellings of addresses that are not public, none of which
//! `--no-private` lets through; the loopback ones do lead to the server without it, so that the table is no list of typing errors.

mod support;

use support::{plain_server, sofetch};

/// Where a spelling leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    /// 127.0.0.1, where the test's server is.
    Server,
    /// Another address that is not public; nothing is ever sent there.
    Elsewhere,
}
use To::{Elsewhere, Server};

const SPELLINGS: [(&str, To); 40] = [
    ("127.0.0.1", Server),
    ("127.1", Server),
    ("127.0.1", Server),
    ("127.0.0.1.", Server),
    ("0x7f.1", Server),
    ("0x7f.0.0.1", Server),
    ("0X7F.0x0.0X0.0x1", Server),
    ("0x7f000001", Server),
    ("0x7f.0x000001", Server),
    ("2130706433", Server),
    ("017700000001", Server),
    ("0177.0.0.1", Server),
    ("0177.0x0.00.01", Server),
    ("00000177.0.0.1", Server),
    ("%31%32%37.0.0.1", Server),
    ("%30x7f.1", Server),
    ("\u{ff11}\u{ff12}\u{ff17}.0.0.1", Server),
    ("\u{2460}\u{2461}\u{2466}.0.0.1", Server),
    ("127\u{3002}0\u{3002}0\u{3002}1", Server),
    ("127\u{ff0e}1", Server),
    ("[::ffff:127.0.0.1]", Server),
    ("[::fFFf:127.0.0.1]", Server),
    ("[::ffff:7f00:1]", Server),
    ("[0:0:0:0:0:ffff:7f00:0001]", Server),
    ("localhost", Server),
    ("LOCALHOST.", Server),
    ("a.localhost", Server),
    ("[::1]", Elsewhere),
    ("[0:0:0:0:0:0:0:1]", Elsewhere),
    ("[::]", Elsewhere),
    ("0", Elsewhere),
    ("[::127.0.0.1]", Elsewhere),
    ("[64:ff9b::7f00:1]", Elsewhere),
    ("[2002:7f00:1::]", Elsewhere),
    ("10.1", Elsewhere),
    ("0xa9fea9fe", Elsewhere),
    ("[::ffff:a9fe:a9fe]", Elsewhere),
    ("192.168.257", Elsewhere),
    ("[fd00::1]", Elsewhere),
    ("[fe80::1]", Elsewhere),
];

#[test]
fn row_79_no_spelling_passes_the_guard() {
    let server = plain_server();
    let port = server.address().port();
    for (spelling, _) in SPELLINGS {
        for url in [format!("http://{spelling}:{port}/"), format!("{spelling}:{port}/")] {
            let said = sofetch(&["--no-private", &url]);
            // NB: without a scheme some are https; they are refused before it matters.
            assert_eq!(said.code, 1, "{url}: {}", said.err);
            assert_eq!(said.text(), "", "{url}");
        }
    }
    assert_eq!(server.connections(), 0, "no socket was opened");
}

#[test]
fn row_79_the_spellings_are_addresses() {
    let server = plain_server();
    let port = server.address().port();
    for (spelling, _) in SPELLINGS.iter().filter(|(_, to)| *to == Server) {
        let url = format!("http://{spelling}:{port}/");
        assert_eq!(sofetch(&[&url]).ended(0).text(), "ok", "{spelling}");
    }
}

#[test]
fn row_79_nor_does_a_name_that_leads_there() {
    let server = plain_server();
    let port = server.address().port();
    let url = format!("http://public.test:{port}/");
    for address in ["127.0.0.1", "[::ffff:127.0.0.1]", "127.0.0.1,[::1]"] {
        let resolve = format!("public.test:{port}:{address}");
        sofetch(&["--no-private", "--resolve", &resolve, &url]).ended(1);
        assert_eq!(server.connections(), 0, "{address}");
    }
    let resolve = format!("public.test:{port}:127.0.0.1");
    assert_eq!(sofetch(&["--resolve", &resolve, &url]).ended(0).text(), "ok");
}
