// Reading blobs: https://w3c.github.io/FileAPI/#reading-data-section
//
// The bytes are in memory, so that a read takes no time of its own; its events still come in tasks, one after another.

import { DOMException, TypedArrayPrototypeGetBuffer, newList, ops } from "./primordials.js";
import { BlobImpl, bytesOf } from "./blob.js";
import { EventTargetImpl } from "./events.js";
import { implement } from "./platform_objects.js";
import { fireProgressEvent } from "./progress_event.js";
import { queueTask } from "./tasks.js";

const EMPTY = 0;
const LOADING = 1;
const DONE = 2;

// https://w3c.github.io/FileAPI/#filelist-section: nothing here makes one.
export class FileListImpl {
  wrapper = undefined;
  length = 0;

  item() {
    return null;
  }
}
implement("FileList", FileListImpl);

// https://w3c.github.io/FileAPI/#blob-package-data. Memory that does not suffice is a blob that cannot be read.
function packageData(blob, type, encodingName) {
  try {
    if (type === "ArrayBuffer") return TypedArrayPrototypeGetBuffer(bytesOf(blob));
    return ops.blob_package(blob.handle, type, encodingName);
  } catch {
    throw new DOMException("The blob does not fit into memory.", "NotReadableError");
  }
}

export class FileReaderImpl extends EventTargetImpl {
  readyState = EMPTY;
  result = null;
  error = null;
  // The read under way, and how much of it was told.
  read = undefined;

  readAsArrayBuffer(blob) {
    this.readOperation(blob, "ArrayBuffer", undefined);
  }

  readAsBinaryString(blob) {
    this.readOperation(blob, "BinaryString", undefined);
  }

  readAsText(blob, encoding) {
    this.readOperation(blob, "Text", encoding);
  }

  readAsDataURL(blob) {
    this.readOperation(blob, "DataURL", undefined);
  }

  // https://w3c.github.io/FileAPI/#readOperation
  readOperation(blob, type, encodingName) {
    // 1 to 4.
    if (this.readyState === LOADING) throw new DOMException("The reader is reading already.", "InvalidStateError");
    this.readyState = LOADING;
    this.result = null;
    this.error = null;
    // 5 to 10. NB: another read may begin in any event's handler; then nothing more is said of this one.
    const read = { __proto__: null, loaded: 0, length: blob.size };
    this.read = read;
    const tasks = newList();
    tasks[0] = () => this.fire("loadstart", read, true);
    if (read.length > 0) {
      tasks[1] = () => {
        read.loaded = read.length;
        this.fire("progress", read, true);
      };
    }
    tasks[tasks.length] = () => this.finish(read, blob, type, encodingName);
    this.queueTasks(read, tasks, 0);
  }

  queueTasks(read, tasks, index) {
    if (index === tasks.length) return;
    queueTask(() => {
      if (this.read !== read) return;
      tasks[index]();
      this.queueTasks(read, tasks, index + 1);
    });
  }

  finish(read, blob, type, encodingName) {
    this.readyState = DONE;
    this.read = undefined;
    let outcome = "load";
    try {
      this.result = packageData(blob, type, encodingName);
    } catch (error) {
      this.error = error;
      outcome = "error";
    }
    this.fire(outcome, read, true);
    // A handler may have begun another read: then this one's end is not told.
    if (this.readyState !== LOADING) this.fire("loadend", read, true);
  }

  // https://w3c.github.io/FileAPI/#abort
  abort() {
    this.result = null;
    if (this.readyState !== LOADING) return;
    this.readyState = DONE;
    const { read } = this;
    this.read = undefined;
    this.fire("abort", read, false);
    if (this.readyState !== LOADING) this.fire("loadend", read, false);
  }

  fire(type, { loaded, length }, inTask) {
    fireProgressEvent(type, this, loaded, length, inTask);
  }
}
implement("FileReader", FileReaderImpl);

// https://w3c.github.io/FileAPI/#FileReaderSync
export class FileReaderSyncImpl {
  wrapper = undefined;

  construct() {}

  readAsArrayBuffer(blob) {
    return packageData(blob, "ArrayBuffer", undefined);
  }

  readAsBinaryString(blob) {
    return packageData(blob, "BinaryString", undefined);
  }

  readAsText(blob, encoding) {
    return packageData(blob, "Text", encoding);
  }

  readAsDataURL(blob) {
    return packageData(blob, "DataURL", undefined);
  }
}
implement("FileReaderSync", FileReaderSyncImpl);
