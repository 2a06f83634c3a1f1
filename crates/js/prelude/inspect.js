// How a console prints a value: https://console.spec.whatwg.org/#printer
//
// Nothing that script wrote is run, so that looking at an object does not change it: accessors and proxies are named, not asked. The
// attributes of platform objects are ours, and their values are shown.

import {
  Array, ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, ArrayBufferPrototypeGetDetached, ArrayPrototypeJoin,
  BigIntPrototypeToString, BigIntPrototypeValueOf, BooleanPrototypeValueOf, DOMExceptionPrototypeGetMessage,
  DOMExceptionPrototypeGetName, DataViewPrototypeGetBuffer, DataViewPrototypeGetByteLength, DataViewPrototypeGetByteOffset,
  DatePrototypeGetTime, DatePrototypeToISOString, ErrorPrototypeGetStack, FunctionPrototypeBind, FunctionPrototypeToString,
  JSONStringify, Map, MapPrototypeForEach, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeSet, MathMin, NumberIsNaN,
  NumberPrototypeToString, NumberPrototypeValueOf, ObjectGetOwnPropertyDescriptor, ObjectGetPrototypeOf, ObjectHasOwn, ObjectIs,
  ObjectKeys, ObjectPrototype, ReflectApply, ReflectOwnKeys, RegExpPrototypeToString, SetPrototypeForEach, SetPrototypeGetSize,
  SharedArrayBufferPrototypeGetByteLength, String, StringPrototypeCharCodeAt, StringPrototypeEndsWith, StringPrototypeIncludes,
  StringPrototypeIndexOf, StringPrototypePadStart, StringPrototypeSlice, StringPrototypeStartsWith, StringPrototypeToString,
  SymbolPrototypeToString, SymbolPrototypeValueOf, SymbolToStringTag, TypedArrayPrototypeGetLength, Uint8Array, dataValue,
  global, newList, ops,
} from "./primordials.js";
import { unwrapAny, wrap } from "./platform_objects.js";
import { className } from "./class_names.js";
import { withoutPrelude } from "./stacks.js";

const MOST_ELEMENTS = 100;
const MOST_PROPERTIES = 200;
const MOST_CHARACTERS = 10_000;
const LINE = 76;

/** The text of a value; `depth` says how many levels of objects within it are shown. */
export function inspect(value, depth = 2) {
  const look = { __proto__: null, depth, path: newList(), cycles: new Map() };
  return inspectValue(value, look);
}

/** `Error: message` of a thrown value, without running anything of script's. */
export function headline(value) {
  try {
    if (typeof value === "object" && value !== null) {
      const name = className(value);
      if (name === "DOMException") return joinName(DOMExceptionPrototypeGetName(value), DOMExceptionPrototypeGetMessage(value));
      if (name === "Error") return joinName(textOf(value, "name", "Error"), textOf(value, "message", ""));
    }
    return inspect(value);
  } catch {
    return "an object that cannot be shown";
  }
}

function joinName(name, message) {
  if (name === "") return message;
  return message === "" ? name : `${name}: ${message}`;
}

/** The stack of an error without the prelude's frames; "" where there is none. */
export function stackOf(error) {
  if (typeof error !== "object" || error === null) return "";
  const name = className(error);
  if (name === "DOMException") return withoutPrelude(textOf(error, "stack", ""));
  if (name !== "Error") return "";
  const own = textOf(error, "stack", undefined);
  if (own !== undefined) return withoutPrelude(own);
  const stack = ErrorPrototypeGetStack(error);
  return typeof stack === "string" ? withoutPrelude(stack) : "";
}

// A data property that is a string, of an object or what it inherits from.
function textOf(object, key, otherwise) {
  for (let o = object; o !== null && className(o) !== "Proxy"; o = ObjectGetPrototypeOf(o)) {
    if (!ObjectHasOwn(o, key)) continue;
    const value = dataValue(o, key);
    return typeof value === "string" ? value : otherwise;
  }
  return otherwise;
}

function inspectValue(value, look) {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return ObjectIs(value, -0) ? "-0" : NumberPrototypeToString(value);
    case "bigint":
      return `${BigIntPrototypeToString(value)}n`;
    case "symbol":
      return SymbolPrototypeToString(value);
    case "object":
      if (value === null) return "null";
    // falls through
    case "function":
      return inspectObject(value, look);
    default:
      return String(value);
  }
}

