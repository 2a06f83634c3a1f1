//! `tower_service::Service` for agents and pages.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::agent::UserAgent;
use crate::error::Error;
use crate::page::Page;
use crate::request::Request;
use crate::response::Response;

type Answer = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

macro_rules! service {
    ($face:ty) => {
        impl<R: Into<Request>> Service<R> for $face {
            type Response = Response;
            type Error = Error;
            type Future = Answer;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
                // Limits per host queue within the fetch itself.
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: R) -> Answer {
                let (face, request) = (self.clone(), request.into());
                Box::pin(async move { face.fetch(request).await })
            }
        }
    };
}

service!(UserAgent);
service!(Page);
