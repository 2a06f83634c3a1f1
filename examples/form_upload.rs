//! multipart/form-data with a file; the boundary is random, names are escaped.

use sofetch::{Blob, Bytes, File, FormData, FormDataEntry, FormDataValue, Request, UserAgent};
use sofetch_demo::{Reply, Server, ServerConfig, answering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A server that sends back what it was sent.
    let echo = answering(|request| {
        let content_type = request.header("Content-Type").unwrap_or_default();
        Reply::ok(request.body.clone()).header("Content-Type", content_type)
    });
    let server = Server::start(ServerConfig::http(echo))?;

    let photo = File {
        blob: Blob::new([Bytes::from_static(b"not really a photo")], "image/png"),
        name: "photo \"one\".png".to_owned(),
        last_modified: 0,
    };
    let mut form_data = FormData::default();
    form_data
        .append(FormDataEntry { name: "title".to_owned(), value: FormDataValue::String("Lamp".to_owned()) });
    form_data.append(FormDataEntry { name: "photo".to_owned(), value: FormDataValue::File(photo) });

    let request = Request::new(server.url("/upload")).method("POST").form_data(form_data);
    let mut response = UserAgent::builder().build()?.fetch(request).await?;

    // The answer is a form too.
    for entry in response.form_data().await?.entries {
        match entry.value {
            FormDataValue::String(text) => println!("{}: {text}", entry.name),
            FormDataValue::File(file) => {
                println!("{}: {} ({} bytes)", entry.name, file.name, file.blob.size())
            }
        }
    }
    Ok(())
}