function quote(text) {
  if (text.length > MOST_CHARACTERS) {
    return `${quote(StringPrototypeSlice(text, 0, MOST_CHARACTERS))}... ${text.length - MOST_CHARACTERS} more characters`;
  }
  const quoted = JSONStringify(text);
  let result = "";
  let from = 0;
  for (let i = 0; i < quoted.length; i++) {
    const code = StringPrototypeCharCodeAt(quoted, i);
    // NB: terminals obey these too, which JSON leaves as they are.
    if (code < 0x7f || code > 0x9f) continue;
    result += `${StringPrototypeSlice(quoted, from, i)}\\u00${NumberPrototypeToString(code, 16)}`;
    from = i + 1;
  }
  return result + StringPrototypeSlice(quoted, from);
}

function inspectObject(object, look) {
  for (let i = 0; i < look.path.length; i++) {
    if (look.path[i] !== object) continue;
    let number = MapPrototypeGet(look.cycles, object);
    if (number === undefined) {
      number = MapPrototypeGetSize(look.cycles) + 1;
      MapPrototypeSet(look.cycles, object, number);
    }
    return `[Circular *${number}]`;
  }
  const { path } = look;
  path[path.length] = object;
  let text;
  try {
    text = inspectNew(object, look);
  } catch {
    // Too deep for the stack, say.
    text = "[Object]";
  }
  path.length--;
  const number = MapPrototypeGet(look.cycles, object);
  return number === undefined ? text : `<ref *${number}> ${text}`;
}

// The parts of an object's text: what stands before the braces, and what stands in them.
function parts(prefix, open, close) {
  return { __proto__: null, prefix, open, close, items: newList(), more: 0, wraps: false };
}

function add(p, item) {
  p.items[p.items.length] = item;
}

function inspectNew(object, look) {
  const kind = typeof object === "function" && className(object) !== "Proxy" ? "Function" : className(object);
  if (kind === "Proxy") return "[Proxy]";
  const impl = kind === "Object" || kind === undefined ? unwrapAny(object) : undefined;
  const name = constructorName(object);
  const tooDeep = look.path.length > look.depth + 1;
  const simple = simpleText(object, kind, name, look);
  if (simple !== undefined) {
    // Such an object is its text, and what script has put on it.
    if (tooDeep) return simple;
    const p = parts(simple, "{", "}");
    addProperties(p, object, look, isIndexed(kind), kind === "Error" || kind === "DOMException");
    return p.items.length === 0 ? simple : layOut(p);
  }
  if (tooDeep) return `[${kind === "Array" ? "Array" : name === null ? "Object: null prototype" : name}]`;
  if (impl !== undefined) return inspectPlatformObject(object, impl, name, look);
  const p = bareParts(object, kind, name, look);
  addProperties(p, object, look, isIndexed(kind), false);
  return layOut(p);
}

function isIndexed(kind) {
  return kind === "Array" || kind === "String" || (kind !== undefined && kind !== "DataView" && StringPrototypeIncludes(kind, "Array") && !StringPrototypeIncludes(kind, "Buffer"));
}

// What needs no braces.
function simpleText(object, kind, name, look) {
  switch (kind) {
    case "Function":
      return functionText(object, name);
    case "Error":
    case "DOMException":
      return errorText(object, look);
    case "Date": {
      const time = DatePrototypeGetTime(object);
      return NumberIsNaN(time) ? "Invalid Date" : DatePrototypeToISOString(object);
    }
    case "RegExp": {
      // NB: the method asks the object for its source and flags; where script answers, it is not asked.
      if (ObjectHasOwn(object, "source") || ObjectHasOwn(object, "flags")) return "[RegExp]";
      return RegExpPrototypeToString(object);
    }
    case "Boolean":
      return `[Boolean: ${BooleanPrototypeValueOf(object)}]`;
    case "Number":
      return `[Number: ${inspectValue(NumberPrototypeValueOf(object), look)}]`;
    case "BigInt":
      return `[BigInt: ${inspectValue(BigIntPrototypeValueOf(object), look)}]`;
    case "String":
      return `[String: ${quote(StringPrototypeToString(object))}]`;
    case "Symbol":
      return `[Symbol: ${SymbolPrototypeToString(SymbolPrototypeValueOf(object))}]`;
    case "WeakMap":
    case "WeakSet":
      return `${name ?? kind} { <items unknown> }`;
    default:
      return undefined;
  }
}

