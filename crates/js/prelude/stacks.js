// Where script is: the engine's stacks, without the frames of the prelude.
//
// A line of a stack is `    at name (file:line:column)`, `    at file:line:column`, or ends with `(native)`.

import {
  Error, ErrorPrototypeGetStack, StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeIndexOf,
  StringPrototypeLastIndexOf, StringPrototypeSlice, StringPrototypeTrim,
} from "./primordials.js";

// Every module of the prelude has a name of this scheme.
const OURS = "sofetch:/";

/** A stack's lines that are of script, each with its line end but the last. */
export function withoutPrelude(stack) {
  let result = "";
  // What the engine's own functions do goes with who called them.
  let native = "";
  forEachLine(stack, (line) => {
    if (line === "") return;
    if (StringPrototypeIncludes(line, OURS)) {
      native = "";
      return;
    }
    const next = result === "" && native === "" ? line : `\n${line}`;
    if (StringPrototypeIncludes(line, "(native)")) {
      native += next;
      return;
    }
    result += native + next;
    native = "";
  });
  return result + native;
}

/** The stack from where script called the prelude. */
export function callerStack() {
  let stack;
  try {
    stack = ErrorPrototypeGetStack(new Error());
  } catch {
    // NB: there may be no room for one.
  }
  return typeof stack === "string" ? withoutPrelude(stack) : "";
}

/** The topmost place of script in a stack: `{ filename, lineno, colno }`, or undefined. */
export function placeOf(stack) {
  let place;
  forEachLine(stack, (line) => {
    if (place !== undefined || StringPrototypeIncludes(line, OURS)) return;
    place = parsePlace(line);
  });
  return place;
}

function forEachLine(text, steps) {
  let start = 0;
  for (;;) {
    const end = StringPrototypeIndexOf(text, "\n", start);
    if (end === -1) {
      steps(StringPrototypeSlice(text, start));
      return;
    }
    steps(StringPrototypeSlice(text, start, end));
    start = end + 1;
  }
}

function parsePlace(line) {
  let text = StringPrototypeTrim(line);
  if (StringPrototypeIndexOf(text, "at ") !== 0) return undefined;
  text = StringPrototypeSlice(text, 3);
  if (text[text.length - 1] === ")") {
    const open = StringPrototypeIndexOf(text, " (");
    text = StringPrototypeSlice(text, open === -1 ? 0 : open + 2, -1);
  }
  const column = StringPrototypeLastIndexOf(text, ":");
  const lineAt = column <= 0 ? -1 : StringPrototypeLastIndexOf(text, ":", column - 1);
  if (lineAt <= 0) return undefined;
  const lineno = digits(StringPrototypeSlice(text, lineAt + 1, column));
  const colno = digits(StringPrototypeSlice(text, column + 1));
  if (lineno === undefined || colno === undefined) return undefined;
  return { __proto__: null, filename: StringPrototypeSlice(text, 0, lineAt), lineno, colno };
}

function digits(text) {
  for (let i = 0; i < text.length; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    if (code < 0x30 || code > 0x39) return undefined;
  }
  return text === "" ? undefined : +text;
}
