//! Plain structured data: what [StructuredSerializeInternal](https://html.spec.whatwg.org/#structuredserializeinternal) may look at
//! without running any script, and what becomes of it in the same realm.
//!
//! Primitive values, ordinary objects and arrays without getters, buffers of fixed length and typed arrays over them: their copy can
//! be made at once, without records, as nobody sees when it is made. Of anything else, also of whatever has to throw, the prelude's own
//! steps decide: here nothing has happened then.
//!
//! NB: what is found is listed before any of it is made, and nothing is followed by calls. What is deep is left to the prelude all the
//! same: it may have to write the copy for another realm, and could not then.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::ptr;

use rquickjs::{Array, Ctx, Error, Function, Result, Value, qjs};

/// What was found, each object once.
pub(crate) struct Plain<'js> {
    root: usize,
    nodes: Vec<Node<'js>>,
}

enum Node<'js> {
    /// Where a length is there, an array.
    Object {
        depth: usize,
        length: Option<i64>,
        names: Names<'js>,
        items: Vec<Item<'js>>,
    },
    /// `is_transferred`: it is in the transfer list.
    Buffer {
        buffer: Value<'js>,
        is_transferred: bool,
    },
    View {
        buffer: usize,
        kind: qjs::JSTypedArrayEnum,
        byte_offset: usize,
        length: usize,
    },
}

enum Item<'js> {
    Primitive(Value<'js>),
    Node(usize),
}

/// Functions of JavaScript that the engine has no others for, as the prelude took them: each wants the buffer.
pub(crate) struct Natives<'js> {
    pub(crate) is_resizable: Function<'js>,
    pub(crate) transfer: Function<'js>,
}

impl<'js> Plain<'js> {
    /// The object and all that it has; nothing where it is not plain.
    pub(crate) fn find(
        value: Value<'js>,
        transfer: &Array<'js>,
        natives: &Natives<'js>,
    ) -> Option<Plain<'js>> {
        let ctx = value.ctx().clone();
        let mut finder = Finder { ctx: &ctx, natives, nodes: Vec::new(), known: Known::default(), depth: 0 };
        let found = finder.all(value, transfer);
        if found.is_none() {
            // What the engine had to say, the steps will say that do it.
            ctx.catch();
        }
        let root = found?;
        Some(Plain { root, nodes: finder.nodes })
    }

    /// The same for script of this realm; what is in the transfer list is taken away. Nothing where there was no room, and nothing has
    /// happened.
    ///
    /// # Errors
    /// Where there is no room after something was taken away.
    pub(crate) fn copy(&self, ctx: &Ctx<'js>, natives: &Natives<'js>) -> Result<Option<Value<'js>>> {
        let mut made = vec![Value::new_undefined(ctx.clone()); self.nodes.len()];
        for (node, made) in self.nodes.iter().zip(&mut made) {
            let new = match node {
                Node::Object { length: None, .. } => object(ctx),
                Node::Object { length: Some(_), .. } => array(ctx),
                Node::Buffer { buffer, is_transferred: false } => {
                    bytes_of(buffer).and_then(|bytes| new_buffer(ctx, bytes))
                }
                Node::Buffer { is_transferred: true, .. } | Node::View { .. } => continue,
            };
            match new {
                Ok(new) => *made = new,
                Err(_) => {
                    ctx.catch();
                    return Ok(None);
                }
            }
        }
        for (node, made) in self.nodes.iter().zip(&mut made) {
            if let Node::Buffer { buffer, is_transferred: true } = node {
                *made = natives.transfer.call((buffer.clone(),))?;
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            if let Node::View { buffer, kind, byte_offset, length } = node {
                made[place] = view(ctx, &made[*buffer], *kind, *byte_offset, *length)?;
            }
        }
        for (node, new) in self.nodes.iter().zip(&made) {
            let Node::Object { length, names, items, .. } = node else { continue };
            for (index, item) in items.iter().enumerate() {
                let item = match item {
                    Item::Primitive(value) => value,
                    Item::Node(place) => &made[*place],
                };
                define(ctx, new, names.atom(index), item)?;
            }
            if let Some(length) = length {
                set_length(ctx, new, *length)?;
            }
        }
        Ok(made.into_iter().nth(self.root))
    }
}

struct Finder<'a, 'js> {
    ctx: &'a Ctx<'js>,
    natives: &'a Natives<'js>,
    nodes: Vec<Node<'js>>,
    known: Known,
    /// Of what is found now.
    depth: usize,
}

/// The deepest that is looked at.
const DEEP: usize = 100;