function nameOf(object) {
  const name = className(object) === "Proxy" ? undefined : dataValue(object, "name");
  return typeof name === "string" ? name : "";
}

function functionText(object, constructorName) {
  let source = "";
  try {
    source = FunctionPrototypeToString(object);
  } catch {
    // Something callable of the host's.
  }
  const name = nameOf(object);
  if (StringPrototypeStartsWith(source, "class") && !StringPrototypeStartsWith(source, "class_")) {
    const parent = ObjectGetPrototypeOf(object);
    const inherited = typeof parent === "function" ? nameOf(parent) : "";
    return `[class ${name === "" ? "(anonymous)" : name}${inherited === "" ? "" : ` extends ${inherited}`}]`;
  }
  const kind = constructorName ?? "Function";
  return name === "" ? `[${kind} (anonymous)]` : `[${kind}: ${name}]`;
}

function errorText(error, look) {
  const first = headline(error);
  const stack = stackOf(error);
  let text = first;
  if (stack !== "") text = StringPrototypeStartsWith(stack, first) ? stack : `${first}\n${stack}`;
  if (ObjectHasOwn(error, "cause")) text += `\n  cause: ${indented(propertyText(ObjectGetOwnPropertyDescriptor(error, "cause"), look))}`;
  const errors = dataValue(error, "errors");
  if (errors !== undefined) text += `\n  errors: ${indented(inspectValue(errors, look))}`;
  return text;
}

// Objects whose contents their slots hold.
function bareParts(object, kind, name, look) {
  switch (kind) {
    case "Array": {
      const p = parts(name === "Array" ? "" : `${name ?? "Array"}(${object.length})`, "[", "]");
      p.wraps = true;
      addElements(p, object, look);
      return p;
    }
    case "Map": {
      const p = parts(`${name ?? "Map"}(${MapPrototypeGetSize(object)})`, "{", "}");
      let count = 0;
      MapPrototypeForEach(object, (value, key) => {
        if (count++ < MOST_ELEMENTS) add(p, `${inspectValue(key, look)} => ${inspectValue(value, look)}`);
        else p.more++;
      });
      return p;
    }
    case "Set": {
      const p = parts(`${name ?? "Set"}(${SetPrototypeGetSize(object)})`, "{", "}");
      let count = 0;
      SetPrototypeForEach(object, (value) => {
        if (count++ < MOST_ELEMENTS) add(p, inspectValue(value, look));
        else p.more++;
      });
      return p;
    }
    case "Promise": {
      const p = parts(name ?? "Promise", "{", "}");
      const state = ops.promise_state(object);
      if (state === 0) add(p, "<pending>");
      else add(p, `${state === 2 ? "<rejected> " : ""}${inspectValue(ops.promise_result(object), look)}`);
      return p;
    }
    case "ArrayBuffer":
      return bytesParts(object, name ?? kind, ArrayBufferPrototypeGetDetached(object), ArrayBufferPrototypeGetByteLength(object));
    case "SharedArrayBuffer":
      return bytesParts(object, name ?? kind, false, SharedArrayBufferPrototypeGetByteLength(object));
    case "DataView":
      return dataViewParts(object, name ?? kind, look);
    case "Arguments": {
      const p = parts("[Arguments]", "{", "}");
      return p;
    }
  }
  if (kind !== undefined && ArrayBufferIsView(object)) {
    const length = TypedArrayPrototypeGetLength(object);
    const p = parts(`${name ?? kind}(${length})`, "[", "]");
    p.wraps = true;
    for (let i = 0; i < length && i < MOST_ELEMENTS; i++) add(p, inspectValue(object[i], look));
    p.more = length > MOST_ELEMENTS ? length - MOST_ELEMENTS : 0;
    return p;
  }
  return parts(objectPrefix(object, name), "{", "}");
}

