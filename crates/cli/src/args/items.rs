//! What stands beside the URL: a method before it, request items after it, and what becomes of data items.

/// HTTPie's words, which xh has too.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ItemArgs {
    /// Request items: name=text and name:=json (a JSON body), name==text (query), Name:value (header), name@file (upload)
    #[arg(value_name = "ITEM", long_help = ITEMS_HELP)]
    pub(crate) items: Vec<std::ffi::OsString>,
    /// Send data items as application/x-www-form-urlencoded, uploads as multipart/form-data (-f is curl's --fail here)
    #[arg(long, conflicts_with_all = ["body", "multipart"], help_heading = "Request")]
    pub(crate) form: bool,
    /// Send data items as multipart/form-data, with or without uploads
    #[arg(long, conflicts_with = "body", help_heading = "Request")]
    pub(crate) multipart: bool,
}

const ITEMS_HELP: &str = "\
Request items, in HTTPie's syntax:
  name=text      a text in a JSON object, or a field of a form (--form, --multipart)
  name:=json     any other JSON value
  a[b][]=text    inside: an object's member, the end of an array (a[2] is a place)
  name=@FILE     the text of a file; name:=@FILE its JSON
  name@FILE      an upload; the body is multipart/form-data then (;type= says its type)
  @FILE          the file is the whole body
  name==text     a parameter of the query; name==@FILE a file's text
  Name:value     a header; Name:@FILE a file's text, Name: takes it away, Name; is empty
A backslash before a separator makes it plain. With data the method is POST,
unless one stands before the URL: sofetch PUT :3000/items/1 name=lamp.";
