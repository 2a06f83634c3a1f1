//! [`Message`]: what structured serialization made, on its way to another realm, on whatever thread that is.
//!
//! The prelude's records are data of ours: primitive values, lists and records without a prototype, buffers, handles of blobs, and
//! the queues of ports. Here they are numbered in the order in which they are found, and written one behind the other: nothing is
//! followed by calls, so that no depth is too deep, and cycles are numbers like any other.
//!
//! NB: who writes and who reads is this process; the bytes are no stranger's.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use rquickjs::{Array, Class, Ctx, Exception, IntoJs, Object, Result, Type, Value, qjs};
use sofetch::core::infrastructure::blobs::Blob;

use super::ports::{Place, PortEnd, PortHandle};
use crate::handles::Handle;
use crate::host::Host;
use crate::ledger::{Charge, room_for};
use crate::structured_data::new_buffer;
use crate::values::new_list;

/// Serialized, with what it transfers.
pub(crate) struct Message {
    bytes: Vec<u8>,
    nodes: usize,
    attachments: Vec<Attachment>,
    /// What it takes, in the sender's ledger, until the last who has it is done with it.
    _charge: Charge,
}

enum Attachment {
    Blob(Blob),
    /// Whoever reads the message takes it.
    Port(Mutex<Option<PortEnd>>),
}

/// A message takes so many bytes besides those of its values, about.
const BYTES_A_MESSAGE: usize = 256;

/// And an attachment.
const BYTES_AN_ATTACHMENT: usize = 128;

/// So many bytes are worth a look at what room there is.
const LARGE: usize = 64 << 10;

const UNDEFINED: u8 = 0;
const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const INT: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const UTF_16: u8 = 7;
const BIG_INT: u8 = 8;
const BUFFER: u8 = 9;
const ATTACHMENT: u8 = 10;
const LIST: u8 = 11;
const RECORD: u8 = 12;

impl Message {
    /// Writes a value of the prelude's. Ports within leave the realm, with what waits in their queues.
    ///
    /// # Errors
    /// A `RangeError` where there is no room for it.
    pub(crate) fn write<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Message> {
        let mut left = Vec::new();
        let message = Writer::new(ctx).write(value, &mut left)?;
        // What waits in the queues of ports, and in those of the ports that those messages transfer.
        while let Some((port, waiting)) = left.pop() {
            for (place, value) in waiting.iter::<Value<'js>>().enumerate() {
                port.insert(place, Writer::new(ctx).write(value?, &mut left)?);
            }
        }
        Ok(message)
    }

    /// Where the ends are that it takes along.
    pub(super) fn ports(&self) -> Vec<Place> {
        let ports = self.attachments.iter().filter_map(|attachment| match attachment {
            Attachment::Port(port) => Some(port.lock().unwrap_or_else(PoisonError::into_inner)),
            Attachment::Blob(_) => None,
        });
        ports.filter_map(|port| port.as_ref().map(PortEnd::place)).collect()
    }

    /// The value, for the realm that runs.
    ///
    /// # Errors
    /// Where there is no room for it.
    pub(crate) fn read<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        room_for(ctx, self.bytes.len())?;
        let mut reader = Reader { ctx, rest: &self.bytes, message: self, nodes: vec![None; self.nodes] };
        let root = reader.value()?;
        for number in 0..self.nodes {
            reader.node(number)?;
        }
        Ok(root)
    }
}

/// A port that leaves, and what waits for it in the prelude.
type Waiting<'js> = (Place, Array<'js>);

struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    bytes: Vec<u8>,
    /// Lists and records by the engine's address, each with its number.
    numbers: HashMap<*mut c_void, usize>,
    nodes: Vec<(Object<'js>, bool)>,
    attachments: Vec<Attachment>,
}