function objectPrefix(object, name) {
  const tag = textOf(object, SymbolToStringTag, "");
  const said = name === null ? "[Object: null prototype]" : name;
  if (tag !== "" && tag !== name) return `${said} [${tag}]`;
  return said === "Object" ? "" : said;
}

function bytesParts(buffer, name, detached, length) {
  const p = parts(name, "{", "}");
  if (detached) {
    add(p, "(detached)");
    return p;
  }
  const bytes = new Uint8Array(buffer);
  const shown = newList();
  for (let i = 0; i < length && i < 50; i++) shown[i] = StringPrototypePadStart(NumberPrototypeToString(bytes[i], 16), 2, "0");
  const more = length > 50 ? ` ... ${length - 50} more bytes` : "";
  add(p, `[Uint8Contents]: <${ArrayPrototypeJoin(shown, " ")}${more}>`);
  add(p, `byteLength: ${length}`);
  return p;
}

function dataViewParts(view, name, look) {
  const p = parts(name, "{", "}");
  try {
    add(p, `byteLength: ${DataViewPrototypeGetByteLength(view)}`);
    add(p, `byteOffset: ${DataViewPrototypeGetByteOffset(view)}`);
  } catch {
    add(p, "(out of bounds)");
  }
  add(p, `buffer: ${inspectValue(DataViewPrototypeGetBuffer(view), look)}`);
  return p;
}

function addElements(p, array, look) {
  const { length } = array;
  let shown = 0;
  let empty = 0;
  const flush = () => {
    if (empty > 0) add(p, `<${empty} empty item${empty === 1 ? "" : "s"}>`);
    empty = 0;
  };
  let i = 0;
  for (; i < length && shown < MOST_ELEMENTS; i++) {
    const property = ObjectGetOwnPropertyDescriptor(array, i);
    if (property === undefined) {
      // A long hole is passed at once.
      const next = empty >= 1000 ? nextIndex(array, i) : i + 1;
      empty += MathMin(next, length) - i;
      i = MathMin(next, length) - 1;
      continue;
    }
    if (empty > 0) {
      flush();
      shown++;
    }
    add(p, propertyText(property, look));
    shown++;
  }
  flush();
  p.more = length - i;
}

// The first index of an element from there on, or the length.
function nextIndex(array, from) {
  const keys = ObjectKeys(array);
  for (let i = 0; i < keys.length; i++) {
    const index = +keys[i];
    if (index >= from) return index;
    if (NumberIsNaN(index)) break;
  }
  return array.length;
}

function propertyText(property, look) {
  if (ObjectHasOwn(property, "value")) return inspectValue(property.value, look);
  const { get, set } = property;
  if (get === undefined) return set === undefined ? "undefined" : "[Setter]";
  return set === undefined ? "[Getter]" : "[Getter/Setter]";
}

function addProperties(p, object, look, indexed, isError, isPlatformObject = false) {
  // NB: a list of ten million keys is no help to anybody.
  if (indexed && p.more > 0) return;
  const keys = ReflectOwnKeys(object);
  let count = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (indexed && typeof key === "string" && isIndex(key)) {
      // Elements stand first among the keys, and there may be many of them.
      continue;
    }
    const property = ObjectGetOwnPropertyDescriptor(object, key);
    if (property === undefined || !property.enumerable) continue;
    // [LegacyUnforgeable] members.
    if (isPlatformObject && !property.configurable) continue;
    if (isError && (key === "stack" || key === "message" || key === "name" || key === "cause" || key === "errors")) continue;
    if (count++ < MOST_PROPERTIES) add(p, `${keyText(key)}: ${propertyText(property, look)}`);
    else p.more++;
  }
}

function isIndex(key) {
  const first = key[0];
  return first >= "0" && first <= "9";
}

function keyText(key) {
  if (typeof key === "symbol") return `[${SymbolPrototypeToString(key)}]`;
  return isIdentifier(key) ? key : quote(key);
}