impl<'js> Finder<'_, 'js> {
    fn all(&mut self, root: Value<'js>, transfer: &Array<'js>) -> Option<usize> {
        for index in 0..transfer.len() {
            let buffer: Value<'js> = transfer.get(index).ok()?;
            let place = self.nodes.len();
            if !is_buffer(&buffer) || is_immutable(&buffer) || self.known.place(&buffer, place) != place {
                return None;
            }
            bytes_of(&buffer).ok()?;
            self.nodes.push(Node::Buffer { buffer, is_transferred: true });
        }
        let Item::Node(root) = self.item(root)? else { return None };
        let mut next = transfer.len();
        while next < self.nodes.len() {
            if let Some(Node::Object { depth, names, .. }) = self.nodes.get(next) {
                self.depth = depth + 1;
                let (of, count) = (names.of.clone(), names.len());
                let mut found = Vec::with_capacity(count);
                for index in 0..count {
                    let Some(Node::Object { names, .. }) = self.nodes.get(next) else { return None };
                    let value = own_data(self.ctx, &of, names.atom(index))?;
                    found.push(self.item(value)?);
                }
                if let Some(Node::Object { items, .. }) = self.nodes.get_mut(next) {
                    *items = found;
                }
            }
            next += 1;
        }
        Some(root)
    }

    #[allow(unsafe_code)]
    fn item(&mut self, value: Value<'js>) -> Option<Item<'js>> {
        if value.is_symbol() || self.depth > DEEP {
            return None;
        }
        if !value.is_object() {
            return Some(Item::Primitive(value));
        }
        let depth = self.depth;
        let place = self.nodes.len();
        let known = self.known.place(&value, place);
        if known != place {
            return Some(Item::Node(known));
        }
        // SAFETY: the value is an object, and this reads its kind alone.
        let (class, kind) =
            unsafe { (qjs::JS_GetClassID(value.as_raw()), qjs::JS_GetTypedArrayType(value.as_raw())) };
        if is_buffer(&value) {
            self.of_fixed_length(&value)?;
            self.nodes.push(Node::Buffer { buffer: value, is_transferred: false });
        } else if kind >= 0 {
            return self.view(value, kind as qjs::JSTypedArrayEnum, place);
        } else if value.is_array() {
            let names = Names::of(self.ctx, value)?;
            let length = Some(names.length()?);
            self.nodes.push(Node::Object { depth, length, names, items: Vec::new() });
        } else if class == self.known.class_of_objects(self.ctx) && self.known.is_ordinary(self.ctx, &value) {
            let names = Names::of(self.ctx, value)?;
            self.nodes.push(Node::Object { depth, length: None, names, items: Vec::new() });
        } else {
            return None;
        }
        Some(Item::Node(place))
    }

    /// Has the buffer bytes, which stay as many?
    fn of_fixed_length(&self, buffer: &Value<'js>) -> Option<()> {
        bytes_of(buffer).ok()?;
        let is_resizable: bool = self.natives.is_resizable.call((buffer.clone(),)).ok()?;
        (!is_resizable).then_some(())
    }

    #[allow(unsafe_code)]
    fn view(&mut self, view: Value<'js>, kind: qjs::JSTypedArrayEnum, place: usize) -> Option<Item<'js>> {
        let (mut byte_offset, mut byte_length, mut each) = (0, 0, 1);
        // SAFETY: the value is a typed array; what comes back is a new reference to its buffer, or an exception.
        let buffer = unsafe {
            let ctx = self.ctx.as_raw().as_ptr();
            let buffer = qjs::JS_GetTypedArrayBuffer(
                ctx,
                view.as_raw(),
                &mut byte_offset,
                &mut byte_length,
                &mut each,
            );
            of_raw(self.ctx, buffer).ok()?
        };
        if !is_buffer(&buffer) {
            return None;
        }
        self.of_fixed_length(&buffer)?;
        // NB: the view has its place already; it is the buffer that comes behind it, where it is not there.
        let buffer_place = self.known.place(&buffer, place + 1);
        let length = byte_length as usize / each as usize;
        self.nodes.push(Node::View { buffer: buffer_place, kind, byte_offset: byte_offset as usize, length });
        if buffer_place == place + 1 {
            self.nodes.push(Node::Buffer { buffer, is_transferred: false });
        }
        Some(Item::Node(place))
    }
}

/// Which objects were found, by their addresses: they are alive meanwhile, as values that were found have them.
#[derive(Default)]
struct Known {
    few: Vec<(*mut c_void, usize)>,
    many: HashMap<*mut c_void, usize>,
    class_of_objects: Option<u32>,
    prototype_of_objects: Option<*mut c_void>,
}

/// So many are looked for one by one.
const FEW: usize = 8;

impl Known {
    /// The object's place; this, where it has none.
    fn place(&mut self, object: &Value<'_>, new: usize) -> usize {
        let address = address(object);
        if let Some((_, place)) = self.few.iter().find(|(known, _)| *known == address) {
            return *place;
        }
        if self.few.len() < FEW {
            self.few.push((address, new));
            return new;
        }
        *self.many.entry(address).or_insert(new)
    }

    #[allow(unsafe_code)]
    fn class_of_objects(&mut self, ctx: &Ctx<'_>) -> u32 {
        *self.class_of_objects.get_or_insert_with(|| match object(ctx) {
            // SAFETY: the value is alive, and this reads its kind alone.
            Ok(example) => unsafe { qjs::JS_GetClassID(example.as_raw()) },
            Err(_) => u32::MAX,
        })
    }

    /// Is its prototype the realm's `Object.prototype`? NB: of a platform object, another interface may know better.
    #[allow(unsafe_code)]
    fn is_ordinary<'js>(&mut self, ctx: &Ctx<'js>, value: &Value<'js>) -> bool {
        let class = self.class_of_objects(ctx);
        let expected = *self.prototype_of_objects.get_or_insert_with(|| {
            // SAFETY: the class is one that the engine has; what comes back is a new reference, to an object that the realm has.
            unsafe {
                let prototype = qjs::JS_GetClassProto(ctx.as_raw().as_ptr(), class);
                let address = qjs::JS_VALUE_GET_PTR(prototype);
                qjs::JS_FreeValue(ctx.as_raw().as_ptr(), prototype);
                address
            }
        });
        value
            .as_object()
            .and_then(|object| object.get_prototype())
            .is_some_and(|is| address(is.as_value()) == expected)
    }
}

