// What the engine does in one go, as many times as a `length` says, no time limit can stop: a script under one gets these in place of
// the engine's own. Few elements are the engine's as ever. Where there are many it is given the object through a proxy: a trap is
// a function of script, and where one begins the engine looks at the clock.
//
// What is told of them is what would be told of the engine's: names, lengths, and what they ask of whom in which order.

import {
  ArrayIsArray, ArrayPrototype, MathFloor, Object, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, Proxy, ReflectApply,
  ReflectDeleteProperty, ReflectGet, ReflectHas, ReflectSet, String, StringPrototypeIndexOf, StringPrototypeSlice, Symbol,
  SymbolSpecies, TypeError, TypedArrayPrototype, TypedArrayPrototypeGetLength,
  TypedArrayPrototypeGetSymbolToStringTag, createDataProperty, isObject, ops,
} from "./primordials.js";

// So many elements, characters or bytes take no time that a limit has to know of.
const FEW = 100_000;
const ARRAY = ops.class_id([]);
const PROXY = ops.class_id(new Proxy({}, {}));

// NB: the target is another: what a trap answers is compared with the target's own, which may be a proxy of script's.
const guard = (object) => new Proxy(ArrayIsArray(object) ? [] : {}, {
  __proto__: null,
  get: (_, key) => ReflectGet(object, key, object),
  set: (_, key, value) => ReflectSet(object, key, value, object),
  has: (_, key) => ReflectHas(object, key),
  deleteProperty: (_, key) => ReflectDeleteProperty(object, key),
});

// Does it have few elements, as can be told without asking anybody?
function hasFew(object) {
  const id = ops.class_id(object);
  if (id === ARRAY) return object.length <= FEW;
  if (id === PROXY) return false;
  const length = ObjectGetOwnPropertyDescriptor(object, "length");
  return length !== undefined && typeof length.value === "number" && length.value <= FEW;
}

function replace(holder, name, make) {
  const property = ObjectGetOwnPropertyDescriptor(holder, name);
  if (property === undefined) return;
  const native = property.value;
  const made = make(native);
  ObjectDefineProperty(made, "name", { __proto__: null, value: native.name });
  ObjectDefineProperty(made, "length", { __proto__: null, value: native.length });
  ObjectDefineProperty(holder, name, { __proto__: null, value: made });
}

// Methods that ask nothing but their `this` for elements, and hand it to nobody.
function guardThis(native) {
  return {
    method(...args) {
      if (this === undefined || this === null) return ReflectApply(native, this, args);
      const object = Object(this);
      if (hasFew(object)) return ReflectApply(native, this, args);
      const guarded = guard(object);
      const result = ReflectApply(native, guarded, args);
      return result === guarded ? object : result;
    },
  }.method;
}

// https://tc39.es/ecma262/#sec-sortcompare without a function
function compareAsStrings(a, b) {
  const x = `${a}`;
  const y = `${b}`;
  return x < y ? -1 : x > y ? 1 : 0;
}
function guardSort(native) {
  const guarded = guardThis(native);
  return {
    method(compare) {
      const asStrings = compare === undefined && isObject(this) && !hasFew(this);
      return ReflectApply(guarded, this, [asStrings ? compareAsStrings : compare]);
    },
  }.method;
}

// https://tc39.es/ecma262/#sec-arrayspeciescreate, of no length
function arraySpeciesCreate(original) {
  if (!ArrayIsArray(original)) return [];
  let constructor = original.constructor;
  if (isObject(constructor)) {
    constructor = constructor[SymbolSpecies];
    if (constructor === null) constructor = undefined;
  }
  return constructor === undefined ? [] : new constructor(0);
}
const MOST_ELEMENTS = 2 ** 53 - 1;
function lengthOf(object) {
  // https://tc39.es/ecma262/#sec-tolength
  const length = +object.length;
  if (!(length > 0)) return 0;
  return length >= MOST_ELEMENTS ? MOST_ELEMENTS : length - (length % 1);
}

// https://tc39.es/ecma262/#sec-array.prototype.concat
const isConcatSpreadable = (item, symbol) => {
  if (!isObject(item)) return false;
  const spreadable = item[symbol];
  return spreadable === undefined ? ArrayIsArray(item) : !!spreadable;
};
function concatFor(native, symbol) {
  const isShort = (item) => !isObject(item) || (ops.class_id(item) === ARRAY && item.length <= FEW);
  return {
    concat(...items) {
      if (this === undefined || this === null) return ReflectApply(native, this, items);
      let short = isShort(this);
      for (let i = 0; short && i < items.length; i++) short = isShort(items[i]);
      if (short) return ReflectApply(native, this, items);
      const object = Object(this);
      const result = arraySpeciesCreate(object);
      let n = 0;
      for (let i = -1; i < items.length; i++) {
        const item = i === -1 ? object : items[i];
        if (!isConcatSpreadable(item, symbol)) {
          if (n >= MOST_ELEMENTS) throw new TypeError("Array too long");
          createDataProperty(result, n++, item);
          continue;
        }
        const length = lengthOf(item);
        if (n + length > MOST_ELEMENTS) throw new TypeError("Array too long");
        for (let k = 0; k < length; k++, n++) {
          if (k in item) createDataProperty(result, n, item[k]);
        }
      }
      result.length = n;
      return result;
    },
  }.concat;
}

