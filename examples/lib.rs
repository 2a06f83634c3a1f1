//! What the examples share: the demo world's two origins, and an agent that finds them on this machine.

use sofetch::{UserAgent, UserAgentBuilder};
use sofetch_demo::World;

/// An agent that believes the world's certificate authority and connects to its servers, whatever port they have.
pub fn agent_for(world: &World) -> UserAgentBuilder {
    world.addresses().iter().fold(
        UserAgent::builder().add_root_certificates_pem(world.ca_pem()),
        |builder, entry| {
            let (host, port, address) = *entry;
            builder.connect_to(host, port, address)
        },
    )
}