/// The enumerable own property keys of an object that are strings, in their order.
struct Names<'js> {
    of: Value<'js>,
    table: *mut qjs::JSPropertyEnum,
    count: u32,
}

impl<'js> Names<'js> {
    #[allow(unsafe_code)]
    fn of(ctx: &Ctx<'js>, of: Value<'js>) -> Option<Names<'js>> {
        let (mut table, mut count) = (ptr::null_mut(), 0);
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as c_int;
        // SAFETY: the value is an object of this context; the table that comes back is freed with `Names`.
        let got = unsafe {
            qjs::JS_GetOwnPropertyNames(ctx.as_raw().as_ptr(), &mut table, &mut count, of.as_raw(), flags)
        };
        (got == 0).then_some(Names { of, table, count })
    }

    fn len(&self) -> usize {
        self.count as usize
    }

    /// One of them; it lives as long as this.
    #[allow(unsafe_code)]
    fn atom(&self, index: usize) -> qjs::JSAtom {
        assert!(index < self.len());
        // SAFETY: the engine gave a table of so many, which lives as long as this.
        unsafe { (*self.table.add(index)).atom }
    }

    /// The length of the array that they are of.
    #[allow(unsafe_code)]
    fn length(&self) -> Option<i64> {
        let mut length = 0;
        // SAFETY: the value is an array, whose length is a property of its own and no getter.
        let got =
            unsafe { qjs::JS_GetLength(self.of.ctx().as_raw().as_ptr(), self.of.as_raw(), &mut length) };
        (got == 0).then_some(length)
    }
}

impl Drop for Names<'_> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the engine gave it, and nobody looks at it any more.
        unsafe { qjs::JS_FreePropertyEnum(self.of.ctx().as_raw().as_ptr(), self.table, self.count) }
    }
}

fn address(object: &Value<'_>) -> *mut c_void {
    // SAFETY: only the address is taken.
    #[allow(unsafe_code)]
    unsafe {
        qjs::JS_VALUE_GET_PTR(object.as_raw())
    }
}

/// Is it an ArrayBuffer, and not a shared one?
fn is_buffer(value: &Value<'_>) -> bool {
    // SAFETY: the value is alive, and this reads its kind alone.
    #[allow(unsafe_code)]
    unsafe {
        qjs::JS_IsArrayBuffer(value.as_raw())
    }
}

fn is_immutable(buffer: &Value<'_>) -> bool {
    // SAFETY: the value is an ArrayBuffer.
    #[allow(unsafe_code)]
    unsafe {
        qjs::JS_IsImmutableArrayBuffer(buffer.as_raw()) != 0
    }
}

/// The value, unless it is an exception.
///
/// # Safety
/// It is a new reference of this context's.
#[allow(unsafe_code)]
unsafe fn of_raw<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: as the caller says.
    unsafe {
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}

/// The bytes of an ArrayBuffer, as long as nothing of script's runs.
///
/// # Errors
/// Where it is detached.
#[allow(unsafe_code)]
fn bytes_of<'a>(buffer: &'a Value<'_>) -> Result<&'a [u8]> {
    let mut length = 0;
    // SAFETY: the value is an ArrayBuffer of this context; what comes back are so many bytes, or nothing and an exception.
    unsafe {
        let bytes = qjs::JS_GetArrayBuffer(buffer.ctx().as_raw().as_ptr(), &mut length, buffer.as_raw());
        if bytes.is_null() {
            Err(Error::Exception)
        } else {
            Ok(std::slice::from_raw_parts(bytes, length as usize))
        }
    }
}