// https://tc39.es/ecma262/#sec-flattenintoarray
function flattenInto(target, source, length, start, depth, map, thisArg) {
  for (let i = 0; i < length; i++) {
    if (!(i in source)) continue;
    let element = source[i];
    if (map !== undefined) element = ReflectApply(map, thisArg, [element, i, source]);
    if (depth > 0 && ArrayIsArray(element)) {
      start = flattenInto(target, element, lengthOf(element), start, depth - 1);
    } else {
      if (start >= MOST_ELEMENTS) throw new TypeError("Array too long");
      createDataProperty(target, start++, element);
    }
  }
  return start;
}
// https://tc39.es/ecma262/#sec-tointegerorinfinity
function integer(value) {
  const number = +value;
  return number === number ? number - (number === Infinity || number === -Infinity ? 0 : number % 1) : 0;
}
function flatFor(native) {
  return {
    flat(depth) {
      if (this === undefined || this === null) return ReflectApply(native, this, [depth]);
      const object = Object(this);
      const length = lengthOf(object);
      const levels = depth === undefined ? 1 : integer(depth);
      const result = arraySpeciesCreate(object);
      flattenInto(result, object, length, 0, levels);
      return result;
    },
  }.flat;
}
function flatMapFor(native) {
  return {
    flatMap(map, thisArg) {
      if (this === undefined || this === null) return ReflectApply(native, this, [map, thisArg]);
      const object = Object(this);
      const length = lengthOf(object);
      if (typeof map !== "function") throw new TypeError("not a function");
      const result = arraySpeciesCreate(object);
      flattenInto(result, object, length, 0, 1, map, thisArg);
      return result;
    },
  }.flatMap;
}

// https://tc39.es/ecma262/#sec-string.raw
function rawFor() {
  return {
    raw(template, ...substitutions) {
      const { raw } = template;
      if (raw === undefined || raw === null) throw new TypeError("cannot convert to object");
      const literals = Object(raw);
      const length = lengthOf(literals);
      let result = "";
      for (let i = 0; i < length; i++) {
        if (i > 0 && i <= substitutions.length) result += `${substitutions[i - 1]}`;
        result += `${literals[i]}`;
      }
      return result;
    },
  }.raw;
}

// Where `pattern` is in a long `text`, by pieces of which none takes long.
const MOST_COMPARISONS = 100_000_000;
function find(text, pattern, from) {
  if (text.length * pattern.length <= MOST_COMPARISONS) return StringPrototypeIndexOf(text, pattern, from);
  const starts = MathFloor(MOST_COMPARISONS / pattern.length) + 1;
  for (let at = from; at + pattern.length <= text.length; at += starts) {
    ops.look_at_the_clock();
    const found = StringPrototypeIndexOf(StringPrototypeSlice(text, at, at + starts + pattern.length - 1), pattern);
    if (found !== -1) return at + found;
  }
  return -1;
}
const isHard = (text, pattern) =>
  typeof text === "string" && typeof pattern === "string" && text.length * pattern.length > MOST_COMPARISONS;

function splitFor(native) {
  return {
    split(separator, limit) {
      const long = typeof this === "string" && this.length > FEW && typeof separator === "string";
      if (!long || (limit !== undefined && typeof limit !== "number")) return ReflectApply(native, this, [separator, limit]);
      const text = this;
      const most = limit === undefined ? 2 ** 32 - 1 : limit >>> 0;
      const pieces = [];
      if (most === 0) return pieces;
      if (separator === "") {
        for (let i = 0; i < text.length && i < most; i++) createDataProperty(pieces, i, text[i]);
        return pieces;
      }
      let from = 0;
      for (let at = find(text, separator, 0); at !== -1; at = find(text, separator, from)) {
        createDataProperty(pieces, pieces.length, StringPrototypeSlice(text, from, at));
        if (pieces.length === most) return pieces;
        from = at + separator.length;
      }
      createDataProperty(pieces, pieces.length, StringPrototypeSlice(text, from));
      return pieces;
    },
  }.split;
}

