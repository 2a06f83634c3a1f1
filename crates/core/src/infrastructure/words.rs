//! Enumerations whose values are the Standard's words: one macro, so that every such enum says, lists and reads its words alike.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
        pub enum $name { $($(#[$variant_meta])* #[doc = concat!("`\"", $word, "\"`")] #[serde(rename = $word)] $variant,)* }
        impl $name {
            /// Every value, in the Standard's order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            /// The Standard's word.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
            /// The value of that word, if there is one.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;
