//! The server's side of a WebSocket, byte for byte: frames of the client are read and noted, and whatever a reply says is written.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connection::Socket;
use crate::request_reader::Transport;

/// The longest frame that a client may send here.
const LONGEST: usize = 256 << 20;

/// A frame of a client's, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSeen {
    /// Its first byte: FIN, the reserved bits, the opcode.
    pub first: u8,
    /// The mask; `None` where there was none, which is a client's fault.
    pub mask: Option<[u8; 4]>,
    /// What it says.
    pub payload: Bytes,
}

/// A frame as a server sends it: its first byte, its length in the shortest form, its payload.
pub fn frame(first: u8, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(first);
    match payload.len() {
        0..=125 => bytes.put_u8(payload.len() as u8),
        126..=0xffff => {
            bytes.put_u8(126);
            bytes.put_u16(payload.len() as u16);
        }
        length => {
            bytes.put_u8(127);
            bytes.put_u64(length as u64);
        }
    }
    bytes.put_slice(payload);
    bytes.freeze()
}

impl<S: Socket> Transport<S> {
    /// The next frame of the client's; `None` where it left instead.
    pub(crate) async fn read_frame(&mut self) -> io::Result<Option<FrameSeen>> {
        let Some(head) = self.exactly(2).await? else { return Ok(None) };
        let length = match head[1] & 0x7f {
            126 => self.exactly(2).await?.map(|bytes| u64::from(u16::from_be_bytes([bytes[0], bytes[1]]))),
            127 => self
                .exactly(8)
                .await?
                .map(|bytes| bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))),
            length => Some(u64::from(length)),
        };
        let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else { return Ok(None) };
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut mask = None;
        if head[1] & 0x80 != 0 {
            let Some(bytes) = self.exactly(4).await? else { return Ok(None) };
            mask = Some([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let Some(mut payload) = self.exactly(length).await? else { return Ok(None) };
        if let Some(mask) = mask {
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        }
        Ok(Some(FrameSeen { first: head[0], mask, payload: payload.freeze() }))
    }

    async fn exactly(&mut self, count: usize) -> io::Result<Option<BytesMut>> {
        while self.buffer.len() < count {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer.split_to(count)))
    }

    /// Sends back what comes, and a goodbye for a goodbye.
    pub(crate) async fn echo(&mut self, mut saw: impl FnMut(FrameSeen)) -> io::Result<()> {
        while let Some(seen) = self.read_frame().await? {
            saw(seen.clone());
            match seen.first & 0x0f {
                0x9 => self.stream.write_all(&frame(0x8a, &seen.payload)).await?,
                0xa => {}
                _ => self.stream.write_all(&frame(seen.first, &seen.payload)).await?,
            }
            self.stream.flush().await?;
            if seen.first & 0x0f == 0x8 {
                return Ok(());
            }
        }
        Ok(())
    }
}
