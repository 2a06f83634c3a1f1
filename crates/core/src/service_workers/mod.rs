//! What [Service Workers](https://w3c.github.io/ServiceWorker/) add to fetching: the gate that a worker's answer must pass.

pub mod gate;