impl<'a, 'js> Writer<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>) -> Writer<'a, 'js> {
        let (numbers, nodes) = (HashMap::new(), Vec::new());
        Writer { ctx, bytes: Vec::new(), numbers, nodes, attachments: Vec::new() }
    }

    fn write(mut self, root: Value<'js>, left: &mut Vec<Waiting<'js>>) -> Result<Message> {
        self.value(root, left)?;
        let mut next = 0;
        while let Some((object, is_list)) = self.nodes.get(next).cloned() {
            next += 1;
            if is_list {
                let list = object.into_array().ok_or_else(|| self.no_data())?;
                self.length(list.len());
                for value in list.iter::<Value<'js>>() {
                    self.value(value?, left)?;
                }
            } else {
                let properties: Vec<_> = object.props::<String, Value<'js>>().collect::<Result<_>>()?;
                self.length(properties.len());
                for (key, value) in properties {
                    self.length(key.len());
                    self.bytes.extend_from_slice(key.as_bytes());
                    self.value(value, left)?;
                }
            }
        }
        let most = self.bytes.len() + BYTES_A_MESSAGE + BYTES_AN_ATTACHMENT * self.attachments.len();
        let charge = Charge::new(self.ctx, most)?;
        let Writer { bytes, attachments, .. } = self;
        Ok(Message { bytes, nodes: next, attachments, _charge: charge })
    }

    fn no_data(&self) -> rquickjs::Error {
        Exception::throw_internal(self.ctx, "a record has what is no data")
    }

    fn length(&mut self, length: usize) {
        self.bytes.extend_from_slice(&(length as u64).to_le_bytes()[..5]);
    }

    fn blob(&mut self, tag: u8, bytes: &[u8]) -> Result<()> {
        if bytes.len() >= LARGE {
            room_for(self.ctx, self.bytes.len() + bytes.len())?;
            self.bytes.reserve(bytes.len() + BYTES_A_MESSAGE);
        }
        self.bytes.push(tag);
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn value(&mut self, value: Value<'js>, left: &mut Vec<Waiting<'js>>) -> Result<()> {
        match value.type_of() {
            Type::Undefined | Type::Uninitialized => self.bytes.push(UNDEFINED),
            Type::Null => self.bytes.push(NULL),
            Type::Bool => self.bytes.push(if value.as_bool() == Some(true) { TRUE } else { FALSE }),
            Type::Int => {
                self.bytes.push(INT);
                self.bytes.extend_from_slice(&value.as_int().unwrap_or_default().to_le_bytes());
            }
            Type::Float => {
                self.bytes.push(FLOAT);
                self.bytes.extend_from_slice(&value.as_float().unwrap_or_default().to_bits().to_le_bytes());
            }
            Type::String => self.text(&value)?,
            Type::BigInt => self.big_int(&value)?,
            _ => match value.into_object() {
                Some(object) => self.object(object, left)?,
                None => return Err(self.no_data()),
            },
        }
        Ok(())
    }

    fn object(&mut self, object: Object<'js>, left: &mut Vec<Waiting<'js>>) -> Result<()> {
        if let Some(buffer) = object.as_array_buffer() {
            // SAFETY: nothing of script's runs while these bytes are looked at.
            #[allow(unsafe_code)]
            let bytes = unsafe { buffer.as_bytes() }.ok_or_else(|| self.no_data())?;
            return self.blob(BUFFER, bytes);
        }
        if let Ok(handle) = Class::<Handle>::from_value(object.as_value()) {
            let blob = handle.borrow().get::<Blob>(self.ctx)?;
            return self.attach(Attachment::Blob(Blob::clone(&blob)));
        }
        let is_list = object.is_array();
        if !is_list && object.get_prototype().is_some() {
            return self.queue(object, left);
        }
        // SAFETY: only the address is taken; the object is alive as long as the value that is written.
        #[allow(unsafe_code)]
        let address = unsafe { qjs::JS_VALUE_GET_PTR(object.as_value().as_raw()) };
        let number = *self.numbers.entry(address).or_insert(self.nodes.len());
        if number == self.nodes.len() {
            self.nodes.push((object, is_list));
        }
        self.bytes.push(if is_list { LIST } else { RECORD });
        self.length(number);
        Ok(())
    }

    /// What is no data is the queue of a port.
    fn queue(&mut self, queue: Object<'js>, left: &mut Vec<Waiting<'js>>) -> Result<()> {
        let (handle, waiting): (Handle, Array<'js>) = {
            let exported: Array<'js> = Host::of(self.ctx).hook(self.ctx, "exportQueue")?.call((queue,))?;
            (exported.get(0)?, exported.get(1)?)
        };
        let end = handle.get::<PortHandle>(self.ctx)?.take().ok_or_else(|| self.no_data())?;
        left.push((end.place(), waiting));
        self.attach(Attachment::Port(Mutex::new(Some(end))))
    }

    fn attach(&mut self, attachment: Attachment) -> Result<()> {
        self.bytes.push(ATTACHMENT);
        self.length(self.attachments.len());
        self.attachments.push(attachment);
        Ok(())
    }

    #[allow(unsafe_code)]
    fn text(&mut self, value: &Value<'js>) -> Result<()> {
        let ctx = self.ctx.as_raw().as_ptr();
        let mut length = 0;
        // SAFETY: the value is a string of this context; what comes back is that many bytes until it is freed.
        let text = unsafe { qjs::JS_ToCStringLen2(ctx, &mut length, value.as_raw(), false) };
        if text.is_null() {
            return Err(rquickjs::Error::Exception);
        }
        // SAFETY: as above.
        let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length as usize) };
        let written = std::str::from_utf8(bytes).is_ok().then(|| self.blob(TEXT, bytes));
        // SAFETY: nobody looks at the bytes any more.
        unsafe { qjs::JS_FreeCString(ctx, text) };
        match written {
            Some(written) => written,
            None => self.utf_16(value),
        }
    }

    /// A string with a lone surrogate.
    #[allow(unsafe_code)]
    fn utf_16(&mut self, value: &Value<'js>) -> Result<()> {
        let ctx = self.ctx.as_raw().as_ptr();
        let mut length = 0;
        // SAFETY: as in `text`, in units of two bytes.
        let text = unsafe { qjs::JS_ToCStringLenUTF16(ctx, &mut length, value.as_raw()) };
        if text.is_null() {
            return Err(rquickjs::Error::Exception);
        }
        // SAFETY: as above.
        let units = unsafe { std::slice::from_raw_parts(text, length as usize) };
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        // SAFETY: nobody looks at the units any more.
        unsafe { qjs::JS_FreeCStringUTF16(ctx, text) };
        self.blob(UTF_16, &bytes)
    }

    /// In the engine's own form.
    #[allow(unsafe_code)]
    fn big_int(&mut self, value: &Value<'js>) -> Result<()> {
        let ctx = self.ctx.as_raw().as_ptr();
        let mut length = 0;
        // SAFETY: the value is one of this context; what comes back is that many bytes, and ours to free.
        let written = unsafe { qjs::JS_WriteObject(ctx, &mut length, value.as_raw(), 0) };
        if written.is_null() {
            return Err(rquickjs::Error::Exception);
        }
        // SAFETY: as above.
        let bytes = unsafe { std::slice::from_raw_parts(written, length as usize) }.to_vec();
        // SAFETY: the engine made it, and nobody looks at it any more.
        unsafe { qjs::js_free(ctx, written.cast()) };
        self.blob(BIG_INT, &bytes)
    }
}

struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    rest: &'a [u8],
    message: &'a Message,
    /// Lists and records that were named already.
    nodes: Vec<Option<Object<'js>>>,
}

impl<'a, 'js> Reader<'a, 'js> {
    /// # Errors
    /// Where there is no more, which no writer of ours brings about.
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(Exception::throw_internal(self.ctx, "a message that ends too early"));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn length(&mut self) -> Result<usize> {
        let mut whole = [0; 8];
        whole[..5].copy_from_slice(self.take(5)?);
        Ok(u64::from_le_bytes(whole) as usize)
    }

    fn blob(&mut self) -> Result<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn value(&mut self) -> Result<Value<'js>> {
        let ctx = self.ctx.clone();
        match self.bytes::<1>()?[0] {
            UNDEFINED => Ok(Value::new_undefined(ctx)),
            NULL => Ok(Value::new_null(ctx)),
            FALSE => Ok(Value::new_bool(ctx, false)),
            TRUE => Ok(Value::new_bool(ctx, true)),
            INT => Ok(Value::new_int(ctx, i32::from_le_bytes(self.bytes()?))),
            FLOAT => Ok(Value::new_float(ctx, f64::from_bits(u64::from_le_bytes(self.bytes()?)))),
            TEXT => std::str::from_utf8(self.blob()?).unwrap_or_default().into_js(&ctx),
            UTF_16 => self.utf_16(),
            BIG_INT => self.big_int(),
            BUFFER => new_buffer(self.ctx, self.blob()?),
            ATTACHMENT => {
                let number = self.length()?;
                match self.message.attachments.get(number) {
                    Some(Attachment::Blob(blob)) => {
                        Host::of(&ctx).ledger.note_of_others(blob.size());
                        Handle::new(blob.clone()).into_js(&ctx)
                    }
                    Some(Attachment::Port(port)) => {
                        let end = port.lock().unwrap_or_else(PoisonError::into_inner).take();
                        Handle::new(PortHandle::new(end)).into_js(&ctx)
                    }
                    None => Err(Exception::throw_internal(&ctx, "an attachment that is not there")),
                }
            }
            LIST => self.named(true),
            RECORD => self.named(false),
            _ => Err(Exception::throw_internal(&ctx, "a message that nobody wrote")),
        }
    }

    fn named(&mut self, is_list: bool) -> Result<Value<'js>> {
        let number = self.length()?;
        let ctx = self.ctx.clone();
        let Some(node) = self.nodes.get_mut(number) else {
            return Err(Exception::throw_internal(&ctx, "a record that is not there"));
        };
        let object = match node {
            Some(object) => object.clone(),
            None => {
                let object =
                    if is_list { new_list(&ctx)?.into_object() } else { Object::new_proto(ctx, None)? };
                node.insert(object).clone()
            }
        };
        Ok(object.into_value())
    }

    fn node(&mut self, number: usize) -> Result<()> {
        let node = self.nodes.get(number).cloned().flatten();
        let Some(object) = node else {
            return Err(Exception::throw_internal(self.ctx, "a record that nobody names"));
        };
        let length = self.length()?;
        if let Some(list) = object.as_array() {
            for index in 0..length {
                list.set(index, self.value()?)?;
            }
            return Ok(());
        }
        for _ in 0..length {
            let key = std::str::from_utf8(self.blob()?).unwrap_or_default();
            object.set(key, self.value()?)?;
        }
        Ok(())
    }

    #[allow(unsafe_code)]
    fn utf_16(&mut self) -> Result<Value<'js>> {
        let units: Vec<u16> =
            self.blob()?.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
        // SAFETY: the engine copies that many units; the value that comes back is a new one of this context.
        unsafe {
            let value = qjs::JS_NewStringUTF16(self.ctx.as_raw().as_ptr(), units.as_ptr(), units.len() as _);
            self.of_raw(value)
        }
    }

    #[allow(unsafe_code)]
    fn big_int(&mut self) -> Result<Value<'js>> {
        let bytes = self.blob()?;
        // SAFETY: the very engine wrote them, and reads no further; the value that comes back is a new one of this context.
        unsafe {
            let value = qjs::JS_ReadObject(self.ctx.as_raw().as_ptr(), bytes.as_ptr(), bytes.len() as _, 0);
            self.of_raw(value)
        }
    }

    /// # Safety
    /// The value is a new one of this context.
    #[allow(unsafe_code)]
    unsafe fn of_raw(&self, value: qjs::JSValue) -> Result<Value<'js>> {
        // SAFETY: as the caller says.
        unsafe {
            if qjs::JS_IsException(value) {
                return Err(rquickjs::Error::Exception);
            }
            Ok(Value::from_raw(self.ctx.clone(), value))
        }
    }
}
