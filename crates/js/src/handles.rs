//! [`Handle`]: a Rust value that script holds and cannot look into. It is freed with the object that holds it.

use std::any::Any;
use std::rc::Rc;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{Class, Ctx, Exception, FromJs, IntoJs, JsLifetime, Object, Result, Value};

/// A value of any type of ours, shared by whoever was handed it.
#[derive(Clone)]
pub(crate) struct Handle(Rc<dyn Any>);

impl Handle {
    pub(crate) fn new<T: Any>(value: T) -> Handle {
        Handle(Rc::new(value))
    }

    /// The value, where it is one of this type. An op that is given another handle is a fault of the prelude's.
    pub(crate) fn get<'js, T: Any>(&self, ctx: &Ctx<'js>) -> Result<Rc<T>> {
        self.0.clone().downcast().map_err(|_| Exception::throw_type(ctx, "a handle of another kind"))
    }
}

// SAFETY: no value of JavaScript is within, hence no lifetime of one.
#[allow(unsafe_code)]
unsafe impl<'js> JsLifetime<'js> for Handle {
    type Changed<'to> = Handle;
}

impl<'js> Trace<'js> for Handle {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Handle {
    const NAME: &'static str = "Handle";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        Object::new(ctx.clone()).map(Some)
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl<'js> FromJs<'js> for Handle {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Handle> {
        let class =
            Class::<Handle>::from_value(&value).map_err(|_| Exception::throw_type(ctx, "no handle"))?;
        let handle = class.borrow().clone();
        Ok(handle)
    }
}

impl<'js> IntoJs<'js> for Handle {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        Ok(Class::instance(ctx.clone(), self)?.into_value())
    }
}
