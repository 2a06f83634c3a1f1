//! The arguments of an operation: how many there must be, which overload they choose, what they become.
//!
//! <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>

use std::fmt::Write as _;

use crate::conversions::{Conversions, quoted};
use crate::idl::{Argument, Type};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Constructor,
    Method,
}

/// All overloads of one name.
pub(crate) struct Call<'a> {
    pub(crate) arguments: Vec<&'a [Argument]>,
    /// "Failed to execute 'append' on 'Headers'"
    pub(crate) place: String,
    pub(crate) target: Target,
}

impl Call<'_> {
    pub(crate) fn is_variadic(&self) -> bool {
        self.arguments.iter().any(|list| list.last().is_some_and(|last| last.variadic))
    }

    fn required(list: &[Argument]) -> usize {
        list.iter().filter(|a| !a.optional && !a.variadic).count()
    }

    /// The formal parameters and the body; `finish` writes what is done with the converted arguments.
    ///
    /// With a variadic overload, they are given as one array.
    pub(crate) fn write(
        &self,
        conversions: &mut Conversions<'_>,
        formals_at_least: usize,
        finish: impl Fn(&str) -> String,
    ) -> (String, String) {
        let required = self.arguments.iter().map(|list| Self::required(list)).min().unwrap_or(0);
        let plain =
            self.arguments.iter().map(|list| list.iter().filter(|a| !a.variadic).count()).max().unwrap_or(0);
        let mut formals: Vec<String> = (0..plain.max(formals_at_least))
            .map(|i| if i < required { format!("a{i}") } else { format!("a{i} = undefined") })
            .collect();
        let variadic = self.is_variadic();
        if variadic && self.target == Target::Method {
            formals.push("...rest".to_owned());
        }
        let mut body = String::new();
        if required > 0 {
            let place = quoted(&self.place);
            let _ = writeln!(
                body,
                "if (arguments.length < {required}) throw tooFew({place}, {required}, arguments.length);"
            );
        }
        match self.arguments.as_slice() {
            [only] => body += &self.convert_all(conversions, only, None, &finish),
            _ => self.choose(conversions, required, &mut body, &finish),
        }
        (formals.join(", "), body)
    }

    fn place_of(&self, index: usize) -> String {
        quoted(&format!("{}: parameter {}", self.place, index + 1))
    }

    /// Conversions of the arguments of one overload, and what is done then. `chosen_by` is the argument that chose it.
    fn convert_all(
        &self,
        conversions: &mut Conversions<'_>,
        list: &[Argument],
        chosen_by: Option<usize>,
        finish: &impl Fn(&str) -> String,
    ) -> String {
        let mut text = String::new();
        // The method that decides is the one that is used. NB: conversions of other arguments may run script.
        let iterated = chosen_by
            .filter(|i| !list[*i].optional && conversions.is_sequence(&list[*i].ty))
            .inspect(|_| text.push_str("const method = methodFound;\n"));
        let mut converted = Vec::new();
        for (i, argument) in list.iter().enumerate() {
            let place = self.place_of(i);
            if argument.variadic {
                let place = format!("`{}: parameter ${{i + {}}}`", self.place, i + 1);
                let element = conversions.convert(&argument.ty, "V", &place);
                let first =
                    converted.iter().enumerate().map(|(i, _)| format!("v{i}")).collect::<Vec<_>>().join(", ");
                let _ = writeln!(
                    text,
                    "const all = [{first}];\nfor (let i = 0; i < rest.length; i++) {{\nconst V = rest[i];\ncreateDataProperty(all, all.length, {element});\n}}"
                );
                return text + &finish("all") + "\n";
            }
            let v = format!("a{i}");
            let expression = match argument.optional {
                _ if iterated == Some(i) => conversions.iterate(&argument.ty, &v, &place, "method"),
                true => conversions.convert_optional(&argument.ty, argument.default.as_ref(), &v, &place),
                false => conversions.convert(&argument.ty, &v, &place),
            };
            let _ = writeln!(text, "const v{i} = {expression};");
            converted.push(format!("v{i}"));
        }
        let arguments =
            if self.is_variadic() { format!("[{}]", converted.join(", ")) } else { converted.join(", ") };
        text + &finish(&arguments) + "\n"
    }

    fn choose(
        &self,
        conversions: &mut Conversions<'_>,
        required: usize,
        body: &mut String,
        finish: &impl Fn(&str) -> String,
    ) {
        let most = self.arguments.iter().map(|list| list.len()).max().unwrap_or(0);
        let _ = writeln!(body, "switch (arguments.length) {{");
        for count in required..=most {
            let fitting: Vec<&[Argument]> = self
                .arguments
                .iter()
                .copied()
                .filter(|list| Self::required(list) <= count && count <= list.len())
                .collect();
            let label = if count == most { "default:".to_owned() } else { format!("case {count}:") };
            if fitting.is_empty() {
                let message = quoted(&format!("{}: no overload takes {count} arguments", self.place));
                let _ = writeln!(body, "{label}\nthrow new TypeError({message});");
                continue;
            }
            let _ = writeln!(body, "{label} {{");
            if let [only] = fitting.as_slice() {
                body.push_str(&self.convert_all(conversions, only, None, finish));
            } else {
                let index = distinguishing_index(conversions, &fitting);
                let types: Vec<(Type, bool)> =
                    fitting.iter().map(|list| (list[index].ty.clone(), list[index].optional)).collect();
                let chooser = conversions.overload(&types);
                let _ = writeln!(body, "switch ({chooser}(a{index}, {})) {{", self.place_of(index));
                for (i, list) in fitting.iter().enumerate() {
                    let converted = self.convert_all(conversions, list, Some(index), finish);
                    let _ = writeln!(body, "case {i}: {{\n{converted}}}");
                }
                body.push_str("}\n");
            }
            body.push_str("}\n");
        }
        body.push_str("}\n");
    }
}

/// The first argument by whose type the overloads can be told apart: the first where the types are not all the same.
fn distinguishing_index(conversions: &Conversions<'_>, overloads: &[&[Argument]]) -> usize {
    let shortest = overloads.iter().map(|list| list.len()).min().unwrap_or(0);
    (0..shortest)
        .find(|i| {
            let first = conversions.resolve(&overloads[0][*i].ty);
            overloads.iter().any(|list| conversions.resolve(&list[*i].ty).kind != first.kind)
        })
        .unwrap_or(0)
}