function isIdentifier(key) {
  if (key === "" || isIndex(key)) return key !== "" && NumberPrototypeToString(+key) === key;
  for (let i = 0; i < key.length; i++) {
    const c = key[i];
    if (!((c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || (c >= "0" && c <= "9") || c === "_" || c === "$")) return false;
  }
  return true;
}

// The attributes of an interface, those of what it inherits from last; a list of pairs where it is one.
function inspectPlatformObject(object, impl, name, look) {
  const p = parts(name ?? "Object", "{", "}");
  if (typeof impl.pairAt === "function") {
    for (let i = 0; ; i++) {
      const pair = impl.pairAt(i);
      if (pair === undefined) break;
      if (i < MOST_ELEMENTS) add(p, `${inspectValue(pair.key, look)} => ${inspectValue(pair.value, look)}`);
      else p.more++;
    }
  } else if (wrap(impl) === object && object !== global) {
    addAttributes(p, object, look);
  }
  addProperties(p, object, look, false, false, true);
  return layOut(p);
}

function addAttributes(p, object, look) {
  for (let o = object; o !== null && o !== ObjectPrototype; o = ObjectGetPrototypeOf(o)) {
    if (className(o) === "Proxy") return;
    const keys = ObjectKeys(o);
    for (let i = 0; i < keys.length; i++) {
      // NB: whoever asks for a body's stream has one made.
      if (keys[i] === "body") continue;
      const property = ObjectGetOwnPropertyDescriptor(o, keys[i]);
      if (!ObjectHasOwn(property, "get") || property.get === undefined || !isOurs(property.get)) continue;
      let text;
      try {
        text = inspectValue(ReflectApply(property.get, object, []), look);
      } catch {
        continue;
      }
      add(p, `${keys[i]}: ${text}`);
    }
  }
}

// No function of script's ends so: what is in brackets is no expression.
const NATIVE = ") {\n    [native code]\n}";
const BOUND = ops.class_id(FunctionPrototypeBind(isOurs));

// Is a function one of the engine's or of the prelude's?
export function isOurs(get) {
  return className(get) !== "Proxy" && ops.class_id(get) !== BOUND && StringPrototypeEndsWith(FunctionPrototypeToString(get), NATIVE);
}

// The name of what made an object; null where it has no prototype.
function constructorName(object) {
  for (let o = object; o !== null; o = ObjectGetPrototypeOf(o)) {
    if (className(o) === "Proxy") return "Object";
    const constructor = dataValue(o, "constructor");
    if (typeof constructor !== "function") continue;
    const name = nameOf(constructor);
    if (name !== "") return name;
  }
  return ObjectGetPrototypeOf(object) === null ? null : "Object";
}

// On one line where it fits, else one item a line, or as many items of an array as there is room for.
function layOut(p) {
  const { prefix, open, close, items } = p;
  if (p.more > 0) add(p, `... ${p.more} more item${p.more === 1 ? "" : "s"}`);
  const before = prefix === "" ? open : `${prefix} ${open}`;
  if (items.length === 0) return `${before}${close}`;
  let length = before.length + close.length;
  let breaks = false;
  for (let i = 0; i < items.length; i++) {
    length += items[i].length + 2;
    if (StringPrototypeIndexOf(items[i], "\n") !== -1) breaks = true;
  }
  if (!breaks && length <= LINE) {
    const space = open === "[" ? "" : " ";
    return `${before}${space}${ArrayPrototypeJoin(items, ", ")}${space}${close}`;
  }
  const lines = p.wraps && !breaks ? fillLines(items) : items;
  for (let i = 0; i < lines.length; i++) lines[i] = `  ${indented(lines[i])}`;
  return `${before}\n${ArrayPrototypeJoin(lines, ",\n")}\n${close}`;
}

function fillLines(items) {
  const lines = newList();
  let line = "";
  for (let i = 0; i < items.length; i++) {
    if (line !== "" && line.length + items[i].length + 2 > LINE) {
      lines[lines.length] = line;
      line = "";
    }
    line = line === "" ? items[i] : `${line}, ${items[i]}`;
  }
  lines[lines.length] = line;
  return lines;
}

/** A text whose lines after the first stand two columns further right. */
export function indented(text, indent = "  ") {
  let result = "";
  let start = 0;
  for (;;) {
    const end = StringPrototypeIndexOf(text, "\n", start);
    if (end === -1) return result + StringPrototypeSlice(text, start);
    result += StringPrototypeSlice(text, start, end + 1) + indent;
    start = end + 1;
  }
}