/// An ArrayBuffer with a copy of these bytes. NB: the engine's own function, and so the binding's, writes zeros first.
///
/// # Errors
/// Where there is no room for it.
#[allow(unsafe_code)]
pub(crate) fn new_buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let engine = ctx.as_raw().as_ptr();
    // SAFETY: so many bytes are written as were allocated; they are the buffer's, or given back where there is none.
    unsafe {
        let room = qjs::js_malloc(engine, bytes.len().max(1) as qjs::size_t).cast::<u8>();
        if room.is_null() {
            return Err(Error::Exception);
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len());
        let length = bytes.len() as qjs::size_t;
        let buffer =
            qjs::JS_NewArrayBuffer(engine, room, length, 0, Some(reallocate), ptr::null_mut(), false);
        if qjs::JS_IsException(buffer) {
            qjs::js_free(engine, room.cast());
        }
        of_raw(ctx, buffer)
    }
}

/// What the engine does with the bytes of buffers that it made itself.
///
/// # Safety
/// The bytes are the engine's.
#[allow(unsafe_code)]
unsafe extern "C" fn reallocate(
    engine: *mut qjs::JSRuntime,
    _: *mut c_void,
    bytes: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    // SAFETY: as the caller says.
    unsafe { qjs::js_realloc_rt(engine, bytes, size) }
}

#[allow(unsafe_code)]
fn object<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    // SAFETY: a new value of this context.
    unsafe { of_raw(ctx, qjs::JS_NewObject(ctx.as_raw().as_ptr())) }
}

#[allow(unsafe_code)]
fn array<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    // SAFETY: a new value of this context.
    unsafe { of_raw(ctx, qjs::JS_NewArray(ctx.as_raw().as_ptr())) }
}

#[allow(unsafe_code)]
fn view<'js>(
    ctx: &Ctx<'js>,
    buffer: &Value<'js>,
    kind: qjs::JSTypedArrayEnum,
    byte_offset: usize,
    length: usize,
) -> Result<Value<'js>> {
    let number = |number: usize| Value::new_number(ctx.clone(), number as f64);
    let (byte_offset, length) = (number(byte_offset), number(length));
    let mut arguments = [buffer.as_raw(), byte_offset.as_raw(), length.as_raw()];
    // SAFETY: three arguments that are alive, and a new value of this context.
    unsafe { of_raw(ctx, qjs::JS_NewTypedArray(ctx.as_raw().as_ptr(), 3, arguments.as_mut_ptr(), kind)) }
}

/// The value of an own property that is no accessor.
#[allow(unsafe_code)]
fn own_data<'js>(ctx: &Ctx<'js>, of: &Value<'js>, name: qjs::JSAtom) -> Option<Value<'js>> {
    let undefined = qjs::JS_UNDEFINED;
    let mut property =
        qjs::JSPropertyDescriptor { flags: 0, value: undefined, getter: undefined, setter: undefined };
    // SAFETY: the object is alive, as is the atom; what the descriptor is given are new references of this context's.
    unsafe {
        if qjs::JS_GetOwnProperty(ctx.as_raw().as_ptr(), &mut property, of.as_raw(), name) != 1 {
            return None;
        }
        let value = of_raw(ctx, property.value);
        let (getter, setter) = (of_raw(ctx, property.getter), of_raw(ctx, property.setter));
        drop((getter, setter));
        (property.flags & qjs::JS_PROP_GETSET as c_int == 0).then(|| value.ok())?
    }
}

/// Neither prototypes nor setters have a say.
#[allow(unsafe_code)]
fn define<'js>(ctx: &Ctx<'js>, object: &Value<'js>, name: qjs::JSAtom, value: &Value<'js>) -> Result<()> {
    let engine = ctx.as_raw().as_ptr();
    let flags = (qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW) as c_int;
    // SAFETY: the object is alive, as is the atom; the engine takes over a reference of its own to the value.
    let defined = unsafe {
        qjs::JS_DefinePropertyValue(
            engine,
            object.as_raw(),
            name,
            qjs::JS_DupValue(engine, value.as_raw()),
            flags,
        )
    };
    if defined < 0 { Err(Error::Exception) } else { Ok(()) }
}

#[allow(unsafe_code)]
fn set_length<'js>(ctx: &Ctx<'js>, array: &Value<'js>, length: i64) -> Result<()> {
    // SAFETY: the value is an array of ours, whose length is a property of its own and no setter.
    let set = unsafe { qjs::JS_SetLength(ctx.as_raw().as_ptr(), array.as_raw(), length) };
    if set < 0 { Err(Error::Exception) } else { Ok(()) }
}
