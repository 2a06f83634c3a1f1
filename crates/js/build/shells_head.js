// The shells of all interfaces. Made at build from idl/*.webidl by build/shells.rs.
import {
  FunctionPrototypeApply, ObjectDefineProperties, ObjectFreeze, PromiseReject, SymbolAsyncIterator, SymbolIterator, TypeError,
  createDataProperty, global,
} from "./primordials.js";
import { NEW, globalImplementation, implementationOf, wrap, wrapNullable } from "./platform_objects.js";
import {
  ByteString, DOMExceptionObject, DOMString, DOMStringNullToEmpty, USVString, arrayBuffer, arrayBufferView, asyncSequence,
  asyncSequenceMethod, bigint, bufferSource, byte, callback, callbackInterface, callbackOrNull, clamp, dataView,
  dictionaries, dictionaryObject, dictionarySource, double, enforceRange, enumeration, float, illegalInvocation, isArrayBuffer,
  isDOMException, isDataView, isObject, isSharedArrayBuffer, isView, iteratorMethod, long, long_long, notOfType, object,
  octet, promise, record, sequence, sequenceFrom, sharedArrayBuffer, short, symbol, tooFew, typedArray, typedArrayName,
  unrestricted_double, unrestricted_float, unsigned_long, unsigned_long_long, unsigned_short,
} from "./webidl.js";
import { ENTRIES, KEYS, VALUES, asyncIterators, forEachPair, pairIterators } from "./webidl_iterators.js";
import {
  alias, callbackInterfaceObject, expose, finishInterface, isExposed, namespaceObject, newObject, ownMembers, putForwards,
  repairPrototype, replace,
} from "./interfaces.js";

// The iterator method that chose an overload, until its arguments are converted.
let methodFound;
