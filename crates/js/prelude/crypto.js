// Randomness: https://w3c.github.io/webcrypto/#crypto-interface

import {
  DOMException, NumberPrototypeToString, StringPrototypePadStart, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeSet, Uint8Array, ops,
} from "./primordials.js";
import { implement } from "./platform_objects.js";
import { className } from "./class_names.js";
import { createQuotaExceededError } from "./quota_exceeded_error.js";

const QUOTA = 65_536;

const integerArrays = {
  __proto__: null, BigInt64Array: true, BigUint64Array: true, Int8Array: true, Int16Array: true, Int32Array: true,
  Uint8Array: true, Uint8ClampedArray: true, Uint16Array: true, Uint32Array: true,
};

export class CryptoImpl {
  wrapper = undefined;

  // https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues
  getRandomValues(array) {
    if (integerArrays[className(array)] !== true) {
      throw new DOMException("Random values are integers, and so must be the elements of the array.", "TypeMismatchError");
    }
    const byteLength = TypedArrayPrototypeGetByteLength(array);
    if (byteLength > QUOTA) {
      throw createQuotaExceededError(`${byteLength} bytes are more than the ${QUOTA} that may be asked for at once.`, QUOTA, byteLength);
    }
    if (byteLength > 0) {
      const bytes = new Uint8Array(TypedArrayPrototypeGetBuffer(array), TypedArrayPrototypeGetByteOffset(array), byteLength);
      TypedArrayPrototypeSet(bytes, ops.crypto_random_bytes(byteLength));
    }
    return array;
  }

  // https://w3c.github.io/webcrypto/#dfn-generate-a-random-uuid
  randomUUID() {
    const bytes = ops.crypto_random_bytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let uuid = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) uuid += "-";
      uuid += StringPrototypePadStart(NumberPrototypeToString(bytes[i], 16), 2, "0");
    }
    return uuid;
  }
}
implement("Crypto", CryptoImpl);
