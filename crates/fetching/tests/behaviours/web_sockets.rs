//! The opening handshake of a WebSocket as a fetch: what it asks, what refuses it, and what an answer lacks.

use sofetch_core::infrastructure::requests::Request;
use sofetch_core::rulings::NetworkError;
use sofetch_fetching::establish_a_web_socket_connection::establish_a_web_socket_connection;
use sofetch_fetching::fetch_params::FetchController;
use sofetch_testkit::get;

use crate::common::{World, page, url};

/// Why a page's handshake opened nothing.
fn refused(world: &World, from: &str, to: &str, protocols: &[&str]) -> NetworkError {
    let mut request = Request::new(url(to));
    request.client = Some(std::sync::Arc::new(page(from)));
    let protocols: Vec<String> = protocols.iter().map(|&protocol| protocol.to_owned()).collect();
    let (agent, trace) = (world.agent.clone(), world.story.trace());
    let controller = FetchController::new();
    let opening = async move {
        establish_a_web_socket_connection(agent, Box::new(request), &protocols, controller, trace).await.err()
    };
    world.executor.run_letting_time_pass(opening).expect("nobody can switch protocols on a scripted network")
}

#[test]
fn a_handshake_is_asked_as_the_pages_origin() {
    let script = get("https://b.test/chat").replies(101).header("Upgrade", "websocket");
    let world = World::new([script.header("Sec-WebSocket-Protocol", "b")]);
    refused(&world, "https://a.test/", "https://b.test/chat", &["a", "b"]);
    world.tells("web_sockets/handshake");
}

#[test]
fn an_answer_that_is_none_of_a_web_socket() {
    let world =
        World::new([get("https://b.test/").body("a page"), get("https://b.test/moved").redirects(302, "/")]);
    refused(&world, "https://a.test/", "https://b.test/", &[]);
    refused(&world, "https://a.test/", "https://b.test/moved", &[]);
    world.tells("web_sockets/no-web-socket");
}

#[test]
fn mixed_content_and_bad_ports_are_refused_unasked() {
    let world = World::new([]);
    refused(&world, "https://a.test/", "http://b.test/", &[]);
    refused(&world, "http://a.test/", "http://b.test:25/", &[]);
    world.tells("web_sockets/refused");
}
