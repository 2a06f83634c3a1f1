//! A WebSocket on your own behalf: messages there and back, and a goodbye; and one that a server does not open, with the reason.

use sofetch::core::rules::web_sockets::accept_of;
use sofetch::{WebSocket, WebSocketMessage};
use sofetch_demo::{Ending, Reply, RequestSeen, Server, ServerConfig, answering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(ServerConfig::http(answering(echo)))?;

    let mut socket = WebSocket::connect(format!("ws://{}/echo", server.address())).await?;
    socket.send("hello").await?;
    socket.send(vec![1, 2, 3]).await?;
    for _ in 0..2 {
        match socket.next().await? {
            Some(WebSocketMessage::Text(text)) => println!("text: {text}"),
            Some(WebSocketMessage::Binary(bytes)) => println!("{} bytes", bytes.len()),
            None => break,
        }
    }
    let closure = socket.close(1000, "enough").await?;
    println!("closed with {}, cleanly: {}", closure.code, closure.was_clean);

    match WebSocket::connect(format!("ws://{}/page", server.address())).await {
        Ok(_) => Err("there is no WebSocket at this path".into()),
        Err(error) => {
            println!("{error:#}");
            Ok(())
        }
    }
}

/// What a server does that takes a handshake and sends back what comes.
fn echo(request: &RequestSeen) -> Reply {
    let Some(key) = request.header("sec-websocket-key").filter(|_| request.path() == "/echo") else {
        return Reply::ok("a page");
    };
    Reply::new(101)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", accept_of(&key))
        .as_given()
        .echo()
        .ending(Ending::Close)
}