// https://tc39.es/ecma262/#sec-getsubstitution, without captures
function substitution(template, text, at, end) {
  let result = "";
  let from = 0;
  for (let dollar = StringPrototypeIndexOf(template, "$"); dollar !== -1; dollar = StringPrototypeIndexOf(template, "$", from)) {
    result += StringPrototypeSlice(template, from, dollar);
    const said = template[dollar + 1];
    from = dollar + 2;
    if (said === "$") result += "$";
    else if (said === "&") result += StringPrototypeSlice(text, at, end);
    else if (said === "`") result += StringPrototypeSlice(text, 0, at);
    else if (said === "'") result += StringPrototypeSlice(text, end);
    else {
      result += "$";
      from = dollar + 1;
    }
  }
  return result + StringPrototypeSlice(template, from);
}
function replaceAllFor(native) {
  return {
    replaceAll(pattern, by) {
      const long = typeof this === "string" && this.length > FEW && typeof pattern === "string";
      if (!long || (typeof by !== "string" && typeof by !== "function")) return ReflectApply(native, this, [pattern, by]);
      const text = this;
      const isPlain = typeof by === "string" && StringPrototypeIndexOf(by, "$") === -1;
      let result = "";
      let from = 0;
      for (let at = find(text, pattern, 0); at !== -1; ) {
        ops.look_at_the_clock();
        const end = at + pattern.length;
        let put = by;
        if (typeof by !== "string") put = `${ReflectApply(by, undefined, [pattern, at, text])}`;
        else if (!isPlain) put = substitution(by, text, at, end);
        result += StringPrototypeSlice(text, from, at) + put;
        from = end;
        const next = pattern === "" ? end + 1 : end;
        at = next > text.length ? -1 : find(text, pattern, next);
      }
      return result + StringPrototypeSlice(text, from);
    },
  }.replaceAll;
}

// Of two texts whose comparison may take long: an answer is the native's where it is no matter of time.
function searchFor(native, answer) {
  return {
    search(pattern, position) {
      if (position !== undefined || !isHard(this, pattern)) return ReflectApply(native, this, [pattern, position]);
      return answer(find(this, pattern, 0));
    },
  }.search;
}

// What is set may be any object with a length.
function setFor(native) {
  return {
    set(source, offset) {
      ops.look_at_the_clock();
      const isMany = isObject(source) && TypedArrayPrototypeGetSymbolToStringTag(source) === undefined && !hasFew(source);
      return ReflectApply(native, this, [isMany ? guard(source) : source, offset]);
    },
  }.set;
}

// Methods of typed arrays, and those that make long strings, each of which takes little time, but not ten thousand.
function afterALook(native, isLong) {
  return {
    method(...args) {
      if (isLong(this, args)) ops.look_at_the_clock();
      return ReflectApply(native, this, args);
    },
  }.method;
}
const isLongView = (view) => {
  try {
    return TypedArrayPrototypeGetLength(view) > FEW;
  } catch {
    return false;
  }
};

if (ops.has_time_limit()) {
  const guarded = [
    "copyWithin", "fill", "join", "lastIndexOf", "reverse", "shift", "slice", "splice", "toLocaleString", "toReversed", "toSpliced",
    "unshift", "with",
  ];
  for (let i = 0; i < guarded.length; i++) replace(ArrayPrototype, guarded[i], guardThis);
  replace(ArrayPrototype, "sort", guardSort);
  replace(ArrayPrototype, "toSorted", guardSort);
  replace(ArrayPrototype, "concat", (native) => concatFor(native, Symbol.isConcatSpreadable));
  replace(ArrayPrototype, "flat", flatFor);
  replace(ArrayPrototype, "flatMap", flatMapFor);
  replace(String, "raw", rawFor);
  replace(String.prototype, "split", splitFor);
  replace(String.prototype, "replaceAll", replaceAllFor);
  replace(String.prototype, "indexOf", (native) => searchFor(native, (at) => at));
  replace(String.prototype, "includes", (native) => searchFor(native, (at) => at !== -1));
  replace(TypedArrayPrototype, "set", setFor);
  const isLongString = (text, args) => typeof text === "string" && (text.length > FEW || (typeof args[0] === "number" && args[0] > FEW));
  const making = ["repeat", "padStart", "padEnd", "toUpperCase", "toLowerCase", "normalize", "lastIndexOf"];
  for (let i = 0; i < making.length; i++) replace(String.prototype, making[i], (native) => afterALook(native, isLongString));
  const walking = [
    "copyWithin", "fill", "includes", "indexOf", "join", "lastIndexOf", "reverse", "slice", "sort", "toLocaleString",
    "toReversed", "toSorted", "with",
  ];
  for (let i = 0; i < walking.length; i++) replace(TypedArrayPrototype, walking[i], (native) => afterALook(native, isLongView));
}
