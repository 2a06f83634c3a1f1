// The console: https://console.spec.whatwg.org/

import {
  ArrayIsArray, ArrayPrototypeJoin, Map, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeSet, MathMax,
  NumberPrototypeToFixed, NumberPrototypeToString, ObjectGetOwnPropertyDescriptor, ObjectHasOwn, ObjectKeys,
  SetPrototypeForEach, String, StringPrototypeIndexOf, StringPrototypePadEnd, StringPrototypeRepeat, StringPrototypeSlice,
  createDataProperty, dataValue, globalParseFloat, globalParseInt, isObject, newList, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { coarseTime } from "./events.js";
import { className } from "./class_names.js";
import { indented, inspect } from "./inspect.js";
import { callerStack } from "./stacks.js";

// https://console.spec.whatwg.org/#count-map
const countMap = new Map();
// https://console.spec.whatwg.org/#timer-table
const timerTable = new Map();
// https://console.spec.whatwg.org/#concept-group: how many there are.
let groups = 0;

// https://console.spec.whatwg.org/#loglevel-severity
const severe = { __proto__: null, assert: true, countReset: true, error: true, timeWarning: true, warn: true };

// https://console.spec.whatwg.org/#logger
function Logger(logLevel, args) {
  if (args.length === 0) return;
  Printer(logLevel, Formatter(args));
}

// What %o and %O stand for is text already when it is printed.
class Formatted {
  #text;
  constructor(text) {
    this.#text = text;
  }
  static text(value) {
    return isObject(value) && #text in value ? value.#text : undefined;
  }
}

// https://console.spec.whatwg.org/#formatter
// DEPARTS: looks at each specifier once, as every console does: what was put in for one is no format, or a stranger's text could be.
// `%%` is a `%`, too. https://console.spec.whatwg.org/#formatter
function Formatter(args) {
  const target = args[0];
  if (args.length === 1 || typeof target !== "string") return args;
  let text = "";
  let next = 1;
  let rest = 0;
  let at = StringPrototypeIndexOf(target, "%");
  while (at !== -1 && at + 1 < target.length) {
    const specifier = target[at + 1];
    let converted;
    if (specifier === "%") converted = "%";
    else if (next < args.length) converted = convert(specifier, args[next]);
    if (converted !== undefined) {
      text += StringPrototypeSlice(target, rest, at) + converted;
      if (specifier !== "%") next++;
      rest = at + 2;
    }
    at = StringPrototypeIndexOf(target, "%", converted === undefined ? at + 1 : rest);
  }
  const result = [text + StringPrototypeSlice(target, rest)];
  for (let i = next; i < args.length; i++) createDataProperty(result, result.length, args[i]);
  return result;
}

function convert(specifier, current) {
  switch (specifier) {
    case "s":
      return asString(current);
    case "d":
    case "i":
      return asNumber(current, (value) => globalParseInt(value, 10));
    case "f":
      return asNumber(current, globalParseFloat);
    case "o":
      return typeof current === "string" ? inspect(current) : inspect(current, 4);
    case "O":
      return inspect(current, 4);
    case "c":
      // There is nothing to apply CSS to.
      return "";
    default:
      return undefined;
  }
}

function asString(current) {
  try {
    return String(current);
  } catch {
    return inspect(current);
  }
}

function asNumber(current, parse) {
  if (typeof current === "symbol") return "NaN";
  try {
    return inspect(parse(current));
  } catch {
    return "NaN";
  }
}

// https://console.spec.whatwg.org/#printer
function Printer(logLevel, args) {
  const texts = newList();
  for (let i = 0; i < args.length; i++) {
    const value = args[i];
    texts[i] = typeof value === "string" ? value : (Formatted.text(value) ?? inspect(value));
  }
  const indent = StringPrototypeRepeat("  ", groups);
  const line = indent + indented(ArrayPrototypeJoin(texts, " "), indent);
  if (severe[logLevel] === true) ops.print_error(line);
  else ops.print_out(line);
}

function prepend(first, data) {
  const list = [first];
  for (let i = 0; i < data.length; i++) createDataProperty(list, i + 1, data[i]);
  return list;
}

function duration(startTime) {
  const milliseconds = coarseTime() - startTime;
  if (milliseconds < 1000) return `${NumberPrototypeToString(+NumberPrototypeToFixed(milliseconds, 1))} ms`;
  return `${NumberPrototypeToString(+NumberPrototypeToFixed(milliseconds / 1000, 3))} s`;
}

function noTimer(label) {
  Logger("timeWarning", [`Timer '${label}' does not exist`]);
}

const console = {
  assert(condition, ...data) {
    if (condition) return;
    const message = "Assertion failed";
    if (data.length === 0) Logger("assert", [message]);
    else if (typeof data[0] !== "string") Logger("assert", prepend(message, data));
    else {
      data[0] = `${message}: ${data[0]}`;
      Logger("assert", data);
    }
  },
  clear() {
    groups = 0;
  },
  debug(...data) {
    Logger("debug", data);
  },
  error(...data) {
    Logger("error", data);
  },
  info(...data) {
    Logger("info", data);
  },
  log(...data) {
    Logger("log", data);
  },
  table(tabularData, properties) {
    const table = isObject(tabularData) ? tableOf(tabularData, properties) : undefined;
    if (table === undefined) Logger("log", [tabularData]);
    else Printer("log", [table]);
  },
  trace(...data) {
    const label = data.length === 0 ? [] : Formatter(data);
    const texts = newList();
    for (let i = 0; i < label.length; i++) texts[i] = typeof label[i] === "string" ? label[i] : inspect(label[i]);
    const stack = callerStack();
    const heading = texts.length === 0 ? "Trace" : `Trace: ${ArrayPrototypeJoin(texts, " ")}`;
    Printer("trace", [stack === "" ? heading : `${heading}\n${stack}`]);
  },
  warn(...data) {
    Logger("warn", data);
  },
  dir(item) {
    Printer("dir", [new Formatted(inspect(item))]);
  },
  dirxml(...data) {
    Logger("dirxml", data);
  },
  count(label) {
    const count = (MapPrototypeGet(countMap, label) ?? 0) + 1;
    MapPrototypeSet(countMap, label, count);
    Logger("count", [`${label}: ${count}`]);
  },
  countReset(label) {
    if (MapPrototypeGet(countMap, label) === undefined) Logger("countReset", [`Count for '${label}' does not exist`]);
    else MapPrototypeSet(countMap, label, 0);
  },
  group(...data) {
    if (data.length === 0) Printer("group", ["console.group"]);
    else Printer("group", Formatter(data));
    groups++;
  },
  groupCollapsed(...data) {
    if (data.length === 0) Printer("groupCollapsed", ["console.group"]);
    else Printer("groupCollapsed", Formatter(data));
    groups++;
  },
  groupEnd() {
    if (groups > 0) groups--;
  },
  time(label) {
    if (MapPrototypeGet(timerTable, label) !== undefined) Logger("timeWarning", [`Timer '${label}' already exists`]);
    else MapPrototypeSet(timerTable, label, coarseTime());
  },
  timeLog(label, ...data) {
    const startTime = MapPrototypeGet(timerTable, label);
    if (startTime === undefined) noTimer(label);
    else Printer("timeLog", prepend(`${label}: ${duration(startTime)}`, data));
  },
  timeEnd(label) {
    const startTime = MapPrototypeGet(timerTable, label);
    if (startTime === undefined) {
      noTimer(label);
      return;
    }
    MapPrototypeDelete(timerTable, label);
    Printer("timeEnd", [`${label}: ${duration(startTime)}`]);
  },
};
implement("console", console);

const INDEX = "(index)";
const VALUE = "Values";
const MOST_ROWS = 1000;

// A row for each element, a column for each property that one of them has.
function tableOf(data, properties) {
  const rows = newList();
  const columns = newList();
  const seen = { __proto__: null };
  let hasValues = false;
  const addRow = (index, value) => {
    if (rows.length >= MOST_ROWS) return;
    const cells = { __proto__: null };
    const row = { __proto__: null, index, cells, value: undefined };
    if (isObject(value) && typeof value !== "function" && className(value) !== "Proxy") {
      const keys = properties ?? ObjectKeys(value);
      for (let i = 0; i < keys.length; i++) {
        const property = ObjectGetOwnPropertyDescriptor(value, keys[i]);
        if (property !== undefined) cells[keys[i]] = cellText(property);
        if (seen[keys[i]] === true) continue;
        seen[keys[i]] = true;
        columns[columns.length] = keys[i];
      }
    } else {
      row.value = inspect(value, 0);
      hasValues = true;
    }
    rows[rows.length] = row;
  };
  const kind = className(data);
  if (kind === "Proxy") return undefined;
  if (kind === "Map") {
    MapPrototypeForEach(data, (value, key) => addRow(inspect(key, 0), value));
  } else if (kind === "Set") {
    let index = 0;
    SetPrototypeForEach(data, (value) => addRow(`${index++}`, value));
  } else {
    const keys = ObjectKeys(data);
    for (let i = 0; i < keys.length; i++) {
      const property = ObjectGetOwnPropertyDescriptor(data, keys[i]);
      if (property !== undefined) addRow(keys[i], dataValue(data, keys[i]));
    }
  }
  if (rows.length === 0 && !ArrayIsArray(data)) return undefined;
  return draw(rows, columns, hasValues);
}

function cellText(property) {
  return ObjectHasOwn(property, "value") ? inspect(property.value, 0) : "[Getter]";
}

function draw(rows, columns, hasValues) {
  const lines = [[INDEX]];
  for (let i = 0; i < columns.length; i++) createDataProperty(lines[0], i + 1, columns[i]);
  if (hasValues) createDataProperty(lines[0], lines[0].length, VALUE);
  for (let i = 0; i < rows.length; i++) {
    const line = [rows[i].index];
    for (let j = 0; j < columns.length; j++) createDataProperty(line, j + 1, rows[i].cells[columns[j]] ?? "");
    if (hasValues) createDataProperty(line, line.length, rows[i].value ?? "");
    createDataProperty(lines, i + 1, line);
  }
  const widths = newList();
  for (let j = 0; j < lines[0].length; j++) {
    widths[j] = 0;
    for (let i = 0; i < lines.length; i++) widths[j] = MathMax(widths[j], lines[i][j].length);
  }
  const rule = (left, middle, right) => {
    const parts = newList();
    for (let j = 0; j < widths.length; j++) parts[j] = StringPrototypeRepeat("─", widths[j] + 2);
    return left + ArrayPrototypeJoin(parts, middle) + right;
  };
  const row = (line) => {
    const cells = newList();
    for (let j = 0; j < widths.length; j++) cells[j] = ` ${StringPrototypePadEnd(line[j], widths[j])} `;
    return `│${ArrayPrototypeJoin(cells, "│")}│`;
  };
  const drawn = [rule("┌", "┬", "┐"), row(lines[0]), rule("├", "┼", "┤")];
  for (let i = 1; i < lines.length; i++) drawn[drawn.length] = row(lines[i]);
  drawn[drawn.length] = rule("└", "┴", "┘");
  return ArrayPrototypeJoin(drawn, "\n");
}
