// FormData: https://xhr.spec.whatwg.org/#interface-formdata

import { ArrayPrototypeSlice, DateNow, TypeError, newList, ops } from "./primordials.js";
import { FileImpl, newFile } from "./blob.js";
import { implement, wrap } from "./platform_objects.js";

export class FormDataImpl {
  wrapper = undefined;
  // The [entry list](https://html.spec.whatwg.org/#entry-list): names with strings or files.
  entries = newList();

  construct(form, submitter) {
    if (form !== undefined) throw new TypeError("parameter 1 is not of type 'HTMLFormElement'");
    if (submitter !== null && submitter !== undefined) throw new TypeError("parameter 2 is not of type 'HTMLElement'");
  }

  append(name, value, filename) {
    this.entries[this.entries.length] = createAnEntry(name, value, filename);
  }

  set(name, value, filename) {
    const entry = createAnEntry(name, value, filename);
    const left = newList();
    let found = false;
    for (let i = 0; i < this.entries.length; i++) {
      const known = this.entries[i];
      if (known.name !== name) left[left.length] = known;
      else if (!found) {
        found = true;
        left[left.length] = entry;
      }
    }
    if (!found) left[left.length] = entry;
    this.entries = left;
  }

  delete(name) {
    const left = newList();
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i].name !== name) left[left.length] = this.entries[i];
    }
    this.entries = left;
  }

  get(name) {
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i].name === name) return exposed(this.entries[i].value);
    }
    return null;
  }

  getAll(name) {
    const values = newList();
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i].name === name) values[values.length] = exposed(this.entries[i].value);
    }
    return ArrayPrototypeSlice(values);
  }

  has(name) {
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i].name === name) return true;
    }
    return false;
  }

  pairAt(index) {
    const entry = this.entries[index];
    return entry === undefined ? undefined : { __proto__: null, key: entry.name, value: exposed(entry.value) };
  }
}
implement("FormData", FormDataImpl);

const exposed = (value) => (typeof value === "string" ? value : wrap(value));

// https://html.spec.whatwg.org/#create-an-entry; a file that is only renamed keeps its time.
function createAnEntry(name, value, filename) {
  if (typeof value !== "string") {
    if (!(value instanceof FileImpl)) value = newFile(value.handle, "blob", DateNow());
    if (filename !== undefined) value = newFile(value.handle, filename, value.lastModified);
  }
  return { __proto__: null, name, value };
}

/** Core's form of an entry list, for bodies. */
export function formDataHandle({ entries }) {
  const list = newList();
  for (let i = 0; i < entries.length; i++) {
    const { name, value } = entries[i];
    list[i] = typeof value === "string" ? [name, value] : [name, value.handle, value.name, value.lastModified];
  }
  return ops.form_data_extract(list);
}

/** A FormData object of entries as ops give them. */
export function newFormData(entries) {
  const formData = new FormDataImpl();
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const value = typeof entry[1] === "string" ? entry[1] : newFile(entry[1], entry[2], entry[3]);
    formData.entries[i] = { __proto__: null, name: entry[0], value };
  }
  return formData;
}
